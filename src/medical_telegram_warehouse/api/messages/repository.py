"""Reads one message with everything that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.errors import not_found

_statement = statements(__package__)
_MOST_BIGINT = 2**63 - 1


async def key_of(snapshot: Snapshot, channel_name: str, message_id: int) -> str:
    """The key of a channel's message.

    Raises:
        ApiError: 404, the channel has none of that number.
    """
    values = {"channel_name": channel_name, "message_id": message_id}
    row = await snapshot.row(_statement("key_of"), values) if message_id <= _MOST_BIGINT else None
    if row is None:
        raise not_found(f"channel {channel_name!r} has no message {message_id} here")
    return str(row["message_key"])


async def message(snapshot: Snapshot, message_key: str) -> Row:
    """One message.

    Raises:
        ApiError: 404, there is none of that key.
    """
    found = await snapshot.row(_statement("message"), {"message_key": message_key})
    if found is None:
        raise not_found(f"there is no message {message_key}; `/api/search/messages` finds messages")
    return found


async def observations(
    snapshot: Snapshot, message_key: str, filters: Mapping[str, Any], page: Mapping[str, Any]
) -> list[Row]:
    """Its counters over time, newest first."""
    return await snapshot.rows(_statement("list_observations"), {**filters, **page, "message_key": message_key})


async def surroundings(snapshot: Snapshot, message_key: str) -> dict[str, Any]:
    """What else is known of a message, by the names of `MessageDetail`'s fields."""
    values = {"message_key": message_key}
    lists = ("offers", "photos", "versions", "observations", "reposts")
    found: dict[str, Any] = {name: await snapshot.rows(_statement(name), values) for name in lists}
    return found | {"topics": [row["topic"] for row in await snapshot.rows(_statement("topics"), values)]}
