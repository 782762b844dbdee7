"""What ops.runs and ops.step_runs say of runs. Dagster's own history says it too, but only where Dagster is.

A database that is away costs a warning here, never the run.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

import psycopg
from dagster import DagsterEvent, DagsterInstance, DagsterRun

from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import open_database

LAUNCHED_BY_TAG = "launched_by"
_SCHEDULE_TAG, _SENSOR_TAG, _BACKFILL_TAG = "dagster/schedule_name", "dagster/sensor_name", "dagster/backfill"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as ops.runs knows it."""

    run_id: str
    job: str
    launched_by: str
    started_at: datetime
    steps: list[str]

    @classmethod
    def of(cls, run: DagsterRun, steps: list[str], started_at: datetime) -> Self:
        """What is known of `run` at its beginning."""
        return cls(
            run_id=run.run_id, job=run.job_name, launched_by=launched_by(run), started_at=started_at, steps=steps
        )


def launched_by(run: DagsterRun) -> str:
    """Who asked for a run: command, schedule, sensor, backfill or ui."""
    for tag, name in ((_BACKFILL_TAG, "backfill"), (_SCHEDULE_TAG, "schedule"), (_SENSOR_TAG, "sensor")):
        if tag in run.tags:
            return name
    return run.tags.get(LAUNCHED_BY_TAG, "ui")


def begin_run(settings: Settings, run: RunRecord) -> None:
    """Note that a run has begun."""
    # The only one that may start the embedded server: a run needs it anyway, a look at dead ones does not.
    _write(settings, "begin_run", asdict(run), open_database)


def end_run(settings: Settings, run: RunRecord, status: str, error: str | None = None) -> None:
    """Note how it ended: success, failed, canceled or killed."""
    end = {"status": status, "finished_at": datetime.now(UTC), "error": error}
    _write(settings, "end_run", asdict(run) | end)


def add_lost_step(settings: Settings, run_id: str, step: str, attempt: int, started_at: datetime, error: str) -> None:
    """Note a step whose process ended without a word."""
    details = json.dumps({"error": error, "is_transient": True})
    values = {"run_id": run_id, "step": step, "attempt": attempt, "started_at": started_at}
    _write(settings, "add_lost_step", {**values, "finished_at": datetime.now(UTC), "details": details})


def close_killed_run(settings: Settings, instance: DagsterInstance, run: DagsterRun, error: str) -> None:
    """Note that a run was killed, and in which steps."""
    record = instance.get_run_record_by_id(run.run_id)
    started = record.start_time if record is not None else None
    begun = datetime.now(UTC) if started is None else datetime.fromtimestamp(started, UTC)
    statistics = instance.get_run_step_stats(run.run_id)
    end_run(settings, RunRecord.of(run, [each.step_key for each in statistics], begun), "killed", error)
    for each in statistics:
        if each.start_time is not None and each.end_time is None:
            attempt = max(1, each.attempts or 1)
            add_lost_step(
                settings, run.run_id, each.step_key, attempt, datetime.fromtimestamp(each.start_time, UTC), error
            )


def error_of(event: DagsterEvent) -> str:
    """Why a step failed or is tried again: the message of what was raised first."""
    if event.is_step_failure:
        failure = event.step_failure_data
        if failure.user_failure_data is not None and failure.user_failure_data.description:
            return failure.user_failure_data.description
        error = failure.error
    else:
        error = event.step_retry_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.message.strip() if error is not None else "") or "failed"


def _connected(settings: Settings) -> AbstractContextManager[psycopg.Connection]:
    return connect(settings.database, application="mtw runs")


def _write(
    settings: Settings,
    query: str,
    values: dict[str, Any],
    opened: Callable[[Settings], AbstractContextManager[psycopg.Connection]] = _connected,
) -> None:
    try:
        with opened(settings) as connection:
            connection.execute(statement(query), values)
    except (WarehouseError, psycopg.Error) as error:
        logger.warning("this run is not recorded in ops.runs: %s", error)
