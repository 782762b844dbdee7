"""The file of detections, which anybody may have edited: each photo is read whole, or the file is refused."""

from __future__ import annotations

import csv
import io
import math
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given

from fuzz.mutations import each_seed, fuzzed, mutated_bytes
from medical_telegram_warehouse.records import ScanStatus
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto, DetectionsFileError, read_detections

TOKENS = [
    *(b",", b",,", b'"', b'""', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"nan", b"inf", b"1e999"),
    *(b"-1", b"1_0", b"\xd9\xa3", b"9" * 400, b"9" * 5000, b"ok", b"unreadable", b"missing", b"sha256", b"lake"),
    *(b"status", b"\t", b"x" * 140_000, b"../../secret.jpg", b"aa" * 32),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detections")


def read(path: Path) -> list[DetectedPhoto] | str:
    try:
        return list(read_detections(path))
    except DetectionsFileError as error:
        return str(error)


def check(folder: Path, content: bytes) -> None:
    path = folder / "yolo_detections.csv"
    path.write_bytes(content)
    found = read(path)
    assert found == read(path)
    if isinstance(found, str):
        assert found.startswith(str(path))
        return
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert len(found) == len(list(groupby(rows, key=lambda row: (row["lake"], row["image_path"])))), "none is lost"
    assert sum(len(photo.detections) for photo in found) == sum(bool(row["detected_class"]) for row in rows)
    for photo in found:
        assert photo.status is not ScanStatus.OK or (photo.image_width and photo.image_height and photo.sha256)
        scores = (photo.confidence_threshold, photo.person_score, photo.product_score)
        boxes = [(each.confidence_score, each.x_min, each.y_min, each.x_max, each.y_max) for each in photo.detections]
        assert all(math.isfinite(number) for group in (scores, *boxes) for number in group if number is not None)


@each_seed("detections")
def test_each_seed_is_read_or_refused(folder: Path, seed: bytes) -> None:
    check(folder, seed)


@fuzzed(2)
@given(content=mutated_bytes("detections", TOKENS))
def test_any_file_is_read_whole_or_refused(folder: Path, content: bytes) -> None:
    check(folder, content)
