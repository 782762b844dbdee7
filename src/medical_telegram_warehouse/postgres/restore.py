"""`mtw db restore`: a backup into a new database, which takes the old one's place once every row was counted.

Until that moment, which is one transaction, the old database stays as it is. A kill leaves at most a database named
`<name>_restoring_<time>`; the next restore drops it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse.errors import DatabasePermissionError, DatabaseRefusedError
from medical_telegram_warehouse.postgres import replacing
from medical_telegram_warehouse.postgres.archives import (
    BackupError,
    ProgramFailedError,
    Programs,
    connection_argument,
    contents,
    fitting_programs,
    started,
)
from medical_telegram_warehouse.postgres.backup_record import (
    BackupRecord,
    TableRows,
    checked_record,
    count_rows,
    no_file,
    refuse_newer,
    size_text,
    tables_of,
)
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.groups import MAX_NAME_BYTES, Role
from medical_telegram_warehouse.postgres.migrate import (
    applied_migrations,
    migrate,
    migration_lock,
)
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.postgres.roles import ensure_roles, hand_over, logins
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
_MAX_JOBS = 4
_NOT_TARGETS = ("postgres", "template0", "template1")
_LISTED = 5


class Restored(NamedTuple):
    """What came back."""

    database: str
    kept_as: str | None
    """The name of the database that was there before; None where there was none, or it was to be replaced."""
    tables: int
    rows: int
    is_checked: bool
    """Whether the rows were compared with the backup's record."""
    migrated: list[str]
    seconds: float


def restore(
    address: DatabaseAddress,
    path: Path,
    *,
    into: str | None = None,
    replace: bool = False,
    without_record: bool = False,
) -> Restored:
    """Put a backup in the place of a database, or beside it.

    Args:
        address: the database to restore, and a user who may create databases.
        path: what `mtw db backup` wrote, with its record beside it.
        into: another database's name, which must not be in use yet.
        replace: drop the database that was there before, rather than keep it under another name.
        without_record: take an archive that has no record; its rows are then not checked.

    Raises:
        BackupError: the file cannot be used, or not all of it came back.
        DatabaseRefusedError: the database is in use, or the server says no.
        DatabaseUnavailableError: nothing answers.
    """
    began = time.monotonic()
    record = None if without_record else checked_record(path)
    target = address._replace(database=_target_name(address, into))
    elsewhere = address._replace(database="postgres" if target.database != "postgres" else "template1")
    stamp = replacing.now_stamp()
    draft = target._replace(database=replacing.draft_name(target.database, stamp))
    kept = replacing.kept_name(target.database, stamp)
    with _explained(target), _connected(elsewhere) as server, migration_lock(server):
        programs = _reading_programs(server, path)
        exists = _refuse_unready(server, target, is_into=into is not None)
        is_kept = exists and not replace and not _is_empty(target)
        replacing.drop_left_drafts(server, target.database)
        replacing.create(server, draft.database)
        try:
            logger.info("restoring %s with pg_restore %s into a new database", path, programs.version)
            _fill(server, programs, path, draft)
            tables, migrated = _finish(draft, path, record)
            replacing.put_in_place(server, draft.database, target.database, keep_as=kept if exists else None)
        except BaseException:
            replacing.drop(server, draft.database)
            raise
        if exists and not is_kept:
            replacing.drop(server, kept)
    return Restored(
        target.database,
        kept if is_kept else None,
        len(tables),
        sum(table.rows for table in tables),
        record is not None,
        migrated,
        time.monotonic() - began,
    )


def _target_name(address: DatabaseAddress, into: str | None) -> str:
    if into is None:
        return address.database
    if into in _NOT_TARGETS or not into.strip() or "\0" in into or len(into.encode()) > MAX_NAME_BYTES:
        raise BackupError(f"cannot restore into {into!r}: give a name of your own, of up to {MAX_NAME_BYTES} bytes")
    return into


@contextmanager
def _connected(address: DatabaseAddress) -> Iterator[psycopg.Connection]:
    with connect(address, application="mtw restore") as connection:
        connection.execute("SET statement_timeout = 0")
        yield connection


def _reading_programs(server: psycopg.Connection, path: Path) -> Programs:
    """The programs that may talk to this server, and understand the file."""
    if not path.is_file():
        raise no_file(path)
    answers = []
    for programs in fitting_programs(server.info.server_version):
        try:
            contents(programs, path)
        except ProgramFailedError as error:
            answers.append(f"pg_restore {programs.version}: {error.answer}")
        else:
            return programs
    raise BackupError(f"{path} is not a backup that can be read here ({'; '.join(answers)}); give another file")


