"""The photo store: photos are written beside their place and renamed, and listed over every lake.

A photo belongs to the message whose number is its file's name, in the folder of its channel; what a record says of
its `image_path` is never opened. A scraper that took a channel `a/b` at its word made a folder in a folder: its
photos are those of the channel `a/b`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.layout import IMAGES_FOLDER, decode_channel, photo_file
from medical_telegram_warehouse.lake.reader import storable_path
from medical_telegram_warehouse.lake.registry import OWN_LAKE, Lake
from medical_telegram_warehouse.lake.writer import writing
from medical_telegram_warehouse.records import PhotoFile

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic"}


class PhotoStore:
    """The photos of our own lake.

    Args:
        root: the lake's folder.
        relative_to: names of photos in records start here (the folder that holds the data folder).
    """

    def __init__(self, root: Path, relative_to: Path) -> None:
        self._root = root
        self._relative_to = relative_to

    def find(self, channel_name: str, message_id: int) -> str | None:
        """The recorded name of a stored photo, or None."""
        path = photo_file(self._root, channel_name, message_id)
        return self._name(path) if path.is_file() else None

    def save(self, channel_name: str, message_id: int, content: bytes) -> str:
        """Store a photo, whole or not at all; returns its recorded name.

        Raises:
            LakeError: it cannot be written.
        """
        path = photo_file(self._root, channel_name, message_id)
        temporary = path.with_suffix(".part")  # not a photo's suffix, so a reader never sees half a photo
        with writing(self._root):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            os.replace(temporary, path)  # noqa: PTH105 - atomic, and named so
        return self._name(path)

    def _name(self, path: Path) -> str:
        return own_photo_name(path, self._relative_to)


def own_photo_name(path: Path, relative_to: Path) -> str:
    """How a photo of our own lake is named: relative where it can be, so that the project's folder may move."""
    return storable_path(path.relative_to(relative_to) if path.is_relative_to(relative_to) else path)


def list_photos(lakes: Iterable[Lake], relative_to: Path) -> Iterator[PhotoFile]:
    """Yield every photo of every reachable lake, in a fixed order.

    Raises:
        LakeError: a folder cannot be listed.
    """
    for lake in lakes:
        for channel_folder in _channel_folders(lake.root / IMAGES_FOLDER):
            channel = decode_channel(storable_path(channel_folder.relative_to(lake.root / IMAGES_FOLDER)))
            for entry in _entries(channel_folder):
                path = Path(entry.path)
                if path.suffix.lower() in PHOTO_SUFFIXES and entry.is_file():
                    named = own_photo_name(path, relative_to) if lake.name == OWN_LAKE else storable_path(path)
                    number = int(path.stem) if path.stem.isascii() and path.stem.isdecimal() else None
                    yield PhotoFile(
                        lake=lake.name,
                        channel_name=channel,
                        message_id=number if number is not None and 0 < number < 2**63 else None,
                        path=path,
                        image_path=named,
                    )


def _channel_folders(images: Path) -> Iterator[Path]:
    for entry in _entries(images):
        if entry.is_dir():  # a link to a folder elsewhere too, but only here: deeper ones might lead in circles
            yield Path(entry.path)
            yield from _nested(Path(entry.path))


def _nested(folder: Path) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
            yield from _nested(Path(entry.path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LakeError(f"cannot list {folder}: {error.strerror}; check that this user may read it") from error
