"""Reads topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements

_statement = statements(__package__)


async def topics(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Topics over time, as `TopicParameters` say."""
    are_kept = filters["interval"] == "week" and filters["channel_name"] is None
    return await snapshot.rows(_statement("weeks" if are_kept else "periods"), {**filters, **page})
