"""Which previews are made, kept and removed, and how they are named."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from detected_photos import checksum, detected, found, unreadable
from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection, ScanStatus
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto
from medical_telegram_warehouse.vision.drawn.colours import Colour, Role, colour_of
from medical_telegram_warehouse.vision.drawn.known_photo import PhotoChangedError, PhotoUnavailableError
from medical_telegram_warehouse.vision.drawn.preview_folder import ABANDONED_SECONDS, PreviewKind, preview_name
from medical_telegram_warehouse.vision.drawn.previews import PreviewSummary, make_previews, preview_of
from medical_telegram_warehouse.vision.rules import Categories, load_categories

CATEGORIES = load_categories()
RED, GREEN = (200, 0, 0), (0, 200, 0)
GONE = "the file is gone, or its lake is out of reach"
CHANGED = "the file changed since its scan"


class Shop:
    """A project folder with photos and their previews."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "data/processed/previews"

    def make(
        self, *photos: DetectedPhoto, channel: str | None = None, categories: Categories = CATEGORIES
    ) -> PreviewSummary:
        return make_previews(
            photos, self.folder, relative_to=self.root, categories=categories, workers=2, channel=channel
        )

    def one(self, photo: DetectedPhoto, kind: PreviewKind, *detections: Detection, sha256: str | None = None) -> Path:
        return preview_of(
            photo.path(self.root),
            sha256 or photo.sha256 or "",
            detections,
            kind,
            folder=self.folder,
            categories=CATEGORIES,
        )

    def there(self, kind: PreviewKind | str = "") -> list[Path]:
        return sorted(self.folder.rglob(f"*{kind}.webp"))

    def pictures(self) -> dict[str, Image.Image]:
        """The previews of one photo, by kind."""
        found: dict[str, Image.Image] = {}
        for path in self.there():
            with Image.open(path) as picture:
                assert picture.format == "WEBP"
                picture.load()
                found[path.suffixes[-2].strip(".")] = picture
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def is_near(seen: object, colour: Colour) -> bool:
    """WebP keeps colours nearly."""
    return isinstance(seen, tuple) and all(abs(a - b) < 40 for a, b in zip(seen, colour, strict=True))


class TestPictures:
    @pytest.mark.parametrize(
        ("size", "thumbnail", "boxes"),
        [
            ((2000, 1000), (320, 160), (1024, 512)),
            ((1000, 2000), (160, 320), (512, 1024)),
            ((400, 300), (320, 240), (400, 300)),
            ((64, 48), (64, 48), (64, 48)),
            ((3000, 2), (320, 1), (1024, 1)),
        ],
    )
    def test_both_previews_are_shrunk_and_never_enlarged(
        self, shop: Shop, size: tuple[int, int], thumbnail: tuple[int, int], boxes: tuple[int, int]
    ) -> None:
        summary = shop.make(detected(shop.root, 1, size=size))
        assert {kind: picture.size for kind, picture in shop.pictures().items()} == {
            "thumb": thumbnail,
            "boxes": boxes,
        }
        assert (summary.contents, summary.made, summary.already_there, summary.failed) == (1, 1, 0, {})

    def test_only_one_of_them_has_boxes(self, shop: Shop) -> None:
        shop.make(detected(shop.root, 1, found("bottle", box=(400, 400, 1600, 1600)), size=(2048, 2048), colour=RED))
        pictures = shop.pictures()
        assert is_near(pictures["boxes"].getpixel((202, 600)), colour_of("bottle", Role.PRODUCT))
        assert is_near(pictures["thumb"].getpixel((63, 188)), RED)

    def test_a_turned_photo_stands_upright_and_its_boxes_are_in_place(self, shop: Shop) -> None:
        """A phone stores the sensor's picture, and in EXIF how to turn it; boxes are those of the upright photo."""
        path = shop.root / "turned.jpg"
        stored = Image.new("RGB", (1200, 600), RED)
        stored.paste(GREEN, (0, 0, 600, 600))
        exif = Image.Exif()
        exif[0x0112] = 6  # turn clockwise: the stored left side is on top
        stored.save(path, quality=95, exif=exif)
        photo = replace(
            detected(shop.root, 1, found("person", box=(100, 700, 500, 1100))),
            image_path="turned.jpg",
            sha256=checksum(path),
            image_width=600,
            image_height=1200,
        )
        shop.make(photo)
        picture = shop.pictures()["boxes"]
        assert picture.size == (512, 1024)
        assert is_near(picture.getpixel((256, 100)), GREEN)
        assert is_near(picture.getpixel((256, 800)), RED)
        assert is_near(picture.getpixel((87, 800)), colour_of("person", Role.PERSON))

    def test_what_a_phone_wrote_into_the_photo_is_not_passed_on(self, shop: Shop) -> None:
        """Such as where it was taken."""
        path = shop.root / "place.jpg"
        exif = Image.Exif()
        exif[0x010F] = "Maker of phones"
        Image.new("RGB", (90, 90), RED).save(path, exif=exif, comment=b"secret", icc_profile=b"profile")
        shop.make(replace(detected(shop.root, 1), image_path="place.jpg", sha256=checksum(path)))
        for file, picture in zip(shop.there(), shop.pictures().values(), strict=True):
            assert dict(picture.getexif()) == {}
            content = file.read_bytes()
            assert not any(part in content for part in (b"Maker", b"secret", b"profile", b"EXIF", b"ICCP"))


