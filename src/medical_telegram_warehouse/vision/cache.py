"""What earlier scans saw, so that no content is looked at twice.

Belongs here: one SQLite file and its statements. Does not belong here: deciding what to scan (`scan`).

    files: which photo had which content at last sight, and what its row was made with
    scans: what a content showed one model at one threshold

Scans are committed while a run goes on, files at its end: a run that is killed loses a few scans and no truth. The
file is only a cache, so a damaged or outdated one is thrown away with a warning.
Categories are not kept: they follow from the detections, and better rules should reach old photos without a scan.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from medical_telegram_warehouse.errors import PermanentError, TransientError
from medical_telegram_warehouse.records import Detection, PhotoScan, ScanStatus
from medical_telegram_warehouse.vision.rules import image_category

logger = logging.getLogger(__name__)

REVISION = 1  # counts up when tables change, or when decoding or inference give other results for the same photo
LOCK_SECONDS = 30.0
NOT_A_DATABASE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    image_path TEXT PRIMARY KEY,
    lake TEXT NOT NULL,
    channel_name TEXT NOT NULL,
    message_id INTEGER,
    size INTEGER,
    mtime_ns INTEGER,
    sha256 TEXT,
    trouble TEXT,        -- 'missing', 'unreadable', or null for a file whose bytes were read
    error TEXT,
    model_name TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    threshold REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scans (
    sha256 TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    threshold REAL NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    image_width INTEGER,
    image_height INTEGER,
    detections BLOB NOT NULL,
    PRIMARY KEY (sha256, model_sha256, threshold)
) WITHOUT ROWID;
"""
REMEMBER_FILE = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
REMEMBER_SCAN = "INSERT OR REPLACE INTO scans VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
SCANNED = "SELECT sha256 FROM scans WHERE model_sha256 = ? AND threshold = ?"
FILES = "SELECT * FROM files"
FILES_WITH_SCANS = """
SELECT files.*, scans.status, scans.error, scans.image_width, scans.image_height, scans.detections
FROM files LEFT JOIN scans USING (sha256, model_sha256, threshold)
WHERE files.trouble IS NOT NULL OR scans.status IS NOT NULL
"""

_decoder = msgspec.json.Decoder(tuple[Detection, ...])


class KnownFile(msgspec.Struct, frozen=True, array_like=True):
    """One photo file at last sight. The order of the fields is that of the table."""

    image_path: str
    lake: str
    channel_name: str
    message_id: int | None
    size: int | None
    mtime_ns: int | None
    sha256: str | None
    trouble: ScanStatus | None
    error: str | None
    model_name: str
    model_sha256: str
    threshold: float


FILE_COLUMNS = len(KnownFile.__struct_fields__)


class ScanCache:
    """The open cache. Errors of SQLite leave it as errors of this product."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = self._open()
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode not in NOT_A_DATABASE:
                    raise
                self._connection = self._start_again(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def files(self) -> dict[str, KnownFile]:
        """All files ever seen, by image path."""
        with self._errors():
            return {row[0]: _file(row) for row in self._connection.execute(FILES)}

    def scanned(self, model_sha256: str, threshold: float) -> set[str]:
        """The contents that this model has seen at this threshold."""
        with self._errors():
            return {row[0] for row in self._connection.execute(SCANNED, (model_sha256, threshold))}

    def remember_scans(self, scans: Iterable[tuple[str, PhotoScan]], model_sha256: str, threshold: float) -> None:
        """Keeps what these contents showed, at once and for good."""
        rows = [
            (
                sha256, model_sha256, threshold, scan.status.value, scan.error, scan.image_width, scan.image_height,
                msgspec.json.encode(scan.detections),
            )
            for sha256, scan in scans
        ]  # fmt: skip
        with self._errors(), self._connection:
            self._connection.executemany(REMEMBER_SCAN, rows)

    def remember_files(self, files: Iterable[KnownFile]) -> None:
        """Keeps these files' last sight, all of them or none."""
        rows = [msgspec.structs.astuple(file) for file in files]
        with self._errors(), self._connection:
            self._connection.executemany(REMEMBER_FILE, rows)

    def photos(self) -> Iterator[tuple[KnownFile, PhotoScan]]:
        """Every file with what its row says: what its content showed, or why nothing is known."""
        with self._errors():
            for row in self._connection.execute(FILES_WITH_SCANS):
                file = _file(row[:FILE_COLUMNS])
                status, error, width, height, detections = row[FILE_COLUMNS:]
                if file.trouble is not None:
                    yield file, PhotoScan(status=file.trouble, error=file.error)
                elif status == ScanStatus.OK:
                    found = _decoder.decode(detections)
                    yield (
                        file,
                        PhotoScan(
                            status=ScanStatus.OK,
                            image_width=width,
                            image_height=height,
                            image_category=image_category(found),
                            detections=found,
                        ),
                    )
                else:
                    yield file, PhotoScan(status=ScanStatus.UNREADABLE, error=error)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=LOCK_SECONDS)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            revision = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not tables and not revision:
                connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {REVISION}; COMMIT")
                return connection
        except BaseException:
            connection.close()
            raise
        if verdict == "ok" and revision == REVISION:
            return connection
        connection.close()
        return self._start_again(f"revision {revision} instead of {REVISION}" if verdict == "ok" else verdict)

    def _start_again(self, reason: str) -> sqlite3.Connection:
        logger.warning("The scan cache %s is unusable (%s); every photo is scanned again", self._path, reason)
        for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
        return self._open()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise TransientError(f"Another process holds the scan cache {self._path}.") from error
            raise PermanentError(
                f"The scan cache {self._path} cannot be used: {error}. It holds nothing that a new scan would not "
                "find: free the disk, correct the folder's permissions, or delete the file."
            ) from error


def _file(row: tuple[object, ...]) -> KnownFile:
    return msgspec.convert(row, KnownFile)
