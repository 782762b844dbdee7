"""The warehouse's version: what it is now, told by the database when it changes.

Each build of the marts ends with a higher version (ops.warehouse_version), and the database notifies whoever listens.
While nobody can listen, because the database is away, nothing is known to be current and nothing is answered from the
cache.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import AsyncConnection

from medical_telegram_warehouse.api.database.statements import statements

logger = logging.getLogger(__name__)
_statement = statements(__package__)
_RETRY_SECONDS = 1.0
# A connection that is cut off without a word would never tell; asking now and then finds out.
_PROBE_SECONDS = 15.0


class WarehouseVersion(NamedTuple):
    """One state of the marts."""

    number: int
    """How many builds it has seen."""
    built_at: datetime | None
    """When the last one ended; None before the first."""
    is_building: bool
    """Whether a build is changing the marts, or was killed in the middle: tables may be of two states."""
    building_since: datetime | None


class VersionWatch:
    """Listens for new versions, over a connection of its own that is made again for as long as the service runs.

    Args:
        connect: opens a connection in autocommit mode.
        on_change: called when the version is another one, or is no longer known.
    """

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]], on_change: Callable[[], None]) -> None:
        self._connect = connect
        self._on_change = on_change
        self.current: WarehouseVersion | None = None
        """None while the database is away, and on one that was never migrated."""

    @property
    def is_current(self) -> bool:
        """Whether the version is known, so that what was computed on it may be given again."""
        return self.current is not None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                if self.current is not None:
                    logger.warning("the database is away (%s); asking again every second", _first_line(error))
                self._set(None)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        async with await self._connect() as connection:
            await connection.execute(_statement("listen"))
            while True:
                self._set(await read_version(connection))
                async for _ in connection.notifies(timeout=_PROBE_SECONDS, stop_after=1):
                    pass

    def _set(self, version: WarehouseVersion | None) -> None:
        former, self.current = self.current, version
        if former is None or version is None or former.number != version.number or former.built_at != version.built_at:
            self._on_change()
        if former != version and version is not None:
            logger.info("the warehouse is at version %d%s", version.number, ", building" * version.is_building)


async def read_version(connection: AsyncConnection) -> WarehouseVersion:
    """The version that this connection sees, in its transaction if it is in one."""
    row = await (await connection.execute(_statement("version"))).fetchone()
    return WarehouseVersion(*row) if row is not None else WarehouseVersion(0, None, False, None)  # noqa: FBT003


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
