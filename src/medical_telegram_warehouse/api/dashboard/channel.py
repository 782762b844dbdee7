"""`/channels/{channel_name}`: one channel, how much and when it posts, who reads it, what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.answers.parameters import DateFilter
from medical_telegram_warehouse.api.channels.parameters import PeriodType
from medical_telegram_warehouse.api.channels.repository import (
    activity,
    channel,
    heatmap,
    scorecards,
    subscribers,
    weeks,
)
from medical_telegram_warehouse.api.dashboard import repository
from medical_telegram_warehouse.api.dashboard.charts import Chart, Point, Series, messages_of, pivot
from medical_telegram_warehouse.api.dashboard.forms import Form, address
from medical_telegram_warehouse.api.dashboard.heatmaps import heat_rows
from medical_telegram_warehouse.api.dashboard.rendering import open_frame, page
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.products.parameters import ProductListParameters
from medical_telegram_warehouse.api.products.repository import list_products
from medical_telegram_warehouse.api.reports.repository import visual_stats

router = APIRouter(include_in_schema=False)
_DAYS = {PeriodType.DAILY: 90, PeriodType.WEEKLY: 7 * 52}
_PRODUCTS = 10
_MESSAGES = 5
_SUBSCRIBER_DAYS = 366


class ActivityFilters(DateFilter):
    """Of a channel's activity."""

    period: PeriodType = PeriodType.WEEKLY


@router.get("/channels/{channel_name:path}")
async def show_channel(channel_name: str, request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    found = await channel(snapshot, channel_name)
    frame = await open_frame(request, snapshot)
    form = Form(request, ActivityFilters)
    cards = await scorecards(snapshot, [channel_name])
    wanted = ProductListParameters(channel_name=channel_name)
    return page(
        request,
        "channel.html",
        frame,
        status=form.status,
        form=form,
        channel=found,
        card=cards[0] if cards else None,
        periods=[(each.value, each.value.capitalize()) for each in PeriodType],
        **await _activity(snapshot, found, form.asked),
        heat=heat_rows(await heatmap(snapshot, channel_name)),
        subscribers=await _subscribers(snapshot, channel_name),
        products=await list_products(snapshot, wanted.asked(), {"offset": 0, "rows": _PRODUCTS}),
        messages=await repository.newest_messages(snapshot, frame, channel_name, _MESSAGES),
        photos=(await visual_stats(snapshot, channel_name))["engagement_by_content"],
    )


async def _activity(snapshot: Snapshot, found: Row, asked: ActivityFilters) -> dict[str, Any]:
    """Messages, and views of original posts, by day or week; a year of weeks or a quarter of days unless chosen."""
    name = found["channel_name"]
    to_date: date | None = asked.to_date or found["last_message_date"]
    if to_date is None:
        return {"volume": None, "views": None}
    from_date = asked.from_date or to_date - timedelta(days=_DAYS[asked.period] - 1)
    step = 1 if asked.period is PeriodType.DAILY else 7
    if asked.period is PeriodType.DAILY:
        rows = await activity(snapshot, name, from_date, to_date, weekly=False)
        rows = [row | {"avg_views": row["avg_views_per_message"], "median_views": None} for row in reversed(rows)]
    else:
        rows = [row | {"period": row["week_start_date"]} for row in await weeks(snapshot, [name], from_date, to_date)]
    unit = "day" if step == 1 else "week"
    csv = address(
        f"/api/channels/{quote(name)}/activity", period=asked.period, from_date=from_date, to_date=to_date, format="csv"
    )

    def link(day: date, *, is_original_post: bool) -> str:
        return messages_of(name, day, day + timedelta(days=step - 1), is_original_post=is_original_post)

    for row in rows:
        row["other_count"] = row["message_count"] - row["original_post_count"]
    counted = [
        Series(title, [Point(row["period"], row[column], link(row["period"], is_original_post=is_it)) for row in rows])
        for title, column, is_it in (
            ("Original posts", "original_post_count", True),
            ("Copies, more photos", "other_count", False),
        )
    ]
    viewed = [
        Series(title, [Point(row["period"], row[column], link(row["period"], is_original_post=True)) for row in rows])
        for title, column in (("Mean", "avg_views"), ("Median", "median_views"))
        if any(row[column] is not None for row in rows)
    ]
    return {
        "volume": _chart("volume", f"Messages a {unit}", "stacked", counted, unit, csv),
        "views": _chart("views", f"Views of a {unit}’s original posts", "line", viewed, unit, csv),
    }


def _chart(key: str, title: str, kind: Any, series: Sequence[Series], unit: str, csv: str) -> Chart:
    columns, rows = pivot(series, "Day" if unit == "day" else "Week from")
    return Chart(
        key=key,
        title=title,
        kind=kind,
        series=series,
        columns=columns,
        rows=rows,
        summary=f"{title}, over {len(rows)} {unit}s with messages.",
        csv=csv,
    )


async def _subscribers(snapshot: Snapshot, channel_name: str) -> Chart:
    everything = {"from_date": None, "to_date": None}
    rows = await subscribers(snapshot, channel_name, everything, {"offset": 0, "rows": _SUBSCRIBER_DAYS})
    # One number is told above; a line needs two.
    points = [Point(row["full_date"], row["subscribers"]) for row in reversed(rows)] if len(rows) > 1 else []
    series = [Series("Subscribers", points)]
    columns, table = pivot(series, "Day")
    return Chart(
        key="subscribers",
        title="Subscribers",
        kind="line",
        series=series,
        columns=columns,
        rows=table,
        summary=f"Subscribers on {len(points)} days.",
        csv=address(f"/api/channels/{quote(channel_name)}/subscribers", format="csv", limit=10_000),
    )
