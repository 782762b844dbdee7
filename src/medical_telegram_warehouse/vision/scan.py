"""Scans the photos of the lakes and writes what was seen.

Belongs here: which photos must be looked at again, and what became of the others. Does not belong here: finding the
photo files (`lake`), the model (`weights`), loading the CSV (`load`).

    photo files -> size and mtime, or checksum -> new contents through the pool -> cache -> CSV and summary

A third to a half of the photos in these channels are exact copies, so a content is scanned once for a model and a
threshold, however many messages carry it. A run that ends early goes on where it ended; a run without new photos
loads no model.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.records import PhotoFile, PhotoScan, ScanStatus
from medical_telegram_warehouse.vision.cache import KnownFile, ScanCache
from medical_telegram_warehouse.vision.content import Sight, look_at, read_content
from medical_telegram_warehouse.vision.detections_csv import ScannedPhoto, write_detections
from medical_telegram_warehouse.vision.weights import ModelFile

if TYPE_CHECKING:
    from medical_telegram_warehouse.vision.pool import ScanPool

logger = logging.getLogger(__name__)

GONE = "the file is gone from its lake"


@dataclass(frozen=True)
class ScanSummary:
    """What a scan did, and what the CSV now holds."""

    photos: int
    """Photo files seen in this run."""
    contents: int
    """Distinct contents among them."""
    scanned: int
    """Contents that went through the model now."""
    reused: int
    """Contents that were known from earlier runs."""
    unreadable: int
    """Rows of the CSV that are no pictures; like the next three, this counts lakes out of reach as well."""
    missing: int
    """Rows of the CSV whose file is gone."""
    detections: int
    """Rows of the CSV that hold an object."""
    categories: dict[str, int]
    """How many readable photos of the CSV have each category."""
    seconds: float
    photos_per_second: float


def scan_photos(
    photos: Iterable[PhotoFile],
    model: ModelFile,
    *,
    cache_path: Path,
    csv_path: Path,
    confidence_threshold: float,
    workers: int,
    reachable_lakes: Collection[str],
) -> ScanSummary:
    """Brings the cache and the CSV up to date with these photos.

    Args:
        photos: Every photo file of the lakes that can be read now.
        model: What to scan with.
        cache_path: Where earlier results are kept.
        csv_path: The file to replace.
        confidence_threshold: The lowest score of an object that is kept.
        workers: How many photos are scanned at once.
        reachable_lakes: The lakes that `photos` covers: a photo known from one of them and not in `photos` is
            missing. What is known of other lakes stays as it was.

    Raises:
        ModelError: The model cannot be used. It is loaded only if there is a content to scan.
        PermanentError: The cache or the CSV cannot be written.
    """
    started = time.monotonic()
    listed = {_storable(photo.image_path): photo for photo in photos}
    with ScanCache(cache_path) as cache:
        run = _Run(cache, model, confidence_threshold, max(1, workers))
        seen = run.look_at_all(listed)
        lakes = set(reachable_lakes)
        gone = [
            msgspec.structs.replace(file, mtime_ns=None, trouble=ScanStatus.MISSING, error=GONE)
            for path, file in run.known.items()
            if path not in listed and file.lake in lakes and file.trouble is not ScanStatus.MISSING
        ]
        cache.remember_files(seen + gone)
        rows = [_row(file, scan) for file, scan in cache.photos()]
    write_detections(csv_path, rows)
    seconds = time.monotonic() - started
    contents = {file.sha256 for file in seen if file.trouble is None}
    statuses = Counter(row.scan.status for row in rows)
    categories = Counter(row.scan.image_category.value for row in rows if row.scan.image_category)
    summary = ScanSummary(
        photos=len(listed),
        contents=len(contents),
        scanned=len(run.new_contents),
        reused=len(contents - run.new_contents),
        unreadable=statuses[ScanStatus.UNREADABLE],
        missing=statuses[ScanStatus.MISSING],
        detections=sum(len(row.scan.detections) for row in rows),
        categories=dict(sorted(categories.items())),
        seconds=seconds,
        photos_per_second=len(listed) / seconds if seconds else 0.0,
    )
    logger.info(
        "Looked at %d photos in %.1f s: %d contents scanned, %d known; %d unreadable, %d missing",
        *(summary.photos, seconds, summary.scanned, summary.reused, summary.unreadable, summary.missing),
    )
    return summary


class _Run:
    """One walk over the photos."""

    def __init__(self, cache: ScanCache, model: ModelFile, threshold: float, workers: int) -> None:
        self._cache = cache
        self._model = model
        self._threshold = threshold
        self._workers = workers
        self._scanned = cache.scanned(model.sha256, threshold)
        self.known = cache.files()
        self.new_contents: set[str] = set()

    def look_at_all(self, photos: dict[str, PhotoFile]) -> list[KnownFile]:
        """Every photo's present state; when this returns, all their contents are scanned and kept."""
        progress = Progress(logger, "photos", len(photos))
        seen: list[KnownFile] = []
        with ExitStack() as stack:
            pool: ScanPool | None = None

            def submit(sha256: str, data: bytes | None) -> None:
                nonlocal pool
                if pool is None:
                    pool = stack.enter_context(self._pool())
                self.new_contents.add(sha256)
                pool.submit(sha256, data)

            for path in sorted(photos):
                seen.append(self._look_at(path, photos[path], submit))
                progress.advance()
        return seen

    def _look_at(self, path: str, photo: PhotoFile, submit: Callable[[str, bytes | None], None]) -> KnownFile:
        known = self.known.get(path)
        try:
            sight = look_at(photo.path)
            if known and (known.size, known.mtime_ns) == (sight.size, sight.mtime_ns) and self._has(known.sha256):
                return self._state(path, photo, sight, known.sha256)
            content = read_content(photo.path)
        except FileNotFoundError:
            lost = self._state(path, photo, None, known.sha256 if known else None)
            size = known.size if known else None
            return msgspec.structs.replace(lost, size=size, trouble=ScanStatus.MISSING, error=GONE)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            locked = self._state(path, photo, None, None)
            return msgspec.structs.replace(locked, trouble=ScanStatus.UNREADABLE, error=reason)
        if not self._has(content.sha256):
            submit(content.sha256, content.data)
        return self._state(path, photo, content.sight, content.sha256)

    def _has(self, sha256: str | None) -> bool:
        return sha256 in self._scanned or sha256 in self.new_contents

    def _state(self, path: str, photo: PhotoFile, sight: Sight | None, sha256: str | None) -> KnownFile:
        return KnownFile(
            image_path=path,
            lake=_storable(photo.lake),
            channel_name=_storable(photo.channel_name),
            message_id=photo.message_id,
            size=sight.size if sight else None,
            mtime_ns=sight.mtime_ns if sight else None,
            sha256=sha256,
            trouble=None,
            error=None,
            model_name=self._model.name,
            model_sha256=self._model.sha256,
            threshold=self._threshold,
        )

    def _pool(self) -> ScanPool:
        from medical_telegram_warehouse.vision.pool import ScanPool  # loads numpy, Pillow and onnxruntime

        def keep(scans: list[tuple[str, PhotoScan]]) -> None:
            self._cache.remember_scans(scans, self._model.sha256, self._threshold)

        return ScanPool(self._model, threshold=self._threshold, workers=self._workers, keep=keep)


def _row(file: KnownFile, scan: PhotoScan) -> ScannedPhoto:
    return ScannedPhoto(
        image_path=file.image_path,
        lake=file.lake,
        channel_name=file.channel_name,
        message_id=file.message_id,
        file_size=file.size,
        sha256=file.sha256,
        model=file.model_name,
        confidence_threshold=file.threshold,
        scan=scan,
    )


def _storable(text: str) -> str:
    """A name as UTF-8 can hold it: on Linux a file's name may be any bytes, in SQLite and PostgreSQL not."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
