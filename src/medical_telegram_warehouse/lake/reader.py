"""Finds the message files of a lake and reads their records.

The order is fixed (scrape date, then channel), so that two runs over one lake do the same. What lies in the messages
folder and is no message file is reported, never passed over in silence.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.layout import CHANNELS_FOLDER, MESSAGES_FOLDER, decode_channel
from medical_telegram_warehouse.lake.lines import Hash, RawRecord, is_array, read_array, read_lines
from medical_telegram_warehouse.lake.parse import ParsedRecord, RecordParser, RejectedRecord
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.records import Channel

_SUFFIXES = {".json", ".jsonl"}
# Folders in folders are none of a lake's. Walking them costs a call each, and somebody may have made a thousand.
_DEEPEST = 10
_MAX_SHOWN = 400


class MessageFile(NamedTuple):
    """A file of observations. `file_path` is posix, relative to the lake's root."""

    path: Path
    file_path: str
    scrape_date: date | None
    channel_name: str
    size: int
    mtime_ns: int


def list_message_files(lake: Lake) -> tuple[list[MessageFile], list[str]]:
    """List a lake's message files, and the paths of what lies among them but is none.

    Raises:
        LakeError: the folder cannot be listed.
    """
    files: list[MessageFile] = []
    strays: list[str] = []
    root = lake.root / MESSAGES_FOLDER
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders.sort()
        depth = len(Path(folder).relative_to(root).parts)
        if depth >= _DEEPEST:
            strays += [_shown(storable_path(Path(folder, name).relative_to(lake.root))) for name in folders]
            folders.clear()
        for name in sorted(names):
            path = Path(folder, name)
            relative = storable_path(path.relative_to(lake.root))
            try:
                stamp = path.stat()
            except OSError:  # a link to nowhere or to itself, or gone since it was listed
                strays.append(_shown(relative))
                continue
            if depth > 1 or path.suffix not in _SUFFIXES or not stat.S_ISREG(stamp.st_mode):
                if not name.startswith("."):
                    strays.append(_shown(relative))
                continue
            scrape_date = _date_of(Path(folder).name) if depth else None
            channel = decode_channel(storable_path(Path(path.stem)))
            files.append(MessageFile(path, relative, scrape_date, channel, stamp.st_size, stamp.st_mtime_ns))
    files.sort(key=lambda file: (file.scrape_date or date.min, file.file_path))
    return files, strays


def list_channel_files(root: Path) -> list[Path]:
    """List the files of channel descriptions below a lake's root, oldest first."""
    return sorted((root / CHANNELS_FOLDER).glob("*.jsonl"))


def read_channel_lines(root: Path) -> Iterator[Channel]:
    """The channel descriptions of a lake, oldest first. Damaged lines are left to loading, which reports them."""
    for path in list_channel_files(root):
        with path.open("rb") as file:
            for line in file:
                with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    yield msgspec.json.decode(line, type=Channel)


def read_records(
    source: MessageFile, file: BinaryIO, start: int, digest: Hash, now: datetime
) -> Iterator[tuple[RawRecord, ParsedRecord | RejectedRecord]]:
    """Read a message file from byte `start` (arrays always from their start), feeding `digest` what was read."""
    parser = RecordParser(source.channel_name, now)
    if is_array(source.path):
        raw_records = read_array(file)
    elif not _holds_lines(source, file):
        raw_records = iter([RawRecord(0, _head(file), 0, "not_an_array")])
    else:
        raw_records = read_lines(file, start, digest)
    for raw in raw_records:
        yield raw, parser.parse(raw)


def storable_path(path: Path) -> str:
    """A path as text that can be stored, and told: of a run whose log is no UTF-8, Dagster's UI shows nothing.

    Bytes that are no UTF-8 become U+FFFD.
    """
    return path.as_posix().encode(errors="surrogateescape").decode(errors="replace")


def _shown(path: str) -> str:
    """A path that names no file to be read again: cut where PostgreSQL would refuse to find a row by it."""
    return path if len(path) <= _MAX_SHOWN else f"{path[: _MAX_SHOWN // 2]}…{path[-_MAX_SHOWN // 2 :]}"


def _holds_lines(source: MessageFile, file: BinaryIO) -> bool:
    """Whether to read a file that is no array line by line.

    A .jsonl file is, even when its first line is damaged. A .json file is only when its first line is a whole object:
    each line of one pretty-printed object would otherwise be a rejection of its own.
    """
    if source.path.suffix == ".jsonl" or not source.size:
        return True
    try:
        return isinstance(json.loads(_head(file).lstrip().split(b"\n", 1)[0]), dict)
    except (ValueError, RecursionError):
        return False


def _head(file: BinaryIO, length: int = 100_000) -> bytes:
    file.seek(0)
    head = file.read(length)
    file.seek(0)
    return head


def _date_of(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder)
    except ValueError:
        return None


def _raise(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):
        return  # a lake of photos alone has no messages folder
    shown = storable_path(Path(error.filename))
    raise LakeError(f"cannot list {shown}: {error.strerror}; check that this user may read it") from error
