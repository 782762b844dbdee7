"""What the warehouse holds and how its runs went, read from the database whenever Prometheus asks.

Nothing is counted in this process: a run that was killed, or that went while no service ran, counts as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from medical_telegram_warehouse.api.database.pool import Database, Row
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.database.version import WarehouseVersion
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode
from medical_telegram_warehouse.api.metrics.catalogue import BOOKKEEPING, MARTS, Look
from medical_telegram_warehouse.api.metrics.families import families, gauge, gauge_by

_statement = statements(__package__)
Answer = tuple[Look, Sequence[Row]]


class WarehouseGauges(Collector):
    """Metrics that are made anew at each look, all at once: two that ask at the same time see no half of either.

    Args:
        registry: where they are read from.
        database: who is asked.
        cached: how many answers are kept, and in how many bytes.
    """

    def __init__(self, registry: CollectorRegistry, database: Database, cached: Callable[[], tuple[int, int]]) -> None:
        self._database = database
        self._cached = cached
        self._metrics: Sequence[Metric] = ()
        # Marts change when their version does: what they say costs nothing in between.
        self._kept: dict[str, tuple[int, Sequence[Row]]] = {}
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing: which figures there are depends on the warehouse."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """What the last refresh found."""
        return self._metrics

    async def refresh(self) -> None:
        """Look anew. While the database is away, what it would say stays out."""
        try:
            version, history = await self._bookkeeping()
        except ApiError as error:
            # One that lacks a table is there all the same.
            self._metrics = [*self._of_service(), _up(error.answer.code is ErrorCode.NOT_BUILT)]
            return
        marts = [each for look in MARTS if version.number and (each := await self._marts(look, version)) is not None]
        self._metrics = [
            *self._of_service(),
            _up(True),  # noqa: FBT003 - it says what it is
            gauge("warehouse_version", "Number of builds that the marts have seen.", version.number),
            gauge("warehouse_building", "Whether a build is changing the marts, or was killed.", version.is_building),
            *families([*history, *marts], datetime.now(UTC)),
        ]

    def _of_service(self) -> list[Metric]:
        answers, size_of_answers = self._cached()
        pool = self._database.statistics()
        size, idle = pool.get("pool_size", 0), pool.get("pool_available", 0)
        return [
            gauge("cache_answers", "Answers in the cache.", answers),
            gauge("cache_bytes", "Bytes of the cache that are in use.", size_of_answers),
            gauge_by("state", "pool_connections", "Connections to the database by state.", idle=idle, busy=size - idle),
            gauge("pool_connections_max", "Connections to the database that there may be.", pool.get("pool_max", 0)),
            gauge("pool_requests_waiting", "Requests that wait for a connection.", pool.get("requests_waiting", 0)),
        ]

    async def _bookkeeping(self) -> tuple[WarehouseVersion, list[Answer]]:
        async with self._database.snapshot() as snapshot:
            rows = [await snapshot.rows(_statement(look.statement), look.parameters) for look in BOOKKEEPING]
            return snapshot.version, list(zip(BOOKKEEPING, rows, strict=True))

    async def _marts(self, look: Look, version: WarehouseVersion) -> Answer | None:
        """What is kept of this version, or what they say now; None where they do not answer."""
        number, rows = self._kept.get(look.statement, (0, ()))
        if number == version.number:
            return look, rows
        try:
            async with self._database.snapshot() as snapshot:
                number, rows = snapshot.version.number, await snapshot.rows(_statement(look.statement), look.parameters)
        except ApiError as error:
            if error.answer.code is not ErrorCode.NOT_BUILT:
                return None
            # A first run that failed half-way: some tables are there. The next build raises the version.
            number, rows = version.number, ()
        self._kept[look.statement] = number, rows
        return look, rows


def _up(answers: bool) -> Metric:  # noqa: FBT001 - its only argument
    return gauge("database_up", "Whether the database answers.", answers)
