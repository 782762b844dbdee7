"""The folder of previews: how they are named, which are there, removing what nobody needs.

Belongs here: names and files. Does not belong here: which previews are wanted and how they are made (`previews`).
Imports nothing heavy.

    <folder>/ab/ab01….thumb.webp              a thumbnail
    <folder>/ab/ab01….<8 digits>.boxes.webp   a preview with boxes; the digits follow from what is drawn

Names are made of checksums alone, so no name from outside becomes a path, copies of a photo share their previews, and
a preview that is there need not be looked into: other detections give another name.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.drawn.colours import role_of
from medical_telegram_warehouse.vision.rules import Categories
from medical_telegram_warehouse.vision.whole_file import UNFINISHED_SUFFIX

PREVIEWS_FOLDER = "previews"
"""Below the folder of what is made from the lake."""
DRAWING_REVISION = 1
"""Counts up when boxes or labels are drawn in another way: every preview with boxes then is made anew."""
ABANDONED_SECONDS = 3600
"""A file that is unfinished for so long belongs to a process that was killed."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PREVIEW = re.compile(r"[0-9a-f]{64}(\.[0-9a-f]{8}\.boxes|\.thumb)\.webp")


class PreviewKind(StrEnum):
    """A small picture of the photo, or a larger one with boxes."""

    THUMBNAIL = "thumb"
    BOXES = "boxes"


def preview_name(sha256: str, kind: PreviewKind, detections: Sequence[Detection], categories: Categories) -> str:
    """The file name of a content's preview.

    Raises:
        ValueError: `sha256` is no SHA-256 in 64 small hexadecimal digits.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a checksum")
    if kind is PreviewKind.THUMBNAIL:
        return f"{sha256}.thumb.webp"
    return f"{sha256}.{_digest(detections, categories)}.boxes.webp"


def preview_path(folder: Path, name: str) -> Path:
    """Where the preview of that name lies: in one of 256 folders, as no file system likes a million files in one."""
    return folder / name[:2] / name


def content_of(name: str) -> str:
    """The checksum of the photo that a preview shows."""
    return name[:64]


def list_previews(folder: Path) -> set[str]:
    """The names of all previews that are there; what a killed process or a power cut left behind is removed.

    Raises:
        PermanentError: The folder cannot be read.
    """
    names = set()
    with _errors(folder):
        for part, entry in _files(folder):
            if entry.name.startswith(part) and _PREVIEW.fullmatch(entry.name):
                if entry.stat().st_size:
                    names.add(entry.name)
                else:
                    Path(entry).unlink(missing_ok=True)
            elif entry.name.endswith(UNFINISHED_SUFFIX) and entry.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                Path(entry).unlink(missing_ok=True)
    return names


def remove_previews(folder: Path, names: Iterable[str]) -> None:
    """Deletes these previews.

    Raises:
        PermanentError: One cannot be deleted.
    """
    with _errors(folder):
        for name in names:
            preview_path(folder, name).unlink(missing_ok=True)


def remove_previews_older_than(folder: Path, moment: datetime) -> int:
    """Deletes the previews that were made before that moment; returns how many files that were.

    Raises:
        PermanentError: One cannot be deleted.
    """
    removed = 0
    with _errors(folder):
        for _, entry in _files(folder):
            if _PREVIEW.fullmatch(entry.name) and entry.stat().st_mtime < moment.timestamp():
                Path(entry).unlink(missing_ok=True)
                removed += 1
    return removed


def _files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as parts:
        for part in parts:
            if len(part.name) == len("ab") and part.is_dir(follow_symlinks=False):
                with os.scandir(part) as entries:
                    yield from ((part.name, entry) for entry in entries if entry.is_file(follow_symlinks=False))


def _digest(detections: Sequence[Detection], categories: Categories) -> str:
    """8 digits that change with what is drawn.

    The same detections come as 64 bits from the detections file and as 32 from the database, and in any order.
    """
    drawn = sorted(
        (
            each.detected_class,
            role_of(each.detected_class, categories),
            f"{_single(each.confidence_score):.2f}",
            *(round(_single(place)) for place in (each.x_min, each.y_min, each.x_max, each.y_max)),
        )
        for each in detections
    )
    return hashlib.sha256(repr((DRAWING_REVISION, drawn)).encode(errors="backslashreplace")).hexdigest()[:8]


def _single(number: float) -> float:
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded


@contextmanager
def _errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PermanentError(
            f"The previews in {folder} cannot be kept in order: {error.strerror or error}. Correct the folder's "
            "permissions, or delete it: `mtw detect previews` makes them again."
        ) from error
