"""The file that carries what was seen on the photos: `data/processed/yolo_detections.csv`.

Belongs here: its columns, its order and its safe replacement. Does not belong here: where the rows come from (`scan`),
what happens to them afterwards.

    (file, scan) pairs -> sorted rows -> temporary file -> replaces the old CSV at once

The same photos give the same bytes: no time stands in it, and the order is that of lake, channel, message and path.
A readable photo has a row for each object, or one row without a class; any other photo has one row with the reason.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import PhotoScan, ScanStatus

CSV_COLUMNS = (
    "channel_name", "message_id", "image_path", "lake", "sha256", "file_size", "image_width", "image_height",
    "status", "error", "model", "confidence_threshold", "detection_index", "detected_class", "confidence_score",
    "x_min", "y_min", "x_max", "y_max", "image_category", "num_detections",
)  # fmt: skip

Cell = str | int | float | None


@dataclass(frozen=True)
class ScannedPhoto:
    """One photo file, and what is known of it."""

    image_path: str
    lake: str
    channel_name: str
    message_id: int | None
    file_size: int | None
    sha256: str | None
    model: str
    confidence_threshold: float
    scan: PhotoScan


def write_detections(csv_path: Path, photos: Iterable[ScannedPhoto]) -> None:
    """Replaces the CSV, so that a reader sees the old file or the new one and never half of either.

    Raises:
        PermanentError: The file cannot be written there.
    """
    try:
        csv_path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=csv_path.parent, prefix=f".{csv_path.name}.", delete=False, encoding="utf-8", newline=""
        ) as file:
            temporary = Path(file.name)
            try:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(CSV_COLUMNS)
                for photo in sorted(photos, key=_order):
                    writer.writerows(_rows(photo))
                file.flush()
                os.fsync(file.fileno())
                file.close()
                temporary.chmod(0o644)
                temporary.replace(csv_path)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise PermanentError(f"The detections cannot be written to {csv_path}: {error.strerror or error}.") from error


def _order(photo: ScannedPhoto) -> tuple[str, str, bool, int, str]:
    unnumbered = photo.message_id is None
    return photo.lake, photo.channel_name, unnumbered, photo.message_id or 0, photo.image_path


def _rows(photo: ScannedPhoto) -> Iterator[tuple[Cell, ...]]:
    scan = photo.scan
    start = (
        photo.channel_name, photo.message_id, photo.image_path, photo.lake, photo.sha256, photo.file_size,
        scan.image_width, scan.image_height, scan.status.value, scan.error, photo.model, photo.confidence_threshold,
    )  # fmt: skip
    if scan.status is not ScanStatus.OK:
        yield *start, None, None, None, None, None, None, None, None, None
        return
    category = scan.image_category.value if scan.image_category else None
    count = len(scan.detections)
    for index, found in enumerate(scan.detections):
        box = (found.x_min, found.y_min, found.x_max, found.y_max)
        yield *start, index, found.detected_class, found.confidence_score, *box, category, count
    if not count:
        yield *start, 0, None, None, None, None, None, None, category, 0
