"""The detections file is read back by its columns' names, and a damaged one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from detected_photos import detected, found, unreadable, write_csv
from factories import detections_csv
from medical_telegram_warehouse.vision.detections_read import (
    NEEDED_COLUMNS,
    DetectedPhoto,
    DetectionsFileError,
    read_detections,
)


def photos(root: Path) -> list[DetectedPhoto]:
    return [
        detected(root, 1, found("bottle", 0.8), found("person", 0.4, (0.5, 0, 9.25, 20))),
        detected(root, 2, channel='ሎቤሊያ, "shop"'),
        unreadable(detected(root, None, name="data/raw/images/shop/a.png")),
    ]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written = photos(tmp_path)
    assert list(read_detections(write_csv(tmp_path / "d.csv", *written))) == written


def test_the_columns_may_stand_in_any_order_and_others_among_them(tmp_path: Path) -> None:
    written = photos(tmp_path)
    columns = ("new", *reversed((*NEEDED_COLUMNS, "person_score", "product_score")), "newer")
    assert list(read_detections(write_csv(tmp_path / "d.csv", *written, columns=columns))) == written


def test_a_file_of_before_the_scores_has_none(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d.csv", *photos(tmp_path), columns=NEEDED_COLUMNS)
    assert {photo.product_score for photo in read_detections(path)} == {None}


def test_the_columns_are_those_that_a_scan_writes(tmp_path: Path) -> None:
    [photo] = read_detections(detections_csv(tmp_path / "d.csv", {"sha256": "ab" * 32}))
    assert (photo.channel_name, photo.message_id, photo.product_score) == ("shop", 1, 0.5)
    assert photo.detections == (found("bottle", 0.5, (1, 2, 30, 40)),)


def test_where_a_photo_lies_depends_on_the_folder_unless_its_path_is_whole(tmp_path: Path) -> None:
    photo = detected(tmp_path, 1)
    assert photo.path(tmp_path) == tmp_path / "data/raw/images/shop/1.png"
    elsewhere = detected(tmp_path, 1, name=str(tmp_path / "other/1.png"))
    assert elsewhere.path(Path("nowhere")) == tmp_path / "other/1.png"


def test_without_a_file_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DetectionsFileError, match="mtw detect"):
        list(read_detections(tmp_path / "d.csv"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("channel_name,", "channel,", "no column channel_name"),
        (",ok,", ",fine,", "'fine' is not a valid ScanStatus"),
        ("0.8,", "often,", "line 3.*often"),
        ("0.8,", "nan,", "nan is not a number"),
        (",0.5,0,9.25,20,product_display,2,", ",0.5", "too few columns"),
        ("product_display,2", "product_display,3", "should have 3 objects, and 2"),
        ("own,", "own,../../", "is not a checksum"),
        ("shop,1", 'shop,"1', "damaged"),
        ("shop,1", "shop,\udcff", "damaged"),
        ("shop,1", "shop,one", "'one'"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = write_csv(tmp_path / "d.csv", photos(tmp_path)[0])
    text = path.read_text("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new).encode("utf-8", "surrogateescape"))
    with pytest.raises(DetectionsFileError, match=f"(?s)d.csv.*{says}.*mtw detect"):
        list(read_detections(path))


def test_a_place_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DetectionsFileError, match="cannot read"):
        list(read_detections(tmp_path))
