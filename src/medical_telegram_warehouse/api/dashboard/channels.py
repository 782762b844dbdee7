"""`/channels`: how each does lately, and chosen ones side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import ChannelName, DateFilter
from medical_telegram_warehouse.api.channels.parameters import MOST_COMPARED
from medical_telegram_warehouse.api.channels.repository import require_channel, scorecards, weeks
from medical_telegram_warehouse.api.dashboard.charts import Chart, pivot, weekly_series
from medical_telegram_warehouse.api.dashboard.forms import Form, address
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError

router = APIRouter(include_in_schema=False)
_WEEKS = 26


class ScoreSort(StrEnum):
    """Orders of the scorecards: by one of their columns."""

    MESSAGES = "message_count"
    NAME = "title"
    POSTS = "posts_per_week"
    MEAN_VIEWS = "avg_views"
    MEDIAN_VIEWS = "median_views"
    FORWARDS = "forwards_per_thousand_views"
    PHOTOS = "image_share"
    REPOSTS = "repost_share"
    FORWARDED = "forward_share"
    SUBSCRIBERS = "subscribers"
    NEWEST = "last_message_date"


class ComparisonFilters(DateFilter):
    """Of the comparison, and the order of the table."""

    channel_name: Annotated[list[ChannelName], Field(max_length=MOST_COMPARED, default_factory=list)]
    sort: ScoreSort = ScoreSort.MESSAGES


@router.get("/channels")
async def show_channels(request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    frame = await open_frame(request, snapshot)
    form = Form(request, ComparisonFilters)
    for name in form.asked.channel_name:
        try:
            await require_channel(snapshot, name)
        except ApiError as error:
            form.refuse("channel_name", error)
    cards = await scorecards(snapshot)
    scored = {row["channel_name"] for row in cards}
    compared: dict[str, Any] = {}
    if form.is_usable and form.asked.channel_name:
        compared = await _comparison(snapshot, form, frame, cards)
    return page(
        request,
        "channels.html",
        frame,
        status=form.status,
        form=form,
        cards=_sorted(cards, form.asked.sort),
        without_messages=[name for name in frame.channels if name not in scored],
        most=MOST_COMPARED,
        **compared,
    )


def _sorted(cards: Sequence[Row], order: ScoreSort) -> list[Row]:
    """Most first, or by name; what is not known comes last."""
    if order is ScoreSort.NAME:
        return sorted(cards, key=lambda card: str(card["title"]).lower())
    known = [card for card in cards if card[order.value] is not None]
    unknown = [card for card in cards if card[order.value] is None]
    return sorted(known, key=lambda card: card[order.value], reverse=True) + unknown


async def _comparison(
    snapshot: Snapshot, form: Form[ComparisonFilters], frame: Frame, cards: Sequence[Row]
) -> dict[str, Any]:
    chosen = form.asked.channel_name
    from_date = form.asked.from_date
    if from_date is None:
        newest: list[date] = [card["last_message_date"] for card in cards if card["channel_name"] in chosen]
        from_date = max(newest, default=frame.today) - timedelta(weeks=_WEEKS)
    rows = await weeks(snapshot, chosen, from_date, form.asked.to_date)
    scores = address("/api/reports/channel-comparison", **form.shared("sort"), format="csv")
    dates = {"from_date": from_date, "to_date": form.asked.to_date}
    csv = address("/api/reports/weekly-activity", channel_name=chosen, **dates, format="csv", limit=10_000)
    return {
        "volume": _chart(rows, "message_count", "volume", "Messages a week", frame, csv),
        "views": _chart(rows, "median_views", "views", "Median views of a week’s original posts", frame, csv),
        "csv": scores,
        "since": min((row["week_start_date"] for row in rows), default=from_date),
    }


def _chart(rows: Sequence[Row], column: str, key: str, title: str, frame: Frame, csv: str) -> Chart:
    series = weekly_series(rows, column, frame.titles)
    columns, table = pivot(series, "Week from")
    return Chart(
        key=key,
        title=title,
        kind="line",
        series=series,
        columns=columns,
        rows=table,
        csv=csv,
        summary=f"{title} of {len(series)} channels, as lines.",
        note="Weeks from Monday to Sunday; each point leads to the week’s messages.",
    )
