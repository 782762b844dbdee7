"""Appends to our own lake, so that a kill at any moment loses and repeats nothing.

    messages -> lines of telegram_messages/<scrape date>/<channel>.jsonl, flushed to disk a page at a time
             -> checkpoint of the channel: the last message id, how long its file was, what was last seen of recent ones

A kill between the two leaves lines that the checkpoint does not know. The next writer, on that day or a later one,
reads that tail back into the checkpoint, and cuts off a line that was torn. Without a checkpoint it reads all that
the lake holds of the channel.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from medical_telegram_warehouse.errors import LakeBusyError, LakeError
from medical_telegram_warehouse.lake.layout import MESSAGES_FOLDER, channels_file, encode_channel, messages_file
from medical_telegram_warehouse.records import Channel, Message

logger = logging.getLogger(__name__)
_STATE_FOLDER = ".checkpoints"
_UNSEEN = (date.min, "")
_CONTRACT: dict[str, Any] = {
    "message_id": None,
    "channel_name": None,
    "message_date": None,
    "message_text": "",
    "has_media": None,
    "image_path": None,
    "views": None,
    "forwards": None,
}
_encode = msgspec.json.Encoder().encode


class _Checkpoint(msgspec.Struct, kw_only=True):
    last_message_id: int | None = None
    file: str | None = None
    file_bytes: int = 0
    seen: dict[int, tuple[date, str]] = {}
    """Fingerprint of the last stored observation, for messages that are young enough to be observed again."""


@contextmanager
def open_lake(root: Path) -> Iterator[LakeWriter]:
    """Open our own lake for writing; only one process at a time may.

    Raises:
        LakeBusyError: another process is writing.
        LakeError: the folder cannot be written.
    """
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("wb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LakeBusyError(f"another process is writing the lake {root}; wait for it to end") from error
        yield LakeWriter(root)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Around each access to the lake alone: a source's network errors are errors of the system too, but not the lake's.

    Raises:
        LakeError: the lake cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise LakeError(
            f"cannot write the lake {root}: {error.strerror or error}; check free space and that this user may write "
            f"there, or set DATA_DIR to another folder"
        ) from error


class LakeWriter:
    """Writes channels and their messages; made by `open_lake`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def describe_channel(self, channel: Channel) -> bool:
        """Append what is known of a channel, unless the same was written last; returns whether it was."""
        path = channels_file(self._root, channel.scraped_at.astimezone(UTC).date())
        line = _encode(channel) + b"\n"
        with writing(self._root):
            _cut_torn_line(path)
            if path.exists() and line in path.read_bytes():
                return False
            _append(path, [line])
        return True

    def channel(self, channel_name: str, scrape_date: date, refresh_since: datetime) -> ChannelWriter:
        """Continue a channel where its last scrape ended."""
        return ChannelWriter(self._root, channel_name, scrape_date, refresh_since)


class ChannelWriter:
    """Appends one channel's observations of one scrape.

    Args:
        root: the lake's folder.
        channel_name: as Telegram names it.
        scrape_date: the folder that the observations go to (UTC).
        refresh_since: messages older than this are not observed again, so nothing is remembered of them.
    """

    def __init__(self, root: Path, channel_name: str, scrape_date: date, refresh_since: datetime) -> None:
        self._root = root
        self._path = messages_file(root, scrape_date, channel_name)
        self._state_path = root / _STATE_FOLDER / f"{encode_channel(channel_name)}.json"
        self._oldest = refresh_since.date()
        with writing(root):
            self._state = self._restore()

    @property
    def last_message_id(self) -> int | None:
        """The highest message id in the lake, or None."""
        return self._state.last_message_id

    def append(self, messages: Iterable[Message]) -> list[Message]:
        """Write those observations that differ from what was last stored, and return them."""
        written: list[Message] = []
        for message in messages:
            fingerprint = _fingerprint(message)
            if self._state.seen.get(message.message_id, _UNSEEN)[1] != fingerprint:
                written.append(message)
                self._remember(message, fingerprint)
        if written:
            with writing(self._root):
                _append(self._path, [_line(message) for message in written])
                self._save()
        return written

    def _remember(self, message: Message, fingerprint: str) -> None:
        self._state.last_message_id = max(self._state.last_message_id or 0, message.message_id)
        day = message.message_date.astimezone(UTC).date()
        if day >= self._oldest:
            self._state.seen[message.message_id] = (day, fingerprint)

    def _restore(self) -> _Checkpoint:
        try:
            state = msgspec.json.decode(self._state_path.read_bytes(), type=_Checkpoint)
        except FileNotFoundError:
            state = _Checkpoint()
        except msgspec.MsgspecError as error:
            raise LakeError(
                f"the checkpoint {self._state_path} is damaged ({error}); delete it, and the next scrape makes it "
                f"again from the lake's files"
            ) from error
        state.seen = {number: seen for number, seen in state.seen.items() if seen[0] >= self._oldest}
        self._state = state
        for path in sorted((self._root / MESSAGES_FOLDER).glob(f"*/{self._path.name}")):
            relative = path.relative_to(self._root).as_posix()
            if path == self._path or relative >= (state.file or ""):  # the dates in their paths sort as text
                _cut_torn_line(path)
                self._read_tail(path, state.file_bytes if state.file == relative else 0)
        return state

    def _read_tail(self, path: Path, known_bytes: int) -> None:
        with path.open("rb") as file:
            file.seek(known_bytes)
            for line in file:
                try:
                    message = msgspec.json.decode(line, type=Message)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    logger.warning("%s holds a damaged line; loading will report it", path)
                    continue
                self._remember(message, _fingerprint(message))

    def _save(self) -> None:
        self._state.file = self._path.relative_to(self._root).as_posix()
        self._state.file_bytes = self._path.stat().st_size
        self._state_path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._state_path.with_suffix(".tmp")
        temporary.write_bytes(_encode(self._state))
        os.replace(temporary, self._state_path)  # noqa: PTH105 - atomic, and named so


def _fingerprint(message: Message) -> str:
    """A hash of what was observed, not of when."""
    return blake2b(_encode(msgspec.structs.replace(message, scraped_at=None)), digest_size=12).hexdigest()


def _line(message: Message) -> bytes:
    """A line of the lake: the fields of the contract always, the others where the source knows them."""
    known = msgspec.to_builtins(message)
    return _encode({name: known.get(name, default) for name, default in _CONTRACT.items()} | known) + b"\n"


def _append(path: Path, lines: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())


def _cut_torn_line(path: Path) -> None:
    """Remove what follows the last line end: a kill in the middle of a write left it."""
    try:
        with path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - 65536)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                if newline >= 0:
                    end = start + newline + 1
                    break
                end = start
            if end != file.seek(0, os.SEEK_END):  # cutting nothing off would still change the file's time
                file.truncate(end)
    except FileNotFoundError:
        return
