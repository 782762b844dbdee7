"""The directory of tags that opens a TIFF file, and that a photo's EXIF data is.

Belongs here: which way up a photo is stored, and what reading a TIFF would cost. Does not belong here: its pixels.

Pillow's own reader makes an object of every number in every directory that it meets: the EXIF data of one JPEG kept it
busy for 11 seconds, one TIFF took a gigabyte. Here a value is looked at only where its tag is wanted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from medical_telegram_warehouse.vision.decoding.unreadable import UnreadablePhotoError, check_pixels

ORIENTATION, TILE_WIDTH, TILE_LENGTH = 274, 322, 323
BYTE_KINDS = {1, 2, 6, 7}
NUMBER_KINDS = {3: "H", 4: "I", 16: "Q"}
MAX_NUMBERS = 500_000  # in one tag; the offsets of a picture's strips are the longest list of an honest file
UPRIGHT = 1


class Tag(NamedTuple):
    """One entry of a directory."""

    number: int
    kind: int
    length: int
    value: int | None
    """Its first number, where that stands in the entry itself."""


def tags(tiff: bytes) -> Iterator[Tag]:
    """The entries of the first directory.

    Raises:
        struct.error: The data end before the directory does.
        KeyError: The data are no TIFF.
    """
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    big = struct.unpack_from(order + "H", tiff, 2)[0] == 43  # noqa: PLR2004 - BigTIFF, with longer numbers
    (place,) = struct.unpack_from(order + ("Q" if big else "I"), tiff, 8 if big else 4)
    count, entry = (
        (order + "Q", struct.Struct(order + "HHQ8s")) if big else (order + "H", struct.Struct(order + "HHI4s"))
    )
    (entries,) = struct.unpack_from(count, tiff, place)
    place += struct.calcsize(count)
    for at in range(place, place + entries * entry.size, entry.size):
        number, kind, values, inline = entry.unpack_from(tiff, at)
        form = order + NUMBER_KINDS.get(kind, "")
        fits = values and 0 < struct.calcsize(form) <= len(inline)
        yield Tag(number, kind, values, struct.unpack_from(form, inline)[0] if fits else None)


def orientation(exif: bytes) -> int:
    """How EXIF data say that the stored picture must be turned; damaged data say nothing about the picture itself."""
    try:
        found = (tag.value for tag in tags(exif.removeprefix(b"Exif\x00\x00")) if tag.number == ORIENTATION)
        return next(found, None) or UPRIGHT
    except (struct.error, KeyError):
        return UPRIGHT


def check_tiff(data: bytes) -> None:
    """Refuses a TIFF that is dear to open or to decode, whatever the size of its picture.

    Raises:
        UnreadablePhotoError: With the reason.
    """
    sides = {TILE_WIDTH: 0, TILE_LENGTH: 0}
    try:
        for tag in tags(data):
            if tag.kind not in BYTE_KINDS and tag.length > MAX_NUMBERS:
                raise UnreadablePhotoError("a TIFF of too many pieces")
            if tag.number in sides:
                sides[tag.number] = max(sides[tag.number], tag.value or 0)
    except (struct.error, KeyError) as error:
        raise UnreadablePhotoError("truncated or damaged TIFF") from error
    # A tile is decoded whole: one of a gigabyte fits into a file of a megabyte and may belong to a picture of 1 x 1.
    check_pixels(sides[TILE_WIDTH], sides[TILE_LENGTH], what="a tile of ")
