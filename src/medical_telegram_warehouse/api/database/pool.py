"""Read-only connections, shared by all requests; and one snapshot of the warehouse per request.

Every connection acts as the group role mtw_reader, whatever login it was made with: it may read the marts, the seeds
and the bookkeeping, and nothing else, and the server ends statements that take too long.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg import errors as pg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from medical_telegram_warehouse.api.database.version import WarehouseVersion, read_version
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
READER_ROLE = "mtw_reader"
# How long a request waits for one of the connections, and a connection for the server.
_WAIT_SECONDS = 3.0
_CONNECT_SECONDS = 5
_RETRY_HEADERS = {"Retry-After": "5"}
Row = dict[str, Any]


class Snapshot:
    """One moment of the warehouse: everything that is read through it fits together."""

    def __init__(self, connection: AsyncConnection, version: WarehouseVersion) -> None:
        self._connection = connection
        self.version = version

    async def rows(self, query: LiteralString, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a query, by the names of their columns."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def row(self, query: LiteralString, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """The first row, if there is any."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchone()


class Database:
    """The pool.

    Args:
        address: a migrated database.
        connections: how many requests may read at once; others wait.
        statement_seconds: after which the server ends a statement.
    """

    def __init__(self, address: DatabaseAddress, *, connections: int, statement_seconds: float) -> None:
        self._parameters: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "dbname": address.database,
            "user": address.user,
            "password": address.password.get_secret_value(),
            "application_name": "mtw serve",
            "connect_timeout": _CONNECT_SECONDS,
            "autocommit": True,
            # Plans are made for the values of each request: a plan for any word would suit no word.
            "options": f"-c role={READER_ROLE} -c default_transaction_read_only=on -c timezone=UTC "
            f"-c statement_timeout={int(statement_seconds * 1000)} -c plan_cache_mode=force_custom_plan "
            f"-c idle_in_transaction_session_timeout=60s",
        }
        self.statement_seconds = statement_seconds
        self._pool = AsyncConnectionPool(
            kwargs=self._parameters,
            min_size=1,
            max_size=connections,
            timeout=_WAIT_SECONDS,
            open=False,
            configure=_configure,
            # Some may have been cut off since they were used last.
            check=AsyncConnectionPool.check_connection,
            name="mtw serve",
        )

    async def open(self) -> None:
        """Begin to connect; a database that is away is no reason not to start."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """End all connections."""
        await self._pool.close()

    def statistics(self) -> Mapping[str, int]:
        """How the pool fares, as psycopg counts it."""
        return self._pool.get_stats()

    async def connect(self) -> AsyncConnection:
        """A connection that no request shares."""
        return await AsyncConnection.connect(**self._parameters)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """One moment of the warehouse.

        Raises:
            ApiError: 503; the database is away, the marts were never built, or a statement took too long.
        """
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield Snapshot(connection, await read_version(connection))
        except pg.QueryCanceled as error:
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                ErrorCode.TOO_SLOW,
                f"the database did not answer within {self.statement_seconds:g} s and was told to stop; ask for less, "
                f"or for a shorter time",
                headers=_RETRY_HEADERS,
            ) from error
        except (pg.UndefinedTable, pg.UndefinedColumn, pg.InvalidSchemaName) as error:
            logger.warning("the warehouse lacks what was asked for: %s", error.diag.message_primary)
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                ErrorCode.NOT_BUILT,
                "the warehouse has not been built yet, or by an older version of this product; `mtw run` builds it",
                headers=_RETRY_HEADERS,
            ) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise _away(error) from error


async def _configure(connection: AsyncConnection) -> None:
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)


def _away(error: Exception) -> ApiError:
    logger.warning("the database is away: %s", str(error).strip().splitlines()[0] if str(error).strip() else error)
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        ErrorCode.DATABASE_AWAY,
        "the database is away or too busy to answer; this service goes on trying, so ask again in a moment",
        headers=_RETRY_HEADERS,
    )
