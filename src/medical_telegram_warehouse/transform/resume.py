"""A build that failed on the way, so that the next attempt does what is left of it (`dbt retry`).

    build fails ──save──► target/<database>/resume/{run_results,unfinished}.json ──load──► dbt retry, and the rest

Only where nothing has changed since: tables that were made would otherwise hold less than those that are left.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Self

import msgspec
import psycopg

from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.transform.manifest import project_fingerprint
from medical_telegram_warehouse.transform.results import NodeResult, TransformStep

_FOLDER = "resume"
_RUN_RESULTS = "run_results.json"
_UNFINISHED = "unfinished.json"


class BuildInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a build is made of. Two builds of the same make the same tables."""

    step: TransformStep
    is_whole: bool
    project: str
    report_timezone: str
    loaded: str

    @classmethod
    def now(
        cls,
        connection: psycopg.Connection,
        step: TransformStep,
        project_dir: Path,
        report_timezone: str,
        *,
        is_whole: bool,
    ) -> Self:
        """Of a build that begins now."""
        row = connection.execute(statement("loaded_state")).fetchone()
        return cls(
            step=step,
            is_whole=is_whole,
            project=project_fingerprint(project_dir),
            report_timezone=report_timezone,
            loaded=str(row and row[0]),
        )


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """How far a build came."""

    inputs: BuildInputs
    command: int
    """The number of the dbt command that failed; those before it are done."""
    nodes: list[NodeResult]
    """What was built and tested well; dbt does it no second time."""


def save(folder: Path, unfinished: Unfinished, outcome: Any) -> None:
    """Keep dbt's own results of the command that failed, and what is known beside them."""
    kept = folder / _FOLDER
    kept.mkdir(parents=True, exist_ok=True)
    (kept / _UNFINISHED).unlink(missing_ok=True)
    outcome.write(str(kept / _RUN_RESULTS))
    (kept / _UNFINISHED).write_bytes(msgspec.json.encode(unfinished))


def take(folder: Path, inputs: BuildInputs) -> Unfinished | None:
    """What an attempt before this one left to do, if it was made of the same. It is only told once."""
    file = folder / _FOLDER / _UNFINISHED
    try:
        unfinished = msgspec.json.decode(file.read_bytes(), type=Unfinished)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    file.unlink()
    return unfinished if unfinished.inputs == inputs else None


def retry_arguments(folder: Path) -> list[str]:
    """The dbt command that does what is left."""
    return ["retry", "--state", str(folder / _FOLDER)]


def forget(folder: Path) -> None:
    """The build is done."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)
