"""Copies photos out of an export's folder, and nothing from outside it: anybody may have written the paths."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from medical_telegram_warehouse.errors import PhotoError
from medical_telegram_warehouse.sources.base import MAX_PHOTO_BYTES, PhotoFetch

_CHUNK = 1 << 20
# "(File not included. Change data exporting settings to download.)", after the file's name or without it.
_NOT_THERE = re.compile(r"\(.*\)|.*\(File [^()]*\)", re.DOTALL)


def is_included(named: str) -> bool:
    """Whether the export names a file, and not the reason why there is none."""
    return not _NOT_THERE.fullmatch(named.strip())


def photo_of(folder: Path, named: str, refused: Callable[[], None]) -> PhotoFetch:
    """What copies the photo that a message names.

    Args:
        folder: the export's folder.
        named: the path in the message, relative to it.
        refused: told when the path leads out of the folder, where nothing is read.
    """

    async def fetch(target: BinaryIO) -> None:
        path = _inside(folder, named)
        if path is None:
            refused()
            raise PhotoError(f"the export names the photo {named!r}, which is outside its folder {folder}: not read")
        try:
            await _copy(path, target)
        except FileNotFoundError:
            raise PhotoError(f"{path} is not there; export the chat again with its photos") from None

    return fetch


def _inside(folder: Path, named: str) -> Path | None:
    relative = PureWindowsPath(named)  # knows backslashes, drives and shares, whatever machine this is
    if relative.anchor or ".." in relative.parts:
        return None
    path = folder.joinpath(*relative.parts)
    try:
        return path if path.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError, ValueError):  # links in a circle, characters that no path has
        return None


async def _copy(path: Path, target: BinaryIO) -> None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f"{path} is not a file; export the chat again with its photos")
        file = path.open("rb")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise PhotoError(f"cannot read {path}: {error}; check that this user may read it") from error
    with file:
        copied = 0
        while chunk := _read(file, path):
            copied += len(chunk)
            if copied > MAX_PHOTO_BYTES:
                raise PhotoError(f"{path} is larger than {MAX_PHOTO_BYTES >> 20} MiB; no photo of Telegram is")
            target.write(chunk)
            await asyncio.sleep(0)
    if not copied:
        raise PhotoError(f"{path} is empty; export the chat again with its photos")


def _read(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.read(_CHUNK)
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error}; the next scrape tries again") from error
