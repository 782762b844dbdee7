"""Business days as moments."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moments(from_date: date | None, to_date: date | None, timezone: ZoneInfo) -> dict[str, datetime | None]:
    """Where the first of these days begins and the last one ends; None where the time is open."""
    begin = from_date and datetime.combine(from_date, time.min, timezone)
    end = to_date and datetime.combine(to_date + timedelta(days=1), time.min, timezone)
    return {"from_time": begin, "to_time": end}
