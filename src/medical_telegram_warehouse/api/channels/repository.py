"""Reads channels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rapidfuzz import fuzz, process

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.errors import not_found

_statement = statements(__package__)
_NEAR = 60
_MOST_NEAR = 3


def channel_key(channel_name: str | None) -> str | None:
    """The key that the warehouse gives a channel; None for none."""
    return hashlib.md5(channel_name.encode(), usedforsecurity=False).hexdigest() if channel_name is not None else None


async def require_channel(snapshot: Snapshot, channel_name: str | None) -> None:
    """Make sure that a channel exists; without a name there is nothing to ask.

    Raises:
        ApiError: 404, with the nearest names.
    """
    if channel_name is None:
        return
    if "\0" in channel_name or await snapshot.row(_statement("exists"), {"channel_name": channel_name}) is None:
        names = await channel_names(snapshot)
        raise not_found(f"there is no channel {channel_name!r}", near(channel_name, names))


def near(name: str, names: Sequence[str]) -> list[str]:
    """The names that somebody may have meant, the nearest first."""
    wanted = name.lstrip("@").lower()
    found = process.extract(
        wanted,
        {each: each.lower() for each in names},
        scorer=fuzz.WRatio,
        score_cutoff=_NEAR,
        limit=_MOST_NEAR,
    )
    return [key for _, _, key in found]


async def channel_names(snapshot: Snapshot) -> list[str]:
    """All names, sorted."""
    return [row["channel_name"] for row in await snapshot.rows(_statement("names"))]


async def list_channels(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Channels as `ChannelListParameters` say."""
    return await snapshot.rows(_statement("list"), {**filters, **page})


async def channel(snapshot: Snapshot, channel_name: str) -> Row:
    """One channel.

    Raises:
        ApiError: 404, with the nearest names.
    """
    await require_channel(snapshot, channel_name)
    nothing = dict.fromkeys(("channel_type", "from_date", "to_date"))
    values = {**nothing, "channel_name": channel_name, "sort": "name", "offset": 0, "rows": 1}
    [found] = await snapshot.rows(_statement("list"), values)
    return found


async def scorecards(snapshot: Snapshot, channels: Sequence[str] | None = None) -> list[Row]:
    """How channels do lately; all where none is named."""
    return await snapshot.rows(_statement("scorecards"), {"channels": channels and list(channels)})


async def activity(snapshot: Snapshot, channel_name: str, from_date: date, to_date: date, *, weekly: bool) -> list[Row]:
    """Its days or weeks with messages, newest first."""
    values = {"channel_name": channel_name, "from_date": from_date, "to_date": to_date, "weekly": weekly}
    return await snapshot.rows(_statement("activity"), values)


async def heatmap(snapshot: Snapshot, channel_name: str) -> list[Row]:
    """When it posts."""
    return await snapshot.rows(_statement("heatmap"), {"channel_name": channel_name})


async def subscribers(
    snapshot: Snapshot, channel_name: str, filters: Mapping[str, Any], page: Mapping[str, Any]
) -> list[Row]:
    """Its subscribers by day, newest first."""
    return await snapshot.rows(_statement("subscribers"), {**filters, **page, "channel_name": channel_name})


async def list_weeks(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """The channels' weeks as `WeekParameters` say, newest first."""
    values = {**filters, **page, "channels": filters["channel_name"] or None}
    return await snapshot.rows(_statement("list_weeks"), values)


async def weeks(
    snapshot: Snapshot, channels: Sequence[str], from_date: date | None = None, to_date: date | None = None
) -> list[Row]:
    """All weeks of several channels, one channel after the other, oldest first."""
    values = {"channels": list(channels), "from_date": from_date, "to_date": to_date, "offset": 0, "rows": None}
    rows = await snapshot.rows(_statement("list_weeks"), values)
    return sorted(rows, key=lambda row: (row["channel_name"], row["week_start_date"]))
