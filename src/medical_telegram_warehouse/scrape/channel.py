"""One channel's turn: what is new, the recent window again, photos that could not be had before.

    pages of the source -> photos, several at once -> lines, one flush to disk and one checkpoint a page

The next page is on its way while this one is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from medical_telegram_warehouse.errors import PhotoError
from medical_telegram_warehouse.lake.photos import PhotoStore
from medical_telegram_warehouse.lake.writer import ChannelWriter, LakeWriter
from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.scrape.progress import ScrapeObserver
from medical_telegram_warehouse.scrape.report import ChannelReport
from medical_telegram_warehouse.sources.ahead import read_ahead
from medical_telegram_warehouse.sources.base import MessageSource, Observation

logger = logging.getLogger(__name__)
# How many messages are asked for at once by their numbers: what Telegram answers.
_LOOK_UP = 100
# Telegram numbers messages in 32 bits.
_HIGHEST_ID = (1 << 31) - 1


class Backfill(NamedTuple):
    """Messages that are read once more, whatever was read before: posted from `since` on, and before `until`."""

    since: datetime
    until: datetime
    channels: tuple[str, ...] = ()
    """Of those that the source names; empty means all."""


class Workshop(NamedTuple):
    """What all channels' turns share."""

    source: MessageSource
    lake: LakeWriter
    photos: PhotoStore
    photo_slots: asyncio.Semaphore
    refresh: timedelta
    observer: ScrapeObserver
    backfill: Backfill | None = None
    """Only this is read, instead of what is new."""


class ChannelTurn:
    """Reads one channel into the lake.

    Args:
        workshop: what all turns share.
        channel: as the source describes it, with its settled name.
        report: grows with what is stored.
    """

    def __init__(self, workshop: Workshop, channel: Channel, report: ChannelReport) -> None:
        self._source, self._lake, self._photos, self._photo_slots, refresh, self._observer, self._backfill = workshop
        self._channel = channel
        self._report = report
        self._since = channel.scraped_at - refresh
        # What is compared with what was stored must be remembered, or a range that is read twice is written twice.
        remembered_since = min(self._since, self._backfill.since) if self._backfill else self._since
        self._writer: ChannelWriter = self._lake.channel(
            channel.channel_name,
            self._source.name,
            channel.scraped_at.date(),
            None if self._source.yields_everything else remembered_since,
        )
        self._missing = set(self._writer.missing_photos())

    async def read(self) -> None:
        """Read the channel to its end.

        Raises:
            ChannelError: it cannot be read.
            TransientError: the connection was lost, or a long wait was ordered; what was stored stays.
            SourceError: the account is not usable.
            LakeError: the lake cannot be written.
        """
        self._lake.describe_channel(self._channel)
        if self._backfill is not None:
            await self._read_range(self._backfill)
            return
        known_id = None if self._source.yields_everything else self._writer.last_message_id
        async for page in read_ahead(self._source.new_messages(self._channel, known_id)):
            await self._store(page)
        if known_id is not None:
            await self._refresh(known_id)
        if self._source.can_look_up:
            await self._try_missing_photos()

    async def _read_range(self, wanted: Backfill) -> None:
        """See all messages of a stretch of time, those from before the first scrape, too. Newer ones come as ever."""
        top = self._writer.last_message_id or _HIGHEST_ID
        async with aclosing(read_ahead(self._source.recent_messages(self._channel, wanted.since, top))) as pages:
            async for page in pages:
                within = [observation for observation in page if observation.message.message_date < wanted.until]
                await self._store(within)
                if len(within) < len(page):
                    break

    async def _refresh(self, known_id: int) -> None:
        """See recent messages again. Those that are gone are asked for by number: a history may leave some out."""
        expected = self._writer.expected(self._since, known_id)
        first_id = self._writer.first_message_id or known_id
        async for page in read_ahead(self._source.recent_messages(self._channel, self._since, known_id)):
            # The window may reach back beyond where a limit ended the first scrape.
            await self._store([each for each in page if each.message.message_id >= first_id])
            for observation in page:
                expected.pop(observation.message.message_id, None)
        if not self._source.can_look_up:
            return
        for numbers in _batches(sorted(expected)):
            there = await self._source.look_up(self._channel, numbers)
            await self._store(there)
            gone = set(numbers) - {observation.message.message_id for observation in there}
            written = self._writer.append([self._deletion(number, expected[number]) for number in sorted(gone)])
            self._report.deleted += len(written)

    async def _try_missing_photos(self) -> None:
        for numbers in _batches(sorted(self._missing)):
            there = await self._source.look_up(self._channel, numbers)
            found, missing = await self._fetch_photos(there, self._remembered(there))
            gone = set(numbers) - {observation.message.message_id for observation in there if observation.photo}
            self._writer.append([], missing=missing, found=found | gone)
            self._observer.changed(self._report)

    async def _store(self, page: Sequence[Observation]) -> None:
        remembered = self._remembered(page)
        found, missing = await self._fetch_photos(page, remembered)
        messages = [self._with_place(observation) for observation in page]
        # An import remembers every message; a scrape forgets old ones, but has all up to its last.
        first_id, last_id = self._writer.first_message_id or 0, self._writer.last_message_id or 0
        known = range(0) if self._source.yields_everything else range(first_id, last_id + 1)
        for message in self._writer.append(messages, missing=missing, found=found & self._missing):
            if message.message_id in known or message.message_id in remembered:
                self._report.observed_again += 1
            else:
                self._report.messages += 1
        self._missing -= found | missing  # those missing were tried in this run
        self._report.pages += 1
        self._observer.changed(self._report)

    def _remembered(self, page: Sequence[Observation]) -> dict[int, int | None]:
        """The messages of a page that are remembered, with the photo that each had."""
        return self._writer.photo_ids(observation.message for observation in page)

    async def _fetch_photos(
        self, page: Sequence[Observation], remembered: dict[int, int | None]
    ) -> tuple[set[int], set[int]]:
        """Store the photos of a page that the lake lacks; returns the messages whose photo is there, and the others."""
        wanted = [observation for observation in page if observation.photo is not None]
        found, missing = set(), set()

        async def fetch(observation: Observation) -> None:
            number = observation.message.message_id
            before = remembered.get(number)
            is_another = before is not None and before != observation.message.photo_id
            if is_another or not self._photos.has(self._channel.channel_name, number):
                try:
                    await self._fetch(observation)
                except PhotoError as error:
                    logger.warning("%s/%d: photo not stored: %s", self._channel.channel_name, number, error)
                    self._report.photos_missing += 1
                    missing.add(number)
                    return
            found.add(number)

        await _together(fetch(observation) for observation in wanted)
        return found, missing

    async def _fetch(self, observation: Observation) -> None:
        assert observation.photo is not None  # noqa: S101 - only such are wanted
        async with (
            self._photo_slots,
            self._photos.storing(self._channel.channel_name, observation.message.message_id) as file,
        ):
            await observation.photo(file)
        self._report.photos += 1
        self._observer.changed(self._report)

    def _with_place(self, observation: Observation) -> Message:
        message = observation.message
        if observation.photo is None:
            return message
        place = self._photos.place(message.channel_name, message.message_id)
        return msgspec.structs.replace(message, image_path=place)

    def _deletion(self, message_id: int, message_date: datetime) -> Message:
        return Message(
            message_id=message_id,
            channel_name=self._channel.channel_name,
            message_date=message_date,
            is_deleted=True,
            scraped_at=self._channel.scraped_at,
            source=self._source.name,
        )


async def _together(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Do all of it at once. The first error ends the rest, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _LOOK_UP):
        yield numbers[start : start + _LOOK_UP]
