"""What a backup holds: the rows of every table, and the file's hash, in `<file>.json` beside it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from medical_telegram_warehouse.postgres.archives import BackupError
from medical_telegram_warehouse.postgres.migrate import unknown_migrations
from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)


class TableRows(msgspec.Struct, frozen=True):
    """A table and how many rows it had."""

    schema: str
    name: str
    rows: int


class BackupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    database: str
    created_at: datetime
    server_version: str
    pg_dump_version: str
    migrations: list[int]
    size: int
    sha256: str
    tables: list[TableRows]


def record_path(path: Path) -> Path:
    """Where a backup's record stands."""
    return path.with_name(f"{path.name}.json")


def checked_record(path: Path) -> BackupRecord:
    """The record of a file that is what the record says.

    Raises:
        BackupError: it is not, there is no such file or no record, or a newer version wrote it.
    """
    beside = record_path(path)
    try:
        size = path.stat().st_size
        record = msgspec.json.decode(beside.read_bytes(), type=BackupRecord)
        logger.info("checking %s (%s)", path, size_text(size))
        digest = sha256_of(path) if size == record.size else None
    except FileNotFoundError as error:
        if not path.exists():
            raise no_file(path) from error
        raise BackupError(
            f"{path} has no record beside it, {beside.name}, which says how many rows each table must have; put it "
            f"there, too, or restore what is in the file without that check: --without-record"
        ) from error
    except msgspec.MsgspecError as error:
        raise BackupError(f"{beside} is not a backup's record ({error}); put the right one there") from error
    except OSError as error:
        raise BackupError(f"cannot read {path} and {beside.name}: {error.strerror}") from error
    if digest is None:
        raise BackupError(
            f"{path} is not whole: it has {size:,} bytes, and its record says {record.size:,}; copy it here again"
        )
    if digest != record.sha256:
        raise BackupError(f"{path} is not what was written: its hash differs from its record's; take another copy")
    refuse_newer(path, record.migrations)
    return record


def no_file(path: Path) -> BackupError:
    """The error to raise where a file should be."""
    return BackupError(f"there is no file {path}; give the path of a file that `mtw db backup` wrote")


def refuse_newer(path: Path, applied: Collection[int]) -> None:
    """Do not take a schema that only a later version knows.

    Raises:
        BackupError: one of these migrations is unknown here.
    """
    if newer := unknown_migrations(applied):
        raise BackupError(
            f"{path} was made by a newer version of this product (its schema has migration {newer[-1]}, which this "
            f"version does not know); update the product, and restore it then"
        )


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tables_of(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Schema and name of every table with rows of its own."""
    return [(schema, name) for schema, name, has_rows in connection.execute(statement("tables")) if has_rows]


def count_rows(connection: psycopg.Connection, tables: list[tuple[str, str]]) -> list[TableRows]:
    """Count the rows of each table."""
    counted = []
    for schema, name in tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
        row = connection.execute(query).fetchone()
        counted.append(TableRows(schema, name, row[0] if row is not None else 0))
    return counted


def size_text(size: float) -> str:
    """Bytes, for people."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:  # noqa: PLR2004
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
