"""Scans the photos of the lakes and writes what was seen.

Belongs here: which photos must be looked at again, and what became of the others. Does not belong here: finding the
photo files (`lake`), the model (`weights`), what objects mean (`rules`), loading the CSV (`load`).

    photo files -> size and mtime, or checksum -> new contents through the pool -> cache -> CSV and summary

A third to a half of the photos in these channels are exact copies, so a content is scanned once, however many messages
carry it. A run that ends early goes on where it ended; a run without new photos loads no model. Another model, runtime
or threshold applies to new contents; what was scanned before changes on request, and until then is counted as stale.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.records import PhotoFile, PhotoScan, RuntimeName, ScanStatus
from medical_telegram_warehouse.vision.cache import KnownFile, KnownPhoto, ScanCache, ScanSettings
from medical_telegram_warehouse.vision.content import Sight, look_at, read_content
from medical_telegram_warehouse.vision.detections_csv import ScannedPhoto, write_detections
from medical_telegram_warehouse.vision.likeness import image_groups
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.rules import Categories, judge

if TYPE_CHECKING:
    from medical_telegram_warehouse.vision.pool import ScanPool

logger = logging.getLogger(__name__)

GONE = "the file is gone from its lake"


class ScanOptions(NamedTuple):
    """How to scan."""

    model: ModelFile
    categories: Categories
    confidence_threshold: float
    """Objects below it are not shown."""
    runtime: RuntimeName = RuntimeName.ONNXRUNTIME
    workers: int = 1
    """How many photos are scanned at once."""
    rescan: bool = False
    """Whether contents that were scanned with other settings are scanned again."""

    @property
    def settings(self) -> ScanSettings:
        """What results depend on."""
        return ScanSettings(self.model.name, self.model.sha256, self.runtime, self.confidence_threshold)


@dataclass
class ScanSummary:
    """What a scan did, and what the CSV now holds."""

    photos: int = 0
    """Photo files seen in this run."""
    contents: int = 0
    """Distinct contents among them."""
    scanned: int = 0
    """Contents that went through the model now."""
    reused: int = 0
    """Contents that were known from earlier runs."""
    stale: int = 0
    """Contents among them that show what another model, runtime or threshold gave."""
    unreadable: int = 0
    """Photos of the CSV that are no pictures; like the next four, this counts lakes out of reach as well."""
    missing: int = 0
    """Photos of the CSV whose file is gone."""
    detections: int = 0
    """Rows of the CSV that hold an object."""
    image_groups: int = 0
    """Different pictures among the readable photos: copies and re-encoded copies count once."""
    categories: dict[str, int] = field(default_factory=dict)
    """How many readable photos of the CSV have each category."""
    seconds: float = 0.0
    photos_per_second: float = 0.0
    """Contents that were scanned, by the time that the whole step took; 0 where none was."""


def scan_photos(
    photos: Iterable[PhotoFile],
    options: ScanOptions,
    *,
    cache_path: Path,
    csv_path: Path,
    reachable_lakes: Collection[str],
) -> ScanSummary:
    """Brings the cache and the CSV up to date with these photos.

    Args:
        photos: Every photo file of the lakes that can be read now.
        options: How to scan.
        cache_path: Where earlier results are kept.
        csv_path: The file to replace.
        reachable_lakes: The lakes that `photos` covers: a photo known from one of them and not in `photos` is
            missing. What is known of other lakes stays as it was.

    Raises:
        ModelError: The model cannot be used. It is loaded only if there is a content to scan.
        PermanentError: The cache or the CSV cannot be written.
    """
    started = time.monotonic()
    listed = {_storable(photo.image_path): photo for photo in photos}
    with ScanCache(cache_path) as cache:
        run = _Run(cache, options)
        changed, contents = run.look_at_all(listed)
        lakes = set(reachable_lakes)
        gone = [
            msgspec.structs.replace(file, mtime_ns=None, trouble=ScanStatus.MISSING, error=GONE)
            for path, file in run.known.items()
            if path not in listed and file.lake in lakes and file.trouble is not ScanStatus.MISSING
        ]
        cache.remember_files(changed + gone)
        summary = ScanSummary(
            photos=len(listed),
            contents=len(contents),
            scanned=len(run.new_contents),
            reused=len(contents - run.new_contents),
        )
        write_detections(csv_path, _judged(cache, options, contents, summary))
    summary.seconds = time.monotonic() - started
    summary.photos_per_second = summary.scanned / summary.seconds if summary.seconds else 0.0
    logger.info(
        "Looked at %d photos in %.1f s: %d contents scanned, %d known; %d unreadable, %d missing",
        *(summary.photos, summary.seconds, summary.scanned, summary.reused, summary.unreadable, summary.missing),
    )
    return summary


def _judged(
    cache: ScanCache, options: ScanOptions, contents: Collection[str | None], summary: ScanSummary
) -> Iterator[ScannedPhoto]:
    """Every photo that is known, judged; counts them in the summary on the way."""
    groups = image_groups(cache.hashes().items())
    summary.image_groups = len(set(groups.values()))
    stale: set[str | None] = set()
    categories: Counter[str] = Counter()
    for known in cache.photos():
        photo = _row(known, options.categories, groups)
        if known.settings and known.scan.status is ScanStatus.OK:
            if not known.settings.gives_what(options.settings) and known.file.sha256 in contents:
                stale.add(known.file.sha256)
            lowest = known.settings.threshold
            summary.detections += sum(found.confidence_score >= lowest for found in known.scan.detections)
        if photo.judgement:
            categories[photo.judgement.image_category.value] += 1
        summary.unreadable += known.scan.status is ScanStatus.UNREADABLE
        summary.missing += known.scan.status is ScanStatus.MISSING
        yield photo
    summary.stale = len(stale)
    summary.categories = dict(sorted(categories.items()))


def _row(known: KnownPhoto, categories: Categories, groups: dict[str, str]) -> ScannedPhoto:
    file, scan = known.file, known.scan
    return ScannedPhoto(
        image_path=file.image_path,
        lake=file.lake,
        channel_name=file.channel_name,
        message_id=file.message_id,
        file_size=file.size,
        sha256=file.sha256,
        scan=scan,
        settings=known.settings,
        judgement=(
            judge(scan.detections, scan.image_width, scan.image_height, categories)
            if scan.image_width and scan.image_height
            else None
        ),
        image_group=groups.get(file.sha256) if file.sha256 and scan.status is ScanStatus.OK else None,
    )


class _Run:
    """One walk over the photos."""

    def __init__(self, cache: ScanCache, options: ScanOptions) -> None:
        self._cache = cache
        self._options = options
        self._settings = options.settings
        self._contents = cache.contents()
        self._scanned = cache.scanned(self._settings) if options.rescan else set()
        self._to_show: set[str] = set()
        self.known = cache.files()
        self.new_contents: set[str] = set()

    def look_at_all(self, photos: dict[str, PhotoFile]) -> tuple[list[KnownFile], set[str | None]]:
        """The photos whose state is another than it was, and the contents of all; each content is scanned and kept."""
        progress = Progress(logger, "photos", len(photos))
        changed: list[KnownFile] = []
        contents: set[str | None] = set()
        with ExitStack() as stack:
            pool: ScanPool | None = None

            def submit(sha256: str, data: bytes | None) -> None:
                nonlocal pool
                if pool is None:
                    pool = stack.enter_context(self._pool())
                self.new_contents.add(sha256)
                pool.submit(sha256, data)

            for path in sorted(photos):
                seen = self._look_at(path, photos[path], submit)
                if seen != self.known.get(path):
                    changed.append(seen)
                if seen.trouble is None:
                    contents.add(seen.sha256)
                progress.advance()
        self._cache.show(self._to_show, self._settings)
        return changed, contents

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
        """Whether a content needs no scan now."""
        if sha256 is None or sha256 in self.new_contents:
            return sha256 is not None
        scanned_with = self._contents.get(sha256)
        if scanned_with is None:
            return False
        if not self._options.rescan or scanned_with.gives_what(self._settings):
            return True
        if sha256 in self._scanned:
            self._to_show.add(sha256)
            return True
        return False

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
        )

    def _pool(self) -> ScanPool:
        from medical_telegram_warehouse.vision.pool import ScanPool, load_detector  # loads numpy, Pillow, a runtime

        def keep(scans: list[tuple[str, PhotoScan]]) -> None:
            self._cache.remember_scans(scans, self._settings)

        options = self._options
        workers = max(1, options.workers)
        detector = load_detector(options.model, options.runtime, options.categories, workers)
        return ScanPool(detector, floor=self._settings.floor, workers=workers, keep=keep)


def _storable(text: str) -> str:
    """A name as UTF-8 can hold it: on Linux a file's name may be any bytes, in SQLite and PostgreSQL not."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
