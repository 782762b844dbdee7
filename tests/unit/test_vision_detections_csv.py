"""The CSV's columns, rows, order and safe replacement."""

import csv
from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection, PhotoScan, RuntimeName, ScanStatus
from medical_telegram_warehouse.vision.cache import ScanSettings
from medical_telegram_warehouse.vision.detections_csv import CSV_COLUMNS, ScannedPhoto, write_detections
from medical_telegram_warehouse.vision.rules import judge, load_categories

BOTTLE = Detection(detected_class="bottle", confidence_score=0.5, x_min=1.5, y_min=2, x_max=30.2, y_max=40)


def scan(*detections: Detection) -> PhotoScan:
    return PhotoScan(status=ScanStatus.OK, image_width=64, image_height=48, detections=detections)


def photo(
    *, message_id: int | None = 7, lake: str = "raw", channel: str = "shop", scan: PhotoScan, sha256: str | None = "ab"
) -> ScannedPhoto:
    return ScannedPhoto(
        image_path=f"data/{lake}/images/{channel}/{message_id}.jpg",
        lake=lake,
        channel_name=channel,
        message_id=message_id,
        file_size=1000,
        sha256=sha256,
        scan=scan,
        settings=ScanSettings("yolov7-tiny", "ee", RuntimeName.ONNXRUNTIME, 0.25),
        judgement=judge(scan.detections, 64, 48, load_categories()) if scan.status is ScanStatus.OK else None,
        image_group="ab" if scan.status is ScanStatus.OK else None,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_those_that_the_loader_reads(tmp_path: Path) -> None:
    write_detections(tmp_path / "d.csv", [])
    expected = (
        "channel_name,message_id,image_path,lake,sha256,file_size,image_width,image_height,status,error,model,"
        "confidence_threshold,detection_index,detected_class,confidence_score,x_min,y_min,x_max,y_max,"
        "image_category,num_detections,model_sha256,runtime,person_score,product_score,offered_category,image_group\n"
    )
    assert (tmp_path / "d.csv").read_text() == expected
    assert ",".join(CSV_COLUMNS) + "\n" == expected


def test_each_object_has_a_row_with_its_number(tmp_path: Path) -> None:
    write_detections(tmp_path / "d.csv", [photo(scan=scan(BOTTLE, BOTTLE))])
    first, second = rows_of(tmp_path / "d.csv")
    assert (first["detection_index"], second["detection_index"]) == ("0", "1")
    assert (first["detected_class"], first["confidence_score"], first["x_min"]) == ("bottle", "0.5", "1.5")
    assert (first["image_category"], first["num_detections"]) == ("product_display", "2")


def test_a_readable_photo_without_objects_has_one_row_without_a_class(tmp_path: Path) -> None:
    write_detections(tmp_path / "d.csv", [photo(scan=scan())])
    (row,) = rows_of(tmp_path / "d.csv")
    assert (row["status"], row["detection_index"], row["num_detections"]) == ("ok", "0", "0")
    assert (row["detected_class"], row["confidence_score"], row["image_category"]) == ("", "", "other")


@pytest.mark.parametrize("status", [ScanStatus.UNREADABLE, ScanStatus.MISSING])
def test_a_photo_that_shows_nothing_has_one_row_with_the_reason_and_no_category(
    tmp_path: Path, status: ScanStatus
) -> None:
    write_detections(tmp_path / "d.csv", [photo(scan=PhotoScan(status=status, error="a video, not a picture"))])
    (row,) = rows_of(tmp_path / "d.csv")
    assert (row["status"], row["error"]) == (status.value, "a video, not a picture")
    assert {row[name] for name in ("detection_index", "detected_class", "image_category", "num_detections")} == {""}


def test_an_object_below_the_threshold_has_no_row_and_tells_all_the_same(tmp_path: Path) -> None:
    faint = Detection(detected_class="bottle", confidence_score=0.1, x_min=1, y_min=2, x_max=30, y_max=40)
    write_detections(tmp_path / "d.csv", [photo(scan=scan(faint))])
    (row,) = rows_of(tmp_path / "d.csv")
    assert (row["detected_class"], row["num_detections"]) == ("", "0")
    assert (row["image_category"], row["product_score"], row["person_score"]) == ("product_display", "0.1", "")


def test_commas_quotes_and_other_scripts_survive(tmp_path: Path) -> None:
    channel = 'ሎቤሊያ, "shop"'
    write_detections(tmp_path / "d.csv", [photo(scan=scan(), channel=channel)])
    assert rows_of(tmp_path / "d.csv")[0]["channel_name"] == channel


def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    write_detections(tmp_path / "d.csv", [photo(scan=scan())])
    before = (tmp_path / "d.csv").read_bytes()
    with pytest.raises(UnicodeEncodeError):
        write_detections(tmp_path / "d.csv", [photo(scan=scan(), channel="\udcff")])
    assert (tmp_path / "d.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermanentError, match=r"file.d\.csv"):
        write_detections(tmp_path / "file" / "d.csv", [])
