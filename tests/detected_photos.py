"""Photos on a disk, and what a detections file says of them."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from medical_telegram_warehouse.records import Detection, ScanStatus
from medical_telegram_warehouse.vision.detections_read import NEEDED_COLUMNS, DetectedPhoto

GREY = (120, 120, 120)


def found(detected_class: str = "bottle", score: float = 0.5, box: tuple[float, ...] = (10, 10, 50, 40)) -> Detection:
    """An object."""
    return Detection(
        detected_class=detected_class,
        confidence_score=score,
        x_min=box[0],
        y_min=box[1],
        x_max=box[2],
        y_max=box[3],
    )


def detected(
    root: Path,
    number: int | None = 1,
    *detections: Detection,
    size: tuple[int, int] = (64, 48),
    colour: tuple[int, int, int] = GREY,
    channel: str = "shop",
    name: str | None = None,
    **changes: Any,
) -> DetectedPhoto:
    """A photo of one colour that was written below `root`, and what is known of it."""
    image_path = name or f"data/raw/images/{channel}/{number}.png"
    path = root / image_path
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, "PNG")
    values = {
        "image_path": image_path,
        "lake": "own",
        "channel_name": channel,
        "message_id": number,
        "sha256": checksum(path),
        "status": ScanStatus.OK,
        "error": None,
        "model": "yolov7-tiny",
        "confidence_threshold": 0.25,
        "image_width": size[0],
        "image_height": size[1],
        "image_category": "product_display" if detections else "other",
        "person_score": None,
        "product_score": max((each.confidence_score for each in detections), default=None),
        "detections": detections,
    }
    return DetectedPhoto(**{**values, **changes})


def unreadable(photo: DetectedPhoto, error: str = "a video (MP4), not a picture") -> DetectedPhoto:
    """What the file says of a photo that could not be read."""
    return replace(
        photo,
        status=ScanStatus.UNREADABLE,
        error=error,
        image_width=None,
        image_height=None,
        image_category=None,
        person_score=None,
        product_score=None,
        detections=(),
    )


def checksum(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_csv(
    path: Path, *photos: DetectedPhoto, columns: tuple[str, ...] = (*NEEDED_COLUMNS, "product_score", "person_score")
) -> Path:
    """A detections file of these photos, with these columns; those that nobody knows hold an x."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="x", extrasaction="ignore")
        writer.writeheader()
        for photo in photos:
            whole = {name: getattr(photo, name) for name in photo.__dataclass_fields__ if name != "detections"}
            boxes = ("detected_class", "confidence_score", "x_min", "y_min", "x_max", "y_max")
            rows = [{name: getattr(each, name) for name in boxes} for each in photo.detections]
            count = len(rows) if photo.status is ScanStatus.OK else None
            for row in rows or [dict.fromkeys(boxes)]:
                writer.writerow({**whole, **row, "num_detections": count})
    return path