class TestNames:
    def test_only_the_checksum_names_a_file(self, shop: Shop) -> None:
        photo = detected(shop.root, 1, channel="../../etc", name="data/raw/images/a b%2F..jpg/1 ;.png")
        shop.make(photo)
        sha256 = photo.sha256 or ""
        names = [path.relative_to(shop.folder).as_posix() for path in shop.there()]
        assert names[1] == f"{sha256[:2]}/{sha256}.thumb.webp"
        digits = names[0].removeprefix(f"{sha256[:2]}/{sha256}.").removesuffix(".boxes.webp")
        assert len(digits) == 8
        assert int(digits, 16) >= 0

    @pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, f"{'ab' * 32}\n"])
    def test_what_is_no_checksum_names_nothing(self, sha256: str) -> None:
        for kind in PreviewKind:
            with pytest.raises(ValueError, match="not a checksum"):
                preview_name(sha256, kind, (), CATEGORIES)

    def test_the_same_objects_in_another_order_and_of_half_the_precision_have_the_same_name(self) -> None:
        """The database keeps 32 bits of what the file has in 64."""

        def single(number: float) -> float:
            value: float = struct.unpack("f", struct.pack("f", number))[0]
            return value

        one = found("bottle", 0.8123, (10.1, 20.3, 30.7, 40.9))
        two = found("person", 0.3333, (0.1, 0.2, 100.5, 200.6))
        halves = [
            found(each.detected_class, single(each.confidence_score), tuple(map(single, box)))
            for each, box in ((two, (0.1, 0.2, 100.5, 200.6)), (one, (10.1, 20.3, 30.7, 40.9)))
        ]
        names = {preview_name("ab" * 32, PreviewKind.BOXES, each, CATEGORIES) for each in ([one, two], halves)}
        assert len(names) == 1


