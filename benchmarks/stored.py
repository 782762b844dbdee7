"""The stored messages that the warehouse is measured with: lakes of the sample's channels, of a first day and the next.

Channels post at a constant density, so more messages are a longer history, not busier days. The messages name their
photos, but there are no files: `photo_records` says what a scan would have found.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from medical_telegram_warehouse.lake.layout import photo_file
from medical_telegram_warehouse.lake.registry import OWN_LAKE, Lake
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.scrape import scrape
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.sample import SampleSource

logger = logging.getLogger(__name__)
AS_OF = date(2026, 10, 1)
_A_DAY = 1_000
_MOST_DAYS = 2_000  # the sample's world begins in 2020: beyond this, days get busier
# So many messages of earlier days are seen again a day later; nearly all of their counters have moved.
_SEEN_AGAIN = 10_000


class History(NamedTuple):
    """What the channels have posted: all of them together, so many messages a day."""

    days: int
    a_day: int

    @property
    def messages(self) -> int:
        """About how many there are."""
        return self.days * self.a_day

    @property
    def name(self) -> str:
        """What its folder and its databases are called by."""
        return f"days_{self.days}_of_{self.a_day}"


def histories(messages: int, smaller: int) -> tuple[History, History]:
    """A short history of about `smaller` messages and a long one, as dense as each other."""
    a_day = max(_A_DAY, -(-messages // _MOST_DAYS))
    return History(max(1, smaller // a_day), a_day), History(max(1, messages // a_day), a_day)


class PhotosByName(SampleSource):
    """The sample without its photos' bytes, whose messages name the places where a scrape would have put them."""

    async def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        """As the sample's."""
        async for page in super().new_messages(channel, after_message_id):
            yield [_naming_its_photo(each) for each in page]

    async def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        """As the sample's."""
        async for page in super().recent_messages(channel, since, up_to_message_id):
            yield [_naming_its_photo(each) for each in page]


def first_lake(folder: Path, history: History) -> Lake:
    """The lake of all but the last day; made where it is not there yet."""
    return _made(folder / "first", lambda lake: _scrape(lake, history, AS_OF))


def grown_lake(folder: Path, history: History) -> Lake:
    """The same lake, a day later: what was seen again, and what is new."""
    first = first_lake(folder, history)

    def grow(lake: Path) -> None:
        # A scrape only adds files to those of earlier days, so both lakes may have these in common; but it writes
        # its checkpoints anew.
        shutil.copytree(first.root, lake, copy_function=_linked)
        _scrape(lake, history, AS_OF + timedelta(days=1))

    return _made(folder / "second", grow)


def _made(folder: Path, make: Callable[[Path], None]) -> Lake:
    """A lake that is whole, or not there."""
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        make(draft / "raw")
        draft.rename(folder)
    return Lake(OWN_LAKE, folder / "raw")


def _linked(source: str, target: str) -> None:
    if Path(source).suffix == ".jsonl":
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _scrape(lake: Path, history: History, as_of: date) -> None:
    logger.info("scraping %s, as of %s", f"{history.messages:,}", as_of)
    source = PhotosByName(as_of, messages=history.messages, days=history.days, photos=False)
    refresh = timedelta(days=1 + _SEEN_AGAIN / history.a_day)
    scrape(source, lake_root=lake, relative_to=lake.parent, refresh=refresh)


def _naming_its_photo(observation: Observation) -> Observation:
    message = observation.message
    if message.media_type != "photo":
        return observation
    place = photo_file(Path("data", "raw"), message.channel_name, message.message_id).as_posix()
    return observation._replace(message=msgspec.structs.replace(message, image_path=place))
