"""What the warehouse holds and how its last runs went, asked of the database whenever Prometheus asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from medical_telegram_warehouse.api.database.pool import Database
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.errors import ApiError

_statement = statements(__package__)


class WarehouseGauges:
    """Gauges that are set anew at each look.

    Args:
        registry: where they are read from.
        database: who is asked.
        cached: how many answers are kept, and in how many bytes.
    """

    def __init__(self, registry: CollectorRegistry, database: Database, cached: Callable[[], tuple[int, int]]) -> None:
        self._database = database
        self._cached = cached

        def gauge(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"mtw_{name}", help_text, labels, registry=registry)

        self._up = gauge("database_up", "Whether the database answers.")
        self._version = gauge("warehouse_version", "Number of builds that the marts have seen.")
        self._building = gauge("warehouse_building", "Whether a build is changing the marts, or was killed.")
        self._rows = gauge("warehouse_rows", "Rows of the warehouse by what they are.", ("what",))
        self._newest = gauge("newest_message_age_seconds", "Seconds since the newest message was posted.")
        self._last_run = gauge("last_run_finished_timestamp_seconds", "When the last run's last step ended.")
        self._step_seconds = gauge("step_seconds", "Seconds of each step's last attempt.", ("step",))
        self._step_ok = gauge("step_succeeded", "Whether each step's last attempt succeeded.", ("step",))
        self._rejected = gauge("rejected_records", "Records that could not be used, by reason.", ("reason",))
        self._cached_answers = gauge("cache_answers", "Answers in the cache.")
        self._cached_bytes = gauge("cache_bytes", "Bytes of the cache that are in use.")
        self._pool = gauge("pool_connections", "Connections to the database by state.", ("state",))
        self._waiting = gauge("pool_requests_waiting", "Requests that wait for a connection.")

    async def refresh(self) -> None:
        """Set all of them; while the database is away, those of the warehouse stay out."""
        answers, size_of_answers = self._cached()
        self._cached_answers.set(answers)
        self._cached_bytes.set(size_of_answers)
        pool = self._database.statistics()
        size, idle = pool.get("pool_size", 0), pool.get("pool_available", 0)
        self._pool.labels("idle").set(idle)
        self._pool.labels("busy").set(size - idle)
        self._waiting.set(pool.get("requests_waiting", 0))
        for labelled in (self._rows, self._step_seconds, self._step_ok, self._rejected):
            labelled.clear()
        try:
            await self._ask()
        except ApiError:
            self._up.set(0)
        else:
            self._up.set(1)

    async def _ask(self) -> None:
        async with self._database.snapshot() as snapshot:
            self._version.set(snapshot.version.number)
            self._building.set(snapshot.version.is_building)
            steps = await snapshot.rows(_statement("steps"))
            for step in steps:
                self._step_seconds.labels(step["step"]).set(step["seconds"])
                self._step_ok.labels(step["step"]).set(step["status"] == "success")
            if steps:
                self._last_run.set(max(step["finished_at"].timestamp() for step in steps))
            if snapshot.version.number == 0:
                return  # nothing is built yet
            for row in await snapshot.rows(_statement("rows")):
                self._rows.labels(row["what"]).set(row["rows"])
            for row in await snapshot.rows(_statement("rejected")):
                self._rejected.labels(row["reason"]).set(row["records"])
            newest = await snapshot.row(_statement("newest"))
            if newest is not None and newest["newest"] is not None:
                self._newest.set((datetime.now(UTC) - newest["newest"]).total_seconds())
