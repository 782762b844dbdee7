"""The file that carries what was seen on the photos: `data/processed/yolo_detections.csv`.

Belongs here: its columns, its order and its safe replacement. Does not belong here: where the rows come from (`scan`),
what happens to them afterwards. docs/vision.md describes each column.

    photos -> rows -> temporary file -> replaces the old CSV at once

The same photos give the same bytes: no time stands in it, and the order is that of lake, channel, message and path.
A readable photo has a row for each object, or one row without a class; any other photo has one row with the reason.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import PhotoScan, ScanStatus
from medical_telegram_warehouse.vision.cache import ScanSettings
from medical_telegram_warehouse.vision.rules import Judgement
from medical_telegram_warehouse.vision.whole_file import replacing

CSV_COLUMNS = (
    "channel_name", "message_id", "image_path", "lake", "sha256", "file_size", "image_width", "image_height",
    "status", "error", "model", "confidence_threshold", "detection_index", "detected_class", "confidence_score",
    "x_min", "y_min", "x_max", "y_max", "image_category", "num_detections",
    "model_sha256", "runtime", "person_score", "product_score", "offered_category", "image_group",
)  # fmt: skip

Cell = str | int | float | None


@dataclass(frozen=True)
class ScannedPhoto:
    """One photo file, and what is known of it. A readable one has settings, a judgement and a group."""

    image_path: str
    lake: str
    channel_name: str
    message_id: int | None
    file_size: int | None
    sha256: str | None
    scan: PhotoScan
    settings: ScanSettings | None
    judgement: Judgement | None
    image_group: str | None


def write_detections(csv_path: Path, photos: Iterable[ScannedPhoto]) -> None:
    """Replaces the CSV, so that a reader sees the old file or the new one and never half of either.

    Args:
        csv_path: the file to replace.
        photos: by lake, channel, message and path.

    Raises:
        PermanentError: The file cannot be written there.
    """
    try:
        with replacing(csv_path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(CSV_COLUMNS)
            for photo in photos:
                writer.writerows(_rows(photo))
            text.flush()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PermanentError(f"The detections cannot be written to {csv_path}: {error.strerror or error}.") from error


def _rows(photo: ScannedPhoto) -> Iterator[tuple[Cell, ...]]:
    scan, settings, judgement = photo.scan, photo.settings, photo.judgement
    start = (
        photo.channel_name, photo.message_id, photo.image_path, photo.lake, photo.sha256, photo.file_size,
        scan.image_width, scan.image_height, scan.status.value, scan.error,
        settings and settings.model_name, settings and settings.threshold,
    )  # fmt: skip
    model = (settings and settings.model_sha256, settings and settings.runtime.value)
    if scan.status is not ScanStatus.OK or judgement is None or settings is None:
        yield *start, *(None,) * 9, *model, *(None,) * 4
        return
    shown = [found for found in scan.detections if found.confidence_score >= settings.threshold]
    end = (
        judgement.image_category.value, len(shown), *model, judgement.evidence.person, judgement.evidence.product,
        judgement.offered_category.value, photo.image_group,
    )  # fmt: skip
    for index, found in enumerate(shown):
        box = (found.x_min, found.y_min, found.x_max, found.y_max)
        yield *start, index, found.detected_class, found.confidence_score, *box, *end
    if not shown:
        yield *start, 0, None, None, None, None, None, None, *end
