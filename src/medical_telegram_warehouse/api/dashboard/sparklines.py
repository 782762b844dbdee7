"""Small lines without axes, beside a row of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.database.pool import Row

_WIDTH, _HEIGHT, _MARGIN = 96, 24, 3


class Sparkline(NamedTuple):
    """A line as SVG takes it, with what it shows in words."""

    points: str
    last_x: float
    last_y: float
    title: str


def price_lines(rows: Iterable[Row]) -> dict[str, Sparkline]:
    """The lowest price of each month, by product; a product with one priced month has no line.

    Args:
        rows: of products/trend.sql, each product's months in order.
    """
    months: dict[str, list[tuple[date, Decimal]]] = {}
    for row in rows:
        if row["min_price"] is not None:
            months.setdefault(row["product_key"], []).append((row["month_start_date"], row["min_price"]))
    return {key: _line(prices) for key, prices in months.items() if len(prices) > 1}


def _line(prices: Sequence[tuple[date, Decimal]]) -> Sparkline:
    first, last = prices[0][0], prices[-1][0]
    lowest, highest = min(price for _, price in prices), max(price for _, price in prices)
    span, size = (last - first).days, float(highest - lowest)
    places = [
        (
            round(_MARGIN + (day - first).days / span * (_WIDTH - 2 * _MARGIN), 1),
            round(_HEIGHT - _MARGIN - (float(price - lowest) / size if size else 0.5) * (_HEIGHT - 2 * _MARGIN), 1),
        )
        for day, price in prices
    ]
    told = ", ".join(f"{day:%b %Y} {wording.money(price, None)}" for day, price in prices)
    return Sparkline(" ".join(f"{x},{y}" for x, y in places), *places[-1], f"Lowest price by month in ETB: {told}")
