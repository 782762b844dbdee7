"""A folder of whatever the internet calls a .jpg: each file has a row and a status, and nothing stops the scan."""

import csv
import io
import os
import struct
import zlib
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from detector_models import constant_model
from medical_telegram_warehouse.records import PhotoFile
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, ScanSummary, scan_photos

PICTURE = Image.linear_gradient("L").convert("RGB")
PIXELS_16 = Image.new("I;16", (40, 30), 40_000)
TURNED = Image.Exif()
TURNED[0x0112] = 6
MOVIE = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(2_000)


def saved(image: Image.Image = PICTURE, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heic() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(PICTURE).save(file)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that claims 3.6 gigapixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


PICTURES = {
    "cmyk": saved(PICTURE.convert("CMYK")),
    "sixteen bits": saved(PIXELS_16, "PNG"),
    "palette": saved(PICTURE.convert("P"), "PNG"),
    "animation": saved(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)]),
    "alpha": saved(PICTURE.convert("RGBA"), "PNG"),
    "sideways": saved(PICTURE.resize((60, 40)), exif=TURNED),
    "one pixel": saved(Image.new("RGB", (1, 1))),
    "narrow": saved(Image.new("RGB", (20_000, 10))),
    "webp": saved(kind="WEBP"),
    "png": saved(kind="PNG"),
    "heic": heic(),
}
NO_PICTURES = {
    "movie": (MOVIE, "video"),
    "truncated": (saved(PICTURE.resize((900, 900)))[:3_000], "truncated"),
    "empty": (b"", "empty"),
    "bomb": (bomb(), "million pixels"),
    "page": (b"<!doctype html><title>404</title>" * 9, "not a picture"),
    "noise": (bytes(range(1, 255)) * 16, "not a picture"),
}


class Folder:
    """Photos of one channel, and what a scan says of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.model = constant_model(root / "model")
        self.photos: list[PhotoFile] = []

    def add(self, name: str, content: bytes | None) -> Path:
        path = self.root / f"{len(self.photos) + 1} {name}.jpg"
        if content is not None:
            path.write_bytes(content)
        number = len(self.photos) + 1
        self.photos.append(PhotoFile(lake="raw", channel_name="shop", message_id=number, path=path, image_path=name))
        return path

    def scan(self) -> ScanSummary:
        return scan_photos(
            self.photos,
            ScanOptions(self.model, load_categories(), 0.25, workers=2),
            cache_path=self.root / "scans.sqlite",
            csv_path=self.root / "detections.csv",
            reachable_lakes={"raw"},
        )

    def rows(self) -> dict[str, dict[str, str]]:
        with (self.root / "detections.csv").open(newline="", encoding="utf-8") as file:
            return {row["image_path"]: row for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    for name, content in PICTURES.items():
        made.add(name, content)
    for name, (content, _) in NO_PICTURES.items():
        made.add(name, content)
    made.add("folder", None).mkdir()
    os.mkfifo(made.add("pipe", None))
    made.add("nowhere", None).symlink_to(tmp_path / "nothing")
    made.add("vanished", b"about to be gone").unlink()
    return made


def test_each_file_has_a_row_with_its_status_and_only_pictures_have_a_category(folder: Folder) -> None:
    summary = folder.scan()
    rows = folder.rows()
    statuses = {name: row["status"] for name, row in rows.items()}
    expected = dict.fromkeys(PICTURES, "ok") | dict.fromkeys(NO_PICTURES, "unreadable")
    expected |= {"folder": "unreadable", "pipe": "unreadable", "nowhere": "missing", "vanished": "missing"}
    assert statuses == expected
    for name, row in rows.items():
        is_picture = name in PICTURES
        assert bool(row["image_category"]) is bool(row["offered_category"]) is is_picture, name
        assert bool(row["error"]) is not is_picture, name
    assert summary.unreadable == len(NO_PICTURES) + 2
    assert summary.missing == 2
    assert sum(summary.categories.values()) == len(PICTURES)


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (_, reason) in NO_PICTURES.items()])
def test_the_row_of_what_is_no_picture_says_why(folder: Folder, name: str, reason: str) -> None:
    folder.scan()
    assert reason in folder.rows()[name]["error"]


def test_a_second_scan_of_them_says_the_same_and_tries_none_again(folder: Folder) -> None:
    folder.scan()
    before = (folder.root / "detections.csv").read_bytes()
    assert folder.scan().scanned == 0
    assert (folder.root / "detections.csv").read_bytes() == before


def test_a_photo_on_its_side_has_its_upright_size(folder: Folder) -> None:
    folder.scan()
    row = folder.rows()["sideways"]
    assert (row["image_width"], row["image_height"]) == ("40", "60")
