"""A source -> the lake: only what is new or has changed, a page at a time.

Each page's photos are stored first and its lines after them, so a line never names a photo that is not there. Killed
anywhere, the next scrape continues at the last page and writes nothing twice (see `lake.writer`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import msgspec

from medical_telegram_warehouse.lake.layout import find_lake_root
from medical_telegram_warehouse.lake.photos import PhotoStore
from medical_telegram_warehouse.lake.registry import Lake, connect_lake
from medical_telegram_warehouse.lake.writer import LakeWriter, open_lake
from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.base import MessageSource, Observation

logger = logging.getLogger(__name__)
# How long counters are watched and edits noticed.
REFRESH_WINDOW = timedelta(days=7)
# One flush to disk and one checkpoint a page.
PAGE = 500


@dataclass
class ScrapeSummary:
    """What one scrape wrote. `messages` and `observed_again` count lines of the lake."""

    source: str
    messages: int = 0
    observed_again: int = 0
    photos: int = 0
    channels: dict[str, int] = field(default_factory=dict)
    """Lines written, by channel."""


def scrape(source: MessageSource, *, lake_root: Path, relative_to: Path) -> ScrapeSummary:
    """Write what `source` has and the lake has not.

    Args:
        source: where messages come from.
        lake_root: our own lake.
        relative_to: recorded photo paths start here.

    Raises:
        LakeBusyError: another process is writing the lake.
        LakeError: the lake cannot be written.
        SourceError: the source cannot be read.
    """
    summary = ScrapeSummary(source.name)
    photos = PhotoStore(lake_root, relative_to)
    progress = Progress(logger, "messages")
    with open_lake(lake_root) as lake:
        for channel in source.channels():
            _scrape_channel(source, channel, lake, photos, summary, progress)
    return summary


def _scrape_channel(
    source: MessageSource,
    channel: Channel,
    lake: LakeWriter,
    photos: PhotoStore,
    summary: ScrapeSummary,
    progress: Progress,
) -> None:
    refresh_since = channel.scraped_at - REFRESH_WINDOW
    lake.describe_channel(channel)
    writer = lake.channel(channel.channel_name, channel.scraped_at.date(), refresh_since)
    known_id = writer.last_message_id
    observations = source.observations(channel, known_id, refresh_since if known_id is not None else None)
    for page in _pages(observations):
        messages = [_with_photo(observation, photos, summary) for observation in page]
        for message in writer.append(messages):
            if known_id is not None and message.message_id <= known_id:
                summary.observed_again += 1
            else:
                summary.messages += 1
            summary.channels[channel.channel_name] = summary.channels.get(channel.channel_name, 0) + 1
        progress.advance(len(page))
    logger.info("%s: %d lines written", channel.channel_name, summary.channels.get(channel.channel_name, 0))


def _with_photo(observation: Observation, photos: PhotoStore, summary: ScrapeSummary) -> Message:
    message, fetch = observation
    if fetch is None:
        return message
    image_path = photos.find(message.channel_name, message.message_id)
    if image_path is None:
        image_path = photos.save(message.channel_name, message.message_id, fetch())
        summary.photos += 1
    return msgspec.structs.replace(message, image_path=image_path)


def _pages(observations: Iterable[Observation]) -> Iterator[list[Observation]]:
    iterator = iter(observations)
    while page := list(islice(iterator, PAGE)):
        yield page


def connect_existing_lake(path: Path, *, data_dir: Path, lake_root: Path) -> tuple[Lake, bool]:
    """Remember someone else's lake, so that every later step reads it; returns it and whether it is new here.

    Raises:
        LakeError: there is no lake at `path`.
    """
    return connect_lake(data_dir, lake_root, find_lake_root(path))
