"""Photos are stored whole, found again, and listed over all lakes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from factories import deep_folders, lake
from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.photos import PhotoStore, list_photos
from medical_telegram_warehouse.lake.reader import list_message_files
from medical_telegram_warehouse.lake.registry import OWN_LAKE, Lake


def photo(root: Path, folder: str, name: str) -> Path:
    path = root / "images" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def save(store: PhotoStore, channel_name: str, message_id: int, content: bytes) -> None:
    async def write() -> None:
        async with store.storing(channel_name, message_id) as file:
            file.write(content)

    asyncio.run(write())


def test_a_stored_photo_is_found_by_the_name_that_records_hold(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path / "data" / "raw", tmp_path)
    assert not store.has("shop", 7)
    save(store, "shop", 7, b"jpeg")
    assert store.has("shop", 7)
    assert store.place("shop", 7) == "data/raw/images/shop/7.jpg"
    assert (tmp_path / "data/raw/images/shop/7.jpg").read_bytes() == b"jpeg"


def test_a_lake_outside_the_project_names_photos_by_their_whole_path(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path / "elsewhere", tmp_path / "project")
    assert store.place("shop", 7) == (tmp_path / "elsewhere/images/shop/7.jpg").as_posix()


@pytest.mark.parametrize("channel", ["..", "a/b", "../../etc", "💊" * 200])
def test_a_channel_name_cannot_lead_out_of_the_store(tmp_path: Path, channel: str) -> None:
    store = PhotoStore(tmp_path / "raw", tmp_path)
    save(store, channel, 7, b"jpeg")
    [stored] = tmp_path.rglob("*.jpg")
    assert stored.parent.parent == tmp_path / "raw" / "images"
    assert [found.channel_name for found in list_photos([Lake(OWN_LAKE, tmp_path / "raw")], tmp_path)] == [channel]


def test_half_a_photo_is_never_listed_nor_found(tmp_path: Path) -> None:
    """A kill in the middle of writing leaves the temporary file; the next scrape fetches the photo again."""
    photo(tmp_path, "shop", "7.part")
    store = PhotoStore(tmp_path, tmp_path)
    assert not store.has("shop", 7)
    assert list(list_photos([lake(tmp_path)], tmp_path)) == []
    save(store, "shop", 7, b"whole")
    assert sorted(path.name for path in (tmp_path / "images/shop").iterdir()) == ["7.jpg"]


def test_a_photo_that_could_not_be_written_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    async def interrupted() -> None:
        async with PhotoStore(tmp_path, tmp_path).storing("shop", 7) as file:
            file.write(b"half")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(interrupted())
    assert list((tmp_path / "images/shop").iterdir()) == []


def test_photos_of_all_lakes_come_in_a_fixed_order(tmp_path: Path) -> None:
    own, other = tmp_path / "data" / "raw", tmp_path / "other"
    for folder, name in [("b", "2.jpg"), ("b", "10.png"), ("a", "3.JPEG"), ("a", "notes.txt"), ("a", "4.mp4")]:
        photo(own, folder, name)
    photo(other, "a", "1.webp")
    listed = list(list_photos([Lake(OWN_LAKE, own), Lake("other", other)], tmp_path))
    assert [(p.lake, p.channel_name, p.message_id) for p in listed] == [
        ("own", "a", 3),
        ("own", "b", 10),
        ("own", "b", 2),
        ("other", "a", 1),
    ]
    assert listed[0].image_path == "data/raw/images/a/3.JPEG"
    assert listed[-1].image_path == (other / "images/a/1.webp").as_posix(), "other lakes do not move with the project"


@pytest.mark.parametrize(
    ("stem", "number"),
    [("7", 7), ("007", 7), ("0", None), ("-1", None), ("7_1", None), ("cover", None), ("٧", None), ("9" * 19, None)],
)
def test_a_photo_whose_name_is_no_message_id_belongs_to_no_message(
    tmp_path: Path, stem: str, number: int | None
) -> None:
    photo(tmp_path, "shop", f"{stem}.jpg")
    assert [found.message_id for found in list_photos([lake(tmp_path)], tmp_path)] == [number]


@pytest.mark.parametrize(
    ("folder", "channel"),
    [("..%2f..", "../.."), ("a%2Fb", "a/b"), ("a/b", "a/b"), ("a/b/c", "a/b/c"), ("%00", "\ufffd"), ("ሎቤሊያ", "ሎቤሊያ")],
)
def test_hostile_folder_names_are_only_names(tmp_path: Path, folder: str, channel: str) -> None:
    stored = photo(tmp_path, folder, "1.jpg")
    [found] = list_photos([lake(tmp_path)], tmp_path)
    assert (found.channel_name, found.path) == (channel, stored)


def test_names_that_are_no_utf8_can_be_stored_and_opened(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "images") + b"/\xff"
    os.makedirs(folder)  # noqa: PTH103 - bytes, not a path
    with open(folder + b"/1.jpg", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    [found] = list_photos([lake(tmp_path)], tmp_path)
    assert found.channel_name == "\ufffd"
    found.image_path.encode()
    assert found.path.read_bytes() == b"x"


def test_links_below_a_channel_do_not_lead_in_circles(tmp_path: Path) -> None:
    photo(tmp_path, "shop", "1.jpg")
    (tmp_path / "images/shop/again").symlink_to(tmp_path / "images")
    (tmp_path / "images/shop/2.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "images/shop/3.jpg").symlink_to("3.jpg")
    (tmp_path / "images/itself").symlink_to("itself")
    assert [found.message_id for found in list_photos([lake(tmp_path)], tmp_path)] == [1]


def test_a_pipe_in_the_place_of_a_channels_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(photo(tmp_path, "shop", "1.jpg").with_name(".channel"))
    [found] = list_photos([lake(tmp_path)], tmp_path)
    assert found.channel_name == "shop"


def test_photos_deeper_than_any_channels_name_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    photo(tmp_path, "shop", "1.jpg")
    photo(tmp_path, "/".join("b" * 128), "2.jpg")
    with deep_folders(tmp_path / "images", 1500):
        names = [found.channel_name for found in list_photos([lake(tmp_path)], tmp_path)]
    assert names == ["/".join("b" * 128), "shop"]
    assert [record.getMessage().endswith("no channel has so long a name") for record in caplog.records] == [True]


def test_a_photo_whose_path_no_table_takes_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One of them would make every load of detections fail."""
    photo(tmp_path, "shop", "1.jpg")
    photo(tmp_path, "/".join(["%E1%88%80" * 25] * 9), "2.jpg")
    assert [found.channel_name for found in list_photos([lake(tmp_path)], tmp_path)] == ["shop"]
    assert "its path is too long" in caplog.text


