"""The contract of every message source.

A source names its channels and yields pages of observations, each page in ascending id order and above the page
before. Scraping asks for what is new and for a recent window again, because counters grow, posts are edited and some
are deleted; it drops what equals the last stored observation and writes the rest, so a source keeps no record of what
it has yielded. All of it runs on one event loop: several channels are read and several photos fetched at once.

What goes wrong has a type (see `errors`): one channel that cannot be read, a wait that was ordered, a lost connection,
an account that cannot be used, one photo that cannot be had.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol, Self

from medical_telegram_warehouse.records import Channel, Message

# No photo of a shop comes near; what does would fill memory when it is decoded.
MAX_PHOTO_BYTES = 64 << 20
PhotoFetch = Callable[[BinaryIO], Awaitable[None]]


class Observation(NamedTuple):
    """One message as it looked at one scrape."""

    message: Message
    """With `image_path` None: who writes the photo knows where it lies."""
    photo: PhotoFetch | None
    """Writes the bytes of the photo's file. Called only when the store lacks it, as fetching costs time and quota.

    Raises `PhotoError` when this photo cannot be had, or not whole; the lake then tries again at the next scrape.
    """


class MessageSource(Protocol):
    """Where messages come from. An asynchronous context manager: entering it connects, leaving it disconnects."""

    @property
    def name(self) -> str:
        """Stands in `source` on every record."""

    @property
    def channels_at_once(self) -> int:
        """How many channels may be read at the same time."""

    @property
    def can_look_up(self) -> bool:
        """Whether `look_up` works: without it deletions cannot be told from gaps, and no photo is tried again."""

    @property
    def yields_everything(self) -> bool:
        """Whether each scrape yields all messages again, as an import does.

        The lake then remembers the last state of every message and not of the recent ones alone, `after_message_id` is
        always None, and no recent window is read.
        """

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            SourceError: the source cannot be used as configured, or its account is not usable.
            SourceUnavailableError: nobody answers.
        """

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""

    def references(self) -> Sequence[str]:
        """The channels to read, as the user names them."""

    async def describe(self, reference: str) -> Channel:
        """Find a channel and say what is known of it now.

        Raises:
            ChannelError: there is no such channel, or it cannot be read.
            WaitOrderedError: it may be asked for later.
        """

    def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        """Yield pages of messages with greater ids; None: as far back as the source is told to go.

        `channel` comes from `describe`, but its `channel_name` may have been settled differently since: every message
        bears that name.
        """

    def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        """Yield pages of the messages that are not older than `since`, up to that id, as they look now."""

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:
        """Those of the given messages that still exist, as they look now."""
