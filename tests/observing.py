"""Reading sources to their end, for tests that look at what a source yields."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.base import MessageSource, Observation, PhotoFetch


def collected(pages: AsyncIterator[list[Observation]], most: int | None = None) -> list[Observation]:
    """The observations of all pages, or of the first that hold `most`."""

    async def collect() -> list[Observation]:
        found: list[Observation] = []
        async for page in pages:
            found += page
            if most is not None and len(found) >= most:
                break
        return found

    return asyncio.run(collect())


def channels_of(source: MessageSource) -> list[Channel]:
    """Every channel that the source names."""
    return [asyncio.run(source.describe(reference)) for reference in source.references()]


def new_observations(source: MessageSource, channel: Channel, after: int | None = None) -> list[Observation]:
    """What is new after a message."""
    return collected(source.new_messages(channel, after))


def new_messages(source: MessageSource, channel: Channel, after: int | None = None) -> list[Message]:
    """The same, without photos."""
    return [observation.message for observation in new_observations(source, channel, after)]


def photo_bytes(photo: PhotoFetch) -> bytes:
    """What a photo's file would hold."""
    file = BytesIO()
    asyncio.run(_fetch(photo, file))
    return file.getvalue()


async def _fetch(photo: PhotoFetch, file: BytesIO) -> None:
    await photo(file)
