"""`/api/channels` and what lies below it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.channels import repository
from medical_telegram_warehouse.api.channels.parameters import (
    ActivityParameters,
    ChannelListParameters,
    ComparisonParameters,
    PeriodType,
    SubscriberParameters,
    WeekParameters,
)
from medical_telegram_warehouse.api.channels.schemas import (
    ChannelActivity,
    ChannelDetail,
    ChannelList,
    Comparison,
    Heatmap,
    SubscriberHistory,
    WeeklyActivity,
)
from medical_telegram_warehouse.api.dependencies import MartsSnapshot, Options

router = APIRouter(prefix="/api", tags=["Channels"])
# `path`, because a channel that is known by its title may hold a slash.
Name = Annotated[str, Path(min_length=1, max_length=256, description="The channel's name.", examples=["CheMed"])]
_DAYS_BACK = 30


@router.get("/channels", response_model=ChannelList, responses=FILES | NOT_FOUND)
async def list_channels(
    asked: Annotated[ChannelListParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """All channels."""
    await repository.require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.list_channels(snapshot, asked.asked(), page.by_offset())
    return await answers.page(ChannelList, snapshot, page, rows, into="channels", name="channels")


@router.get("/reports/channel-comparison", response_model=Comparison, responses=FILES | NOT_FOUND)
async def compare_channels(
    asked: Annotated[ComparisonParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """Several channels side by side: how each does lately, and its weeks. As a file: the scorecards."""
    for name in asked.channel_name:
        await repository.require_channel(snapshot, name)
    return await answers.rows(
        Comparison,
        snapshot,
        await repository.scorecards(snapshot, asked.channel_name),
        into="scorecards",
        format=asked.format,
        name="channel_comparison",
        weeks=await repository.weeks(snapshot, asked.channel_name, asked.from_date, asked.to_date),
    )


@router.get("/reports/weekly-activity", response_model=WeeklyActivity, responses=FILES | NOT_FOUND)
async def list_weeks(
    asked: Annotated[WeekParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """How much all channels, or some, post and are read, week by week."""
    for name in asked.channel_name:
        await repository.require_channel(snapshot, name)
    page = PageRequest(asked, snapshot)
    rows = await repository.list_weeks(snapshot, asked.asked(), page.by_offset())
    return await answers.page(WeeklyActivity, snapshot, page, rows, into="weeks", name="weekly_activity")


@router.get("/channels/{channel_name:path}/activity", response_model=ChannelActivity, responses=FILES | NOT_FOUND)
async def show_activity(
    channel_name: Name,
    asked: Annotated[ActivityParameters, Query()],
    snapshot: MartsSnapshot,
    answers: RequestAnswers,
    options: Options,
) -> Response:
    """How much a channel posted and was read, by day or week; only periods with messages."""
    await repository.require_channel(snapshot, channel_name)
    from_date, to_date = _range(asked, datetime.now(options.timezone).date())
    weekly = asked.period is PeriodType.WEEKLY
    rows = await repository.activity(snapshot, channel_name, from_date, to_date, weekly=weekly)
    return await answers.rows(
        ChannelActivity,
        snapshot,
        rows,
        into="activity",
        format=asked.format,
        name=f"activity_{asked.period.value}",
        channel_name=channel_name,
        period_type=asked.period.value,
        total_messages=sum(row["message_count"] for row in rows),
        from_date=from_date,
        to_date=to_date,
    )


def _range(asked: ActivityParameters, today: date) -> tuple[date, date]:
    """The days that are looked at: those that are given, or so many back from today."""
    to_date = asked.to_date or today
    if asked.from_date is not None:
        return asked.from_date, max(asked.from_date, to_date)
    if asked.to_date is not None:
        return to_date - timedelta(days=_DAYS_BACK), to_date
    return today - timedelta(days=asked.days_back or _DAYS_BACK), to_date


@router.get("/channels/{channel_name:path}/heatmap", response_model=Heatmap, responses=NOT_FOUND)
async def show_heatmap(
    channel_name: Name, snapshot: MartsSnapshot, answers: RequestAnswers, options: Options
) -> Response:
    """When a channel posts, by weekday and hour on the shops' clocks, over its last year."""
    await repository.require_channel(snapshot, channel_name)
    return answers.envelope(
        Heatmap,
        snapshot,
        channel_name=channel_name,
        timezone=options.timezone.key,
        hours=await repository.heatmap(snapshot, channel_name),
    )


@router.get("/channels/{channel_name:path}/subscribers", response_model=SubscriberHistory, responses=FILES | NOT_FOUND)
async def list_subscribers(
    channel_name: Name,
    asked: Annotated[SubscriberParameters, Query()],
    snapshot: MartsSnapshot,
    answers: RequestAnswers,
) -> Response:
    """A channel's subscribers on the days on which they were counted."""
    await repository.require_channel(snapshot, channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.subscribers(snapshot, channel_name, asked.asked(), page.by_offset())
    return await answers.page(
        SubscriberHistory, snapshot, page, rows, into="subscribers", name="subscribers", channel_name=channel_name
    )


# The last of all: its path would take those above for a channel's name.
@router.get("/channels/{channel_name:path}", response_model=ChannelDetail, responses=NOT_FOUND)
async def show_channel(channel_name: Name, snapshot: MartsSnapshot, answers: RequestAnswers) -> Response:
    """One channel, and how it does lately."""
    found = await repository.channel(snapshot, channel_name)
    cards = await repository.scorecards(snapshot, [channel_name])
    return answers.envelope(ChannelDetail, snapshot, channel=found, scorecard=cards[0] if cards else None)
