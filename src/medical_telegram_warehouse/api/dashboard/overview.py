"""`/`: how it stands. Key figures, volume, prices that moved, what is new and what is gone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.dashboard import repository, wording
from medical_telegram_warehouse.api.dashboard.charts import Chart, largest, messages_of, pivot, weekly_series
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.products.parameters import AvailabilityParameters, PriceChangeParameters
from medical_telegram_warehouse.api.products.repository import availability, price_changes

router = APIRouter(include_in_schema=False)
DAYS = 28
WEEKS = 26
_MOVES = 6
_CHANGES = 6


class Figure(NamedTuple):
    """A key figure: how much, against the days before, and where what it counts is listed."""

    name: str
    value: str
    change: float | None
    before: str
    href: str


@router.get("/")
async def show_overview(request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    frame = await open_frame(request, snapshot)
    now, before = await repository.key_figures(snapshot, frame, DAYS)
    last_date: date | None = now["last_date"]
    if last_date is None:
        return page(request, "overview.html", frame, last_date=None)
    first_date = last_date - timedelta(days=DAYS - 1)
    rises, falls = [
        await price_changes(
            snapshot,
            PriceChangeParameters.model_validate({"direction": way, "from_date": first_date}).asked(),
            {"offset": 0, "rows": _MOVES},
        )
        for way in ("up", "down")
    ]
    new, gone = [
        await availability(
            snapshot,
            AvailabilityParameters.model_validate({"show": show, "sort": sort, "from_date": first_date}).asked(),
            {"offset": 0, "rows": _CHANGES},
        )
        for show, sort in (("new", "first_seen"), ("gone", "last_seen"))
    ]
    return page(
        request,
        "overview.html",
        frame,
        last_date=last_date,
        first_date=first_date,
        days=DAYS,
        newest_message_at=now["newest_message_at"],
        figures=_figures(now, before, first_date, last_date),
        volume=await _volume(snapshot, frame, last_date),
        rises=rises,
        falls=falls,
        new=new,
        gone=gone,
    )


def _figures(now: Row, before: Row | None, first_date: date, last_date: date) -> list[Figure]:
    days = {"from_date": first_date, "to_date": last_date}
    messages = messages_of(None, first_date, last_date)
    originals = messages_of(None, first_date, last_date, is_original_post=True)
    priced = messages_of(None, first_date, last_date, has_price=True)
    wanted = (
        ("Messages", "message_count", messages),
        ("Original posts", "original_post_count", originals),
        ("Mean views of original posts", "avg_views", originals),
        ("Offers with a price", "offer_count", priced),
        ("Products with a price", "product_count", address("/products", **days)),
        ("Channels that posted", "channel_count", address("/channels")),
        ("Messages with a photo", "photo_count", address("/images", **days)),
    )
    return [
        Figure(
            name,
            wording.number(now[column]),
            wording.ratio_of(now[column], before[column] if before is not None else None),
            wording.number(before[column] if before is not None else None),
            href,
        )
        for name, column, href in wanted
    ]


async def _volume(snapshot: Snapshot, frame: Frame, last_date: date) -> Chart:
    rows = await repository.weekly_volume(snapshot, last_date, WEEKS)
    series = largest(weekly_series(rows, "message_count", frame.titles))
    columns, table = pivot(series, "Week from", zero=True)
    weeks = {row["week_start_date"] for row in rows}
    return Chart(
        key="volume",
        title="Messages a week, by channel",
        kind="stacked",
        series=series,
        columns=columns,
        rows=table,
        csv=address("/api/reports/weekly-activity", from_date=min(weeks, default=None), format="csv", limit=10_000),
        summary=f"Stacked bars of {sum(row['message_count'] for row in rows):,} messages over {len(weeks)} weeks.",
        note=f"Weeks from Monday to Sunday; the first and the last one may be incomplete. Up to {WEEKS} weeks.",
    )
