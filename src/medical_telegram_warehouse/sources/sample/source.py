"""The sample as a message source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.sample.channels import PROFILES
from medical_telegram_warehouse.sources.sample.composer import WORLD_BEGINS
from medical_telegram_warehouse.sources.sample.engagement import observe
from medical_telegram_warehouse.sources.sample.feed import Posted, feeds_of
from medical_telegram_warehouse.sources.sample.photos import render

_REACH_BACK = 3  # days that forwards look back, which must exist too
_MARGIN = 1.01  # a window that begins after a busy weekday still holds the wanted number


class SampleSource:
    """Invented channels as they look at midnight (UTC) before `as_of`.

    The window holds about `messages` messages of the last `days` days; a later `as_of` moves it forward. What a
    channel posts a day depends on messages / days, so keep both to see one world grow from day to day.
    """

    name = "sample"

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

    def channels(self) -> Iterator[Channel]:
        """All sample channels."""
        for profile in PROFILES.values():
            yield Channel(
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

    def observations(
        self, channel: Channel, after_message_id: int | None, refresh_since: datetime | None
    ) -> Iterator[Observation]:
        """Messages of the window, ascending; see `MessageSource.observations`."""
        first_day = self._start
        if after_message_id is not None and channel.channel_name in self._feeds:
            rhythm = self._feeds[channel.channel_name].rhythm
            first_day = rhythm.day_of(after_message_id + 1, self._start, self._end)
            if refresh_since is not None:
                refreshed = (refresh_since.astimezone(UTC).date() - WORLD_BEGINS).days
                first_day = max(self._start, min(first_day, refreshed))
        return self._observed(channel.channel_name, first_day, after_message_id or 0, refresh_since)

    def _observed(
        self, channel_name: str, first_day: int, after: int, refresh_since: datetime | None
    ) -> Iterator[Observation]:
        at, photos = self._at, self._photos
        for posted in self.posted(channel_name, first_day):
            if posted.message_id <= after and (refresh_since is None or posted.date < refresh_since):
                continue
            photo: Callable[[], bytes] | None = None
            if photos and posted.draft.photo is not None:
                photo = partial(render, posted.draft.photo)
            yield Observation(observe(posted, PROFILES[channel_name], at), photo)
