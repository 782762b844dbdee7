"""Appends to our own lake, so that a kill at any moment loses and repeats nothing.

    messages -> lines of telegram_messages/<scrape date>/<channel>.jsonl, flushed to disk a page at a time
             -> checkpoint of the channel: the last message id, how long its file was, what was last seen of recent ones

A kill between the two leaves lines that the checkpoint does not know. The next writer, on that day or a later one,
reads that tail back into the checkpoint, and cuts off a line that was torn. Without a checkpoint it reads all that
the lake holds of the channel. Each source has checkpoints of its own: what one has read says nothing of another.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from medical_telegram_warehouse.errors import LakeBusyError
from medical_telegram_warehouse.lake.checkpoints import ChannelCheckpoint, Checkpoints, Seen
from medical_telegram_warehouse.lake.files import append_lines, cut_torn_line, writing
from medical_telegram_warehouse.lake.layout import MESSAGES_FOLDER, channels_file, messages_file, photo_file
from medical_telegram_warehouse.lake.reader import read_channel_lines
from medical_telegram_warehouse.records import MAX_CHANNEL_NAME, Channel, Message

logger = logging.getLogger(__name__)
# What the checkpoint takes back in one transaction.
_BATCH = 1000
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
_decode = msgspec.json.Decoder(Message).decode


@contextmanager
def open_lake(root: Path) -> Iterator[LakeWriter]:
    """Open our own lake for writing; only one process at a time may.

    Raises:
        LakeBusyError: another process is writing.
        LakeError: the folder cannot be written, or its checkpoints are damaged.
    """
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("wb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LakeBusyError(f"another process is writing the lake {root}; wait for it to end") from error
        checkpoints = Checkpoints(root)
        try:
            yield LakeWriter(root, checkpoints)
        finally:
            checkpoints.close()


class LakeWriter:
    """Writes channels and their messages; made by `open_lake`."""

    def __init__(self, root: Path, checkpoints: Checkpoints) -> None:
        self._root = root
        self._checkpoints = checkpoints

    def settle_name(self, channel: Channel) -> Channel:
        """Give a Telegram channel the name that its messages are stored under, whatever it is called by now.

        The first name stays. A name that another channel has, as when a user name was given up and taken by somebody
        else, gets the newcomer's number behind it: message ids are unique only within a channel.
        """
        number = channel.telegram_id
        if number is None:
            return channel
        if not self._checkpoints.has_names():
            described = read_channel_lines(self._root)
            known = ((each.telegram_id, each.channel_name) for each in described if each.telegram_id is not None)
            self._checkpoints.keep_names(known)
        name = self._checkpoints.name_of(number)
        if name is None:
            name = channel.channel_name
            if self._checkpoints.owner_of(name) is not None:
                suffix = f" ({number})"
                name = name[: MAX_CHANNEL_NAME - len(suffix)] + suffix
            self._checkpoints.keep_names([(number, name)])
        return msgspec.structs.replace(channel, channel_name=name)

    def describe_channel(self, channel: Channel) -> bool:
        """Append what is known of a channel, unless the same was written that day; returns whether it was."""
        path = channels_file(self._root, channel.scraped_at.astimezone(UTC).date())
        line = _encode(channel) + b"\n"
        with writing(self._root):
            cut_torn_line(path)
            if path.exists() and line in path.read_bytes():
                return False
            append_lines(path, [line])
        return True

    def channel(
        self, channel_name: str, source: str, scrape_date: date, refresh_since: datetime | None
    ) -> ChannelWriter:
        """Continue a channel where this source's last scrape of it ended."""
        checkpoint = self._checkpoints.channel(source, channel_name)
        return ChannelWriter(self._root, checkpoint, channel_name, source, scrape_date, refresh_since)


