"""Reads the bookkeeping of runs, and what the marts lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.metrics.catalogue import STEPS_OF_A_WHOLE_RUN

_statement = statements(__package__)
PIPELINE_STEPS = STEPS_OF_A_WHOLE_RUN
"""How many steps a whole run has; fewer were a command that ran some of them."""
_LONGEST_ERROR = 300


async def runs(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any], dagster_url: str) -> list[Row]:
    """Runs with their steps, newest first."""
    rows = await snapshot.rows(_statement("runs"), {**filters, **page})
    grouped = groupby(rows, key=lambda row: row["run_id"])
    return [_run(list(steps), dagster_url) for _, steps in grouped]


async def freshness(snapshot: Snapshot) -> Row:
    """How old what the warehouse tells is."""
    found = await snapshot.row(_statement("freshness"), {"steps": PIPELINE_STEPS})
    assert found is not None  # noqa: S101 - aggregates always have a row
    return found


async def quality(snapshot: Snapshot) -> list[Row]:
    """What the data lacks, what was found first."""
    return await snapshot.rows(_statement("quality"))


async def rejected(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Records that could not be used, newest first."""
    return await snapshot.rows(_statement("rejected"), {**filters, **page})


async def anomalies(snapshot: Snapshot, rows: int) -> list[Row]:
    """Strange days of late."""
    return await snapshot.rows(_statement("anomalies"), {"rows": rows})


def _run(rows: Sequence[Row], dagster_url: str) -> Row:
    first = rows[0]
    steps = [_step(row) for row in rows if row["step"] is not None]
    return {
        "run_id": first["run_id"],
        "job": first["job"],
        "launched_by": first["launched_by"],
        "status": _status(first["noted_status"], steps),
        "started_at": first["started_at"],
        "finished_at": first["finished_at"],
        "seconds": max(0.0, first["seconds"]),
        "error": _first_line(first["run_error"]),
        "steps": steps,
        "url": f"{dagster_url.rstrip('/')}/runs/{first['run_id']}",
    }


def _status(noted: str | None, steps: Sequence[Row]) -> str:
    """How a run stands.

    Args:
        noted: what ops.runs says; None where the run is not there.
        steps: its attempts.
    """
    if noted == "started":
        return "running"
    if noted in ("failed", "canceled", "killed"):
        return noted
    succeeded = {step["step"] for step in steps if step["status"] == "success"}
    # A step that failed and succeeded in a later attempt is no failure.
    if noted is None and {step["step"] for step in steps} - succeeded:
        return "failed"
    # Maintenance has none of the pipeline's steps, so that none of them lacks.
    return "success" if len(succeeded) >= PIPELINE_STEPS or not steps else "partial"


def _step(row: Row) -> Row:
    return {
        "step": row["step"],
        "attempt": row["attempt"],
        "status": row["status"],
        "started_at": row["step_started_at"],
        "seconds": (row["step_finished_at"] - row["step_started_at"]).total_seconds(),
        "new_rows": row["new_rows"],
        "headline": row["headline"],
        "error": _first_line(row["error"]),
    }


def _first_line(error: str | None) -> str | None:
    return error.strip().splitlines()[0][:_LONGEST_ERROR] if error and error.strip() else None
