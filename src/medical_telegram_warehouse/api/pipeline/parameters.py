"""What clients may choose of the pipeline."""

from __future__ import annotations

from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import DateFilter, FormatChoice, Page


class RunParameters(Page, DateFilter):
    """Of `/api/pipeline/runs`. The dates are those on which runs began."""

    limit: int = Field(default=20, ge=1, le=1000, description="How many runs.")


class QualityParameters(FormatChoice):
    """Of `/api/pipeline/quality`."""


class RejectedParameters(Page, DateFilter):
    """Of `/api/pipeline/rejected-records`. The dates are those on which records were met."""

    reason: str | None = Field(default=None, min_length=1, max_length=100, description="Only records with this reason.")
