"""What earlier scans saw, so that no content is looked at twice.

Belongs here: one SQLite file and its statements. Does not belong here: deciding what to scan (`scan`), what objects
mean (`rules`).

    files:    which photo had which content at last sight
    contents: with which settings a content was scanned last; that is what its photos show
    scans:    what a content showed one model

Scans are committed while a run goes on, files at its end: a run that is killed loses a few scans and no truth. The
file is only a cache, so a damaged or outdated one is thrown away with a warning.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from medical_telegram_warehouse.errors import PermanentError, TransientError
from medical_telegram_warehouse.records import Detection, PhotoScan, RuntimeName, ScanStatus
from medical_telegram_warehouse.vision.rules import SCORE_FLOOR

logger = logging.getLogger(__name__)

REVISION = 3  # counts up when tables change, or when decoding or inference give other results for the same photo
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
    error TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (
    sha256 TEXT PRIMARY KEY,
    model_name TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    runtime TEXT NOT NULL,
    threshold REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scans (
    sha256 TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    runtime TEXT NOT NULL,
    floor REAL NOT NULL, -- the lowest score that was kept
    status TEXT NOT NULL,
    error TEXT,
    image_width INTEGER,
    image_height INTEGER,
    perceptual_hash BLOB,
    detections BLOB NOT NULL,
    PRIMARY KEY (sha256, model_sha256, runtime, floor)
) WITHOUT ROWID;
"""
REMEMBER_FILE = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
REMEMBER_CONTENT = "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?)"
REMEMBER_SCAN = "INSERT OR REPLACE INTO scans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SCANNED = "SELECT sha256 FROM scans WHERE model_sha256 = ? AND runtime = ? AND floor = ?"
FILES = "SELECT * FROM files"
CONTENTS = "SELECT * FROM contents"
# What a file's content showed with the settings that it was scanned with last.
_SCANS_OF_FILES = f"""
FROM files
LEFT JOIN contents USING (sha256)
LEFT JOIN scans ON
    contents.sha256 = scans.sha256 AND contents.model_sha256 = scans.model_sha256
    AND contents.runtime = scans.runtime AND scans.floor = min({SCORE_FLOOR}, contents.threshold)
"""
_IN_ORDER = """
ORDER BY files.lake, files.channel_name, files.message_id IS NULL, files.message_id, files.image_path
"""
FILES_WITH_SCANS = f"""
SELECT
    files.*, contents.model_name, contents.model_sha256, contents.runtime, contents.threshold,
    scans.status, scans.error, scans.image_width, scans.image_height, scans.perceptual_hash, scans.detections
{_SCANS_OF_FILES} WHERE files.trouble IS NOT NULL OR scans.status IS NOT NULL {_IN_ORDER}
"""
HASHES = f"""
SELECT files.sha256, scans.perceptual_hash
{_SCANS_OF_FILES} WHERE files.trouble IS NULL AND scans.status = 'ok' {_IN_ORDER}
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


class ScanSettings(NamedTuple):
    """What a scan's result depends on, besides the photo. The order of the fields is that of the table."""

    model_name: str
    model_sha256: str
    runtime: RuntimeName
    threshold: float
    """Objects below it are not shown. What rules need is kept from SCORE_FLOOR on."""

    @property
    def floor(self) -> float:
        """The lowest score that a scan keeps."""
        return min(SCORE_FLOOR, self.threshold)

    def gives_what(self, other: ScanSettings) -> bool:
        """Whether photos show the same with other settings; a model's name says nothing."""
        return (self.key, self.threshold) == (other.key, other.threshold)

    @property
    def key(self) -> tuple[str, str, float]:
        """What a scan is kept by: a higher threshold needs no other scan."""
        return self.model_sha256, self.runtime.value, self.floor


class KnownPhoto(NamedTuple):
    """A file and what its content showed; without settings where no content is known."""

    file: KnownFile
    settings: ScanSettings | None
    scan: PhotoScan


FILE_COLUMNS = len(KnownFile.__struct_fields__)
SETTINGS_COLUMNS = len(ScanSettings._fields)


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

    def contents(self) -> dict[str, ScanSettings]:
        """All contents ever scanned, with the settings that their photos show."""
        with self._errors():
            return {sha256: _settings(rest) for sha256, *rest in self._connection.execute(CONTENTS)}

    def scanned(self, settings: ScanSettings) -> set[str]:
        """The contents that were scanned with these settings at any time."""
        with self._errors():
            return {row[0] for row in self._connection.execute(SCANNED, settings.key)}

    def remember_scans(self, scans: Iterable[tuple[str, PhotoScan]], settings: ScanSettings) -> None:
        """Keeps what these contents showed, at once and for good."""
        rows = [
            (
                sha256, *settings.key, scan.status.value, scan.error, scan.image_width, scan.image_height,
                scan.perceptual_hash, msgspec.json.encode(scan.detections),
            )
            for sha256, scan in scans
        ]  # fmt: skip
        with self._errors(), self._connection:
            self._connection.executemany(REMEMBER_SCAN, rows)
            self._connection.executemany(REMEMBER_CONTENT, [(row[0], *settings) for row in rows])

    def show(self, contents: Iterable[str], settings: ScanSettings) -> None:
        """From now on, photos of these contents show what these settings gave."""
        with self._errors(), self._connection:
            self._connection.executemany(REMEMBER_CONTENT, [(sha256, *settings) for sha256 in contents])

    def remember_files(self, files: Iterable[KnownFile]) -> None:
        """Keeps these files' last sight, all of them or none."""
        rows = [msgspec.structs.astuple(file) for file in files]
        with self._errors(), self._connection:
            self._connection.executemany(REMEMBER_FILE, rows)

    def hashes(self) -> dict[str, bytes | None]:
        """The perceptual hash of each content that a file holds and that is a picture, in the order of the files."""
        with self._errors():
            hashes: dict[str, bytes | None] = {}
            for sha256, perceptual_hash in self._connection.execute(HASHES):
                hashes.setdefault(sha256, perceptual_hash)
            return hashes

    def photos(self) -> Iterator[KnownPhoto]:
        """Every file with what its content showed, or why nothing is known; by lake, channel, message and path."""
        with self._errors():
            for row in self._connection.execute(FILES_WITH_SCANS):
                file = _file(row[:FILE_COLUMNS])
                settings = _settings(row[FILE_COLUMNS:][:SETTINGS_COLUMNS]) if row[FILE_COLUMNS] else None
                status, error, width, height, perceptual_hash, detections = row[FILE_COLUMNS + SETTINGS_COLUMNS :]
                if file.trouble is not None:
                    scan = PhotoScan(status=file.trouble, error=file.error)
                elif status == ScanStatus.OK:
                    scan = PhotoScan(
                        status=ScanStatus.OK,
                        image_width=width,
                        image_height=height,
                        perceptual_hash=perceptual_hash,
                        detections=_decoder.decode(detections),
                    )
                else:
                    scan = PhotoScan(status=ScanStatus.UNREADABLE, error=error)
                yield KnownPhoto(file, settings, scan)

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


def _settings(row: Iterable[object]) -> ScanSettings:
    return msgspec.convert(tuple(row), ScanSettings)
