"""The scan's CSV -> the raw schema: a photo's rows replace its rows, and a lost file erases nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from conftest import Database
from factories import detections_csv
from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.load.detections import DetectionLoadSummary, load_detections

FIRST = "data/raw/images/shop/1.jpg"
SECOND = "data/raw/images/shop/2.jpg"
OF_SECOND = {"image_path": SECOND, "message_id": 2, "sha256": "bb"}
NOTHING = dict.fromkeys(
    ("detection_index", "detected_class", "confidence_score", "x_min", "y_min", "x_max", "y_max"), ""
)
UNREADABLE = {**NOTHING, "status": "unreadable", "error": "a video", "image_category": "", "num_detections": ""}


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "yolo_detections.csv"


def load(database: Database, path: Path) -> DetectionLoadSummary:
    with database.connect() as connection:
        return load_detections(connection, path)


def photos(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("SELECT image_path, status, sha256, num_detections FROM raw.image_scans ORDER BY 1")


def objects(database: Database) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT image_path, detected_class FROM raw.yolo_detections ORDER BY image_path, detection_index"
    )


def test_photos_and_their_objects_are_loaded(database: Database, csv: Path) -> None:
    two = {**OF_SECOND, "num_detections": 2}
    detections_csv(csv, {}, two, {**two, "detection_index": 1, "detected_class": "person"})
    assert load(database, csv) == DetectionLoadSummary(photos=2, new_photos=2, new_detections=3)
    assert photos(database) == [(FIRST, "ok", "aa", 1), (SECOND, "ok", "bb", 2)]
    assert objects(database) == [(FIRST, "bottle"), (SECOND, "bottle"), (SECOND, "person")]
    [row] = database.rows(
        "SELECT message_id, confidence_score, x_min, y_max, image_category FROM raw.yolo_detections LIMIT 1"
    )
    assert row == (1, 0.5, 1, 40, "product_display")


def test_the_same_file_again_changes_nothing(database: Database, csv: Path) -> None:
    detections_csv(csv, {}, OF_SECOND)
    load(database, csv)
    before = (
        database.rows("SELECT t::text FROM raw.image_scans t"),
        database.rows("SELECT t::text FROM raw.yolo_detections t"),
    )
    assert load(database, csv) == DetectionLoadSummary(is_unchanged=True)
    detections_csv(csv, OF_SECOND, {})
    assert load(database, csv) == DetectionLoadSummary(photos=2), "another order of the same is no change either"
    after = (
        database.rows("SELECT t::text FROM raw.image_scans t"),
        database.rows("SELECT t::text FROM raw.yolo_detections t"),
    )
    assert [sorted(rows) for rows in after] == [sorted(rows) for rows in before]


def test_a_changed_photo_replaces_its_rows(database: Database, csv: Path) -> None:
    detections_csv(csv, {"num_detections": 2}, {"num_detections": 2, "detection_index": 1}, OF_SECOND)
    load(database, csv)
    detections_csv(csv, {"sha256": "cc", "detected_class": "cup"}, OF_SECOND)
    assert load(database, csv) == DetectionLoadSummary(photos=2, changed_photos=1, new_detections=1)
    assert objects(database) == [(FIRST, "cup"), (SECOND, "bottle")]


def test_another_model_or_threshold_replaces_too(database: Database, csv: Path) -> None:
    detections_csv(csv, {}, OF_SECOND)
    load(database, csv)
    detections_csv(csv, {"model": "other"}, {**OF_SECOND, "confidence_threshold": 0.5})
    assert load(database, csv).changed_photos == 2
    assert database.rows("SELECT model, confidence_threshold FROM raw.image_scans ORDER BY image_path") == [
        ("other", 0.25),
        ("yolov7-tiny", 0.5),
    ]


def test_a_photo_that_became_unreadable_loses_its_objects_and_keeps_the_reason(database: Database, csv: Path) -> None:
    detections_csv(csv, {})
    load(database, csv)
    detections_csv(csv, UNREADABLE)
    load(database, csv)
    assert objects(database) == []
    assert database.rows("SELECT status, error, image_category FROM raw.image_scans") == [
        ("unreadable", "a video", None)
    ]
    detections_csv(csv, {})
    assert load(database, csv).new_detections == 1


def test_photos_that_the_file_does_not_list_stay(database: Database, csv: Path) -> None:
    detections_csv(csv, {}, OF_SECOND)
    load(database, csv)
    detections_csv(csv)
    assert load(database, csv) == DetectionLoadSummary()
    assert len(photos(database)) == len(objects(database)) == 2


def test_a_photo_without_a_message_or_objects_is_a_row(database: Database, csv: Path) -> None:
    detections_csv(
        csv, {**NOTHING, "message_id": "", "detection_index": 0, "num_detections": 0, "image_category": "other"}
    )
    load(database, csv)
    assert database.rows("SELECT message_id, detected_class, num_detections FROM raw.yolo_detections") == [
        (None, None, 0)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b,c\n1,2,3\n",
        b"\x00\xff\xfe",
        None,
        {"confidence_score": "high"},
        {"status": "fine"},
        {"detection_index": ""},
        {"image_path": ""},
        {"message_id": 2**64},
        {"channel_name": '"open'},
    ],
)
def test_a_file_that_the_scan_did_not_write_is_refused_whole_and_named(
    database: Database, csv: Path, content: bytes | dict[str, Any] | None
) -> None:
    detections_csv(csv, {})
    load(database, csv)
    if isinstance(content, bytes):
        csv.write_bytes(content)
    else:
        detections_csv(csv, OF_SECOND, {"image_path": "third", **(content or {})})
        if content is None:  # torn in the middle of a row
            csv.write_bytes(csv.read_bytes()[:-30])
    with pytest.raises(LakeError, match=r"yolo_detections\.csv is not a detections file .* run `mtw detect` again"):
        load(database, csv)
    assert photos(database) == [(FIRST, "ok", "aa", 1)]


def test_a_missing_file_says_what_to_run(database: Database, csv: Path) -> None:
    with pytest.raises(LakeError, match=r"yolo_detections\.csv does not exist; run `mtw detect` first"):
        load(database, csv)
    csv.mkdir()
    with pytest.raises(LakeError, match=r"cannot read .*: Is a directory"):
        load(database, csv)


def test_two_loaders_at_once_load_once(database: Database, csv: Path) -> None:
    rows = [{"image_path": f"{number}.jpg", "message_id": number} for number in range(1, 2000)]
    detections_csv(csv, *rows)
    summaries: list[DetectionLoadSummary] = []
    loaders = [threading.Thread(target=lambda: summaries.append(load(database, csv))) for _ in range(3)]
    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join()
    assert sorted(summary.new_photos for summary in summaries) == [0, 0, 1999]
    assert len(objects(database)) == 1999
