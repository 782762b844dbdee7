"""A contact sheet: which photos it shows, in what order and size, and what stands where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from detected_photos import checksum, detected, found, unreadable
from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import ScanStatus
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto
from medical_telegram_warehouse.vision.drawn.colours import WHITE, Colour, Role, colour_of
from medical_telegram_warehouse.vision.drawn.sheet import (
    GAP,
    GREATEST_LIMIT,
    LINE,
    MARGIN,
    PAPER,
    SheetSummary,
    write_sheet,
)
from medical_telegram_warehouse.vision.drawn.sheet import HEADING as HEADING_LETTER
from medical_telegram_warehouse.vision.drawn.sheet_cells import CAPTION_HEIGHT, CELL_WIDTH, GROUND, PICTURE_HEIGHT
from medical_telegram_warehouse.vision.rules import load_categories

TOP = MARGIN + HEADING_LETTER + 5 * LINE
RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)
COLOURS = (RED, GREEN, BLUE)


class Sheet:
    """A sheet of photos in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "sheets" / "shop.png"

    def write(self, *photos: DetectedPhoto, channel: str = "shop", limit: int = 48) -> SheetSummary:
        return write_sheet(
            self.path,
            photos,
            channel=channel,
            relative_to=self.root,
            categories=load_categories(),
            limit=limit,
        )

    @property
    def picture(self) -> Image.Image:
        with Image.open(self.path) as picture:
            assert picture.format == "PNG"
            picture.load()
            return picture

    def pixel(self, column: int, *, row_top: int = TOP, height: int = PICTURE_HEIGHT) -> Colour:
        """The middle of the picture in a cell."""
        place = (MARGIN + column * (CELL_WIDTH + GAP) + CELL_WIDTH // 2, row_top + height // 2)
        return cast("Colour", self.picture.getpixel(place))


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path)


def test_the_newest_message_comes_first(sheet: Sheet, tmp_path: Path) -> None:
    photos = [detected(tmp_path, number, size=(640, 640), colour=COLOURS[number - 8]) for number in (9, 10, 8)]
    summary = sheet.write(*photos)
    assert [sheet.pixel(column) for column in range(3)] == [BLUE, GREEN, RED]
    assert summary == SheetSummary(shown=3, different=3, photos=3, unavailable=0)


def test_no_more_photos_than_asked_for_and_none_of_other_channels(sheet: Sheet, tmp_path: Path) -> None:
    photos = [detected(tmp_path, number, size=(640, 640), colour=COLOURS[number - 8]) for number in (8, 9, 10)]
    other = detected(tmp_path, 99, channel="other", colour=WHITE)
    assert sheet.write(*photos, other, limit=2) == SheetSummary(shown=2, different=3, photos=3, unavailable=0)
    assert [sheet.pixel(column) for column in range(3)] == [BLUE, GREEN, PAPER]


def test_copies_of_a_photo_are_shown_once(sheet: Sheet, tmp_path: Path) -> None:
    photos = [detected(tmp_path, number, size=(320, 320), colour=RED) for number in range(1, 6)]
    assert sheet.write(*photos) == SheetSummary(shown=1, different=1, photos=5, unavailable=0)
    assert [sheet.pixel(0), sheet.pixel(1)] == [RED, PAPER]


def test_a_photo_is_shown_from_the_copy_that_is_still_there(sheet: Sheet, tmp_path: Path) -> None:
    photos = [detected(tmp_path, number, size=(320, 320), colour=RED) for number in (1, 2)]
    photos[1].path(tmp_path).unlink()
    assert sheet.write(*photos).unavailable == 0
    assert sheet.pixel(0) == RED


def test_a_small_photo_is_not_enlarged(sheet: Sheet, tmp_path: Path) -> None:
    sheet.write(detected(tmp_path, 1, size=(100, 60), colour=RED))
    row = [sheet.picture.getpixel((MARGIN + x, TOP + 30)) for x in range(CELL_WIDTH)]
    assert row.count(RED) == 100
    assert row.count(GROUND) == CELL_WIDTH - 100


def test_a_row_is_as_high_as_its_highest_picture(sheet: Sheet, tmp_path: Path) -> None:
    flat = [detected(tmp_path, number, size=(640, 200 + number), colour=RED) for number in range(6)]
    sheet.write(*flat)
    rows = [102 + CAPTION_HEIGHT, 101 + CAPTION_HEIGHT]
    assert sheet.picture.height == TOP + sum(rows) + GAP + MARGIN


