"""A few photos that stand for all: distinct, readable, and from everywhere in the list.

Belongs here: choosing them for calibration and benchmarks. Does not belong here: listing a lake's photos (`lake`).

    paths in order -> spread over the whole list -> each content once -> decoded, what cannot be read left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from medical_telegram_warehouse.vision.content import read_content
from medical_telegram_warehouse.vision.decoding.decode import Photo, UnreadablePhotoError, decode_photo


def distinct_photos(paths: Sequence[Path], enough_side: int) -> Iterator[tuple[bytes, Photo]]:
    """Each distinct photo's bytes and picture; however many are taken, they come from all over the list.

    Args:
        paths: In a fixed order; the same files then give the same photos.
        enough_side: As for `decode_photo`.
    """
    seen: set[str] = set()
    for index in spread(len(paths)):
        try:
            content = read_content(paths[index])
            if content.data is None or content.sha256 in seen:
                continue
            photo = decode_photo(content.data, enough_side=enough_side)
        except (OSError, UnreadablePhotoError):
            continue
        seen.add(content.sha256)
        yield content.data, photo


def spread(count: int) -> list[int]:
    """0 to `count` - 1 in an order of which every beginning is spread evenly: 0, 4, 2, 6, 1, 5, 3, 7."""
    bits = max(1, (count - 1).bit_length())
    reversed_numbers = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [number for number in reversed_numbers if number < count]
