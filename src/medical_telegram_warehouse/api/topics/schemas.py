"""Shapes of answers about topics."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import PageEnvelope


class TopicPeriod(BaseModel):
    """A topic in a week or a day."""

    topic: str = Field(description="The topic, as the list topic_terms calls it.", examples=["antibiotics"])
    period: date = Field(description="The business day, or the Monday of the week.")
    message_count: int = Field(description="Messages on it, forwarded copies and reposts included.")
    distinct_message_count: int = Field(description="Those that repeat no earlier post.")
    original_post_count: int = Field(description="Posts that are no forwarded copies; an album counts once.")
    channel_count: int = Field(description="Channels that posted on it.")
    original_views: int | None = Field(description="Views of the original posts; null where none are known.")


class TopicActivity(PageEnvelope):
    """A part of the topics over time. A message on two topics counts in both."""

    interval: str = Field(description="`day` or `week`.")
    topics: list[TopicPeriod] = Field(description="One row per topic and period that has it, newest first.")
