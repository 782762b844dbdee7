"""What each dbt step's tables were built with, and whether its last build ended well.

An incremental model adds to what its former SQL made. After an upgrade, or with another time zone, old rows and new
ones would tell different things, and dbt itself does not notice: such a build is a whole one. Lists in seeds are no
part of this, because the models that read them notice by themselves (warehouse/macros/incremental.sql).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg

from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.transform.invocation import PROJECT_FILE

_FOLDERS = ("models", "macros")
# SQL; and the contracts, which say what types columns have and where a null is refused.
_SUFFIXES = (".sql", ".yml")


def fingerprint(project_dir: Path, report_timezone: str) -> str:
    """A hash of everything that decides what tables hold: the models' files, the project's variables, the zone."""
    digest = hashlib.sha256(f"{report_timezone}\n".encode())
    files = [project_dir / PROJECT_FILE]
    for folder in _FOLDERS:
        found = (project_dir / "warehouse" / folder).rglob("*")
        files += sorted(file for file in found if file.suffix in _SUFFIXES)
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(project_dir).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def begin(connection: psycopg.Connection, step: str, fingerprint_now: str) -> bool:
    """Note that a build of this step has begun. After one that did not end well its tests will read all rows.

    Returns:
        Whether the build before made its tables with the same SQL, contracts, variables and time zone.
    """
    row = connection.execute(statement("begin_transform"), {"step": step}).fetchone()
    return row is not None and row[0] == fingerprint_now


def finish(connection: psycopg.Connection, step: str, fingerprint_now: str) -> None:
    """Note that it has ended well, so that everything that was written is tested."""
    connection.execute(statement("finish_transform"), {"step": step, "fingerprint": fingerprint_now})
