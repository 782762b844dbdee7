"""When a channel posts, as a table whose cells are coloured; their numbers say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from medical_telegram_warehouse.api.database.pool import Row

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHADES = 5


class HeatCell(NamedTuple):
    """An hour of a weekday."""

    messages: int
    shade: int
    """0 for nothing, to 5."""


class HeatRow(NamedTuple):
    """A weekday."""

    day: str
    cells: Sequence[HeatCell]
    total: int


def heat_rows(hours: Iterable[Row]) -> list[HeatRow]:
    """All weekdays with all hours; nothing at all where the channel posted nothing."""
    counts = {(row["day_of_week"], row["hour_of_day"]): int(row["message_count"]) for row in hours}
    if not counts:
        return []
    most = max(counts.values())
    rows = []
    for number, day in enumerate(_DAYS, start=1):
        of_day = [counts.get((number, hour), 0) for hour in range(24)]
        cells = [HeatCell(count, -(-count * _SHADES // most)) for count in of_day]
        rows.append(HeatRow(day, cells, sum(of_day)))
    return rows