def test_boxes_are_drawn_at_the_size_of_the_cell(sheet: Sheet, tmp_path: Path) -> None:
    sheet.write(detected(tmp_path, 1, found("bottle", box=(200, 200, 1000, 1000)), size=(1280, 1280), colour=RED))
    picture = sheet.picture
    colour = colour_of("bottle", Role.PRODUCT)
    assert picture.getpixel((MARGIN + 50, TOP + 150)) == colour
    assert picture.getpixel((MARGIN + 249, TOP + 150)) == colour
    assert sheet.pixel(0) == RED


@pytest.mark.parametrize("trouble", ["unreadable", "gone", "changed", "damaged"])
def test_a_photo_that_cannot_be_shown_is_a_grey_cell_with_the_reason(
    sheet: Sheet, tmp_path: Path, trouble: str
) -> None:
    shown, photo = detected(tmp_path, 1, size=(320, 320), colour=RED), detected(tmp_path, 2, colour=BLUE)
    path = photo.path(tmp_path)
    if trouble == "unreadable":
        photo = unreadable(photo)
    elif trouble == "gone":
        path.unlink()
    elif trouble == "changed":
        detected(tmp_path, 2, size=(320, 320), colour=GREEN)
    else:
        path.write_bytes(path.read_bytes()[:60])
        photo = replace(photo, sha256=checksum(path))
    assert sheet.write(shown, photo) == SheetSummary(shown=2, different=2, photos=2, unavailable=1)
    cell = sheet.picture.crop((MARGIN, TOP, MARGIN + CELL_WIDTH, TOP + PICTURE_HEIGHT))
    colours = {colour for _, colour in cell.getcolors(1 << 20) or ()}
    assert GROUND in colours
    assert not {BLUE, GREEN} & colours
    assert len(colours) > 5, "letters have smooth edges"
    assert sheet.pixel(1) == RED


def test_a_missing_photo_without_a_checksum_and_one_without_a_number_have_their_cells(
    sheet: Sheet, tmp_path: Path
) -> None:
    named = detected(tmp_path, None, name="data/raw/images/shop/cover.png", size=(320, 320), colour=RED)
    lost = replace(unreadable(detected(tmp_path, 5), "the file is gone"), status=ScanStatus.MISSING, sha256=None)
    assert sheet.write(named, lost) == SheetSummary(shown=2, different=2, photos=2, unavailable=1)
    assert sheet.pixel(1) == RED


def test_no_limit_makes_a_sheet_without_bounds(sheet: Sheet, tmp_path: Path) -> None:
    one = detected(tmp_path, 1, size=(8, 8))
    many = [replace(one, image_path=f"{n}.png", message_id=n, sha256=f"{n:064x}") for n in range(1, GREATEST_LIMIT + 9)]
    assert sheet.write(*many, limit=10**9).shown == GREATEST_LIMIT
    width, height = sheet.picture.size
    assert width * height < 60_000_000


@pytest.mark.parametrize("channel", ["ሎቤሊያ ፋርማሲ", "shop " * 60, "../..", "a\nb\x7f"])
def test_any_name_can_stand_in_the_title(sheet: Sheet, tmp_path: Path, channel: str) -> None:
    photo = replace(detected(tmp_path, 1), channel_name=channel)
    assert sheet.write(photo, channel=channel).shown == 1


def test_the_same_photos_give_the_same_bytes(sheet: Sheet, tmp_path: Path) -> None:
    photos = [detected(tmp_path, number, found(), size=(90, 90 + number)) for number in range(9)]
    sheet.write(*photos)
    first = sheet.path.read_bytes()
    sheet.write(*reversed(photos))
    assert sheet.path.read_bytes() == first
    assert list(sheet.path.parent.iterdir()) == [sheet.path]


def test_a_place_that_cannot_be_written_is_named(sheet: Sheet, tmp_path: Path) -> None:
    sheet.path.mkdir(parents=True)
    with pytest.raises(PermanentError, match=r"shop\.png"):
        sheet.write(detected(tmp_path, 1))
    assert list(sheet.path.parent.iterdir()) == [sheet.path]