class TestRuns:
    def test_copies_share_their_previews(self, shop: Shop) -> None:
        summary = shop.make(*(detected(shop.root, number) for number in range(5)))
        assert (summary.contents, summary.made, len(shop.there())) == (1, 1, 2)

    def test_a_second_run_reads_no_photo_and_writes_nothing(self, shop: Shop) -> None:
        photos = [detected(shop.root, number, size=(50, 50 + number)) for number in range(4)]
        assert shop.make(*photos).headline == "previews of 4 photos made"
        before = {path: path.stat().st_mtime_ns for path in shop.there()}
        for photo in photos:
            photo.path(shop.root).unlink()
        summary = shop.make(*photos)
        assert (summary.made, summary.already_there, summary.removed, summary.failed) == (0, 4, 0, {})
        assert summary.headline == "nothing to do, all 4 photos have their previews"
        assert {path: path.stat().st_mtime_ns for path in shop.there()} == before

    def test_only_what_is_missing_is_made(self, shop: Shop) -> None:
        old, new = (detected(shop.root, number, size=(50, 50 + number)) for number in range(2))
        shop.make(old)
        shop.there(PreviewKind.THUMBNAIL)[0].unlink()
        boxes = shop.there(PreviewKind.BOXES)[0]
        before = boxes.stat().st_mtime_ns
        summary = shop.make(old, new)
        assert (summary.made, summary.already_there, len(shop.there())) == (2, 0, 4)
        assert boxes.stat().st_mtime_ns == before

    def test_changed_detections_give_a_new_picture_and_the_old_one_goes(self, shop: Shop) -> None:
        photo = detected(shop.root, 1, found("bottle", 0.5))
        shop.make(photo)
        [old], [thumbnail] = shop.there(PreviewKind.BOXES), shop.there(PreviewKind.THUMBNAIL)
        before = thumbnail.stat().st_mtime_ns
        summary = shop.make(replace(photo, detections=(found("bottle", 0.6),)))
        [new] = shop.there(PreviewKind.BOXES)
        assert new != old
        assert (summary.made, summary.removed) == (1, 1)
        assert summary.headline == "previews of 1 photos made; 1 old files removed"
        assert thumbnail.stat().st_mtime_ns == before

    def test_a_class_that_counts_as_something_else_gives_a_new_picture(self, shop: Shop) -> None:
        photo = detected(shop.root, 1, found("clock", 0.5))
        shop.make(photo)
        product = msgspec.structs.replace(CATEGORIES.product, classes=frozenset({"clock"}))
        summary = shop.make(photo, categories=msgspec.structs.replace(CATEGORIES, product=product))
        assert (summary.made, summary.removed) == (1, 1)

    def test_previews_of_photos_that_the_file_no_longer_has_are_removed(self, shop: Shop) -> None:
        kept, dropped = (detected(shop.root, number, size=(50, 50 + number)) for number in range(2))
        shop.make(kept, dropped)
        summary = shop.make(kept)
        assert (summary.made, summary.already_there, summary.removed) == (0, 1, 2)
        assert {path.name[:64] for path in shop.there()} == {kept.sha256}
        assert shop.make().removed == 2

    def test_previews_of_a_photo_that_is_gone_stay_as_long_as_the_file_has_it(self, shop: Shop) -> None:
        photo = detected(shop.root, 1, found())
        shop.make(photo)
        summary = shop.make(replace(unreadable(photo), status=ScanStatus.MISSING))
        assert (summary.contents, summary.removed, len(shop.there())) == (0, 0, 2)

    def test_one_channel_makes_its_own_and_leaves_those_of_the_others(self, shop: Shop) -> None:
        one, other, late = (
            detected(shop.root, number, channel=channel, size=(50, 50 + number))
            for number, channel in ((1, "one"), (2, "other"), (3, "late"))
        )
        shop.make(one, other)
        summary = shop.make(one, other, late, channel="late")
        assert (summary.contents, summary.made, summary.removed, len(shop.there())) == (1, 1, 0, 6)
        assert shop.make(one, other, late, channel="one").headline == (
            "nothing to do, all 1 photos have their previews"
        )

    def test_photos_that_cannot_be_had_are_counted_by_reason_and_the_others_made(self, shop: Shop) -> None:
        good, gone, changed, damaged = (detected(shop.root, number, size=(50, 50 + number)) for number in range(4))
        gone.path(shop.root).unlink()
        Image.new("RGB", (9, 9)).save(changed.path(shop.root))
        path = damaged.path(shop.root)
        path.write_bytes(path.read_bytes()[:60])
        damaged = replace(damaged, sha256=checksum(path))
        summary = shop.make(good, gone, changed, damaged)
        assert (summary.contents, summary.made) == (4, 1)
        assert summary.failed == {GONE: 1, CHANGED: 1, "truncated PNG": 1}
        assert summary.headline == "previews of 1 photos made; 3 photos failed"
        assert {path.name[:64] for path in shop.there()} == {good.sha256}

    def test_a_copy_elsewhere_takes_the_place_of_one_that_is_gone(self, shop: Shop) -> None:
        gone, copy = detected(shop.root, 1), detected(shop.root, 2)
        gone.path(shop.root).unlink()
        summary = shop.make(gone, copy)
        assert (summary.made, summary.failed) == (1, {})

    def test_unreadable_photos_want_no_previews(self, shop: Shop) -> None:
        summary = shop.make(unreadable(detected(shop.root, 1)))
        assert (summary.contents, summary.failed) == (0, {})
        assert summary.headline == "no readable photo was scanned yet"
        assert not shop.folder.exists()

    def test_a_run_without_new_photos_loads_neither_pillow_nor_numpy(self) -> None:
        code = "import sys, medical_telegram_warehouse.vision.drawn.previews; print({'numpy', 'PIL'} & {*sys.modules})"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


