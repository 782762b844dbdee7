"""The boxes of a HEIC or AVIF file, looked at before a decoder is.

Belongs here: what decoding such a file would cost, and which of its parts no decoder shall see. Does not belong here:
decoding. The boxes are those of ISO/IEC 14496-12, the items and their properties those of 23008-12.

    file -> its "meta" boxes -> cost in pixels -> the file without metadata

A picture may be put together from others, and each of them counts: 38 kilobytes that named one tile a hundred times
took half a minute. Metadata are read once for each picture of the file: ten megabytes, 300 times, took three gigabytes.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator

from medical_telegram_warehouse.vision.decoding.unreadable import MAX_PIXELS, UnreadablePhotoError

MAX_META_BYTES = 4 * 1024 * 1024
MAX_COPIED_BYTES = 64 * 1024 * 1024  # what an item's properties may come to when each item is given all of them
MAX_DECODED_PIXELS = 3 * MAX_PIXELS  # the picture, its tiles, and what hangs over its edge
MAX_NESTING = 4
MAX_AVIF_TILES = 64  # its decoder does not hold a tile to the size that the boxes name
METADATA_ITEM = re.compile(rb"(infe(?:\x02.{7}|\x03.{9}))(?:Exif|mime|uri )", re.DOTALL)
LARGE_BOX = 1

Span = tuple[int, int]


def without_metadata(data: bytes, *, kind: str) -> bytes:
    """The same file, in which EXIF and XMP are not to be found any more.

    Raises:
        UnreadablePhotoError: It would take too much time or memory.
    """
    parts: list[bytes] = []
    kept = 0
    try:
        for name, start, end in _boxes(data, 0, len(data)):
            if name == b"meta":
                meta = data[start:end]
                _check(meta, kind)
                parts += [data[kept:start], METADATA_ITEM.sub(rb"\1skip", meta)]
                kept = end
    except struct.error as error:
        raise UnreadablePhotoError(f"truncated or damaged {kind}") from error
    return b"".join([*parts, data[kept:]])


def _check(meta: bytes, kind: str) -> None:
    if len(meta) > MAX_META_BYTES or len(meta) * meta.count(b"infe") > MAX_COPIED_BYTES:
        raise UnreadablePhotoError(f"a {kind} of too many pieces")
    areas = _areas(meta)
    made_of = _made_of(meta)
    if kind == "AVIF" and any(len(pieces) > MAX_AVIF_TILES for pieces in made_of.values()):
        raise UnreadablePhotoError(f"a {kind} of too many pieces")
    costs = areas
    for _ in range(MAX_NESTING):
        before, costs = costs, {
            **areas,
            **{item: areas.get(item, 0) + sum(costs.get(piece, 0) for piece in made_of[item]) for item in made_of},
        }  # fmt: skip
        if costs == before:
            break
    else:
        raise UnreadablePhotoError(f"a {kind} of too many pieces")
    if max(costs.values(), default=0) > MAX_DECODED_PIXELS:
        raise UnreadablePhotoError(f"a {kind} of too many pieces")


def _areas(meta: bytes) -> dict[int, int]:
    """The pixels of each item, by the size among its properties."""
    sizes: list[int] = [0]  # properties are counted from 1
    areas: dict[int, int] = defaultdict(int)
    for start, end in _inside(meta, b"iprp"):
        for name, first, last in _boxes(meta, start, end):
            if name == b"ipco":
                for prop, at, _ in _boxes(meta, first, last):
                    width, height = struct.unpack_from(">II", meta, at + 4) if prop == b"ispe" else (0, 0)
                    sizes.append(width * height)
    for start, end in _inside(meta, b"iprp"):
        for name, first, last in _boxes(meta, start, end):
            if name == b"ipma":
                for item, properties in _associations(meta[first:last]):
                    known = (sizes[number] for number in properties if number < len(sizes))
                    areas[item] = max(areas[item], *known, 0)
    return dict(areas)


def _associations(body: bytes) -> Iterator[tuple[int, list[int]]]:
    version, wide = body[0], body[3] & 1
    head, number = struct.Struct(">IB" if version else ">HB"), struct.Struct(">H" if wide else ">B")
    (entries,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _ in range(entries):
        item, count = head.unpack_from(body, at)
        at += head.size
        essential = 1 << (8 * number.size - 1)  # the highest bit is a mark, not a part of the number
        yield item, [number.unpack_from(body, at + index * number.size)[0] & ~essential for index in range(count)]
        at += count * number.size


def _made_of(meta: bytes) -> dict[int, list[int]]:
    """Which items a picture is put together from, each as often as it is used."""
    found: dict[int, list[int]] = defaultdict(list)
    for start, end in _inside(meta, b"iref"):
        letter = "I" if meta[start] else "H"
        for name, at, _ in _boxes(meta, start + 4, end):
            if name == b"dimg":
                item, count = struct.unpack_from(f">{letter}H", meta, at)
                first = at + struct.calcsize(f">{letter}H")
                found[item] += struct.unpack_from(f">{count}{letter}", meta, first)
    return dict(found)


def _inside(meta: bytes, wanted: bytes) -> Iterator[Span]:
    """Where boxes of this name stand directly in a "meta" box, behind its version and flags."""
    for name, start, end in _boxes(meta, 4, len(meta)):
        if name == wanted:
            yield start, end


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box's name, and where its content begins and ends."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == LARGE_BOX:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        stop = at + size if size else end
        if stop < start:
            return
        yield name, start, min(stop, end)
        at = stop
