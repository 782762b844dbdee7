"""What endpoints let clients choose, in classes that are put together: filters, dates, pages, formats."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from medical_telegram_warehouse.api.answers.formats import Format

MOST_ROWS = 1000
MOST_ROWS_OF_FILES = 10_000
_FIRST_DATE = date(1990, 1, 1)
_LAST_DATE = date(2199, 12, 31)
ChannelName = Annotated[str, Field(min_length=1, max_length=256)]
Day = Annotated[date, Field(ge=_FIRST_DATE, le=_LAST_DATE)]


class Parameters(BaseModel):
    """The base of all. A parameter that does not exist is refused: a filter that is misspelt would not filter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="after")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            message = "no text of the warehouse holds a NUL character"
            raise ValueError(message)
        return value

    def asked(self) -> dict[str, Any]:
        """The parameters as SQL takes them."""
        return self.model_dump(mode="python")


class ChannelFilter(Parameters):
    """One channel, or all."""

    channel_name: ChannelName | None = Field(
        default=None, description="Only this channel, by its name.", examples=["sample_corner_pharmacy"]
    )


class DateFilter(Parameters):
    """Business days, of the time zone of the reports."""

    from_date: Day | None = Field(
        default=None, description="Only this day and later (YYYY-MM-DD).", examples=["2026-09-01"]
    )
    to_date: Day | None = Field(
        default=None, description="Only this day and earlier (YYYY-MM-DD).", examples=["2026-09-30"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_date and self.to_date and self.from_date > self.to_date:
            message = f"from_date ({self.from_date}) lies after to_date ({self.to_date})"
            raise ValueError(message)
        return self


class FormatChoice(Parameters):
    """How the rows are sent."""

    format: Format = Field(
        default=Format.JSON, description="`json`; or `csv` or `parquet`: the rows alone, as a file to keep."
    )


class Page(FormatChoice):
    """A part of a list."""

    limit: int = Field(
        default=50,
        ge=1,
        le=MOST_ROWS_OF_FILES,
        description=f"How many rows: up to {MOST_ROWS:,} as JSON, up to {MOST_ROWS_OF_FILES:,} as a file.",
    )
    cursor: str | None = Field(
        default=None,
        max_length=512,
        description="Where the page begins: `next_cursor` of the page before (of a file, the header X-Next-Cursor).",
    )

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.format is Format.JSON and self.limit > MOST_ROWS:
            message = (
                f"as JSON a page has up to {MOST_ROWS:,} rows; take csv or parquet for more, or follow next_cursor"
            )
            raise ValueError(message)
        return self
