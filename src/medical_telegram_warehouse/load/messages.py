"""Lakes -> raw.telegram_messages, raw.telegram_message_observations, raw.telegram_channels, raw.rejected_records.

Only what is new is read: a file of the same size and time is skipped, an appended one continues where it ended, a
rewritten one is read again as a whole. Nothing is ever deleted because a file is gone.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse.lake.parse import RejectedRecord
from medical_telegram_warehouse.lake.reader import MessageFile, list_message_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.channels import load_channels
from medical_telegram_warehouse.load.chunks import Chunk, FileTask, ReadAhead, read_chunks
from medical_telegram_warehouse.load.copying import FILE_ID, IS_DELETED, MESSAGE_KEY, PAYLOAD, POSITION, Row, copy_rows
from medical_telegram_warehouse.load.reading import LoadedFile
from medical_telegram_warehouse.postgres.locks import LOAD_LOCK, writing_raw
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.progress import Progress

logger = logging.getLogger(__name__)
# Rows a transaction. Smaller chunks commit too often, larger ones leave reading and storing less to overlap: 5,000 and
# 20,000 both loaded slower. Two chunks of some 2 KB a row are in memory at once.
CHUNK_ROWS = 10_000
# What PostgreSQL says of a value that it cannot store, as opposed to a connection or a disk that failed.
_BAD_VALUE = (psycopg.DataError, pg.ProgramLimitExceeded, pg.StatementTooComplex)


@dataclass
class LoadSummary:
    """What one load did."""

    files_read: int = 0
    files_unchanged: int = 0
    records: int = 0
    new_messages: int = 0
    updated_messages: int = 0
    new_observations: int = 0
    deleted_messages: int = 0
    """Newly marked as deleted."""
    new_channel_records: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unreachable_lakes: list[str] = field(default_factory=list)


def load_messages(
    connection: psycopg.Connection, lakes: Iterable[Lake], *, now: datetime | None = None, chunk_rows: int = CHUNK_ROWS
) -> LoadSummary:
    """Load whatever the lakes hold that is not loaded yet. A loader waits for others and for builds of the marts.

    Args:
        connection: in autocommit mode, to a migrated database.
        lakes: each is registered by its name.
        now: dates more than a day later are rejected.
        chunk_rows: rows per transaction.

    Raises:
        LakeError: a lake's folder cannot be listed.
        psycopg.Error: the database failed; what was committed stays, and the next load continues there.
    """
    with writing_raw(connection, LOAD_LOCK):
        loader = _Loader(connection, now or datetime.now(UTC), chunk_rows)
        for lake in lakes:
            loader.load(lake)
    return loader.summary


def list_pending_files(connection: psycopg.Connection, lakes: Iterable[Lake]) -> list[str]:
    """What a load would read now: each file's lake, path, size and time of change, of those that changed since.

    Raises:
        LakeError: a lake's folder cannot be listed.
    """
    rows = connection.execute(statement("loaded_files"), {"lake_id": None, "now": datetime.now(UTC)})
    loaded = {(lake, path): (size, mtime_ns) for lake, path, size, mtime_ns, *_ in rows}
    return [
        f"{lake.name} {file.file_path} {file.size} {file.mtime_ns}"
        for lake in lakes
        if lake.is_reachable
        for file in list_message_files(lake)[0]
        if loaded.get((lake.name, file.file_path)) != (file.size, file.mtime_ns)
    ]


class _Loader:
    def __init__(self, connection: psycopg.Connection, now: datetime, chunk_rows: int) -> None:
        self.summary = LoadSummary()
        self._connection = connection
        self._now = now
        self._chunk_rows = chunk_rows
        self._progress = Progress(logger, "records")
        # Before the first temporary table of this session, or they would be refused. A chunk then stays in memory,
        # and so does its sorting.
        connection.execute("SET temp_buffers = '64MB'")
        connection.execute("SET work_mem = '64MB'")
        # A chunk's rows and the progress of its files are one transaction: should the machine lose power before it is
        # on disk, both are gone together, and the next load reads those records again.
        connection.execute("SET synchronous_commit = off")
        connection.execute(statement("create_incoming"))

    def load(self, lake: Lake) -> None:
        if not lake.is_reachable:
            logger.warning("lake %s is not reachable at %s; what was loaded from it stays", lake.name, lake.root)
            self.summary.unreachable_lakes.append(lake.name)
            return
        lake_id = self._value("register_lake", {"lake": lake.name, "root": str(lake.root)})
        files, strays = list_message_files(lake)
        for stray in strays:
            problem = RejectedRecord(None, "unexpected_file", "not a .json or .jsonl file in a folder of one date", "")
            self._reject(lake_id, stray, problem)
        with ReadAhead(read_chunks(self._tasks(lake_id, files), self._now, self._chunk_rows)) as reader:
            while (chunk := reader.take()) is not None:
                self._store(lake_id, chunk, reader.begin)
        added, unreadable = load_channels(self._connection, lake, lake_id, self._now)
        self.summary.new_channel_records += added
        for file_path, unreadable_line in unreadable:
            self._reject(lake_id, file_path, unreadable_line)

    def _tasks(self, lake_id: int, files: list[MessageFile]) -> list[FileTask]:
        """Register the files that changed since they were loaded."""
        rows = self._connection.execute(statement("loaded_files"), {"lake_id": lake_id, "now": self._now})
        loaded = {path: LoadedFile(*known) for _, path, *known in rows}
        tasks = []
        for file in files:
            known = loaded.get(file.file_path)
            if known is not None and (file.size, file.mtime_ns) == (known.size, known.mtime_ns):
                self.summary.files_unchanged += 1
                continue
            file_id = self._value("register_file", {"lake_id": lake_id, "file_path": file.file_path})
            tasks.append(FileTask(file_id, file, known))
        self.summary.files_read += len(tasks)
        return tasks

    def _store(self, lake_id: int, chunk: Chunk, on_copied: Callable[[], None]) -> None:
        """Copy and merge a chunk, and record how far its files were read, in one transaction."""
        refused: list[tuple[int, RejectedRecord]] = []
        try:
            with self._connection.transaction():
                counts = self._merge(chunk.rows, on_copied)
                self._save_reports(lake_id, chunk, refused)
        except _BAD_VALUE as error:
            logger.warning("the database refused a record, looking for it: %s", error)
            with self._connection.transaction():
                counts = self._merge_by_halves(chunk.rows, refused)
                self._save_reports(lake_id, chunk, refused)
        self.summary.new_messages += counts["new_messages"]
        self.summary.updated_messages += counts["updated_messages"]
        self.summary.new_observations += counts["new_observations"]
        self.summary.deleted_messages += counts["deleted_messages"]
        self.summary.repaired += chunk.repaired
        self.summary.records += len(chunk.rows) + sum(len(report.rejections) for report in chunk.reports)
        self._progress.advance(len(chunk.rows))

    def _merge(self, rows: list[Row], on_copied: Callable[[], None] | None = None) -> Counter[str]:
        copy_rows(self._connection, rows)
        if on_copied is not None:
            on_copied()
        seen = [row[MESSAGE_KEY] for row in rows if not row[IS_DELETED]]
        counted = {"messages": len(set(seen)), "observations": len(seen)}
        self._connection.execute(statement("keep_former"), counted)
        merged = self._connection.execute(statement("merge_messages"), counted).fetchone() or (0, 0, False)
        observations = self._connection.execute(statement("add_observations")).rowcount
        if merged[2]:
            self._connection.execute(statement("fill_gaps"))
        deleted = self._value("apply_deletions")
        self._connection.execute("TRUNCATE incoming")
        return Counter(
            new_messages=merged[0],
            updated_messages=merged[1],
            new_observations=observations,
            deleted_messages=deleted,
        )

    def _merge_by_halves(self, rows: list[Row], refused: list[tuple[int, RejectedRecord]]) -> Counter[str]:
        """Find the rows that the database refuses, set those aside, and merge all others."""
        try:
            with self._connection.transaction():
                return self._merge(rows)
        except _BAD_VALUE as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                first = self._merge_by_halves(rows[:middle], refused)
                return first + self._merge_by_halves(rows[middle:], refused)
            [row] = rows
            detail = str(error).splitlines()[0]
            refused.append((row[FILE_ID], RejectedRecord(row[POSITION], "refused_by_database", detail, row[PAYLOAD])))
            return Counter()

    def _save_reports(self, lake_id: int, chunk: Chunk, refused: list[tuple[int, RejectedRecord]]) -> None:
        paths = {}
        for report in chunk.reports:
            paths[report.file_id] = report.file_path
            if report.restarts_at is not None:
                forget = {"lake_id": lake_id, "file_path": report.file_path, "start": report.restarts_at}
                self._connection.execute(statement("forget_rejections"), forget)
            if report.progress:
                self._connection.execute(statement("save_file_progress"), report.progress)
            for rejection in report.rejections:
                self._reject(lake_id, report.file_path, rejection)
        for file_id, rejection in refused:
            self._reject(lake_id, paths[file_id], rejection)

    def _reject(self, lake_id: int, file_path: str, rejection: RejectedRecord) -> None:
        values = {"lake_id": lake_id, "file_path": file_path, **rejection._asdict()}
        added = self._connection.execute(statement("add_rejection"), values).rowcount
        self.summary.rejected[rejection.reason] += added

    def _value(self, name: str, values: dict[str, object] | None = None) -> int:
        row = self._connection.execute(statement(name), values).fetchone()
        assert row is not None, name  # noqa: S101 - these statements always return a row
        return int(row[0])
