"""Types of fields that many answers share."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainSerializer

Price = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""An amount of money: exact in files, a number in JSON."""
ProductKey = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{32}$",
        description="The product's key, as `/api/products` gives it.",
    ),
]
MessageKey = Annotated[
    str, Field(pattern=r"^[0-9a-f]{32}$", description="The message's key, as search and lists give it.")
]
ImageKey = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="The photo's key, as `/api/images` gives it.")]


class ProductClass(StrEnum):
    """What kind of product it is."""

    MEDICINE = "medicine"
    SUPPLEMENT = "supplement"
    BABY_FOOD = "baby food"
    COSMETIC = "cosmetic"
    DEVICE = "device"
    SUPPLY = "supply"
    TEST = "test"
    OTHER = "other"
