"""Paging by message number: the site shows what lies below a number, the lake wants ascending pages.

So a reader goes down to where reading begins, then up again in blocks of numbers, each read from its top down and
yielded from its bottom up. Whatever was yielded lies below all that follows: killed anywhere, the next scrape goes on
there. Neither the number of posts on a page nor the site's link to older ones is relied on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from medical_telegram_warehouse.sources.base import Observation

# How many numbers are read at once, and how many messages are kept in memory.
BLOCK = 1000
# One checkpoint each.
PAGE = 100
# Asking for this much above a block shows albums whole that its top would cut.
ALBUM = 10


class Page(NamedTuple):
    """What the site shows below a number."""

    ids: frozenset[int]
    """The number of every post, those too that are no messages."""
    observations: list[Observation]
    """Ascending."""


PageFetch = Callable[[int | None], Awaitable[Page]]
"""Fetches the page below a number; None: the newest."""


class _Descent:
    """Goes down page by page, and ends where nothing lies below."""

    def __init__(self, fetch: PageFetch, *, below: int | None = None, page: Page | None = None) -> None:
        self._fetch = fetch
        self._page = page
        self._below = below
        self.lowest: int | None = None
        """The lowest number seen."""

    async def step(self) -> list[Observation] | None:
        """The next page's observations, ascending; None: the beginning was reached."""
        if self.lowest is not None and self.lowest <= 1:
            return None
        below = self._below if self.lowest is None else self.lowest
        page = self._page or await self._fetch(below)
        self._page = None
        ids = [number for number in page.ids if below is None or number < below]
        if not ids:
            return None
        self.lowest = min(ids)
        return [each for each in page.observations if below is None or each.message.message_id < below]


async def read_all(
    fetch: PageFetch, newest: Page, *, since: datetime | None, at_most: int | None
) -> AsyncIterator[list[Observation]]:
    """Yield the newest messages: `at_most` of them, and none older than `since`."""
    top = max(newest.ids, default=0)
    descent = _Descent(fetch, page=newest)
    async for page in _read_from_floor(fetch, descent, top=top, since=since, at_most=at_most, newest=newest):
        yield page


async def read_since(fetch: PageFetch, *, since: datetime, top: int) -> AsyncIterator[list[Observation]]:
    """Yield the messages up to the number `top` that are not older than `since`."""
    descent = _Descent(fetch, below=top + 1 + ALBUM)
    async for page in _read_from_floor(fetch, descent, top=top, since=since, at_most=None, newest=None):
        yield page


async def read_above(
    fetch: PageFetch, known: int, top: int, *, since: datetime | None = None, newest: Page | None = None
) -> AsyncIterator[list[Observation]]:
    """Yield the messages above the number `known` and up to `top`.

    Args:
        fetch: fetches a page.
        known: what is yielded lies above.
        top: and not above this number.
        since: messages older than this are left out.
        newest: the newest page, where it was fetched already.
    """
    span = BLOCK
    while known < top:
        block_top = min(known + span, top)
        first = newest if block_top == top else None
        descent = _Descent(fetch, page=first, below=None if first else block_top + 1 + ALBUM)
        kept: deque[Observation] = deque()
        while (descent.lowest is None or descent.lowest > known) and (page := await descent.step()) is not None:
            kept.extend(each for each in reversed(page) if known < each.message.message_id <= block_top)
            while len(kept) > BLOCK:
                kept.popleft()
                # What was dropped is read again, as the next block.
                block_top = kept[0].message.message_id
        for part in _pages(_not_before(since, reversed(kept))):
            yield part
        known = block_top
        # A gap of millions of numbers is crossed in few steps.
        span = BLOCK if kept else span * 2


async def _read_from_floor(
    fetch: PageFetch,
    descent: _Descent,
    *,
    top: int,
    since: datetime | None,
    at_most: int | None,
    newest: Page | None,
) -> AsyncIterator[list[Observation]]:
    kept: list[Observation] = []
    count = 0
    floor = top
    reached = at_most == 0
    while not reached and (page := await descent.step()) is not None:
        wanted = [each for each in page if each.message.message_id <= top]
        taken = list(_not_before(since, wanted))
        reached = len(taken) < len(wanted)
        if at_most is not None and count + len(taken) >= at_most:
            taken = taken[len(taken) - (at_most - count) :]
            reached = True
        if taken:
            count += len(taken)
            floor = taken[0].message.message_id - 1
        if count <= BLOCK:
            kept.extend(reversed(taken))
    if count <= BLOCK:
        for part in _pages(reversed(kept)):
            yield part
        return
    kept.clear()
    async for part in read_above(fetch, floor, top, since=since, newest=newest):
        yield part


def _not_before(since: datetime | None, found: Iterable[Observation]) -> Iterable[Observation]:
    return (each for each in found if since is None or each.message.message_date >= since)


def _pages(found: Iterable[Observation]) -> Iterable[list[Observation]]:
    page: list[Observation] = []
    for each in found:
        page.append(each)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
