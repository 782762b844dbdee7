"""Which photos are scanned again, and what the CSV says of the others."""

import csv
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

from medical_telegram_warehouse.errors import ModelError, PermanentError
from medical_telegram_warehouse.records import PhotoFile
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.photos import render
from medical_telegram_warehouse.vision import pool as pool_module
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, ScanSummary, scan_photos


def bottle_model(path: Path, *, score: float = 0.8, class_number: int = 1, names: str = "person,bottle") -> ModelFile:
    """A model that sees one bottle (or person) on every picture."""
    answer = np.array([[[24, 24, 40, 40, score, class_number]]], np.float32)
    picture = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, 64, 64, 3])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 6])
    node = helper.make_node("Constant", [], ["output"], value=numpy_helper.from_array(answer))
    graph = helper.make_graph([node], "bottle", [picture], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": names})
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    return ModelFile(path.stem, path, hashlib.sha256(path.read_bytes()).hexdigest())


@dataclass
class Shop:
    """A project folder with lakes of photos."""

    root: Path
    model: ModelFile = field(init=False)

    def __post_init__(self) -> None:
        self.model = bottle_model(self.root / "models/bottle.onnx")

    @property
    def csv_path(self) -> Path:
        return self.root / "data/processed/yolo_detections.csv"

    @property
    def cache_path(self) -> Path:
        return self.root / "data/processed/scans.sqlite"

    def photo(self, number: int, *, shade: int | None = None, lake: str = "raw") -> Path:
        path = self.root / lake / "shop" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = (number if shade is None else shade) * 4  # apart, so that JPEG keeps them apart
        Image.new("L", (64, 64), grey).save(path)
        return path

    def file(self, number: int, content: bytes, *, lake: str = "raw") -> Path:
        path = self.root / lake / "shop" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def listed(self, *, lakes: tuple[str, ...] = ("raw",)) -> list[PhotoFile]:
        return [
            PhotoFile(
                lake=lake,
                channel_name="shop",
                message_id=int(path.stem),
                path=path,
                image_path=path.relative_to(self.root).as_posix(),
            )
            for lake in lakes
            for path in (self.root / lake).glob("shop/*.jpg")
        ]

    def scan(
        self,
        *,
        photos: list[PhotoFile] | None = None,
        lakes: tuple[str, ...] = ("raw",),
        threshold: float = 0.25,
        workers: int = 2,
        rescan: bool = False,
    ) -> ScanSummary:
        return scan_photos(
            self.listed(lakes=lakes) if photos is None else photos,
            ScanOptions(self.model, load_categories(), threshold, workers=workers, rescan=rescan),
            cache_path=self.cache_path,
            csv_path=self.csv_path,
            reachable_lakes=set(lakes),
        )

    def rows(self) -> dict[str, dict[str, str]]:
        with self.csv_path.open(newline="", encoding="utf-8") as file:
            return {row["image_path"]: row for row in csv.DictReader(file)}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_new_photo_is_scanned_and_its_object_written(shop: Shop) -> None:
    path = shop.photo(7)
    summary = shop.scan()
    row = shop.rows()["raw/shop/7.jpg"]
    assert (row["detected_class"], row["image_category"], row["num_detections"]) == ("bottle", "product_display", "1")
    assert (row["lake"], row["channel_name"], row["message_id"], row["status"]) == ("raw", "shop", "7", "ok")
    assert (row["sha256"], row["file_size"]) == (
        hashlib.sha256(path.read_bytes()).hexdigest(), str(path.stat().st_size)
    )  # fmt: skip
    assert (row["image_width"], row["image_height"]) == ("64", "64")
    assert (row["model"], row["confidence_threshold"]) == ("bottle", "0.25")
    assert (summary.photos, summary.contents, summary.scanned, summary.detections) == (1, 1, 1, 1)
    assert summary.categories == {"product_display": 1}


def test_a_lake_without_photos_gives_a_csv_of_its_header(shop: Shop) -> None:
    summary = shop.scan()
    assert (summary.photos, summary.scanned, shop.rows()) == (0, 0, {})


def test_copies_are_scanned_once_and_all_have_their_rows(shop: Shop) -> None:
    for number in range(5):
        shop.photo(number, shade=50)
    summary = shop.scan()
    assert (summary.photos, summary.contents, summary.scanned) == (5, 1, 1)
    assert len(shop.rows()) == 5


def test_a_second_run_scans_nothing_and_writes_the_same_bytes(shop: Shop) -> None:
    for number in range(5):
        shop.photo(number)
    shop.scan()
    before = shop.csv_path.read_bytes()
    summary = shop.scan()
    assert (summary.scanned, summary.reused) == (0, 5)
    assert shop.csv_path.read_bytes() == before


def test_a_run_without_new_photos_needs_neither_the_model_nor_its_runtime(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    shop.model.path.unlink()
    assert shop.scan().reused == 1
    code = "import sys, medical_telegram_warehouse.vision.scan; print({'onnxruntime', 'numpy', 'PIL'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_csv_depends_on_the_photos_alone(shop: Shop, tmp_path: Path, workers: int) -> None:
    for number in range(12):
        shop.photo(number, shade=number // 2)
    shop.scan(photos=shop.listed()[::-1], workers=workers)
    first = shop.csv_path.read_bytes()
    shutil.rmtree(shop.csv_path.parent)
    shop.scan(workers=2)
    assert shop.csv_path.read_bytes() == first


def test_rows_are_ordered_by_lake_channel_message_and_path(shop: Shop) -> None:
    places = [("b", "a", 1), ("raw", "b", None), ("raw", "b", 10), ("raw", "b", 9), ("raw", "a", 99)]
    photos = [
        PhotoFile(lake=lake, channel_name=channel, message_id=number, path=shop.photo(1), image_path=f"{place}")
        for place in places
        for lake, channel, number in [place]
    ]
    shop.scan(photos=photos, lakes=("raw", "b"))
    rows = [(row["lake"], row["channel_name"], row["message_id"]) for row in shop.rows().values()]
    assert rows == [("b", "a", "1"), ("raw", "a", "99"), ("raw", "b", "9"), ("raw", "b", "10"), ("raw", "b", "")]


def test_a_changed_photo_is_scanned_again(shop: Shop) -> None:
    path = shop.photo(1)
    shop.scan()
    shop.photo(1, shade=60)
    os.utime(path, ns=(1, 1))
    assert shop.scan().scanned == 1
    assert shop.rows()["raw/shop/1.jpg"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_touched_photo_is_read_again_but_not_scanned(shop: Shop) -> None:
    path = shop.photo(1)
    shop.scan()
    os.utime(path, ns=(1, 1))
    summary = shop.scan()
    assert (summary.scanned, summary.reused) == (0, 1)


def test_another_model_scans_again_on_request_only_and_the_first_is_remembered(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    first = shop.csv_path.read_bytes()
    old, shop.model = shop.model, bottle_model(shop.root / "models/person.onnx", class_number=0)
    summary = shop.scan()
    assert (summary.scanned, summary.stale) == (0, 1)
    assert shop.csv_path.read_bytes() == first
    summary = shop.scan(rescan=True)
    assert (summary.scanned, summary.stale) == (1, 0)
    row = shop.rows()["raw/shop/1.jpg"]
    assert (row["image_category"], row["model_sha256"]) == ("lifestyle", shop.model.sha256)
    shop.model = old
    assert shop.scan(rescan=True).scanned == 0
    assert shop.csv_path.read_bytes() == first


def test_another_threshold_shows_other_objects_on_request_without_a_scan(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    first = shop.csv_path.read_bytes()
    assert shop.scan(threshold=0.9).stale == 1
    assert shop.csv_path.read_bytes() == first
    summary = shop.scan(threshold=0.9, rescan=True)
    assert (summary.scanned, summary.stale) == (0, 0)
    row = shop.rows()["raw/shop/1.jpg"]
    assert (row["num_detections"], row["confidence_threshold"]) == ("0", "0.9")
    assert (row["image_category"], row["product_score"]) == ("product_display", "0.8"), "categories know what is seen"


def test_new_photos_take_the_new_model_while_copies_of_old_ones_share_the_old_result(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    shop.model = bottle_model(shop.root / "models/person.onnx", class_number=0)
    shop.photo(2, shade=1)
    shop.photo(3)
    summary = shop.scan()
    assert (summary.scanned, summary.stale) == (1, 1)
    classes = [shop.rows()[f"raw/shop/{number}.jpg"]["detected_class"] for number in (1, 2, 3)]
    assert classes == ["bottle", "bottle", "person"]


def test_a_model_that_knows_no_class_of_any_category_is_refused(shop: Shop) -> None:
    shop.photo(1)
    shop.model = bottle_model(shop.root / "models/drugs.onnx", names="pill,syringe")
    with pytest.raises(ModelError, match=r"drugs\.onnx knows none .* pill, syringe.* YOLO_CATEGORIES"):
        shop.scan()


def test_a_re_encoded_copy_is_the_same_picture_and_another_content(shop: Shop) -> None:
    card = Image.open(BytesIO(render(PhotoKey("promotional", 1))))
    for number, quality in ((1, 95), (2, 40)):
        card.save(shop.photo(number), quality=quality)
    card.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(shop.photo(3), quality=95)
    summary = shop.scan()
    first, second, mirrored = (shop.rows()[f"raw/shop/{number}.jpg"] for number in (1, 2, 3))
    assert first["sha256"] != second["sha256"]
    assert first["image_group"] == second["image_group"] == first["sha256"][:16]
    assert mirrored["image_group"] != first["image_group"]
    assert summary.image_groups == 2


def test_what_is_no_picture_has_a_row_with_the_reason_and_is_not_tried_again(shop: Shop) -> None:
    shop.file(1, b"")
    shop.file(2, b"\x00\x00\x00\x20ftypisom" + b"\x00" * 99)
    shop.file(3, shop.photo(4).read_bytes()[:300])
    summary = shop.scan()
    errors = {path: row["error"] for path, row in shop.rows().items()}
    assert errors["raw/shop/1.jpg"] == "empty file"
    assert errors["raw/shop/2.jpg"] == "a video (MP4), not a picture"
    assert errors["raw/shop/3.jpg"].startswith("truncated")
    assert shop.rows()["raw/shop/2.jpg"]["image_category"] == ""
    assert (summary.unreadable, sum(summary.categories.values())) == (3, 1)
    assert shop.scan().scanned == 0


def test_what_is_no_file_or_too_large_is_unreadable(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(shop.photo(1).with_name("2.jpg"))
    shop.photo(3).with_name("4.jpg").mkdir()
    with shop.photo(5).open("r+b") as file:
        file.truncate(65 * 1024 * 1024)
    shop.scan()
    errors = {path: row["error"] for path, row in shop.rows().items() if row["status"] == "unreadable"}
    assert errors == {
        "raw/shop/2.jpg": "cannot be read: not a regular file",
        "raw/shop/4.jpg": "cannot be read: not a regular file",
        "raw/shop/5.jpg": "larger than 64 MiB",
    }


def test_a_photo_that_vanished_is_missing_and_keeps_its_identity(shop: Shop) -> None:
    path = shop.photo(1)
    shop.photo(2)
    shop.scan()
    sha256 = shop.rows()["raw/shop/1.jpg"]["sha256"]
    path.unlink()
    assert shop.scan().missing == 1
    row = shop.rows()["raw/shop/1.jpg"]
    assert (row["status"], row["sha256"], row["image_category"]) == ("missing", sha256, "")
    assert row["error"] == "the file is gone from its lake"


def test_a_photo_that_vanishes_between_listing_and_reading_is_missing(shop: Shop) -> None:
    shop.photo(1)
    photos = shop.listed()
    photos[0].path.unlink()
    assert shop.scan(photos=photos).missing == 1


def test_a_photo_that_comes_back_is_known_again(shop: Shop) -> None:
    path = shop.photo(1)
    shop.scan()
    before = shop.csv_path.read_bytes()
    path.rename(shop.root / "kept")
    shop.scan()
    (shop.root / "kept").rename(path)
    assert shop.scan().scanned == 0
    assert shop.csv_path.read_bytes() == before


def test_rows_of_a_lake_out_of_reach_stay_as_they_were(shop: Shop) -> None:
    """An unmounted disk says nothing about its photos, and a new model cannot look at them."""
    shop.photo(1)
    shop.photo(2, lake="elsewhere")
    shop.scan(lakes=("raw", "elsewhere"))
    before = shop.rows()["elsewhere/shop/2.jpg"]
    shop.model = bottle_model(shop.root / "models/person.onnx", class_number=0)
    shop.scan(lakes=("raw",), rescan=True)
    assert shop.rows()["elsewhere/shop/2.jpg"] == before
    assert shop.rows()["raw/shop/1.jpg"]["detected_class"] == "person"


def test_a_damaged_cache_is_built_anew_with_a_warning(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.photo(1)
    shop.scan()
    before = shop.csv_path.read_bytes()
    shop.cache_path.write_bytes(b"not a database" * 500)
    assert shop.scan().scanned == 1
    assert shop.csv_path.read_bytes() == before
    assert "every photo is scanned again" in caplog.text


def test_a_cache_with_damaged_pages_is_built_anew(shop: Shop) -> None:
    for number in range(60):
        shop.photo(number)
    shop.scan()
    with shop.cache_path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    assert shop.scan().scanned == 60


def test_a_cache_of_another_revision_is_built_anew(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    connection = sqlite3.connect(shop.cache_path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert shop.scan().scanned == 1


def test_a_cache_that_cannot_be_opened_is_named_with_what_to_do(shop: Shop) -> None:
    shop.photo(1)
    shop.cache_path.mkdir(parents=True)
    with pytest.raises(PermanentError, match=r"scans\.sqlite.*delete the file"):
        shop.scan()


def test_a_model_that_cannot_be_loaded_leaves_the_old_csv(shop: Shop) -> None:
    shop.photo(1)
    shop.scan()
    before = shop.csv_path.read_bytes()
    shop.photo(2)
    shop.model.path.write_bytes(b"broken")
    with pytest.raises(ModelError):
        shop.scan()
    assert shop.csv_path.read_bytes() == before


def test_an_interrupted_run_keeps_its_finished_scans(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        shop.photo(number)
    real, calls = pool_module.ScanPool.submit, iter(range(100))

    def interrupted_at_twenty(pool: pool_module.ScanPool, sha256: str, data: bytes | None) -> None:
        if next(calls) == 20:
            raise KeyboardInterrupt
        real(pool, sha256, data)

    monkeypatch.setattr(pool_module.ScanPool, "submit", interrupted_at_twenty)
    with pytest.raises(KeyboardInterrupt):
        shop.scan()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vision")]
    monkeypatch.undo()
    summary = shop.scan()
    assert 10 <= summary.scanned < 30
    assert summary.scanned + summary.reused == 30


def test_a_file_name_that_is_no_text_does_not_stop_the_run(shop: Shop) -> None:
    path = shop.photo(1)
    odd = PhotoFile(
        lake="raw", channel_name="sh\udcffop", message_id=None, path=path, image_path="raw/sh\udcffop/x.jpg"
    )
    shop.scan(photos=[odd])
    assert list(shop.rows()) == ["raw/sh\\udcffop/x.jpg"]
