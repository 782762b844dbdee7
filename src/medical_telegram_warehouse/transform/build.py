"""The two dbt steps of the pipeline: what each builds, and what came of it."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg

from medical_telegram_warehouse.errors import (
    DatabaseUnavailableError,
    TransformError,
    TransientError,
    WarehouseError,
)
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.locks import BUILD_LOCK
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform.invocation import invoke

logger = logging.getLogger(__name__)

_CONNECTION_LOST = re.compile(
    r"server closed the connection|terminating connection|connection to server at|connection already closed"
    r"|SSL connection has been closed|could not receive data from server|database system is (starting up|shutting down)"
)
_LOST_A_RACE = re.compile(r"deadlock detected|could not serialize access|tuple concurrently updated")
_MESSAGE_LINES = 12


class TransformStep(StrEnum):
    """The parts that the warehouse is built in."""

    MESSAGES = "messages"
    """Everything that messages alone tell. The pipeline's `run_dbt_transformations`."""
    PHOTOS = "photos"
    """What needs the scanned photos, and what they change of the rest. `run_dbt_yolo_model`."""


# A test must not be selected before every model that it reads exists: on a fresh database it would fail the step.
# MESSAGES: 'eager' drops every test that reads any excluded model ('cautious' would keep those that also read another).
# PHOTOS: 'empty' takes the tests that are tagged themselves. Models tagged `reposts` change with scanned photos, because
# a post without words is recognised by its photo; the first step built and tested them, here a few rows are added.
# Unit tests prove the code, not the data: `dbt test` and ours run them.
_NOT_IN_STEPS = ("--exclude-resource-type", "unit_test", "exposure")
PHOTO_STAGING = ("stg_yolo__detections", "stg_yolo__image_scans")
"""The views on what the photos' scan brought; the first step makes them, too, to read what earlier runs found."""
PHOTO_MODELS = ("tag:photos", *PHOTO_STAGING)
"""What the second step makes; it adds to others that the first made."""
STEP_ARGUMENTS: dict[TransformStep, tuple[str, ...]] = {
    TransformStep.MESSAGES: (
        *("--select", "resource_type:model", "resource_type:seed", "--exclude", "tag:photos"),
        *("--indirect-selection", "eager", *_NOT_IN_STEPS),
    ),
    TransformStep.PHOTOS: (
        *("--select", *PHOTO_MODELS, "tag:reposts,resource_type:model"),
        *("--indirect-selection", "empty", *_NOT_IN_STEPS),
    ),
}


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    resource_type: str
    status: str
    """dbt's word: success, pass, warn, fail, error, skipped, …"""
    seconds: float
    rows: int | None
    """Rows of a table just built; None for views and tests."""
    failures: int | None
    """Rows that a test objected to; None for models."""
    message: str

    @property
    def name(self) -> str:
        """The node's name without dbt's package and hash."""
        parts = self.unique_id.split(".")
        return parts[2] if len(parts) > 2 else self.unique_id  # noqa: PLR2004


@dataclass(frozen=True, kw_only=True)
class TransformSummary:
    """What one step built and tested. It succeeded: failures raise."""

    step: TransformStep
    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def models(self) -> int:
        """How many models and seeds were built."""
        return sum(node.resource_type in ("model", "seed") and node.status == "success" for node in self.nodes)

    @property
    def tests(self) -> int:
        """How many tests ran."""
        return sum(node.resource_type == "test" and node.status != "skipped" for node in self.nodes)

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Tests that found something a person should look at."""
        return tuple(node for node in self.nodes if node.status == "warn")

    @property
    def skipped(self) -> int:
        """How many nodes did not run."""
        return sum(node.status == "skipped" for node in self.nodes)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table built, by its name."""
        return {node.name: node.rows for node in self.nodes if node.rows is not None}


