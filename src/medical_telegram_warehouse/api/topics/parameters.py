"""What clients may choose of topics."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import ChannelFilter, DateFilter, Page


class TopicInterval(StrEnum):
    """How topics are put together."""

    DAY = "day"
    WEEK = "week"


class TopicSort(StrEnum):
    """Orders of topics."""

    DATE = "date"
    MESSAGES = "messages"


class TopicParameters(Page, ChannelFilter, DateFilter):
    """Of `/api/topics`. A week belongs to dates by its Monday."""

    topic: str | None = Field(default=None, min_length=1, max_length=100, description="Only this topic.")
    interval: TopicInterval = Field(default=TopicInterval.WEEK, description="One row a week or a day.")
    sort: TopicSort = Field(default=TopicSort.DATE, description="Newest first, or most messages first.")
