"""Business days as moments."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moments(from_date: date | None, to_date: date | None, timezone: ZoneInfo) -> dict[str, datetime | None]:
    """Where the first of these days begins and the last one ends; None where the time is open."""
    begin = datetime.combine(from_date, time.min, timezone) if from_date else None
    end = datetime.combine(to_date + timedelta(days=1), time.min, timezone) if to_date else None
    return {"from_time": begin, "to_time": end}