def _refuse_unready(server: psycopg.Connection, target: DatabaseAddress, *, is_into: bool) -> bool:
    """Find out before the long work what would stop it; returns whether the database exists."""
    row = server.execute(statement("restorable"), {"name": target.database}).fetchone()
    may_create, exists, is_own = row if row is not None else (False, False, False)
    if not may_create:
        raise DatabaseRefusedError(
            f"a restore makes a new database, and user {target.user!r} may not; let an administrator of the server run "
            f"ALTER ROLE {target.user} CREATEDB, or set POSTGRES_USER and POSTGRES_PASSWORD to one who may"
        )
    if exists and not is_own:
        raise DatabaseRefusedError(
            f"a restore takes the place of database {target.database!r}, which user {target.user!r} does not own; set "
            f"POSTGRES_USER and POSTGRES_PASSWORD to its owner, or restore beside it: --into NAME"
        )
    replacing.refuse_while_in_use(server, target.database)
    if exists and is_into and not _is_empty(target):
        raise BackupError(f"database {target.database!r} exists and is not empty; give --into another name, or drop it")
    return bool(exists)


def _is_empty(address: DatabaseAddress) -> bool:
    with _connected(address) as connection:
        row = connection.execute(statement("is_empty")).fetchone()
    return row is not None and bool(row[0])


def _fill(server: psycopg.Connection, programs: Programs, path: Path, draft: DatabaseAddress) -> None:
    def report() -> None:
        row = server.execute("SELECT pg_database_size(%s)", [draft.database]).fetchone()
        logger.info("%s restored so far", size_text(row[0] if row is not None else 0))

    jobs = min(_MAX_JOBS, os.cpu_count() or 1)
    with started(
        programs.restore,
        # Owners and grants name roles of the server that was backed up. Ours are made anew afterwards.
        *("--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={jobs}", connection_argument(draft)),
        str(path),
        address=draft,
    ) as program:
        try:
            program.wait(report)
        except ProgramFailedError as error:
            advice = "; free some space on the server's disk" if "No space left" in error.answer else ""
            raise BackupError(
                f"could not restore {path}: {error}{advice}. Nothing was changed: the new database is dropped again"
            ) from error


def _finish(draft: DatabaseAddress, path: Path, record: BackupRecord | None) -> tuple[list[TableRows], list[str]]:
    """Check what came back, and let this version use it; returns the tables, and what was migrated."""
    with _connected(draft) as connection:
        logger.info("counting the rows")
        tables = count_rows(connection, tables_of(connection))
        if record is not None:
            _compare(path, tables, record.tables)
        applied = applied_migrations(connection)
        if not applied:
            raise BackupError(f"{path} holds no warehouse of this product: it has no table public.mtw_migrations")
        refuse_newer(path, applied)
        migrated = migrate(connection)
        ensure_roles(connection)
        if any(Role.OWNER in login.roles for login in logins(connection)):
            hand_over(connection)
        connection.execute("ANALYZE")  # a backup has no statistics, without which the first queries would be slow
    return tables, migrated


def _compare(path: Path, found: list[TableRows], recorded: list[TableRows]) -> None:
    have = {f"{table.schema}.{table.name}": table.rows for table in found}
    want = {f"{table.schema}.{table.name}": table.rows for table in recorded}
    differing = [
        f"{table} has {have.get(table, 'no')} rows, not {want.get(table, 'no')}"
        for table in sorted(have.keys() | want.keys())
        if have.get(table) != want.get(table)
    ]
    if differing:
        raise BackupError(
            f"not everything of {path} came back, by its record: {'; '.join(differing[:_LISTED])}. Nothing was "
            f"changed: the new database is dropped again"
        )


@contextmanager
def _explained(target: DatabaseAddress) -> Iterator[None]:
    """Say in our own error types what the server refused."""
    try:
        yield
    except pg.DuplicateDatabase as error:
        raise DatabaseRefusedError(f"{error.diag.message_primary}; run this again. Nothing was changed") from error
    except DatabasePermissionError as error:
        raise DatabaseRefusedError(
            f"user {target.user!r} may not do what a restore needs ({error.answer}); set POSTGRES_USER "
            f"and POSTGRES_PASSWORD to one who may. Nothing was changed"
        ) from error
