"""Lists the chats of an export in one pass: who they are, where their messages begin, how many, and the latest moment.

Follows the parser's events without building the messages. A file that breaks off is indexed up to there: the messages
that are whole can be read, and `damaged_at` says that there was more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import ijson

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import MAX_BIGINT
from medical_telegram_warehouse.sources.desktop_export.locate import HOW_TO_EXPORT
from medical_telegram_warehouse.sources.desktop_export.moments import read_moment
from medical_telegram_warehouse.sources.desktop_export.stream import DAMAGE, MESSAGES_KEY, Piece, open_export, pieces
from medical_telegram_warehouse.text import storable

_LISTS = (["chats", "list", ""], ["left_chats", "list", ""])
_MOMENTS = frozenset({"date", "date_unixtime", "edited", "edited_unixtime"})
# Telegram nests five deep. Deeper than this is an attack: the parser's time grows with the square of the depth.
_MAX_DEPTH = 1000
_NAMED_KEYS = 10
_KEY_EVENT = ("map_key", "messages")


@dataclass(eq=False)
class ExportedChat:
    """One chat of an export, as its index knows it."""

    name: str = ""
    kind: str = ""
    """The export's `type`, such as `public_channel`."""
    telegram_id: int | None = None
    messages: int = 0
    """How many elements of its array are whole, whatever they are."""
    messages_at: int | None = None
    """The byte where the key `messages` stands."""
    latest: datetime | None = None
    """The latest date or edit of a message: the latest moment that the export certainly saw."""

    def know(self, key: str | None, value: Any) -> None:
        """Keep one of the chat's own fields."""
        if key == "name" and isinstance(value, str):
            self.name = storable(value)
        elif key == "type" and isinstance(value, str):
            self.kind = storable(value)
        elif key == "id" and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_BIGINT:
            self.telegram_id = value


@dataclass
class ExportIndex:
    """The chats of a file, in its order."""

    chats: list[ExportedChat] = field(default_factory=list)
    damaged_at: int | None = None
    """About where the file breaks off or cannot be parsed; the last chat is then cut short."""


async def index_export(path: Path, until: datetime) -> ExportIndex:
    """Read through a whole file, leaving the event loop to others every now and then.

    Args:
        path: result.json.
        until: later moments are set aside as wrong.

    Raises:
        SourceError: the file cannot be read, or is no JSON export of Telegram Desktop.
    """
    index = ExportIndex()
    follower = _Follower(index, until)
    events = ijson.sendable_list()
    # With use_float, numbers beyond 64 bits count as damage; without it, very long ones crash the whole process.
    parser = ijson.basic_parse_coro(events, use_float=True)
    with open_export(path) as file:
        _refuse_other_formats(path, file.read(1024))
        piece = Piece(0, b"")
        try:
            for piece in pieces(file):
                try:
                    parser.send(piece.data)
                finally:
                    follower.follow(events, piece)
                    events.clear()
                if follower.finished:
                    break
                await asyncio.sleep(0)
            else:
                parser.close()
        except DAMAGE:
            if not follower.finished:
                index.damaged_at = piece.offset
        follower.close()
    if not index.chats:
        found = f"the keys {', '.join(map(repr, follower.top_level))}" if follower.top_level else "no object"
        raise SourceError(
            f"{path} is not an export of Telegram Desktop: looked for `messages` of one chat or `chats` of an account "
            f"at its top, and found {found}"
            + (f" before the file broke off near byte {index.damaged_at}" if index.damaged_at is not None else "")
            + f"; {HOW_TO_EXPORT}"
        )
    return index


def _refuse_other_formats(path: Path, head: bytes) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return
    if not start:
        found = "is empty"
    elif start.startswith(b"<"):
        found = "is HTML or XML"
    elif start.startswith(b"["):
        found = "holds a JSON array"
    else:
        found = "is not JSON"
    raise SourceError(f"{path} {found}, where an export of Telegram Desktop is one JSON object; {HOW_TO_EXPORT}")


