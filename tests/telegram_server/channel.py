"""What every channel has, whether its messages are posted or generated: identity, access, and its TL objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from telethon import types

from telegram_server.faults import RpcFault
from telegram_server.media import StoredFile, hash_of

CREATED = datetime(2026, 9, 1, tzinfo=UTC)


class Channel(ABC):
    """A channel or a megagroup. Every method may be called from any thread."""

    def __init__(
        self,
        lock: RLock,
        channel_id: int,
        username: str | None,
        *,
        title: str = "",
        about: str = "",
        subscribers: int = 0,
        verified: bool = False,
        scam: bool = False,
        megagroup: bool = False,
        joined: bool = True,
        public: bool | None = None,
    ) -> None:
        self.lock = lock
        self.id = channel_id
        self.access_hash = hash_of(channel_id)
        self.username = username
        self.title = title or username or f"Channel {channel_id}"
        self.about = about
        self.subscribers = subscribers
        self.verified = verified
        self.scam = scam
        self.megagroup = megagroup
        self.joined = joined
        self.public = username is not None if public is None else public
        self.closed: str | None = None  # The error for every request about it.

    @property
    @abstractmethod
    def ids(self) -> Sequence[int]:
        """The ids of all messages that exist, ascending."""

    @abstractmethod
    def message(self, message_id: int) -> Any | None:
        """A message that exists, or None."""

    @abstractmethod
    def file(self, number: int) -> StoredFile | None:
        """The file with this number in the channel."""

    @abstractmethod
    def count_since(self, date: datetime) -> int:
        """How many messages were sent at this moment or later."""

    @property
    def peer(self) -> Any:
        return types.PeerChannel(self.id)

    @property
    def last_message(self) -> Any | None:
        ids = self.ids
        return self.message(ids[-1]) if ids else None

    @property
    def findable(self) -> bool:
        """Whether strangers find it by its name."""
        return self.public and self.username is not None

    @property
    def listed(self) -> bool:
        """Whether it stands among the account's dialogs."""
        return self.joined and self.closed is None

    def check_access(self) -> None:
        """Raises the error that requests about this channel get."""
        if self.closed is not None:
            raise RpcFault(self.closed)
        if not self.public and not self.joined:
            raise RpcFault("CHANNEL_PRIVATE")

    def become_private(self) -> None:
        """The channel loses its name and does not know the account any more: CHANNEL_PRIVATE."""
        with self.lock:
            self.public = False
            self.closed = "CHANNEL_PRIVATE"

    def ban(self) -> None:
        """The account is banned from it: USER_BANNED_IN_CHANNEL. Its name still resolves."""
        with self.lock:
            self.closed = "USER_BANNED_IN_CHANNEL"

    def disappear(self) -> None:
        """The channel is deleted: CHANNEL_INVALID, and its name is free."""
        with self.lock:
            self.public = False
            self.closed = "CHANNEL_INVALID"

    def rename(self, *, title: str | None = None, username: str | None = None) -> None:
        """Changes what is given. The id stays."""
        with self.lock:
            self.title = self.title if title is None else title
            self.username = self.username if username is None else username

    def chat(self) -> Any:
        """The channel as it stands beside its messages."""
        return types.Channel(
            id=self.id,
            access_hash=self.access_hash,
            title=self.title,
            username=self.username,
            photo=types.ChatPhotoEmpty(),
            date=CREATED,
            left=not self.joined,
            broadcast=not self.megagroup,
            megagroup=self.megagroup,
            verified=self.verified,
            scam=self.scam,
            participants_count=self.subscribers,
        )

    def full(self) -> Any:
        """The answer to `channels.getFullChannel`."""
        ids = self.ids
        full = types.ChannelFull(
            id=self.id,
            about=self.about,
            participants_count=self.subscribers,
            read_inbox_max_id=ids[-1] if ids else 0,
            read_outbox_max_id=0,
            unread_count=0,
            chat_photo=types.PhotoEmpty(id=0),
            notify_settings=types.PeerNotifySettings(),
            bot_info=[],
            pts=1,
        )
        return types.messages.ChatFull(full_chat=full, chats=[self.chat()], users=[])

    def dialog(self) -> Any:
        """The channel's line in the list of dialogs."""
        ids = self.ids
        return types.Dialog(
            peer=self.peer,
            top_message=ids[-1] if ids else 0,
            read_inbox_max_id=0,
            read_outbox_max_id=0,
            unread_count=0,
            unread_mentions_count=0,
            unread_reactions_count=0,
            unread_poll_votes_count=0,
            notify_settings=types.PeerNotifySettings(),
        )
