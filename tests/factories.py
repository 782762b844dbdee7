"""Small makers of records, lake files and rows, with defaults for whatever a test does not speak of."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.records import Message
from medical_telegram_warehouse.vision.detections_csv import CSV_COLUMNS

PROJECT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAY = date(2026, 9, 30)
# For generated input: a busy machine is no failure.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def message(message_id: int = 1, **changes: Any) -> Message:
    """A message as our own sources make it."""
    values: dict[str, Any] = {
        "message_id": message_id,
        "channel_name": "shop",
        "message_date": datetime(2026, 9, 30, 8, tzinfo=UTC),
        "message_text": f"Zinc syrup {message_id}",
        "views": 10 * message_id,
        "scraped_at": datetime(2026, 9, 30, 20, tzinfo=UTC),
        "source": "sample",
    }
    return Message(**{**values, **changes})


def record(message_id: Any = 1, **changes: Any) -> dict[str, Any]:
    """A record as another scraper writes it: without `source`, so its text may hold Markdown marks."""
    values: dict[str, Any] = {
        "message_id": message_id,
        "channel_name": "shop",
        "message_date": "2026-09-30T08:00:00+00:00",
        "message_text": f"Zinc syrup {message_id}",
        "views": 10,
    }
    return {**values, **changes}


def line(message_id: Any = 1, **changes: Any) -> bytes:
    """A record as a line of a lake file."""
    return json.dumps(record(message_id, **changes)).encode() + b"\n"


def lake_file(root: Path, content: bytes, *, day: date | str = DAY, name: str = "shop.jsonl") -> Path:
    """Write one message file of a lake."""
    path = root / "telegram_messages" / str(day) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def lake(root: Path, name: str = "other") -> Lake:
    """A lake that exists."""
    root.mkdir(parents=True, exist_ok=True)
    return Lake(name, root)


@contextmanager
def deep_folders(root: Path, count: int) -> Iterator[None]:
    """Folders named `a`, each in the one before: deeper than any path can name, and gone again at the end.

    Python's own removal of a tree calls itself for each, and pytest would leave them behind.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = os.open(root, os.O_RDONLY)
    for _ in range(count):
        os.mkdir("a", dir_fd=folder)
        inner = os.open("a", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    yield
    while (root / "a/a").exists():
        (root / "a/a").rename(root / "next")
        (root / "a").rmdir()
        (root / "next").rename(root / "a")


def detections_csv(path: Path, *rows: dict[str, Any]) -> Path:
    """Write a detections file; each row needs only what differs from a photo with one bottle."""
    defaults: dict[str, Any] = {
        "channel_name": "shop",
        "message_id": 1,
        "image_path": "data/raw/images/shop/1.jpg",
        "lake": "own",
        "sha256": "aa",
        "file_size": 100,
        "image_width": 64,
        "image_height": 48,
        "status": "ok",
        "error": "",
        "model": "yolov7-tiny",
        "confidence_threshold": 0.25,
        "detection_index": 0,
        "detected_class": "bottle",
        "confidence_score": 0.5,
        "x_min": 1,
        "y_min": 2,
        "x_max": 30,
        "y_max": 40,
        "image_category": "product_display",
        "num_detections": 1,
        "model_sha256": "ee",
        "runtime": "onnxruntime",
        "person_score": "",
        "product_score": 0.5,
        "offered_category": "product_display",
        "image_group": "aa",
    }
    lines = [",".join(CSV_COLUMNS)]
    lines += [",".join(str({**defaults, **row}[name]) for name in CSV_COLUMNS) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def copied_project(folder: Path) -> Path:
    """A copy of the dbt project in a folder that is made, so that a test may edit it."""
    shutil.copytree(PROJECT / "warehouse", folder / "warehouse")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, folder)
    return folder
