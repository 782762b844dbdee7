"""`mtw db backup`: the whole database into one file, with a record of what it holds beside it.

The file appears under its name when it is whole, on disk and read back. The record (`<file>.json`) has the rows of
every table, counted in the snapshot that was dumped, so that a restore can tell whether all of them came back.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import psycopg
from psycopg import errors as pg
from psycopg import sql

from medical_telegram_warehouse.errors import DatabasePermissionError, DatabaseRefusedError, DatabaseUnavailableError
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
    count_rows,
    record_path,
    sha256_of,
    size_text,
    tables_of,
)
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.migrate import applied_migrations
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.postgres.replacing import now_stamp
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
# How long to wait for tables that something is replacing; dbt needs seconds for each.
_WAIT_SECONDS = 300.0
_RETRY_SECONDS = 2.0
_PART = re.compile(r"\..+\.(\d+)-[0-9a-f]+\.part")
# A part that nothing was written to for so long, of a process that is gone, was left by a kill.
_STALE_AFTER = timedelta(hours=1)
# What pg_dump says when a table or view was replaced under it.
_CHANGED_MEANWHILE = re.compile(
    r"lock timeout|could not open relation|cache lookup failed|relation .* does not exist|tuple concurrently"
)


class Backup(NamedTuple):
    """What was written."""

    path: Path
    record: BackupRecord
    seconds: float


class _ChangedMeanwhileError(Exception):
    """Tables were made or replaced while they were being dumped; a later attempt finds them at rest."""


def default_path(folder: Path, database: str) -> Path:
    """Where a backup goes that was given no name."""
    name = re.sub(r"[^\w.-]", "_", database)
    return folder / f"{name}-{now_stamp()}.dump"


def back_up(address: DatabaseAddress, target: Path) -> Backup:
    """Write a backup of the whole database; whoever uses it is not disturbed.

    Args:
        address: the database, and a user who may read all of it.
        target: a file that does not exist yet.

    Raises:
        BackupError: the file cannot be written, or the programs for it are missing.
        DatabaseRefusedError: the server says no, or this is no warehouse.
        DatabaseUnavailableError: nothing answers, or tables were locked all the time.
    """
    began = time.monotonic()
    if target.exists():
        raise BackupError(f"{target} exists, and a backup replaces nothing; give another path, or none")
    with _explained(target):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_stale_parts(target.parent)
        with _new_file(target) as part, _connected(address) as connection:
            migrations = applied_migrations(connection)
            if not migrations:
                raise DatabaseRefusedError(f"{address} holds no warehouse of this product; set POSTGRES_DB to one")
            programs = fitting_programs(connection.info.server_version)[0]
            logger.info("backing up %s with pg_dump %s", address, programs.version)
            tables = _dump(connection, address, programs, part)
            _read_back(programs, part, len(tables))
            record = BackupRecord(
                database=address.database,
                created_at=datetime.now(UTC),
                server_version=connection.info.parameter_status("server_version") or "",
                pg_dump_version=programs.version,
                migrations=sorted(migrations),
                size=part.stat().st_size,
                sha256=sha256_of(part),
                tables=tables,
            )
            _publish(part, target, record)
    return Backup(target, record, time.monotonic() - began)


@contextmanager
def _connected(address: DatabaseAddress) -> Iterator[psycopg.Connection]:
    with connect(address, application="mtw backup") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # The snapshot must last as long as pg_dump needs, whatever this login's limits are.
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        yield connection


def _dump(connection: psycopg.Connection, address: DatabaseAddress, programs: Programs, part: Path) -> list[TableRows]:
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return _dump_snapshot(connection, address, programs, part)
        except (pg.LockNotAvailable, pg.UndefinedTable, _ChangedMeanwhileError) as error:
            reason = str(error).splitlines()[0]
            if time.monotonic() > give_up_at:
                raise DatabaseUnavailableError(
                    f"tables of {address} were being replaced for {_WAIT_SECONDS:.0f} s, so that no backup could begin "
                    f"({reason}); run it again when no `mtw transform` is running"
                ) from error
            logger.info("a table is being replaced (%s); trying again", reason)
            time.sleep(_RETRY_SECONDS)


def _dump_snapshot(
    connection: psycopg.Connection, address: DatabaseAddress, programs: Programs, part: Path
) -> list[TableRows]:
    names = [(schema, name) for schema, name, _ in connection.execute(statement("tables"))]
    with connection.transaction():
        # Before the snapshot, or a table that is replaced in between would be missing under its name. NOWAIT, and a
        # limit for pg_dump's own locks: between ours and its, somebody may queue for a table that we hold, and pg_dump
        # behind them, for ever.
        locked = sql.SQL(", ").join(sql.Identifier(*name) for name in names)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE NOWAIT").format(locked))
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        snapshot = row[0] if row is not None else ""
        if [(schema, name) for schema, name, _ in connection.execute(statement("tables"))] != names:
            raise _ChangedMeanwhileError("new tables appeared")
        with started(
            programs.dump,
            *("--format=custom", f"--file={part}", f"--snapshot={snapshot}", "--lock-wait-timeout=10s"),
            connection_argument(address),
            address=address,
        ) as dump:
            tables = count_rows(connection, tables_of(connection))
            try:
                dump.wait(lambda: logger.info("%s written so far", size_text(part.stat().st_size)))
            except ProgramFailedError as error:
                if _CHANGED_MEANWHILE.search(error.answer):
                    raise _ChangedMeanwhileError(error.answer) from error
                raise
    return tables


def _read_back(programs: Programs, part: Path, table_count: int) -> None:
    """Read all of it, as a restore would: what was written to a failing disk shows here, not when it is needed."""
    logger.info("reading the backup back")
    dumped = contents(programs, part).count(" TABLE DATA ")
    if dumped != table_count:
        raise BackupError(f"pg_dump wrote {dumped} of {table_count} tables; nothing was kept of it, run it again")
    with started(programs.restore, f"--file={os.devnull}", str(part)) as reading:
        reading.wait()


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A file beside the target that only this user may read, removed unless it was renamed."""
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _publish(part: Path, target: Path, record: BackupRecord) -> None:
    """Name the file and its record, the record first: a backup never stands without one."""
    with _new_file(record_path(target)) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        for file in (draft, part):
            _flush(file)
        draft.rename(record_path(target))
        part.rename(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale_parts(folder: Path) -> None:
    limit = time.time() - _STALE_AFTER.total_seconds()
    for path in folder.iterdir():
        found = _PART.fullmatch(path.name)
        if found and path.stat().st_mtime < limit and not Path("/proc", found[1]).exists():
            path.unlink(missing_ok=True)
            logger.info("removed %s, which a killed backup left behind", path)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Say in our own error types why the backup could not be written."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"cannot write {target}: {error.strerror}; free some space, or give a path on another disk"
        ) from error
    except DatabasePermissionError as error:
        raise DatabaseRefusedError(
            f"a backup needs a user who may read every table, and this one may not ({error.answer}); "
            f"set POSTGRES_USER and POSTGRES_PASSWORD to the user who owns the schemas"
        ) from error
    except ProgramFailedError as error:
        advice = "; free some space, or give a path on another disk" if "No space left" in error.answer else ""
        raise BackupError(f"could not write {target}: {error}{advice}. Nothing was kept of it") from error
