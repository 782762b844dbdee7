"""Shapes of answers about channels."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope, PageEnvelope
from medical_telegram_warehouse.api.answers.masking import PublicText


class Channel(BaseModel):
    """A channel."""

    channel_name: str = Field(description="Its name, by which all else refers to it.", examples=["CheMed"])
    title: PublicText = Field(description="Its newest known title, else the name.")
    username: str | None = Field(description="Its newest known user name; null where unknown.")
    channel_type: str = Field(description="Kind of shop, from the list channel_types; `unclassified` if not listed.")
    telegram_type: str | None = Field(description="What Telegram calls it; null where unknown.")
    is_verified: bool | None = Field(description="Whether Telegram verified who runs it; null where unknown.")
    is_scam: bool | None = Field(description="Whether Telegram marked it as a scam; null where unknown.")
    is_sample: bool = Field(description="Whether all its messages are invented samples.")
    first_message_date: date | None = Field(description="Business day of its first message; null without messages.")
    last_message_date: date | None = Field(description="Business day of its last message.")
    total_messages: int = Field(description="Number of its messages.")
    avg_views: float | None = Field(
        description="Mean views of original posts: forwarded copies left out, an album counted once. Null if unknown."
    )
    subscribers: int | None = Field(description="Newest known number of subscribers; null where unknown.")


class ChannelList(PageEnvelope):
    """A part of the channels."""

    channels: list[Channel] = Field(description="The channels.")


class Scorecard(BaseModel):
    """How a channel does over its last 90 days, counted back from its own newest message."""

    channel_name: str = Field(description="The channel.")
    title: PublicText = Field(description="Its title.")
    channel_type: str = Field(description="Kind of shop.")
    is_sample: bool = Field(description="Whether the channel is invented.")
    day_count: int = Field(description="Days that the figures are about; fewer where the channel is younger.")
    message_count: int = Field(description="Messages, forwarded copies and reposts included.")
    original_post_count: int = Field(description="Posts that are no forwarded copies; an album counts once.")
    posts_per_week: float = Field(description="Original posts for each seven of these days.")
    image_share: float = Field(description="Share of messages with a photo, 0 to 1.")
    repost_share: float = Field(description="Share of messages that repeat an earlier post.")
    forward_share: float = Field(description="Share of messages that are forwarded copies.")
    avg_views: float | None = Field(description="Mean views of original posts; null where none are known.")
    median_views: float | None = Field(description="Median views of original posts.")
    forwards_per_thousand_views: float | None = Field(description="Forwards for each thousand views.")
    avg_views_with_image: float | None = Field(description="Mean views of original posts with a photo.")
    avg_views_without_image: float | None = Field(description="Mean views of those without one.")
    subscribers: int | None = Field(description="Subscribers when last known.")
    subscribers_gained_30_days: int | None = Field(description="Against 30 days before; null where unknown.")
    last_message_date: date = Field(description="Business day of the newest message.")
    silent_days: int = Field(description="Days from then to the day of the last build.")
    longest_rest_days: int | None = Field(description="Most days between two days with messages.")
    is_silent: bool = Field(description="Whether it rests for more than twice its longest rest.")


class ChannelDetail(Envelope):
    """One channel."""

    channel: Channel = Field(description="The channel.")
    scorecard: Scorecard | None = Field(description="How it does lately; null for one that has photos alone.")


class ActivityPeriod(BaseModel):
    """A day or a week of a channel, with at least one message."""

    period: date = Field(description="The business day, or the Monday of the week.", examples=["2026-09-28"])
    message_count: int = Field(description="Messages, forwarded copies and reposts included.")
    total_views: int | None = Field(description="Views of all of them; null where none are known.")
    total_forwards: int | None = Field(description="Forwards of all of them; null where none are known.")
    avg_views_per_message: float | None = Field(
        description="Mean views of the original posts among them, an album counted once; null where none are known."
    )
    original_post_count: int = Field(description="Posts that are no forwarded copies; an album counts once.")
    image_message_count: int = Field(description="Messages with a photo.")
    repost_count: int = Field(description="Messages that repeat an earlier post.")


class ChannelActivity(Envelope):
    """How much a channel posts and how much it is read."""

    channel_name: str = Field(description="The channel.")
    period_type: str = Field(description="`daily` or `weekly`.")
    total_messages: int = Field(description="Messages in all of these periods.")
    from_date: date = Field(description="The first business day that is looked at.")
    to_date: date = Field(description="The last one.")
    activity: list[ActivityPeriod] = Field(description="The periods with messages, newest first.")


class HeatmapHour(BaseModel):
    """An hour of a weekday, on the shops' clocks."""

    day_of_week: int = Field(description="1 for Monday to 7 for Sunday.")
    day_name: str = Field(description="English name of the weekday.")
    hour_of_day: int = Field(description="0 to 23.")
    message_count: int = Field(description="Messages.")
    original_post_count: int = Field(description="Posts that are no forwarded copies.")
    avg_views: float | None = Field(description="Mean views of these posts; null where none are known.")


class Heatmap(Envelope):
    """When a channel posts, over its last year."""

    channel_name: str = Field(description="The channel.")
    timezone: str = Field(description="Whose clocks.", examples=["Africa/Addis_Ababa"])
    hours: list[HeatmapHour] = Field(description="The hours with messages.")


class SubscriberCount(BaseModel):
    """Subscribers on a day on which they were counted."""

    full_date: date = Field(description="The business day.")
    subscribers: int = Field(description="At the last scrape of that day.")
    subscribers_gained: int | None = Field(description="Against the day before that was counted; null for the first.")


class SubscriberHistory(PageEnvelope):
    """Subscribers of a channel over time."""

    channel_name: str = Field(description="The channel.")
    subscribers: list[SubscriberCount] = Field(description="The days that were counted, newest first.")


class ChannelWeek(BaseModel):
    """A week of a channel."""

    channel_name: str = Field(description="The channel.")
    week_start_date: date = Field(description="The week's Monday.")
    message_count: int = Field(description="Messages, forwarded copies and reposts included.")
    original_post_count: int = Field(description="Posts that are no forwarded copies; an album counts once.")
    avg_views: float | None = Field(description="Mean views of original posts; null where none are known.")
    median_views: float | None = Field(description="Median views of original posts.")
    forwards_per_thousand_views: float | None = Field(description="Forwards for each thousand views.")
    image_share: float | None = Field(description="Share of messages with a photo, 0 to 1.")


class WeeklyActivity(PageEnvelope):
    """A part of the channels' weeks."""

    weeks: list[ChannelWeek] = Field(description="One row per channel and week with messages, newest first.")


class Comparison(Envelope):
    """Several channels side by side."""

    scorecards: list[Scorecard] = Field(description="How each does over its last 90 days.")
    weeks: list[ChannelWeek] = Field(description="Each channel's weeks, oldest first.")
