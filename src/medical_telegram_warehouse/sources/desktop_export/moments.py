"""Reads the export's moments: seconds of UTC as a string, or in old exports a local date without its zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

# Telegram's first day; an export writes 1970 for what it does not know, and the lake takes nothing older.
_FIRST_DAY = datetime(2013, 8, 14, tzinfo=UTC)
_SECONDS = re.compile(r"[0-9]{1,12}")


def read_moment(unixtime: Any, local: Any, until: datetime) -> datetime | None:
    """The moment, or None when neither value gives one between Telegram's first day and `until`.

    A local date is read as UTC: its zone was that of the exporting computer, which the export does not name.
    """
    for moment in (_from_seconds(unixtime), _from_text(local)):
        if moment is not None and _FIRST_DAY <= moment <= until:
            return moment
    return None


def _from_seconds(value: Any) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _SECONDS.fullmatch(value):
        return None
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_text(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        date = datetime.fromisoformat(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
