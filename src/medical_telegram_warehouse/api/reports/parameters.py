"""What clients may choose of the reports."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import MOST_ROWS, ChannelFilter, DateFilter, FormatChoice
from medical_telegram_warehouse.api.products.parameters import ClassFilter


class Kind(StrEnum):
    """What is counted."""

    PRODUCTS = "products"
    TERMS = "terms"


class TopProductParameters(FormatChoice, ChannelFilter, DateFilter, ClassFilter):
    """Of the top products."""

    limit: int = Field(default=10, ge=1, le=MOST_ROWS, description="How many.")
    min_mentions: int = Field(default=1, ge=1, le=1_000_000_000, description="Only those with so many mentions.")
    kind: Kind = Field(
        default=Kind.PRODUCTS,
        description="`products` that are offered; or `terms`: words of a vocabulary, in whatever sense they occur. "
        "Terms are counted over the whole history and all channels.",
    )


class VisualContentParameters(ChannelFilter):
    """Of the report on photos."""