class _Follower:
    """Knows at each event where in the file's structure it stands."""

    def __init__(self, index: ExportIndex, until: datetime) -> None:
        self.top_level: list[str] = []
        self.finished = False
        self._index = index
        self._until = until
        # The key inside each open object, "" inside each open array.
        self._path: list[str] = []
        self._whole_file = self._chat = ExportedChat()
        self._chat_depth = 1
        self._key_at: int | None = None  # where the key `messages` stands that was the last event
        self._inside_messages = False
        self._depth = 0  # of containers open within the messages array
        self._key: str | None = None
        self._moments: dict[str, Any] = {}

    def follow(self, events: Sequence[tuple[str, Any]], piece: Piece) -> None:
        """Take in a piece's events."""
        remaining = iter(events)
        if not self._inside_messages and piece.data.startswith(MESSAGES_KEY) and events[:1] == [_KEY_EVENT]:
            self._enter_key(str(next(remaining)[1]))
            self._key_at = piece.offset
        goes_on = True
        while goes_on:
            goes_on = self._count(remaining) if self._inside_messages else self._find(remaining)

    def close(self) -> None:
        """List the chats that are still open: the only one, or the one in which the file broke off."""
        if self._chat is not self._whole_file:
            self._index.chats.append(self._chat)
        if self._whole_file.messages_at is not None:
            self._index.chats.append(self._whole_file)

    def _find(self, events: Iterator[tuple[str, Any]]) -> bool:
        """Follow events outside of messages; True when a chat's messages begin."""
        for event, value in events:
            if event == "start_array" and self._messages_begin():
                return True
            self._key_at = None
            if event == "map_key":
                self._enter_key(value)
            elif event in ("start_map", "start_array"):
                self._open(event)
            elif event in ("end_map", "end_array"):
                self._close()
            elif len(self._path) == self._chat_depth:
                self._chat.know(self._path[-1], value)
        return False

    def _enter_key(self, key: str) -> None:
        self._path[-1] = key
        if len(self._path) == 1 and len(self.top_level) < _NAMED_KEYS:
            self.top_level.append(storable(key[:40]))

    def _messages_begin(self) -> bool:
        chat = self._chat
        if self._key_at is None or len(self._path) != self._chat_depth or chat.messages_at is not None:
            return False
        chat.messages_at = self._key_at
        self._inside_messages = True
        return True

    def _open(self, event: str) -> None:
        if event == "start_map" and self._path in _LISTS:
            self._chat, self._chat_depth = ExportedChat(), len(self._path) + 1
        if len(self._path) > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        self._path.append("")

    def _close(self) -> None:
        self._path.pop()
        if self._chat is not self._whole_file and self._path in _LISTS:
            self._index.chats.append(self._chat)
            self._chat, self._chat_depth = self._whole_file, 1
        self.finished = not self._path

    def _count(self, events: Iterator[tuple[str, Any]]) -> bool:  # noqa: C901, PLR0912 -- every event passes here
        """Follow events inside messages; True when they end."""
        chat, depth, key = self._chat, self._depth, self._key
        for event, value in events:
            if event == "map_key":
                if depth == 1:
                    key = value
            elif event in ("string", "number"):
                if depth == 1:
                    if key in _MOMENTS:
                        self._moments[str(key)] = value
                elif not depth:
                    chat.messages += 1
            elif event in ("start_map", "start_array"):
                depth += 1
                if depth > _MAX_DEPTH:
                    raise ValueError("nested too deeply")
            elif event in ("end_map", "end_array"):
                depth -= 1
                if depth < 0:
                    self._inside_messages, self._depth, self._key = False, 0, None
                    return True
                if not depth:
                    chat.messages += 1
                    key = None
                    self._settle_moments()
            elif not depth:
                chat.messages += 1
        self._depth, self._key = depth, key
        return False

    def _settle_moments(self) -> None:
        seen, chat = self._moments, self._chat
        for name in ("date", "edited"):
            moment = read_moment(seen.get(f"{name}_unixtime"), seen.get(name), self._until)
            if moment is not None and (chat.latest is None or moment > chat.latest):
                chat.latest = moment
        seen.clear()