def build(
    step: TransformStep,
    *,
    project_dir: Path,
    address: DatabaseAddress,
    report_timezone: str,
    state_dir: Path | None = None,
) -> TransformSummary:
    """Build and test one part of the warehouse. A second build of the same database waits until the first is done.

    Args:
        step: MESSAGES first, then PHOTOS.
        project_dir: the folder of dbt_project.yml.
        address: a migrated database.
        report_timezone: whose days the marts count.
        state_dir: where dbt keeps its parse cache and the SQL that it ran, by default `target/` in the project's
            folder. Each database gets a folder there, so that two data folders work side by side from one checkout.

    Raises:
        TransformError: a model cannot be built or a test failed; names each with its message (permanent).
        DatabaseUnavailableError: nothing answers, or the connection was lost (transient).
        DatabaseRefusedError: the server said no, for example to the password (permanent).
        TransientError: another session was in the way; trying again may help.
    """
    started = time.monotonic()
    folder = re.sub(r"[^\w.-]", "_", f"{address.host}-{address.port}-{address.database}")
    with connect(address, application="mtw transform") as connection:
        _wait_for_others(connection)
        try:
            outcome = invoke(
                ["build", *STEP_ARGUMENTS[step], "--no-write-json"],
                project_dir=project_dir,
                target_dir=(state_dir or project_dir / "target") / folder,
                environment={
                    "POSTGRES_HOST": address.host,
                    "POSTGRES_PORT": str(address.port),
                    "POSTGRES_DB": address.database,
                    "POSTGRES_USER": address.user,
                    "POSTGRES_PASSWORD": address.password.get_secret_value(),
                    "REPORT_TIMEZONE": report_timezone,
                },
                on_event=_log_event,
            )
        except TransformError as error:
            # When the server is gone this raises DatabaseUnavailableError instead.
            connection.execute("SELECT 1")
            if _CONNECTION_LOST.search(str(error)):
                raise DatabaseUnavailableError(str(error)) from error
            raise
        nodes = tuple(_node_result(result) for result in outcome.results)
        failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
        if failed:
            connection.execute("SELECT 1")
            raise _explain(step, nodes, failed)
    summary = TransformSummary(step=step, nodes=nodes, seconds=time.monotonic() - started)
    logger.info(
        "dbt built %d models and ran %d tests in %.1f s, %d with a warning",
        summary.models,
        summary.tests,
        summary.seconds,
        len(summary.warnings),
    )
    return summary


def _wait_for_others(connection: psycopg.Connection) -> None:
    # Held until the connection closes. Two builds at once would rename each other's tables away, and what a load brings
    # in between would be in one table and not in the next.
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [BUILD_LOCK]).fetchone()
    if row is None or not row[0]:
        logger.info("another build of this warehouse, or a load into it, is running; waiting for it")
        connection.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])


def _log_event(event: Any) -> None:
    name, data = event.info.name, event.data
    if name in ("LogModelResult", "LogSeedResult"):
        failed = data.status.lower() == "error"
        relation = data.node_info.node_relation
        what = "failed" if failed else _done(data.status)
        level = logging.ERROR if failed else logging.INFO
        logger.log(level, "%s.%s: %s in %.2f s", relation.schema, relation.alias, what, data.execution_time)
    elif name == "LogTestResult":
        level = {"pass": logging.DEBUG, "warn": logging.WARNING}.get(data.status, logging.ERROR)
        logger.log(level, "test %s: %s, %d rows", data.name, data.status, data.num_failures)


def _done(status: str) -> str:
    """What PostgreSQL answered, for people: `SELECT 1513` made 1,513 rows."""
    rows = re.fullmatch(r"(?:SELECT|INSERT 0) (\d+)", status)
    return f"{int(rows[1]):,} rows" if rows else status.lower()


def _node_result(result: Any) -> NodeResult:
    rows = result.adapter_response.get("rows_affected") if result.adapter_response else None
    is_table = result.node.resource_type == "seed" or result.node.config.materialized == "table"
    return NodeResult(
        unique_id=result.node.unique_id,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        seconds=result.execution_time,
        rows=rows if is_table and isinstance(rows, int) and rows >= 0 else None,
        failures=result.failures,
        message=(result.message or "").strip(),
    )


def _explain(step: TransformStep, nodes: tuple[NodeResult, ...], failed: list[NodeResult]) -> WarehouseError:
    lines = [f"dbt could not build the {step} part of the warehouse: {len(failed)} of {len(nodes)} nodes failed"]
    for node in failed:
        message = "\n      ".join(node.message.splitlines()[:_MESSAGE_LINES])
        lines.append(f"  {node.resource_type} {node.name}: {message}")
    skipped = sum(node.status == "skipped" for node in nodes)
    if skipped:
        lines.append(f"  {skipped} nodes that depend on them did not run")
    text = "\n".join(lines)
    for line in lines:
        logger.error("%s", line)
    messages = " ".join(node.message for node in failed)
    if _CONNECTION_LOST.search(messages):
        return DatabaseUnavailableError(text)
    if _LOST_A_RACE.search(messages):
        return TransientError(text)
    return TransformError(text)
