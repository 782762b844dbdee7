"""The detections file read back: what `detections_csv` wrote, a photo at a time.

Belongs here: finding the columns by their names, putting a photo's rows together, refusing a damaged file. Does not
belong here: the photos themselves (`known_photo`), what is made of them (`previews`, `sheet`).

    yolo_detections.csv -> rows -> one DetectedPhoto for each photo, in the file's order

The file may have more columns than are used here, in any order.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection, ScanStatus

NEEDED_COLUMNS = (
    "channel_name", "message_id", "image_path", "lake", "sha256", "image_width", "image_height", "status", "error",
    "model", "confidence_threshold", "detected_class", "confidence_score", "x_min", "y_min", "x_max", "y_max",
    "image_category", "num_detections",
)  # fmt: skip

Row = dict[str, str]
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DetectionsFileError(PermanentError):
    """The detections file is missing or damaged."""


@dataclass(frozen=True)
class DetectedPhoto:
    """One photo of the detections file. What the file leaves empty is None."""

    image_path: str
    """Relative to the folder that holds the data folder, or absolute."""
    lake: str
    channel_name: str
    message_id: int | None
    sha256: str | None
    status: ScanStatus
    error: str | None
    model: str | None
    confidence_threshold: float | None
    image_width: int | None
    image_height: int | None
    image_category: str | None
    person_score: float | None
    product_score: float | None
    detections: tuple[Detection, ...]

    def path(self, relative_to: Path) -> Path:
        """Where the photo lies, if relative names start at `relative_to`."""
        return relative_to / self.image_path


def read_detections(csv_path: Path) -> Iterator[DetectedPhoto]:
    """Every photo of the file, in its order.

    Raises:
        DetectionsFileError: The file is missing, or is not what a scan writes; the message names the line.
    """
    try:
        with csv_path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in NEEDED_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise _damaged(csv_path, f"it has no column {', '.join(missing)}")
            for _, rows in groupby(reader, key=lambda row: (row["lake"], row["image_path"])):
                try:
                    yield _photo(list(rows))
                except ValueError as error:
                    raise _damaged(csv_path, f"the photo that ends in line {reader.line_num}: {error}") from error
    except FileNotFoundError as error:
        raise DetectionsFileError(f"there is no {csv_path} yet: `mtw detect` makes it") from error
    except OSError as error:
        raise DetectionsFileError(f"cannot read {csv_path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(csv_path, str(error)) from error


def _damaged(csv_path: Path, what: str) -> DetectionsFileError:
    return DetectionsFileError(f"{csv_path} is damaged: {what}; `mtw detect` writes it anew")


def _photo(rows: list[Row]) -> DetectedPhoto:
    if any(None in row or None in row.values() for row in rows):  # csv's way to say so
        raise ValueError("a line has too few columns, or too many")
    row = rows[0]
    status = ScanStatus(row["status"])
    detections = tuple(_detection(each) for each in rows if each["detected_class"])
    if len(detections) != int(row["num_detections"] or 0):
        raise ValueError(f"it should have {row['num_detections']} objects, and {len(detections)} are there")
    is_ok = status is ScanStatus.OK
    if is_ok and not _SHA256.fullmatch(row["sha256"]):
        raise ValueError(f"{row['sha256']!r} is not a checksum")
    return DetectedPhoto(
        image_path=row["image_path"],
        lake=row["lake"],
        channel_name=row["channel_name"],
        message_id=int(row["message_id"]) if row["message_id"] else None,
        sha256=row["sha256"] or None,
        status=status,
        error=row["error"] or None,
        model=row["model"] or None,
        confidence_threshold=_score(row["confidence_threshold"]),
        image_width=int(row["image_width"]) if is_ok else None,
        image_height=int(row["image_height"]) if is_ok else None,
        image_category=row["image_category"] or None,
        person_score=_score(row.get("person_score")),
        product_score=_score(row.get("product_score")),
        detections=detections,
    )


def _detection(row: Row) -> Detection:
    return Detection(
        detected_class=row["detected_class"],
        confidence_score=_number(row["confidence_score"]),
        x_min=_number(row["x_min"]),
        y_min=_number(row["y_min"]),
        x_max=_number(row["x_max"]),
        y_max=_number(row["y_max"]),
    )


def _score(text: str | None) -> float | None:
    return _number(text) if text else None


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number
