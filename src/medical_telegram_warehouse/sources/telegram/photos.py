"""The bytes of a message's photo, or of an image that was sent as a document; videos and stickers are none.

Photos are asked for while their page is fresh, because the references to files expire. Telethon renews an expired
reference for documents alone, so here the message is fetched again, once, for both; the same helps when a download
ended early.
"""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple

from telethon import TelegramClient, errors, types

from medical_telegram_warehouse.errors import PhotoError
from medical_telegram_warehouse.sources.base import MAX_PHOTO_BYTES, PhotoFetch
from medical_telegram_warehouse.sources.telegram.failures import name_of, photo_errors

_EXPIRED = (
    errors.FileReferenceExpiredError,
    errors.FileReferenceInvalidError,
    errors.FileReferenceEmptyError,
    errors.FilerefUpgradeNeededError,
)
_NO_IMAGES = (types.DocumentAttributeSticker, types.DocumentAttributeVideo, types.DocumentAttributeAnimated)


class Photo(NamedTuple):
    """Which file of a message is its photo."""

    photo_id: int
    size: int
    """In bytes, as Telegram announces it."""
    thumb: str | None
    """The type of size to ask for; None for a document, which is asked for as it is."""


def photo_of(message: Any) -> Photo | None:
    """The photo of a message, or None."""
    media = message.media
    if isinstance(media, types.MessageMediaPhoto) and isinstance(media.photo, types.Photo):
        sizes = [(_bytes_of(size), size) for size in media.photo.sizes]
        size, largest = max(sizes, key=lambda each: each[0], default=(0, None))
        return Photo(media.photo.id, size, largest.type) if largest is not None and size else None
    if isinstance(media, types.MessageMediaDocument) and isinstance(media.document, types.Document):
        document = media.document
        is_image = document.mime_type.startswith("image/")
        if is_image and not any(isinstance(attribute, _NO_IMAGES) for attribute in document.attributes):
            return Photo(document.id, document.size, None)
    return None


def photo_fetch(client: TelegramClient, peer: Any, message: Any) -> PhotoFetch | None:
    """How to get the photo of a message, or None if it has none."""
    if photo_of(message) is None:
        return None

    async def fetch(file: BinaryIO) -> None:
        problem = await _download(client, message, file)
        if problem:
            file.seek(0)
            file.truncate()
            with photo_errors():
                fresh = await client.get_messages(peer, ids=message.id)
            problem = await _download(client, fresh, file) if fresh is not None else "the message was deleted"
        if problem:
            raise PhotoError(problem)

    return fetch


async def _download(client: TelegramClient, message: Any, file: BinaryIO) -> str | None:
    """Write the photo; returns what went wrong and may go right with a fresh reference."""
    photo = photo_of(message)
    if photo is None:
        return "the message no longer has it"
    if photo.size > MAX_PHOTO_BYTES:
        raise PhotoError(f"it has {photo.size:,} bytes; more than {MAX_PHOTO_BYTES:,} are not fetched")
    with photo_errors():
        try:
            await client.download_media(message, file=file, thumb=photo.thumb)
        except _EXPIRED as error:
            return f"the reference to its file has expired ({name_of(error)})"
        except ValueError as error:  # as Telethon says that a data centre is not known
            return str(error)
    written = file.tell()
    return None if written == photo.size else f"{written:,} of its {photo.size:,} bytes arrived"


def _bytes_of(size: Any) -> int:
    """How large a photo's size is; 0 for what cannot be asked for, and for the stripped preview."""
    if isinstance(size, types.PhotoSizeProgressive):
        return int(max(size.sizes))
    if isinstance(size, types.PhotoSize):
        return int(size.size)
    return len(size.bytes) if isinstance(size, types.PhotoCachedSize) else 0
