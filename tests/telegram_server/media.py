"""Files that messages carry: what the server keeps of them, and the TL objects that describe them.

A file is kept as a way to load its bytes, so that a generated channel holds none in memory. The id of a file names
its channel in the upper half, which is how `upload.getFile` finds it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from telethon import types

DEFAULT_DC = 2
_WIDTH, _HEIGHT = 1280, 960
_MANY = 16  # Fewer bytes have no smaller sizes: the smallest would not be smaller.


def hash_of(number: int) -> int:
    """A stable access hash."""
    return int.from_bytes(sha256(str(number).encode()).digest()[:8], "big") >> 2


@dataclass(frozen=True)
class StoredFile:
    """A photo or a document."""

    id: int
    size: int
    load: Callable[[], bytes]
    dc_id: int = DEFAULT_DC
    is_photo: bool = True

    @property
    def access_hash(self) -> int:
        return hash_of(self.id)

    def read(self, thumbnail: str) -> bytes:
        """The bytes of one size. Every size but the largest is a first part of it."""
        return self.load()[: self.size // 4] if thumbnail == "m" else self.load()


def photo(file: StoredFile, date: datetime) -> Any:
    """A `MessageMediaPhoto` with three sizes. The world sets the file reference when it hands the message out."""
    sizes = []
    if file.size >= _MANY:
        sizes = [
            types.PhotoStrippedSize("i", b"\x01\x1e\x28"),
            types.PhotoSize("m", _WIDTH // 4, _HEIGHT // 4, file.size // 4),
        ]
    sizes.append(types.PhotoSizeProgressive("y", _WIDTH, _HEIGHT, [file.size // 4, file.size // 2, file.size]))
    return types.MessageMediaPhoto(
        photo=types.Photo(file.id, file.access_hash, b"", date, sizes, dc_id=file.dc_id),
    )


def document(file: StoredFile, date: datetime, mime_type: str, name: str | None) -> Any:
    """A `MessageMediaDocument`, with the attributes that its type has in Telegram."""
    attributes: list[Any] = []
    if mime_type.startswith("video/"):
        attributes.append(types.DocumentAttributeVideo(duration=2.0, w=_WIDTH, h=_HEIGHT, supports_streaming=True))
    if mime_type.startswith("image/"):
        attributes.append(types.DocumentAttributeImageSize(w=_WIDTH, h=_HEIGHT))
    if name is not None:
        attributes.append(types.DocumentAttributeFilename(name))
    return types.MessageMediaDocument(
        video=mime_type.startswith("video/") or None,
        document=types.Document(
            id=file.id,
            access_hash=file.access_hash,
            file_reference=b"",
            date=date,
            mime_type=mime_type,
            size=file.size,
            dc_id=file.dc_id,
            attributes=attributes,
        ),
    )


def refer(message: Any, reference: bytes) -> Any:
    """Gives the file of a message its current reference."""
    media = getattr(message, "media", None)
    for name in ("photo", "document"):
        file = getattr(media, name, None)
        if file is not None:
            file.file_reference = reference
    return message
