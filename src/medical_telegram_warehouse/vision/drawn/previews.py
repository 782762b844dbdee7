"""Thumbnails of photos, and previews with boxes: one of each for every scanned content, made when they are missing.

Belongs here: which previews are wanted, and making them with a few threads. Does not belong here: their names
(`preview_folder`), making those of one photo (`preview_making`).

    detections file -> wanted names - names in the folder -> photo read, checked, decoded once -> WebP files
                                      names in the folder - wanted names -> removed

The folder is listed once, and nothing in it is opened: the cost of a run grows with what is new.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.records import Detection, ScanStatus
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto
from medical_telegram_warehouse.vision.drawn.known_photo import PhotoUnavailableError
from medical_telegram_warehouse.vision.drawn.preview_folder import (
    PreviewKind,
    content_of,
    list_previews,
    preview_name,
    preview_path,
    remove_previews,
)
from medical_telegram_warehouse.vision.rules import Categories

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreviewSummary:
    """What was done. A content's thumbnail and its preview with boxes count as one."""

    contents: int
    """Different readable photos of the detections file, or of the one channel."""
    made: int
    already_there: int
    removed: int
    """Files: of photos that the detections file no longer has, or with boxes that are not the present ones."""
    failed: dict[str, int]
    """How many contents have no previews, by reason."""
    seconds: float

    @property
    def headline(self) -> str:
        """It in one line."""
        if not self.contents and not self.removed:
            return "no readable photo was scanned yet"
        if not self.made and not self.removed and not self.failed:
            return f"nothing to do, all {self.contents:,} photos have their previews"
        parts = [f"previews of {self.made:,} photos made"]
        if self.already_there:
            parts.append(f"{self.already_there:,} had theirs")
        if self.removed:
            parts.append(f"{self.removed:,} old files removed")
        if self.failed:
            parts.append(f"{sum(self.failed.values()):,} photos failed")
        return "; ".join(parts)


@dataclass
class _Content:
    """A content, where it lies, and what is to be made of it: what to draw, by the file's name."""

    paths: list[Path] = field(default_factory=list)
    missing: dict[str, tuple[PreviewKind, Sequence[Detection]]] = field(default_factory=dict)


def preview_of(
    photo: Path,
    sha256: str,
    detections: Sequence[Detection],
    kind: PreviewKind,
    *,
    folder: Path,
    categories: Categories,
) -> Path:
    """The file of one preview, which is made if it is not there.

    Args:
        photo: Where the photo lies. It is read only if the preview must be made.
        sha256: The photo's checksum when it was scanned.
        detections: In pixels of the upright full photo.
        kind: Which of the two previews.
        folder: Where previews are kept.
        categories: Tell the colours of persons, products and other objects.

    Raises:
        ValueError: `sha256` is not a checksum.
        PhotoChangedError: The file holds another content by now.
        PhotoUnavailableError: It is gone, or it is no picture.
        PermanentError: The preview cannot be written.
    """
    name = preview_name(sha256, kind, detections, categories)
    path = preview_path(folder, name)
    if not path.is_file():
        from medical_telegram_warehouse.vision.drawn.preview_making import (
            make_content_previews,  # loads numpy and Pillow
        )

        make_content_previews([photo], sha256, {name: (kind, detections)}, folder, categories)
    return path


def make_previews(
    photos: Iterable[DetectedPhoto],
    folder: Path,
    *,
    relative_to: Path,
    categories: Categories,
    workers: int,
    channel: str | None = None,
) -> PreviewSummary:
    """Makes the previews that are missing and removes those that are wanted no more. May be stopped at any time.

    A preview stays as long as the detections file has its photo, also when the photo itself is gone.

    Args:
        photos: All photos of the detections file.
        folder: Where previews are kept.
        relative_to: Where the photos' relative names start.
        categories: Tell the colours of persons, products and other objects.
        workers: How many photos are worked on at once.
        channel: Make those of this channel only.

    Raises:
        PermanentError: The folder cannot be read or written.
    """
    started = time.monotonic()
    present = list_previews(folder)
    contents: dict[str, _Content] = {}
    wanted: set[str] = set()
    readable: set[str] = set()
    known: set[str] = set()
    for photo in photos:
        if photo.sha256 is None:
            continue
        known.add(photo.sha256)
        if photo.status is not ScanStatus.OK:
            continue
        readable.add(photo.sha256)
        is_asked_for = channel is None or photo.channel_name == channel
        content = contents.setdefault(photo.sha256, _Content()) if is_asked_for else None
        for kind in PreviewKind:
            name = preview_name(photo.sha256, kind, photo.detections, categories)
            wanted.add(name)
            if content is not None and name not in present:
                content.missing[name] = (kind, photo.detections)
        if content is not None:
            content.paths.append(photo.path(relative_to))
    unfinished = {sha256: content for sha256, content in contents.items() if content.missing}
    failed = _make_all(unfinished, folder, categories, workers) if unfinished else Counter[str]()
    # Of a photo that is gone nothing says any more what should be drawn.
    gone = known - readable
    left_over = {name for name in present - wanted if content_of(name) not in gone}
    remove_previews(folder, left_over)
    summary = PreviewSummary(
        contents=len(contents),
        made=len(unfinished) - failed.total(),
        already_there=len(contents) - len(unfinished),
        removed=len(left_over),
        failed=dict(failed.most_common()),
        seconds=time.monotonic() - started,
    )
    if unfinished or left_over:
        logger.info("%s (%.1f s)", summary.headline, summary.seconds)
    return summary


def _make_all(contents: dict[str, _Content], folder: Path, categories: Categories, workers: int) -> Counter[str]:
    """Make what is missing; the reasons of those that failed. Each thread holds one photo in memory."""
    from medical_telegram_warehouse.vision.drawn.preview_making import make_content_previews  # loads numpy and Pillow

    def make(item: tuple[str, _Content]) -> str | None:
        try:
            make_content_previews(item[1].paths, item[0], item[1].missing, folder, categories)
        except PhotoUnavailableError as error:
            return error.reason
        return None

    progress = Progress(logger, "previews", len(contents))
    failed: Counter[str] = Counter()
    executor = ThreadPoolExecutor(max(1, workers), thread_name_prefix="previews")
    try:
        for reason in executor.map(make, contents.items()):
            if reason is not None:
                failed[reason] += 1
            progress.advance()
    finally:
        executor.shutdown(cancel_futures=True)  # after an error or Ctrl-C, only what is begun is finished
    return failed
