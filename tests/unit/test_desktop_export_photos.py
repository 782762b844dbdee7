"""Telegram Desktop's export as a source: photos, from inside its folder alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from export_files import JPEG, NOT_INCLUDED, exported, one_chat
from imported_export import Imported, fetched
from medical_telegram_warehouse.errors import PhotoError
from medical_telegram_warehouse.sources.base import MAX_PHOTO_BYTES

PHOTO = "photos/photo_1@01-01-2026_10-00-00.jpg"


@pytest.mark.parametrize("named", [PHOTO, PHOTO.replace("/", "\\"), "photos/a (1).jpg"])
def test_a_photo_is_copied_from_the_exports_folder(tmp_path: Path, named: str) -> None:
    """Also with the backslashes of an export made on Windows."""
    one_chat(tmp_path, exported(1, photo=named), photos={named.replace("\\", "/"): JPEG})
    [observation] = Imported(tmp_path).observations
    assert observation.message.photo_id is None
    assert observation.message.image_path is None
    assert fetched(observation) == JPEG


def test_an_image_sent_as_a_file_counts_as_a_photo(tmp_path: Path) -> None:
    item = exported(1, file="files/box.png", mime_type="image/png")
    [observation] = Imported(one_chat(tmp_path, item, photos={"files/box.png": JPEG})).observations
    assert observation.message.media_type == "document"
    assert fetched(observation) == JPEG


@pytest.mark.parametrize(
    "named",
    [
        NOT_INCLUDED,
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "box.png (File unavailable, please try again later)",
    ],
)
def test_a_photo_that_was_not_exported_is_known_but_not_fetched(tmp_path: Path, named: str) -> None:
    imported = Imported(one_chat(tmp_path, exported(1, photo=named)))
    assert imported.observations[0].photo is None
    assert imported.messages[0].has_media
    assert imported.source.skipped == {"photo_not_included": 1}


@pytest.mark.parametrize(
    "named",
    [
        *(
            "/etc/hostname",
            "../secret.jpg",
            "photos/../../secret.jpg",
            "..\\secret.jpg",
            "C:\\secret.jpg",
            "C:secret.jpg",
        ),
        *("\\\\server\\share\\x.jpg", "\\secret.jpg", "photos/link.jpg", "folder_link/secret.jpg", "circle/x.jpg"),
    ],
)
def test_nothing_outside_the_exports_folder_is_read(tmp_path: Path, named: str) -> None:
    export = one_chat(tmp_path / "export", exported(1, photo=named))
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (export / "photos").mkdir()
    (export / "photos" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (export / "folder_link").symlink_to(tmp_path)
    (export / "circle").symlink_to("circle")
    imported = Imported(export)
    with pytest.raises(PhotoError, match="outside its folder"):
        fetched(imported.observations[0])
    assert imported.source.skipped == {"photo_path_refused": 1}


def test_a_photo_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    names = (
        "photos/missing.jpg",
        "photos/empty.jpg",
        "photos",
        "photos/pipe.jpg",
        "photos/empty.jpg/x.jpg",
        "a\0b.jpg",
    )
    items = [exported(number, photo=name) for number, name in enumerate(names, 1)]
    one_chat(tmp_path, *items, photos={"photos/empty.jpg": b""})
    os.mkfifo(tmp_path / "photos" / "pipe.jpg")  # opening it would wait for ever
    reasons = ["is not there", "is empty", "is not a file", "is not a file", "cannot read", "is not there"]
    for observation, reason in zip(Imported(tmp_path).observations, reasons, strict=True):
        with pytest.raises(PhotoError, match=reason):
            fetched(observation)


def test_a_photo_that_is_too_large_is_no_photo(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1, photo="huge.jpg"))
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_PHOTO_BYTES + 1)
    with pytest.raises(PhotoError, match="64 MiB"):
        fetched(Imported(tmp_path).observations[0])
