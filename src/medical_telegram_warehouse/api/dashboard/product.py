"""`/products/{product_key}`: what one product costs where, who has it, how it is written and what it looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.answers.parameters import ChannelFilter, DateFilter
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dashboard import repository, wording
from medical_telegram_warehouse.api.dashboard.charts import Cell, Chart, Point, Series
from medical_telegram_warehouse.api.dashboard.forms import Form, address
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError, not_found
from medical_telegram_warehouse.api.products.parameters import Currency, Interval
from medical_telegram_warehouse.api.products.repository import (
    availability_of,
    cheapest,
    offers,
    prices,
    product,
    spellings,
)

router = APIRouter(include_in_schema=False)
_KEY = re.compile(r"[0-9a-f]{32}")
# More would neither be told apart nor read; then weeks or months are shown.
_MOST_POINTS = 400
_PHOTOS = 12
_CHANGES = 20
_OFFERS = 15
_MAIN_CURRENCY = "ETB"


class PriceFilters(ChannelFilter, DateFilter):
    """Of a product's prices."""

    interval: Interval | None = None
    currency: Currency | None = None


class _Prices(NamedTuple):
    """Prices as the chart shows them."""

    rows: Sequence[Row]
    interval: Interval
    currency: str
    others: Sequence[str]
    """Other currencies in which it is offered."""
    is_cut: bool


@router.get("/products/{product_key}")
async def show_product(product_key: str, request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    if not _KEY.fullmatch(product_key):
        raise not_found(f"there is no product {product_key}; /products finds products by their names")
    frame = await open_frame(request, snapshot)
    found = await product(snapshot, product_key)
    form = Form(request, PriceFilters)
    try:
        await require_channel(snapshot, form.asked.channel_name)
    except ApiError as error:
        form.refuse("channel_name", error)
    told = await _prices(snapshot, found, form.asked)
    has_it = await availability_of(snapshot, product_key)
    best = cheapest(has_it)
    return page(
        request,
        "product.html",
        frame,
        status=form.status,
        form=form,
        product=found,
        intervals=[(each.value, f"Each {each.value}") for each in Interval],
        prices=_chart(found, told, frame, form),
        told=told,
        availability=has_it,
        cheapest=best,
        cheapest_message=_message_of(best, told.rows) if best is not None else None,
        spellings=await spellings(snapshot, product_key),
        photos=await repository.product_photos(snapshot, found, _PHOTOS),
        offers=await _offers(snapshot, product_key, form.asked, frame),
        offers_csv=address(
            f"/api/products/{product_key}/offers", **form.shared("interval", "currency"), format="csv", limit=10_000
        ),
        changes=await repository.product_price_changes(snapshot, product_key, _CHANGES),
    )


async def _offers(snapshot: Snapshot, product_key: str, asked: PriceFilters, frame: Frame) -> list[Row]:
    """The newest lines that offer it, of the channel and the days that were chosen."""
    filters = {"channel_name": asked.channel_name, **moments(asked.from_date, asked.to_date, frame.timezone)}
    return await offers(snapshot, product_key, filters, {"after_at": None, "after_key": None, "rows": _OFFERS})


async def _prices(snapshot: Snapshot, found: Row, asked: PriceFilters) -> _Prices:
    async def by(interval: Interval) -> list[Row]:
        filters = asked.asked() | {"interval": interval.value}
        return await prices(snapshot, found["product_key"], filters, {"offset": 0, "rows": _MOST_POINTS + 1})

    interval = asked.interval or Interval.DAY
    rows = await by(interval)
    if asked.interval is None and len(rows) > _MOST_POINTS:
        interval = Interval.WEEK
        if _points_of_weeks(rows, found, asked) <= _MOST_POINTS:
            rows = await by(interval)
        if len(rows) > _MOST_POINTS:
            interval = Interval.MONTH
            rows = await by(interval)
    currencies = sorted({row["currency"] for row in rows})
    currency = _MAIN_CURRENCY if _MAIN_CURRENCY in currencies or not currencies else currencies[0]
    return _Prices(
        [row for row in rows[:_MOST_POINTS] if row["currency"] == currency],
        interval,
        currency,
        [each for each in currencies if each != currency],
        len(rows) > _MOST_POINTS,
    )


def _points_of_weeks(days: Sequence[Row], found: Row, asked: PriceFilters) -> float:
    """About how many points weeks would have, as the newest days let expect: putting weeks together reads them all."""
    newest: date = days[0]["period"]
    oldest: date = days[-1]["period"]
    weeks = len({(row["channel_name"], row["currency"], row["period"].isocalendar()[:2]) for row in days})
    first: date = max(found["first_offered_date"], asked.from_date or found["first_offered_date"])
    return weeks * ((newest - first).days + 1) / ((newest - oldest).days + 1)


def _chart(found: Row, told: _Prices, frame: Frame, form: Form[PriceFilters]) -> Chart:
    by_channel: dict[str, list[Point]] = {}
    for row in reversed(told.rows):
        if row["latest_price"] is not None:
            point = Point(row["period"], row["latest_price"], f"/messages/{row['latest_message_key']}")
            by_channel.setdefault(row["channel_name"], []).append(point)
    series = [Series(frame.title_of(name), points) for name, points in sorted(by_channel.items())]
    period = told.interval.value
    shared = form.shared("interval", "currency")
    return Chart(
        key="prices",
        title=f"Price by channel, the last of each {period}",
        kind="line",
        unit=told.currency,
        series=series,
        columns=[period.capitalize(), "Channel", f"Last price ({told.currency})", "Lowest", "Highest", "Offers"],
        rows=[_cells(row, frame) for row in told.rows],
        summary=f"Lines of {frame.public(wording.product_label(found))} in {wording.plural(len(series), 'channel')}: "
        f"{wording.plural(sum(len(each.points) for each in series), 'price')}. Each point leads to its message.",
        note="Each point leads to the message of that price. Outliers and lines that say out of stock are left out.",
        csv=address(
            f"/api/products/{found['product_key']}/prices",
            **shared,
            interval=told.interval,
            currency=told.currency,
            format="csv",
            limit=10_000,
        ),
    )


def _cells(row: Row, frame: Frame) -> list[Cell]:
    key = row["latest_message_key"]
    return [
        Cell(wording.day(row["period"]), is_number=False),
        Cell(frame.title_of(row["channel_name"]), is_number=False),
        Cell(wording.money(row["latest_price"], None), f"/messages/{key}" if key is not None else None),
        Cell(wording.money(row["min_price"], None)),
        Cell(wording.money(row["max_price"], None)),
        Cell(wording.number(row["offer_count"])),
    ]


def _message_of(best: Row, rows: Sequence[Row]) -> str | None:
    """The message of a channel's newest price."""
    return next(
        (
            row["latest_message_key"]
            for row in rows
            if row["channel_name"] == best["channel_name"] and row["latest_price"] == best["latest_price"]
        ),
        None,
    )
