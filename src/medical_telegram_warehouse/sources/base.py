"""The contract of every message source.

A source names its channels and yields observations of their messages. Scraping asks for what is new and for a recent
window again, because view counters grow and posts are edited; it drops what equals the last stored observation and
writes the rest, so a source keeps no state of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from medical_telegram_warehouse.records import Channel, Message


class Observation(NamedTuple):
    """One message as it looked at one scrape."""

    message: Message
    """With `image_path` None: who writes the photo knows where it lies."""
    photo: Callable[[], bytes] | None
    """Gives the bytes of the photo's file. Called only when the store lacks it, as fetching costs time and quota."""


class MessageSource(Protocol):
    """Where messages come from."""

    @property
    def name(self) -> str:
        """Stands in `source` on every record."""

    def channels(self) -> Iterator[Channel]:
        """The channels that can be read, as they are now."""

    def observations(
        self, channel: Channel, after_message_id: int | None, refresh_since: datetime | None
    ) -> Iterator[Observation]:
        """Yield messages in ascending id order.

        Args:
            channel: One of `channels()`.
            after_message_id: Only messages with a greater id are new. None: everything the source's window holds.
            refresh_since: Messages up to `after_message_id` that are not older than this are observed again.
        """
