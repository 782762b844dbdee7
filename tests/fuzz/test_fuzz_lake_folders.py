"""Folders of other people, as an archive may unpack them: links, pipes and names that nobody would give."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from fuzz.answers import checked_log, is_storable
from fuzz.mutations import fuzzed
from medical_telegram_warehouse.lake.photos import list_photos
from medical_telegram_warehouse.lake.reader import list_message_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.records import MAX_CHANNEL_NAME
from medical_telegram_warehouse.vision.content import look_at

NO_UTF8 = os.fsdecode(b"\xff\xfe.jpg")
NAMES = st.sampled_from(
    [
        *(
            "2026-09-30",
            "2026-13-45",
            "shop",
            "shop.jsonl",
            "shop.json",
            ".jsonl",
            ".channel",
            "telegram_messages",
            "~",
        ),
        *("1.jpg", "9223372036854775808.png", "01.webp", "٣.jpg", ".jpg", "x.JPG", NO_UTF8, "%00", "%2e%2e", "%"),
        *("a\nb", "a\\b", " ", "-rf", "💊" * 30, "x" * 250, "%E1%88%80" * 25),
    ]
)
FOLDERS = st.sampled_from(["telegram_messages", "images"])
KINDS = st.sampled_from(["file", "folder", "link", "link to itself", "pipe"])
TARGETS = st.sampled_from([".", "..", "../..", "1.jpg", "shop", "/nowhere", "/dev/null"])


class Entry(NamedTuple):
    folder: str
    names: list[str]
    kind: str
    target: str


ENTRIES = st.lists(st.builds(Entry, FOLDERS, st.lists(NAMES, min_size=1, max_size=5), KINDS, TARGETS), max_size=12)


def make(root: Path, entry: Entry) -> None:
    place = root.joinpath(entry.folder, *entry.names)
    place.parent.mkdir(parents=True, exist_ok=True)
    match entry.kind:
        case "file":
            with place.open("xb") as file:  # a pipe of that name would be waited for
                file.write(b'{"message_id":1}\n')
        case "folder":
            place.mkdir()
        case "link":
            place.symlink_to(entry.target)
        case "link to itself":
            place.symlink_to(place.name)
        case _:
            os.mkfifo(place)


# Nothing was to be seen in Dagster's UI of a run that left such a folder out.
NO_CHANNELS_NAME = Entry("images", [NO_UTF8, "x" * 250, "x" * 250, "1.jpg"], "file", "")


@fuzzed()
@given(entries=ENTRIES)
@example(entries=[NO_CHANNELS_NAME])
def test_any_folder_is_listed_and_every_name_can_be_stored(entries: list[Entry]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for entry in entries:
            with suppress(OSError):  # a name that is taken already, or too long
                make(root, entry)
        with checked_log():
            check_messages(Lake("other", root))
            check_photos(Lake("other", root))


def check_messages(lake: Lake) -> None:
    files, strays = list_message_files(lake)
    for file in files:
        assert file.path.is_file(), "and no pipe, which would be waited for"
        assert is_storable([file.file_path, file.channel_name])
    assert len(strays) == len(set(strays))
    assert all(is_storable(stray) and len(stray.encode()) <= 2000 for stray in strays)


def check_photos(lake: Lake) -> None:
    photos = list(list_photos([lake], lake.root))
    for photo in photos:
        assert look_at(photo.path).size >= 0, "it is a file"
        assert is_storable([photo.image_path, photo.channel_name])
        assert len(photo.image_path.encode()) <= 2000
        assert len(photo.channel_name) <= MAX_CHANNEL_NAME
        assert photo.message_id is None or 0 < photo.message_id < 2**63
    assert len({photo.path for photo in photos}) == len(photos)
