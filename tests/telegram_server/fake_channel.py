"""A channel that a test writes: posts, service messages, edits and deletions."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon import types

from telegram_server import media
from telegram_server.channel import CREATED, Channel
from telegram_server.media import DEFAULT_DC, StoredFile

# Where comments on posts live. No client can read it.
_DISCUSSION_GROUP = 1_400_000_001


class FakeChannel(Channel):
    """Its messages stay in memory, as the TL objects that are sent."""

    def __init__(self, *about: Any, **more: Any) -> None:
        super().__init__(*about, **more)
        self._ids: list[int] = []
        self._messages: dict[int, Any] = {}
        self._files: list[StoredFile] = []
        self._newest_id = 0

    @property
    def ids(self) -> Sequence[int]:
        return self._ids

    def message(self, message_id: int) -> Any | None:
        return self._messages.get(message_id)

    def file(self, number: int) -> StoredFile | None:
        return self._files[number] if number < len(self._files) else None

    def count_since(self, date: datetime) -> int:
        # Counted, not searched: a test may post in any order of dates.
        return sum(message.date >= date for message in self._messages.values())

    def post(
        self,
        text: str = "",
        *,
        date: datetime | None = None,
        message_id: int | None = None,
        views: int | None = None,
        forwards: int | None = None,
        photo: bytes | None = None,
        document: tuple[bytes, str, str | None] | None = None,
        video: bytes | None = None,
        dc_id: int = DEFAULT_DC,
        reply_to: Any = None,
        reactions: Mapping[str, int] | None = None,
        replies: int | None = None,
        **more: Any,
    ) -> Any:
        """Adds a message and returns it. `more` goes into `types.Message` as it is.

        A document is its bytes, its type and its name. `reply_to` is a message id or a TL header.
        """
        with self.lock:
            new_id = self._newest_id + 1 if message_id is None else message_id
            sent = _aware(date) or CREATED + timedelta(minutes=new_id)
            if photo is not None:
                more["media"] = media.photo(self._store(photo, dc_id, is_photo=True), sent)
            elif document is not None:
                content, mime_type, name = document
                more["media"] = media.document(self._store(content, dc_id), sent, mime_type, name)
            elif video is not None:
                more["media"] = media.document(self._store(video, dc_id), sent, "video/mp4", None)
            if isinstance(reply_to, int):
                reply_to = types.MessageReplyHeader(reply_to_msg_id=reply_to)
            return self._add(
                types.Message(
                    id=new_id,
                    peer_id=self.peer,
                    date=sent,
                    message=text,
                    post=not self.megagroup,
                    # Posts of a channel always have counters; messages in a group have none.
                    views=0 if views is None and not self.megagroup else views,
                    forwards=0 if forwards is None and not self.megagroup else forwards,
                    reply_to=reply_to,
                    reactions=_reactions(reactions),
                    replies=_replies(replies),
                    **more,
                )
            )

    def service(self, action: Any, *, date: datetime | None = None, message_id: int | None = None) -> Any:
        """Adds a service message (something was pinned, renamed, …) and returns it."""
        with self.lock:
            new_id = self._newest_id + 1 if message_id is None else message_id
            sent = _aware(date) or CREATED + timedelta(minutes=new_id)
            return self._add(
                types.MessageService(id=new_id, peer_id=self.peer, date=sent, action=action, post=not self.megagroup)
            )

    def edit(self, message_id: int, **changes: Any) -> Any:
        """Changes a message in place and returns it. Names are those of `post`."""
        with self.lock:
            message = self._messages[message_id]
            for name, value in changes.items():
                if name == "text":
                    message.message = value
                elif name == "photo":
                    file = None if value is None else self._store(value, DEFAULT_DC, is_photo=True)
                    message.media = None if file is None else media.photo(file, message.date)
                elif name == "reactions":
                    message.reactions = _reactions(value)
                elif name == "replies":
                    message.replies = _replies(value)
                elif hasattr(message, name):
                    setattr(message, name, value)
                else:
                    raise TypeError(f"a message has no {name}")
            return message

    def delete(self, *message_ids: int) -> None:
        """Removes messages. Their ids are not used again."""
        with self.lock:
            for message_id in message_ids:
                del self._messages[message_id]
                del self._ids[bisect_left(self._ids, message_id)]

    def _add(self, message: Any) -> Any:
        if message.id in self._messages:
            raise ValueError(f"there is a message {message.id} already")
        insort(self._ids, message.id)
        self._messages[message.id] = message
        self._newest_id = max(self._newest_id, message.id)
        return message

    def _store(self, content: bytes, dc_id: int, *, is_photo: bool = False) -> StoredFile:
        file_id = self.id << 32 | len(self._files)
        file = StoredFile(file_id, len(content), lambda: content, dc_id, is_photo)
        self._files.append(file)
        return file


def _aware(date: datetime | None) -> datetime | None:
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date


def _reactions(counts: Mapping[str, int] | None) -> Any:
    if counts is None:
        return None
    return types.MessageReactions(
        results=[types.ReactionCount(types.ReactionEmoji(emoji), count) for emoji, count in counts.items()]
    )


def _replies(count: int | None) -> Any:
    return None if count is None else types.MessageReplies(count, 0, comments=True, channel_id=_DISCUSSION_GROUP)
