"""Reads result.json as a stream of pieces, and the messages of one chat from the byte where they begin.

The file is parsed piece by piece: each begins where the one before it ended, at a byte that is known. A piece is also
cut before every `"messages"`, so the index learns where each chat's messages begin, and reading the last chat of an
account does not parse all chats before it again.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import ijson

from medical_telegram_warehouse.errors import SourceError

MESSAGES_KEY = b'"messages"'
_CHUNK = 64 * 1024
# Longer than what is held back for the next piece in anything but garbage.
_MAX_HELD = 1 << 20
# Telegram Desktop writes control characters as \x0B, which is not JSON: one of them would cost the rest of the file.
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
DAMAGE = (ijson.JSONError, ValueError)
"""What the parser raises, the second for UTF-8 that only Python refuses."""


class Piece(NamedTuple):
    """Part of the file that cuts no escape sequence and no `"messages"` in two, and where it begins."""

    offset: int
    data: bytes


def pieces(file: BinaryIO, start: int = 0) -> Iterator[Piece]:
    """Cut the rest of a file into pieces of JSON.

    Raises:
        SourceError: the disk fails.
    """
    file.seek(start)
    held, offset = b"", start
    while chunk := _read(file):
        if offset == 0 and not held and chunk.startswith(codecs.BOM_UTF8):
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
            offset = len(codecs.BOM_UTF8)
        data = held + chunk
        end = _safe_end(data) if len(data) < _MAX_HELD else len(data)
        yield from _cut(offset, data[:end])
        held, offset = data[end:], offset + end
    yield from _cut(offset, held)


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_CHUNK)
    except OSError as error:
        raise SourceError(
            f"cannot read on in {file.name}: {error.strerror}; check the disk, then import again"
        ) from error


def _safe_end(data: bytes) -> int:
    """The last place where neither an escape sequence nor the key is under way."""
    end = len(data)
    is_complete = data.endswith(MESSAGES_KEY)  # its last quote begins no other
    under_way = [n for n in range(1, len(MESSAGES_KEY)) if data.endswith(MESSAGES_KEY[:n]) and not is_complete]
    escape = data.find(b"\\", max(end - 3, 0))  # \x0B is complete with its fourth byte
    ends = [end - n for n in under_way] + ([escape] if escape >= 0 else [])
    return len(data[: min(ends)].rstrip(b"\\")) if ends else end


def _cut(offset: int, data: bytes) -> Iterator[Piece]:
    begin, at = 0, data.find(MESSAGES_KEY, 1)
    while at >= 0:
        if data[at - 1 : at] != b"\\":  # else it stands in a text
            yield Piece(offset + begin, _mend(data[begin:at]))
            begin = at
        at = data.find(MESSAGES_KEY, at + 1)
    if begin < len(data):
        yield Piece(offset + begin, _mend(data[begin:]))


def _mend(data: bytes) -> bytes:
    return _ESCAPE.sub(_as_json, data) if b"\\x" in data else data


def _as_json(escape: re.Match[bytes]) -> bytes:
    return rb"\u00" + escape[1] if escape[1] else escape[0]


def read_messages(path: Path, messages_at: int) -> Iterator[Any]:
    """Yield the elements of the `messages` array whose key stands at that byte, as far as the file can be parsed.

    What follows the array may be yielded too, or end the reading: the caller knows how many elements there are.

    Raises:
        SourceError: the file cannot be read.
    """
    found = ijson.sendable_list()
    parser = ijson.items_coro(found, "messages.item", use_float=True)
    parser.send(b"{")
    with open_export(path) as file:
        for piece in pieces(file, messages_at):
            try:
                parser.send(piece.data)
            except DAMAGE:
                yield from found
                return
            yield from found
            found.clear()


def open_export(path: Path) -> BinaryIO:
    """Open the file.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}; check that it is there and may be read") from error
