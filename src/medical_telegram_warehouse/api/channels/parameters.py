"""What clients may choose of channels."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from medical_telegram_warehouse.api.answers.parameters import (
    ChannelFilter,
    ChannelName,
    DateFilter,
    FormatChoice,
    Page,
)

MOST_COMPARED = 10


class ChannelSort(StrEnum):
    """Orders of channels."""

    MESSAGES = "messages"
    NAME = "name"
    VIEWS = "views"
    SUBSCRIBERS = "subscribers"
    LAST_MESSAGE = "last_message"


class ChannelListParameters(Page, ChannelFilter, DateFilter):
    """Of `/api/channels`. The dates keep channels that posted within them."""

    channel_type: str | None = Field(default=None, min_length=1, max_length=100, description="Only this kind of shop.")
    sort: ChannelSort = Field(
        default=ChannelSort.MESSAGES, description="Most messages, views or subscribers first; by name; newest first."
    )


class PeriodType(StrEnum):
    """How activity is put together."""

    DAILY = "daily"
    WEEKLY = "weekly"


class ActivityParameters(FormatChoice, DateFilter):
    """Of a channel's activity."""

    period: PeriodType = Field(default=PeriodType.DAILY, description="One row a day, or a week from Monday to Sunday.")
    days_back: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="How many business days back from today; 30 where neither this nor dates are given.",
        examples=[30],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.days_back is not None and (self.from_date or self.to_date):
            message = "give days_back, or from_date and to_date, but not both"
            raise ValueError(message)
        return self


class SubscriberParameters(Page, DateFilter):
    """Of a channel's subscribers."""


class WeekParameters(Page, DateFilter):
    """Of the channels' weeks. A week belongs to dates by its Monday."""

    channel_name: Annotated[
        list[ChannelName],
        Field(max_length=MOST_COMPARED, description=f"Only these channels, up to {MOST_COMPARED}; all without any."),
    ] = []  # noqa: RUF012 - pydantic copies it


class ComparisonParameters(FormatChoice, DateFilter):
    """Of the comparison."""

    channel_name: Annotated[
        list[ChannelName],
        Field(min_length=1, max_length=MOST_COMPARED, description=f"The channels, up to {MOST_COMPARED}."),
    ]
