"""Charts as plain data: the series that static/charts.js draws, and the table that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.database.pool import Row

# More cannot be told apart.
_MOST_SERIES = 7
_OTHERS = "Other channels"


class Cell(NamedTuple):
    """A cell of a table: its text, and what it counts or leads to."""

    text: str
    href: str | None = None
    is_number: bool = True


class Point(NamedTuple):
    """A point of a series: a day, a moment or the name of a bar, how much, and where a click leads."""

    x: date | datetime | str
    y: float | int | Decimal | None
    href: str | None = None


class Series(NamedTuple):
    """A line, or the bars of one colour."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Chart:
    """One chart with its table."""

    key: str
    title: str
    kind: Literal["line", "bar", "stacked"]
    series: Sequence[Series]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    summary: str
    """What it shows, for those who do not see it."""
    unit: str = ""
    csv: str | None = None
    note: str = ""
    is_horizontal: bool = False
    """Whether bars lie: their names are long."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(point.y is not None for series in self.series for point in series.points)

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "horizontal": self.is_horizontal,
            "series": [
                {"name": series.name, "points": [_plain(point) for point in series.points]} for series in self.series
            ],
        }


def _plain(point: Point) -> list[Any]:
    x = point.x.isoformat() if isinstance(point.x, date) else point.x
    y = float(point.y) if isinstance(point.y, Decimal) else point.y
    return [x, y] if point.href is None else [x, y, point.href]


def pivot(series: Sequence[Series], first: str, *, zero: bool = False) -> tuple[list[str], list[list[Cell]]]:
    """A table of series over days, the newest on top: a row per day, a column per series.

    Args:
        series: of days.
        first: heading of the days.
        zero: whether a day without a point counts as 0; else nothing is known of it.
    """
    days = sorted({point.x for each in series for point in each.points if isinstance(point.x, date)}, reverse=True)
    found = [{point.x: point for point in each.points} for each in series]
    nothing = Cell("0" if zero else wording.NOTHING)
    rows = [
        [
            Cell(wording.day(day), is_number=False),
            *(
                Cell(wording.number(point.y), point.href) if (point := points.get(day)) is not None else nothing
                for points in found
            ),
        ]
        for day in days
    ]
    return [first, *(each.name for each in series)], rows


def weekly_series(rows: Iterable[Row], value: str, titles: Mapping[str, str]) -> list[Series]:
    """A series per channel of a weekly table, in the order of its rows.

    Args:
        rows: with channel_name, week_start_date and the value; each channel's in order of time.
        value: the column.
        titles: what channels are called.
    """
    by_channel: dict[str, list[Point]] = {}
    for row in rows:
        name, week = row["channel_name"], row["week_start_date"]
        by_channel.setdefault(name, []).append(Point(week, row[value], week_of(name, week)))
    return [Series(titles.get(name, name), points) for name, points in by_channel.items()]


def largest(series: Sequence[Series]) -> list[Series]:
    """Series of counts, the largest first; the smallest of many are put together."""
    ordered = sorted(series, key=lambda each: (-sum(float(point.y or 0) for point in each.points), each.name))
    if len(ordered) <= _MOST_SERIES + 1:
        return ordered
    others: dict[date | datetime | str, float] = {}
    for each in ordered[_MOST_SERIES:]:
        for point in each.points:
            others[point.x] = others.get(point.x, 0) + float(point.y or 0)
    points = [Point(x, round(y)) for x, y in sorted(others.items(), key=lambda pair: str(pair[0]))]
    return [*ordered[:_MOST_SERIES], Series(_OTHERS, points)]


def week_of(channel_name: str, monday: date) -> str:
    """The messages of a channel's week."""
    return messages_of(channel_name, monday, monday + timedelta(days=6))


def messages_of(channel_name: str | None, from_date: date, to_date: date, **filters: Any) -> str:
    """The messages of some days; `filters` are others of the page."""
    return address("/messages", channel_name=channel_name, from_date=from_date, to_date=to_date, **filters)


def messages_of_card(card: Row, **filters: Any) -> str:
    """The messages that a scorecard is about."""
    last: date = card["last_message_date"]
    return messages_of(card["channel_name"], last - timedelta(days=card["day_count"] - 1), last, **filters)
