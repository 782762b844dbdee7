"""The photo store: photos are written beside their place and renamed, and listed over every lake.

A photo belongs to the message whose number is its file's name, in the folder of its channel; what a record says of
its `image_path` is never opened. A scraper that took a channel `a/b` at its word made a folder in a folder: its
photos are those of the channel `a/b`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.files import writing
from medical_telegram_warehouse.lake.layout import CHANNEL_NAME_FILE, IMAGES_FOLDER, decode_channel, photo_file
from medical_telegram_warehouse.lake.reader import storable_path
from medical_telegram_warehouse.lake.registry import OWN_LAKE, Lake
from medical_telegram_warehouse.records import MAX_CHANNEL_NAME, PhotoFile
from medical_telegram_warehouse.text import storable

logger = logging.getLogger(__name__)
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic"}
# PostgreSQL finds no row by a longer text. No channel's folder comes near, but folders in folders may.
_MAX_NAME_BYTES = 2000


class PhotoStore:
    """The photos of our own lake.

    Args:
        root: the lake's folder.
        relative_to: names of photos in records start here (the folder that holds the data folder).
    """

    def __init__(self, root: Path, relative_to: Path) -> None:
        self._root = root
        self._relative_to = relative_to

    @asynccontextmanager
    async def storing(self, channel_name: str, message_id: int) -> AsyncIterator[BinaryIO]:
        """A file to write a photo into; it gets the photo's place and name when it is whole, or vanishes.

        Raises:
            LakeError: it cannot be written.
        """
        path = photo_file(self._root, channel_name, message_id)
        temporary = path.with_suffix(".part")  # not a photo's suffix, so a reader never sees half a photo
        with writing(self._root):
            if not path.parent.is_dir():
                _make_channel_folder(path.parent, channel_name)
            file = temporary.open("w+b")
        try:
            with file:
                yield cast("BinaryIO", _LakeFile(file, self._root))
                with writing(self._root):
                    file.flush()
                    await asyncio.to_thread(os.fsync, file.fileno())
            with writing(self._root):
                os.replace(temporary, path)  # noqa: PTH105 - atomic, and named so
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def place(self, channel_name: str, message_id: int) -> str:
        """The recorded name of a message's photo, whether it is there yet or not."""
        return own_photo_name(photo_file(self._root, channel_name, message_id), self._relative_to)

    def has(self, channel_name: str, message_id: int) -> bool:
        """Whether a message's photo is there."""
        return photo_file(self._root, channel_name, message_id).is_file()


class _LakeFile:
    """A file of the lake in the hands of a source: its errors are the lake's, not those of a connection."""

    def __init__(self, file: BinaryIO, root: Path) -> None:
        self._file = file
        self._root = root

    def write(self, content: bytes) -> int:
        with writing(self._root):
            return self._file.write(content)

    def seek(self, position: int) -> int:
        with writing(self._root):
            return self._file.seek(position)

    def truncate(self) -> int:
        with writing(self._root):
            return self._file.truncate()

    def flush(self) -> None:
        with writing(self._root):
            self._file.flush()

    def tell(self) -> int:
        return self._file.tell()


def _make_channel_folder(folder: Path, channel_name: str) -> None:
    """Make a channel's folder; one whose name cannot be decoded holds the channel's name from its first moment on."""
    if decode_channel(folder.name) == channel_name:
        folder.mkdir(parents=True, exist_ok=True)
        return
    temporary = folder.with_name(f".{folder.name}")
    temporary.mkdir(parents=True, exist_ok=True)
    (temporary / CHANNEL_NAME_FILE).write_text(channel_name, encoding="utf-8")
    temporary.rename(folder)


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
            channel = _channel_of(channel_folder, lake.root / IMAGES_FOLDER)
            for entry in _entries(channel_folder):
                path = Path(entry.path)
                if path.suffix.lower() in PHOTO_SUFFIXES and _is_file(entry):
                    named = own_photo_name(path, relative_to) if lake.name == OWN_LAKE else storable_path(path)
                    if len(named.encode()) > _MAX_NAME_BYTES:
                        logger.warning("a photo is left out, because its path is too long: %s…", named[:100])
                        continue
                    number = int(path.stem) if path.stem.isascii() and path.stem.isdecimal() else None
                    yield PhotoFile(
                        lake=lake.name,
                        channel_name=channel,
                        message_id=number if number is not None and 0 < number < 2**63 else None,
                        path=path,
                        image_path=named,
                    )


def _channel_of(folder: Path, images: Path) -> str:
    named = folder / CHANNEL_NAME_FILE
    try:
        if named.is_file():  # a pipe would be waited for without end
            with named.open(encoding="utf-8", errors="replace") as file:
                return storable(file.read(MAX_CHANNEL_NAME))
    except OSError:
        logger.warning("cannot read %s; the folder's own name counts", storable_path(named))
    return decode_channel(storable_path(folder.relative_to(images)))


def _channel_folders(images: Path) -> Iterator[Path]:
    for entry in _entries(images):
        if _is_folder(entry):  # a link to a folder elsewhere too, but only here: deeper ones might lead in circles
            yield from _with_nested(Path(entry.path), images)


def _with_nested(folder: Path, images: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        if len(decode_channel(storable_path(folder.relative_to(images)))) > MAX_CHANNEL_NAME:
            shown = storable_path(folder)[:100]
            logger.warning("photos in %s… are left out: no channel has so long a name", shown)
            continue
        yield folder
        nested = [Path(entry.path) for entry in _entries(folder) if _is_folder(entry, follow=False)]
        waiting += reversed(nested)


def _is_folder(entry: os.DirEntry[str], *, follow: bool = True) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a link to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        shown = storable_path(folder)
        raise LakeError(f"cannot list {shown}: {error.strerror}; check that this user may read it") from error
