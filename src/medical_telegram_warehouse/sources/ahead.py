"""Asks for the next page while the one before is being worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")
# A task begins at the loop's next turn, and Telethon's request leaves three turns later, within half a millisecond.
# Work that never waits would otherwise be done first, and the request after it: `make bench` missed its limit by that.
_UNTIL_ASKED_SECONDS = 0.001


async def read_ahead(pages: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Yield the same pages, one more being on its way."""

    async def following() -> T | None:
        return await anext(pages, None)

    upcoming = asyncio.ensure_future(following())
    try:
        while (page := await upcoming) is not None:
            upcoming = asyncio.ensure_future(following())
            await asyncio.sleep(_UNTIL_ASKED_SECONDS)
            yield page
    finally:
        upcoming.cancel()
        await asyncio.wait([upcoming])
