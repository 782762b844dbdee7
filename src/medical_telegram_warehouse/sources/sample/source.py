"""The sample as a message source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from types import TracebackType
from typing import BinaryIO, Self

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.sources.base import Observation, PhotoFetch
from medical_telegram_warehouse.sources.sample.channels import PROFILES
from medical_telegram_warehouse.sources.sample.composer import WORLD_BEGINS
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.engagement import observe
from medical_telegram_warehouse.sources.sample.feed import Posted, feeds_of
from medical_telegram_warehouse.sources.sample.photos import render

_REACH_BACK = 3  # days that forwards look back, which must exist too
_PAGE = 500
_MARGIN = 1.01  # a window that begins after a busy weekday still holds the wanted number


class SampleSource:
    """Invented channels as they look at midnight (UTC) before `as_of`.

    The window holds about `messages` messages of the last `days` days; a later `as_of` moves it forward. What a
    channel posts a day depends on messages / days, so keep both to see one world grow from day to day.
    """

    name = "sample"
    channels_at_once = 1  # making posts keeps one processor busy
    can_look_up = False
    yields_everything = False

    def __init__(
        self,
        as_of: date,
        seed: int = 20260101,
        messages: int = 1500,
        days: int = 90,
        photos: bool = True,  # noqa: FBT001, FBT002 -- a setting passed through by name
    ) -> None:
        """Set up without generating anything.

        Args:
            as_of: The day of the scrape; nothing is later than its midnight (UTC).
            seed: Another seed is another world with the same channels.
            messages: About how many messages the window holds.
            days: The window's length.
            photos: Without, messages keep saying that they have a photo but bring no bytes.
        """
        self._end = (as_of - WORLD_BEGINS).days
        self._start = self._end - days
        if messages < 1 or days < 1 or self._start < _REACH_BACK:
            raise SourceError(
                f"The sample cannot show {messages} messages of {days} days up to {as_of}: both numbers must be "
                f"positive, and the sample's world begins on {WORLD_BEGINS}. Choose other values."
            )
        self._at = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
        self._photos = photos
        self._feeds = feeds_of(seed, _MARGIN * messages / days)

    async def __aenter__(self) -> Self:
        """Nothing to connect to."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to disconnect from."""

    def references(self) -> Sequence[str]:
        """All sample channels."""
        return tuple(PROFILES)

    async def describe(self, reference: str) -> Channel:
        """One of the sample channels, as it is on this day."""
        profile = PROFILES[reference]
        return Channel(
            channel_name=profile.name,
            scraped_at=self._at,
            source=self.name,
            title=profile.title,
            description=profile.description,
            subscribers=profile.subscribers_on(self._end),
        )

    def posted(self, channel_name: str, first_day: int | None = None) -> Iterator[Posted]:
        """What a channel posted within the window: the truth behind the observations, with genres."""
        if channel_name not in self._feeds:
            raise SourceError(f"The sample has no channel {channel_name!r}; it has {', '.join(self._feeds)}.")
        feed = self._feeds[channel_name]
        for day in range(self._start if first_day is None else first_day, self._end):
            yield from feed.day(day)

    async def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        """Messages of the window; see `MessageSource.new_messages`."""
        first_day = self._start
        if after_message_id is not None and channel.channel_name in self._feeds:
            rhythm = self._feeds[channel.channel_name].rhythm
            first_day = rhythm.day_of(after_message_id + 1, self._start, self._end)
        after = after_message_id or 0
        new = (each for each in self.posted(channel.channel_name, first_day) if each.message_id > after)
        async for page in self._pages(channel, new):
            yield page

    async def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        """Messages again; see `MessageSource.recent_messages`."""
        first_day = max(self._start, (since.astimezone(UTC).date() - WORLD_BEGINS).days)
        posted = self.posted(channel.channel_name, first_day)
        recent = (each for each in posted if each.message_id <= up_to_message_id and each.date >= since)
        async for page in self._pages(channel, recent):
            yield page

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:
        """Never asked: nothing is deleted here, and every photo can be had."""
        raise NotImplementedError

    async def _pages(self, channel: Channel, posted: Iterator[Posted]) -> AsyncIterator[list[Observation]]:
        while page := [self._observed(channel.channel_name, each) for each in islice(posted, _PAGE)]:
            yield page
            await asyncio.sleep(0)

    def _observed(self, channel_name: str, posted: Posted) -> Observation:
        photo = posted.draft.photo if self._photos else None
        message = observe(posted, PROFILES[channel_name], self._at)
        return Observation(message, _rendering(photo) if photo else None)


def _rendering(key: PhotoKey) -> PhotoFetch:
    async def fetch(file: BinaryIO) -> None:
        file.write(render(key))

    return fetch