def test_what_is_said_of_a_name_that_is_no_utf8_can_be_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of a run with a line that is no UTF-8, Dagster's UI shows nothing but an error."""
    nameless = os.fsdecode(b"\xff")
    photo(tmp_path, f"{nameless}/{'x' * 250}/{'x' * 250}", "1.jpg")
    photo(tmp_path, f"{nameless}b", ".channel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", refuse)  # who tests as root may read everything
        assert list(list_photos([lake(tmp_path)], tmp_path)) == []
    assert [(record.levelname, "\ufffd" in record.getMessage()) for record in caplog.records] == [("WARNING", True)] * 2
    caplog.text.encode()


def refuse(path: Path, *_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_folder_that_is_no_utf8_and_cannot_be_listed_is_named_so_that_it_can_be_shown(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xff")
    root.mkdir()
    (root / "images").write_bytes(b"a file in its place")
    (root / "telegram_messages").write_bytes(b"a file in its place")
    for listing in (lambda: list(list_photos([lake(root)], tmp_path)), lambda: list_message_files(lake(root))):
        with pytest.raises(LakeError, match=r"\ufffd/[a-z_]+: Not a directory"):
            listing()


def test_a_missing_lake_has_no_photos_and_an_unreadable_one_is_named(tmp_path: Path) -> None:
    assert list(list_photos([Lake("gone", tmp_path / "gone")], tmp_path)) == []
    (tmp_path / "images").write_bytes(b"a file in its place")
    with pytest.raises(LakeError, match="images: Not a directory"):
        list(list_photos([lake(tmp_path)], tmp_path))
