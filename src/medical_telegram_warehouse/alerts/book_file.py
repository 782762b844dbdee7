"""The SQLite file of the book: its tables, and one process at a time in it.

A file of its own, and not a table of PostgreSQL: that PostgreSQL is away must be told, too.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError, TransientError
from medical_telegram_warehouse.file_locks import lock_within

logger = logging.getLogger(__name__)
# Longer than destinations that do not answer take.
_WAIT_SECONDS = 120
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Times are UTC in ISO 8601, all of one length, so that they sort as text.
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS problems (
        key TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        title TEXT NOT NULL,
        link TEXT,
        mark TEXT NOT NULL,
        since TEXT NOT NULL,
        settles_after REAL NOT NULL,
        told_at TEXT,
        gone_since TEXT
    );
    CREATE TABLE IF NOT EXISTS known_events (key TEXT PRIMARY KEY, seen_at TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS known_sources (source TEXT PRIMARY KEY, seen_at TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        message_id INTEGER PRIMARY KEY,
        created_at TEXT NOT NULL,
        severity TEXT,
        title TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS deliveries (
        message_id INTEGER NOT NULL REFERENCES messages (message_id) ON DELETE CASCADE,
        destination TEXT NOT NULL,
        sent_at TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (message_id, destination)
    );
"""


class BookBusyError(TransientError):
    """Another process is looking, or sending."""


class BookError(PermanentError):
    """The file cannot be written."""


def book_path(dagster_home: Path, data_dir: Path) -> Path:
    """One book a data folder, beside the history of its runs, which two folders may share."""
    return dagster_home / f"alerts-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:8]}.sqlite"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, and let no other process do so meanwhile.

    Raises:
        BookBusyError: another one does not end.
        BookError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("ab") as lock:
            if not lock_within(lock, _WAIT_SECONDS):
                raise BookBusyError(f"another process is using {path}, and does not end; try again")
            with closing(_connect(path)) as connection:
                yield connection
    except (OSError, sqlite3.Error) as error:
        raise BookError(
            f"the book of alerts {path} cannot be written: {error}; free some space or mend its permissions"
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def to_text(moment: datetime) -> str:
    """A time as the file holds it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def to_time(text: str) -> datetime:
    """And back."""
    return datetime.fromisoformat(text)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return _prepared(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in _DAMAGED:
            raise
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        logger.warning("the book of alerts was damaged (%s): it is kept as %s, and a new one tells all", error, aside)
        return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # No sync at each look: what a loss of power takes, it takes as a whole, and the next look finds it again.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection
