"""Lake files -> chunks of rows, each with a report of how far its files were read.

Reading knows no database, so it goes on while the database merges the chunk before: on two cores that saves nearly all
of the reading's time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from medical_telegram_warehouse.lake.parse import RejectedRecord
from medical_telegram_warehouse.lake.reader import MessageFile
from medical_telegram_warehouse.load.copying import Row, incoming_row
from medical_telegram_warehouse.load.reading import FileReading, LoadedFile

_FIRST_CHUNK_SHARE = 10


class FileTask(NamedTuple):
    """A file to read, with its number in the database and what is known of it there."""

    file_id: int
    source: MessageFile
    loaded: LoadedFile | None


class FileReport(NamedTuple):
    """What a chunk holds of one file, and how far that file has been read at the chunk's end."""

    file_id: int
    file_path: str
    restarts_at: int | None
    """Where this reading of the file began, in its first report only: rejections from there on are judged again."""
    progress: dict[str, object]
    rejections: list[RejectedRecord]


@dataclass
class Chunk:
    """Rows that are stored in one transaction."""

    rows: list[Row] = field(default_factory=list)
    reports: list[FileReport] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)


def read_chunks(tasks: list[FileTask], now: datetime, chunk_rows: int) -> Iterator[Chunk]:
    """Read the files one after the other; a chunk may end inside a file or span several.

    The first chunk is a small one: until it is there, the database has nothing to do.
    """
    chunk, limit = Chunk(), max(1, chunk_rows // _FIRST_CHUNK_SHARE)
    for task in tasks:
        reading: FileReading | None = None
        try:
            reading = FileReading(task.source, task.loaded)
            for record in reading.parsed(now):
                chunk.rows.append(incoming_row(record, task.source, task.file_id))
                if record.repairs:
                    chunk.repaired.update(record.repairs)
                if len(chunk.rows) >= limit:
                    chunk.reports.append(_report(task, reading))
                    yield chunk
                    chunk, limit = Chunk(), chunk_rows
        except OSError as error:
            problem = RejectedRecord(None, "unreadable_file", f"{error.strerror}; the next load tries again", "")
            if reading is None:
                chunk.reports.append(FileReport(task.file_id, task.source.file_path, None, {}, [problem]))
                continue
            reading.rejections.append(problem)
        chunk.reports.append(_report(task, reading))
    if chunk.reports:
        yield chunk


def _report(task: FileTask, reading: FileReading) -> FileReport:
    restarts_at = reading.start if reading.is_first_report else None
    progress = {"file_id": task.file_id, **reading.progress()}
    return FileReport(task.file_id, task.source.file_path, restarts_at, progress, reading.take_rejections())


class ReadAhead:
    """Reads the next chunk in a thread of its own, from `begin` on.

    Begin it while the database is busy by itself: copying rows to it and reading files would only take turns.
    """

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lake-reader")
        self._next: Future[Chunk | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._reader.shutdown()

    def begin(self) -> None:
        """Start to read the next chunk, unless that has begun."""
        if self._next is None:
            self._next = self._reader.submit(next, self._chunks, None)

    def take(self) -> Chunk | None:
        """Wait for the next chunk; None after the last."""
        self.begin()
        assert self._next is not None  # noqa: S101 - begun above
        chunk, self._next = self._next.result(), None
        return chunk
