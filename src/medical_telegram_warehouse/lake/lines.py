"""Cuts a lake file into records, in constant memory, without judging them.

Two shapes are read: JSON Lines, as we write them, and one JSON array of objects, as many scrapers do. The shape is
recognised by the content, because file names lie. Each record comes as bytes with its position: the byte where its
line starts, or its number in the array.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

# No message comes near; without a limit one line of garbage could fill the memory.
MAX_RECORD_BYTES = 16 * 1024 * 1024
_CHUNK = 1 << 20
_WHITESPACE = " \t\r\n"
# Finds where records end, and leaves judging their values to the parser: raw control characters inside strings and
# numbers of any length pass, or one of them would cost a file all that follows.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
# A string, a bracket, or the start of a string that does not end here.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|"', re.DOTALL)


class Hash(Protocol):
    """The part of a hashlib object that is needed here."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def digest(self) -> bytes:
        """The hash of the bytes so far."""


class RawRecord(NamedTuple):
    """One record as it stands in the file. `end` is where the next one starts, in bytes of the file."""

    position: int
    payload: bytes
    end: int
    problem: str | None = None
    """Set when not even a record could be cut out: `torn_line`, `record_too_large`, `invalid_json`, `not_an_array`."""


def is_array(path: Path) -> bool:
    """Whether the file holds one JSON array rather than lines.

    A `.jsonl` file is one only if an object follows the bracket: its first line may be garbage like any other.
    """
    with path.open("rb") as file:
        head = file.read(256).removeprefix(codecs.BOM_UTF8).lstrip()
    first = head[1:].lstrip()[:1]
    return head.startswith(b"[") and (path.suffix != ".jsonl" or first in (b"", b"{", b"]"))


def hash_prefix(path: Path, length: int) -> tuple[Hash, bool]:
    """Hash the first `length` bytes; the second value is False when the file is shorter."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length and (chunk := file.read(min(_CHUNK, length))):
            digest.update(chunk)
            length -= len(chunk)
    return digest, not length


def read_lines(file: BinaryIO, start: int, digest: Hash) -> Iterator[RawRecord]:
    """Read JSON Lines from byte `start`, adding each finished line to `digest`.

    A last line without its line end is a record if it is complete JSON; otherwise the writer was interrupted:
    it is yielded as `torn_line`, ends where it starts, and will be read again once it has been completed.
    """
    file.seek(start)
    position = start
    while line := file.readline(MAX_RECORD_BYTES):
        end = position + len(line)
        if not line.endswith(b"\n") and len(line) == MAX_RECORD_BYTES:
            yield from _skip_long_line(file, position, line, digest)
            position = file.tell()
            continue
        body = line.removeprefix(codecs.BOM_UTF8).strip() if position == 0 else line.strip()
        if not line.endswith(b"\n") and body and not _is_json(body):
            yield RawRecord(position, body, position, "torn_line")
            return
        digest.update(line)
        if body:
            yield RawRecord(position, body, end)
        position = end


def _skip_long_line(file: BinaryIO, position: int, head: bytes, digest: Hash) -> Iterator[RawRecord]:
    digest.update(head)
    while part := file.readline(_CHUNK):
        digest.update(part)
        if part.endswith(b"\n"):
            break
    yield RawRecord(position, head[:_CHUNK], file.tell(), "record_too_large")


def _is_json(body: bytes) -> bool:
    try:
        _DECODER.decode(body.decode(errors="replace"))
    except (ValueError, RecursionError):
        return False
    return True


def read_array(file: BinaryIO) -> Iterator[RawRecord]:
    """Read the elements of one JSON array, whatever its size.

    What cannot be parsed ends the reading: the rest of the file is one record with the problem `invalid_json`,
    because inside broken JSON no element's start can be trusted. So is whatever follows the array. `end` of each
    record is 0: arrays are not appended to, they are read as a whole.
    """
    source = codecs.getreader("utf-8")(file, "surrogateescape")
    buffer = source.read(_CHUNK)
    at, number, at_end = buffer.index("[") + 1, 0, False
    while True:
        at = _skip(buffer, at, _WHITESPACE + "," if number else _WHITESPACE)
        if buffer.startswith("]", at):
            rest = buffer[at + 1 :].lstrip(_WHITESPACE)
            while not rest and (chunk := source.read(_CHUNK)):
                rest = chunk.lstrip(_WHITESPACE)
            if rest:
                yield _broken(number, rest)
            return
        end = _element_end(buffer, at)
        if end is None or (end == len(buffer) and not at_end):  # it may go on in the next chunk
            if at_end or len(buffer) - at > MAX_RECORD_BYTES:
                yield _broken(number, buffer[at : at + _CHUNK])
                return
            chunk = source.read(_CHUNK)
            buffer, at, at_end = buffer[at:] + chunk, 0, not chunk
            continue
        yield RawRecord(number, buffer[at:end].encode(errors="surrogateescape"), 0)
        at, number = end, number + 1


def _broken(number: int, rest: str) -> RawRecord:
    return RawRecord(number, rest[:_CHUNK].encode(errors="surrogateescape"), 0, "invalid_json")


def _element_end(buffer: str, at: int) -> int | None:
    """Where the element that starts at `at` ends, or None if it is broken or not yet whole."""
    try:
        return _DECODER.raw_decode(buffer, at)[1]
    except ValueError:
        return None
    except RecursionError:  # the parser will refuse it, but its neighbours are sound
        depth = 0
        for token in _NESTING.finditer(buffer, at):
            if token[0] == '"':
                return None
            depth += (token[0] in "[{") - (token[0] in "]}")
            if not depth:
                return token.end()
        return None


def _skip(buffer: str, at: int, characters: str) -> int:
    while at < len(buffer) and buffer[at] in characters:
        at += 1
    return at
