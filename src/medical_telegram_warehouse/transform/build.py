"""The two dbt steps of the pipeline: what each builds, and what came of it."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Any

import psycopg

from medical_telegram_warehouse.errors import DatabaseUnavailableError, TransformError, TransientError
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.locks import BUILD_LOCK
from medical_telegram_warehouse.postgres.watermarks import lower_watermarks
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform import resume, state
from medical_telegram_warehouse.transform.invocation import invoke
from medical_telegram_warehouse.transform.results import (
    CONNECTION_LOST,
    DONE,
    NodeResult,
    TransformStep,
    TransformSummary,
    failure,
    node_result,
)

logger = logging.getLogger(__name__)


# A test must not be selected before every model that it reads exists: on a fresh database it would fail the step.
# MESSAGES: 'eager' drops every test that reads any excluded model ('cautious' would keep those that also read another).
# PHOTOS: 'empty' takes the tests that are tagged themselves. Models tagged `reposts` change with scanned photos,
# because a post without words is recognised by its photo; the first step tested them, here a few rows are added.
# Unit tests prove the code, not the data: `dbt test` and ours run them.
_NOT_IN_STEPS = ("--exclude-resource-type", "unit_test", "exposure")
# What earlier builds wrote was tested then; warehouse/macros/get_where_subquery.sql tells the exception.
_WHAT_WAS_WRITTEN = ("--vars", "{test_all_rows: false}")
PHOTO_STAGING = ("stg_yolo__detections", "stg_yolo__image_scans")
"""The views on what the photos' scan brought; the first step makes them, too, to read what earlier runs found."""
PHOTO_MODELS = ("tag:photos", *PHOTO_STAGING)
"""What the second step makes; it adds to others that the first made."""
_WHOLE = "--full-refresh"
_REPOSTS = "tag:reposts,resource_type:model"
STEP_ARGUMENTS: dict[TransformStep, tuple[str, ...]] = {
    TransformStep.MESSAGES: (
        *("--select", "resource_type:model", "resource_type:seed", "--exclude", "tag:photos"),
        *("--indirect-selection", "eager", *_NOT_IN_STEPS),
    ),
    TransformStep.PHOTOS: (
        *("--select", *PHOTO_MODELS, _REPOSTS),
        *("--indirect-selection", "empty", *_NOT_IN_STEPS),
    ),
}
# The same where all of it is built whole: what the first step has just made so is only added to.
_WHOLE_STEPS: dict[TransformStep, tuple[tuple[str, ...], ...]] = {
    TransformStep.MESSAGES: (("build", *STEP_ARGUMENTS[TransformStep.MESSAGES], _WHOLE),),
    TransformStep.PHOTOS: (
        ("run", "--select", *PHOTO_STAGING, _REPOSTS),
        ("build", "--select", *PHOTO_MODELS, "--indirect-selection", "empty", *_NOT_IN_STEPS, _WHOLE),
    ),
}


def build(
    step: TransformStep,
    *,
    project_dir: Path,
    address: DatabaseAddress,
    report_timezone: str,
    state_dir: Path | None = None,
    is_whole: bool = False,
) -> TransformSummary:
    """Build and test one part of the warehouse: what changed, or all where the models or the zone are not as before.

    After an attempt that lost the database on the way, only what was left is done, if nothing was loaded since. A
    second build of the same database waits until the first is done, and for loads; its tests read what it wrote.

    Args:
        step: MESSAGES first, then PHOTOS.
        project_dir: the folder of dbt_project.yml.
        address: a migrated database.
        report_timezone: whose days the marts count.
        is_whole: build all of it anew, whatever changed.
        state_dir: where dbt keeps its parse cache and the SQL that it ran, by default `target/` in the project's
            folder. Each database gets a folder there, so that two data folders work side by side from one checkout.

    Raises:
        TransformError: a model cannot be built or a test failed; names each with its message (permanent).
        DatabaseUnavailableError: nothing answers, or the connection was lost (transient).
        DatabaseRefusedError: the server said no, for example to the password (permanent).
        TransientError: another session was in the way; trying again may help.
    """
    started = time.monotonic()
    name = re.sub(r"[^\w.-]", "_", f"{address.host}-{address.port}-{address.database}")
    folder = (state_dir or project_dir / "target") / name
    fingerprint = state.fingerprint(project_dir, report_timezone)
    with connect(address, application="mtw transform") as connection:
        _wait_for_others(connection)
        lower_watermarks(connection)
        is_whole = not state.begin(connection, step, fingerprint) or is_whole
        inputs = resume.BuildInputs.now(connection, step, project_dir, report_timezone, is_whole=is_whole)
        nodes: dict[str, NodeResult] = {}
        first = 0
        if (unfinished := resume.take(folder, inputs)) is not None:
            first = unfinished.command
            nodes = {node.unique_id: node for node in unfinished.nodes}
            logger.info("going on where the attempt before stopped: %d nodes are done", len(nodes))
        commands = _WHOLE_STEPS[step] if is_whole else (("build", *STEP_ARGUMENTS[step]),)
        for number, command in enumerate(commands[first:], first):
            goes_on = unfinished is not None and number == first
            arguments = resume.retry_arguments(folder) if goes_on else [*command, *_WHAT_WAS_WRITTEN]
            try:
                outcome = invoke(
                    [*arguments, "--no-write-json"],
                    project_dir=project_dir,
                    target_dir=folder,
                    environment=_environment(address, report_timezone),
                    on_event=_log_event,
                )
            except TransformError as error:
                # When the server is gone this raises DatabaseUnavailableError instead.
                connection.execute("SELECT 1")
                if CONNECTION_LOST.search(str(error)):
                    raise DatabaseUnavailableError(str(error)) from error
                raise
            nodes |= {
                result.node.unique_id: node_result(result, is_full_refresh=_WHOLE in command)
                for result in outcome.results
            }
            if (failed := failure(step, nodes.values())) is not None:
                if isinstance(failed, TransientError):
                    done = [node for node in nodes.values() if node.status in DONE]
                    left = resume.Unfinished(inputs=inputs, command=number, nodes=done)
                    resume.save(folder, left, outcome)
                connection.execute("SELECT 1")
                raise failed
        state.finish(connection, step, fingerprint)
        resume.forget(folder)
    summary = TransformSummary(
        step=step, is_whole=is_whole, nodes=tuple(nodes.values()), seconds=time.monotonic() - started
    )
    logger.info(
        "dbt built %d models and ran %d tests in %.1f s, %d with a warning",
        summary.models,
        summary.tests,
        summary.seconds,
        len(summary.warnings),
    )
    return summary


def _environment(address: DatabaseAddress, report_timezone: str) -> dict[str, str]:
    return {
        "POSTGRES_HOST": address.host,
        "POSTGRES_PORT": str(address.port),
        "POSTGRES_DB": address.database,
        "POSTGRES_USER": address.user,
        "POSTGRES_PASSWORD": address.password.get_secret_value(),
        "REPORT_TIMEZONE": report_timezone,
    }


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