class ChannelWriter:
    """Appends one channel's observations of one scrape by one source.

    Args:
        root: the lake's folder.
        checkpoint: what is remembered of the channel.
        channel_name: its name in the lake.
        source: only this source's lines say what it has read.
        scrape_date: the folder that the observations go to (UTC).
        refresh_since: messages older than this are not observed again, so nothing is remembered of them. None: any
            message may be, so all are remembered.
    """

    def __init__(
        self,
        root: Path,
        checkpoint: ChannelCheckpoint,
        channel_name: str,
        source: str,
        scrape_date: date,
        refresh_since: datetime | None,
    ) -> None:
        self._root = root
        self._checkpoint = checkpoint
        self._channel_name = channel_name
        self._source = source
        self._path = messages_file(root, scrape_date, channel_name)
        self._oldest = refresh_since
        with writing(root):
            self._restore()
        if refresh_since is not None:
            checkpoint.forget_before(refresh_since)

    @property
    def first_message_id(self) -> int | None:
        """The lowest message id that this source has brought into the lake, or None."""
        return self._checkpoint.first_message_id

    @property
    def last_message_id(self) -> int | None:
        """The highest message id that this source has brought into the lake, or None."""
        return self._checkpoint.last_message_id

    def append(
        self, messages: Iterable[Message], *, missing: Collection[int] = (), found: Collection[int] = ()
    ) -> list[Message]:
        """Write those observations that differ from what was last stored, and return them.

        Args:
            messages: a page.
            missing: ids of messages whose photos could not be had.
            found: ids of those whose photos are in the lake.
        """
        page = [(message, self._seen(message)) for message in messages]
        known = {
            number: each.fingerprint for number, each in self._checkpoint.seen(s.message_id for _, s in page).items()
        }
        changed = []
        for message, seen in page:
            if known.get(seen.message_id) != seen.fingerprint:
                changed.append((message, seen))
                known[seen.message_id] = seen.fingerprint
        if changed:
            with writing(self._root):
                self._checkpoint.file_bytes = append_lines(self._path, [_line(message) for message, _ in changed])
            self._checkpoint.file = self._name(self._path)
        if changed or missing or found:
            self._remember((seen for _, seen in changed), missing, found)
        return [message for message, _ in changed]

    def photo_ids(self, messages: Iterable[Message]) -> dict[int, int | None]:
        """Which photo each of these messages had when it was last seen, where that is remembered."""
        seen = self._checkpoint.seen(message.message_id for message in messages)
        return {number: each.photo_id for number, each in seen.items()}

    def missing_photos(self) -> list[int]:
        """The messages whose photos could not be had yet."""
        return self._checkpoint.missing_photos()

    def expected(self, since: datetime, up_to_message_id: int) -> dict[int, datetime]:
        """The messages that a window must still show, unless they were deleted, with their dates."""
        return self._checkpoint.expected(since, up_to_message_id)

    def _remember(self, page: Iterable[Seen], missing: Collection[int], found: Collection[int]) -> None:
        recent = []
        for seen in page:
            self._checkpoint.include(seen.message_id)
            if self._oldest is None or seen.message_date >= self._oldest:
                recent.append(seen)
        self._checkpoint.save(recent, missing=missing, found=found)

    def _seen(self, message: Message) -> Seen:
        return Seen(
            message.message_id,
            message.message_date,
            fingerprint_of(message),
            message.photo_id,
            bool(message.is_deleted),
        )

    def _restore(self) -> None:
        """Take lines into the checkpoint that it does not know, and cut off a torn one."""
        known_file, known_bytes = self._checkpoint.file, self._checkpoint.file_bytes
        for path in sorted((self._root / MESSAGES_FOLDER).glob(f"*/{self._path.name}")):
            name = self._name(path)
            if name >= known_file:  # the dates in their paths sort as text
                cut_torn_line(path)
                self._read_tail(path, known_bytes if name == known_file else 0)

    def _read_tail(self, path: Path, start: int) -> None:
        with path.open("rb") as file:
            file.seek(start)
            lines = iter(file.readline, b"")
            while batch := list(islice(lines, _BATCH)):
                messages = [message for line in batch if (message := self._own(path, line)) is not None]
                photos = {m.message_id for m in messages if m.image_path is not None and not m.is_deleted}
                there = {n for n in photos if photo_file(self._root, self._channel_name, n).is_file()}
                self._checkpoint.file, self._checkpoint.file_bytes = self._name(path), file.tell()
                self._remember(map(self._seen, messages), photos - there, there)

    def _own(self, path: Path, line: bytes) -> Message | None:
        try:
            message = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            logger.warning("%s holds a damaged line; loading will report it", path)
            return None
        return message if message.source == self._source else None

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def fingerprint_of(message: Message) -> bytes:
    """A hash of what was observed: not of when, and not of the raw object, whose references change at each look."""
    return blake2b(_encode(msgspec.structs.replace(message, scraped_at=None, raw=None)), digest_size=12).digest()


def _line(message: Message) -> bytes:
    """A line of the lake: the fields of the contract always, the others where the source knows them."""
    known = msgspec.to_builtins(message)
    return _encode({name: known.get(name, default) for name, default in _CONTRACT.items()} | known) + b"\n"