class TestFolder:
    def test_what_a_killed_process_or_a_power_cut_left_is_mended(self, shop: Shop) -> None:
        photo = detected(shop.root, 1)
        shop.make(photo)
        for path in shop.there():
            path.write_bytes(b"")
        part = shop.there()[0].parent
        old, young = part / ".x.webp.old.part", part / ".x.webp.young.part"
        for path in (old, young):
            path.write_bytes(b"half")
        hours_ago = time.time() - 2 * ABANDONED_SECONDS
        os.utime(old, (hours_ago, hours_ago))
        assert shop.make(photo).made == 1
        assert all(path.stat().st_size for path in shop.there())
        assert (old.exists(), young.exists()) == (False, True)

    def test_files_of_others_are_left_alone(self, shop: Shop) -> None:
        strange = [
            shop.folder / "readme.txt",
            shop.folder / "ab" / "photo.webp",
            shop.folder / "ab" / f"{'cd' * 32}.thumb.webp",  # in a folder where none of ours lies
            shop.folder / "deeper" / f"{'de' * 32}.thumb.webp",
        ]
        for path in strange:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"mine")
        assert shop.make(detected(shop.root, 1)).removed == 0
        assert all(path.read_bytes() == b"mine" for path in strange)

    def test_a_folder_that_cannot_be_written_ends_the_run_with_its_name(self, shop: Shop) -> None:
        shop.folder.parent.mkdir(parents=True)
        shop.folder.write_text("in the way")
        with pytest.raises(PermanentError, match="previews"):
            shop.make(detected(shop.root, 1))

    def test_a_link_to_elsewhere_is_not_followed(self, shop: Shop) -> None:
        shop.make(detected(shop.root, 1))
        thumbnail = shop.there(PreviewKind.THUMBNAIL)[0]
        elsewhere = shop.root / "elsewhere"
        thumbnail.parent.rename(elsewhere)
        thumbnail.parent.symlink_to(elsewhere)
        assert shop.make().removed == 0
        assert (elsewhere / thumbnail.name).exists()


class TestOnDemand:
    @pytest.mark.parametrize("kind", PreviewKind)
    def test_one_preview_is_made_when_asked_for_and_is_the_one_that_a_run_makes(
        self, shop: Shop, kind: PreviewKind
    ) -> None:
        photo = detected(shop.root, 1, found(), size=(900, 700))
        path = shop.one(photo, kind, found())
        assert shop.there() == [path]
        alone = path.read_bytes()
        path.unlink()
        shop.make(photo)
        assert path.read_bytes() == alone

    def test_one_that_is_there_is_given_without_reading_the_photo(self, shop: Shop) -> None:
        photo = detected(shop.root, 1)
        shop.make(photo)
        photo.path(shop.root).unlink()
        assert shop.one(photo, PreviewKind.THUMBNAIL) in shop.there()

    def test_another_photo_in_its_place_is_not_shown_under_its_name(self, shop: Shop) -> None:
        photo = detected(shop.root, 1)
        Image.new("RGB", (9, 9)).save(photo.path(shop.root))
        with pytest.raises(PhotoChangedError, match=CHANGED):
            shop.one(photo, PreviewKind.THUMBNAIL)
        assert shop.there() == []

    def test_a_photo_that_cannot_be_had_is_an_error_with_the_reason(self, shop: Shop) -> None:
        photo = detected(shop.root, 1)
        photo.path(shop.root).write_bytes(b"<html>")
        page = checksum(photo.path(shop.root))
        with pytest.raises(PhotoUnavailableError, match="not a picture"):
            shop.one(photo, PreviewKind.BOXES, sha256=page)
        photo.path(shop.root).unlink()
        with pytest.raises(PhotoUnavailableError) as caught:
            shop.one(photo, PreviewKind.BOXES)
        assert caught.value.reason == GONE
        photo.path(shop.root).mkdir()
        with pytest.raises(PhotoUnavailableError, match="cannot be read"):
            shop.one(photo, PreviewKind.BOXES)
