"""Lakes -> raw.telegram_messages, raw.telegram_message_observations, raw.telegram_channels, raw.rejected_records.

Only what is new is read: a file of the same size and time is skipped, an appended one continues where it ended, a
rewritten one is read again as a whole. Nothing is ever deleted because a file is gone.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse.lake.parse import RejectedRecord
from medical_telegram_warehouse.lake.reader import MessageFile, list_message_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.channels import load_channels
from medical_telegram_warehouse.load.copying import FILE_ID, PAYLOAD, POSITION, Row, incoming_row
from medical_telegram_warehouse.load.reading import FileReading, LoadedFile
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.progress import Progress

logger = logging.getLogger(__name__)
# Rows held in memory at once, some 2 KB each; larger chunks did not load faster.
CHUNK_ROWS = 20_000
_LOCK_KEY = 7_240_115_003
_COPY = "COPY incoming FROM STDIN"
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
    new_channel_records: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unreachable_lakes: list[str] = field(default_factory=list)


def load_messages(
    connection: psycopg.Connection, lakes: Iterable[Lake], *, now: datetime | None = None, chunk_rows: int = CHUNK_ROWS
) -> LoadSummary:
    """Load whatever the lakes hold that is not loaded yet. A second loader waits until the first is done.

    Args:
        connection: in autocommit mode, to a migrated database.
        lakes: each is registered by its name.
        now: dates more than a day later are rejected.
        chunk_rows: rows per transaction.

    Raises:
        LakeError: a lake's folder cannot be listed.
        psycopg.Error: the database failed; what was committed stays, and the next load continues there.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
    loader = _Loader(connection, now or datetime.now(UTC), chunk_rows)
    try:
        for lake in lakes:
            loader.load(lake)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])
    return loader.summary


class _Loader:
    def __init__(self, connection: psycopg.Connection, now: datetime, chunk_rows: int) -> None:
        self.summary = LoadSummary()
        self._connection = connection
        self._now = now
        self._chunk_rows = chunk_rows
        self._progress = Progress(logger, "records")
        # The files that the current chunk has rows of, by their number in the database.
        self._open: dict[int, FileReading] = {}
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
        loaded = self._loaded_files(lake_id)
        changed = [file for file in files if not _is_unchanged(file, loaded.get(file.file_path))]
        self.summary.files_unchanged += len(files) - len(changed)
        rows = self._rows(lake_id, changed, loaded)
        while self._load_chunk(lake_id, rows):
            pass
        added, unreadable = load_channels(self._connection, lake)
        self.summary.new_channel_records += added
        for file_path, problem in unreadable:
            self._reject(lake_id, file_path, problem)

    def _loaded_files(self, lake_id: int) -> dict[str, LoadedFile]:
        rows = self._connection.execute(statement("loaded_files"), {"lake_id": lake_id})
        return {path: LoadedFile(*known) for path, *known in rows}

    def _rows(self, lake_id: int, files: list[MessageFile], loaded: dict[str, LoadedFile]) -> Iterator[Row]:
        ids = {file: self._value("register_file", {"lake_id": lake_id, "file_path": file.file_path}) for file in files}
        return chain.from_iterable(self._file_rows(ids[file], file, loaded.get(file.file_path)) for file in files)

    def _file_rows(self, file_id: int, file: MessageFile, loaded: LoadedFile | None) -> Iterator[Row]:
        reading = FileReading(file, loaded)
        self._open[file_id] = reading
        self.summary.files_read += 1
        try:
            for record in reading.parsed(self._now):
                self.summary.repaired.update(record.repairs)
                yield incoming_row(record, file, file_id)
        except OSError as error:
            reading.fail(f"{error.strerror}; the next load tries again")

    def _load_chunk(self, lake_id: int, rows: Iterator[Row]) -> bool:
        """Copy and merge up to `chunk_rows` rows in one transaction; returns whether there may be more."""
        chunk: list[Row] = []
        try:
            with self._connection.transaction():
                with self._connection.cursor().copy(_COPY) as copy:
                    for row in islice(rows, self._chunk_rows):
                        chunk.append(row)
                        copy.write_row(row)
                counts = self._merge()
                self._save_progress(lake_id)
        except _BAD_VALUE as error:
            logger.warning("a record was refused by the database, looking for it: %s", error)
            chunk.extend(islice(rows, self._chunk_rows - len(chunk)))
            with self._connection.transaction():
                counts = self._merge_by_halves(chunk)
                self._save_progress(lake_id)
        self._count(counts)
        self._progress.advance(len(chunk))
        return len(chunk) == self._chunk_rows

    def _merge_by_halves(self, rows: list[Row]) -> Counter[str]:
        """Find the rows that the database refuses, reject those, and merge all others."""
        try:
            with self._connection.transaction():
                with self._connection.cursor().copy(_COPY) as copy:
                    for row in rows:
                        copy.write_row(row)
                counts = self._merge()
                self._connection.execute("TRUNCATE incoming")
                return counts
        except _BAD_VALUE as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                return self._merge_by_halves(rows[:middle]) + self._merge_by_halves(rows[middle:])
            [row] = rows
            detail = str(error).splitlines()[0]
            self._open[row[FILE_ID]].refuse(RejectedRecord(row[POSITION], "refused_by_database", detail, row[PAYLOAD]))
            return Counter()

    def _merge(self) -> Counter[str]:
        row = self._connection.execute(statement("merge_incoming")).fetchone()
        return Counter(dict(zip(("new_messages", "updated_messages", "new_observations"), row or (), strict=True)))

    def _save_progress(self, lake_id: int) -> None:
        """Record how far each file of the chunk was read, and what was rejected on the way."""
        for file_id, reading in self._open.items():
            file_path = reading.source.file_path
            if reading.is_first_report:
                forget = {"lake_id": lake_id, "file_path": file_path, "start": reading.start}
                self._connection.execute(statement("forget_rejections"), forget)
            self._connection.execute(statement("save_file_progress"), {"file_id": file_id, **reading.progress()})
            for rejection in reading.rejections:
                self._reject(lake_id, file_path, rejection)
        for reading in self._open.values():
            self.summary.records += reading.reported()
        self._open = {file_id: reading for file_id, reading in self._open.items() if not reading.is_finished}

    def _reject(self, lake_id: int, file_path: str, rejection: RejectedRecord) -> None:
        values = {"lake_id": lake_id, "file_path": file_path, **rejection._asdict()}
        added = self._connection.execute(statement("add_rejection"), values).rowcount
        self.summary.rejected[rejection.reason] += added

    def _count(self, counts: Counter[str]) -> None:
        self.summary.new_messages += counts["new_messages"]
        self.summary.updated_messages += counts["updated_messages"]
        self.summary.new_observations += counts["new_observations"]

    def _value(self, name: str, values: dict[str, object]) -> int:
        row = self._connection.execute(statement(name), values).fetchone()
        assert row is not None, name  # noqa: S101 - these statements always return a row
        return int(row[0])


def _is_unchanged(file: MessageFile, loaded: LoadedFile | None) -> bool:
    return loaded is not None and (file.size, file.mtime_ns) == (loaded.size, loaded.mtime_ns)
