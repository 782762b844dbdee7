"""The public preview as a message source.

References -> pages of the site -> messages. What a page means is `page`'s, which pages are asked for `paging`'s, and
how the site is asked `site`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpx

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.web_preview.messages import observations
from medical_telegram_warehouse.sources.web_preview.paging import Page, PageFetch, read_above, read_all, read_since
from medical_telegram_warehouse.sources.web_preview.photos import PhotoDownload
from medical_telegram_warehouse.sources.web_preview.references import is_user_name, user_name
from medical_telegram_warehouse.sources.web_preview.site import Patience, ReadPage, Site

_USER_AGENT = "medical-telegram-warehouse (+public preview reader)"
_TIMEOUT_SECONDS = 30.0
# How long the page that described a channel also serves as its newest page.
_FRESH_SECONDS = 60.0


class _Connected(NamedTuple):
    client: httpx.AsyncClient
    site: Site


class WebPreviewSource:
    """Channels as any visitor of the site sees them: rounded views, no forward and reply counts, no deletions."""

    name = "web"
    channels_at_once = 2
    can_look_up = False
    yields_everything = False

    def __init__(  # noqa: PLR0913 -- each is one setting
        self,
        references: Sequence[str],
        *,
        base_url: str = "https://t.me",
        delay_seconds: float = 1.0,
        scrape_since: datetime | None = None,
        max_messages: int | None = None,
        retries: int = 4,
        retry_delay_seconds: float = 2.0,
        max_wait_seconds: float = 300.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set up without asking for anything.

        Args:
            references: user names, @names, or links to channels.
            base_url: where the preview is; channels are at `/s/<name>` below it.
            delay_seconds: about how long to pause between two requests, over all channels together.
            scrape_since: a first scrape takes nothing older.
            max_messages: a first scrape takes this many of the newest messages.
            retries: how often a request that failed is made again.
            retry_delay_seconds: the pause before the first retry; it doubles with each.
            max_wait_seconds: a longer wait, where the site orders one, ends the channel's reading.
            clock: tells when a page was read.
        """
        self._references = tuple(references)
        self._base_url = base_url.rstrip("/")
        self._patience = Patience(delay_seconds, retries, retry_delay_seconds, max_wait_seconds)
        self._since = scrape_since
        self._max_messages = max_messages
        self._clock = clock
        self._connected: _Connected | None = None
        self._described: dict[str, tuple[float, ReadPage]] = {}

    async def __aenter__(self) -> Self:
        """Open the client; the site is first asked when a channel is described.

        Raises:
            SourceError: the site's address is none.
        """
        try:
            parts = urlsplit(self._base_url)
            is_usable = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
            )
        except ValueError:
            is_usable = False
        if not is_usable:
            raise SourceError(
                f"{self._base_url!r} cannot be the preview's address: write http:// or https:// and a host, as in "
                f"https://t.me"
            )
        client = httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, headers={"user-agent": _USER_AGENT}, follow_redirects=False
        )
        site = Site(client, self._base_url, self._patience, clock=self._clock)
        self._connected = _Connected(client, site)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        connected, self._connected = self._connection(), None
        self._described.clear()
        await connected.client.aclose()

    def references(self) -> Sequence[str]:
        """The channels to read, as the user names them."""
        return self._references

    async def describe(self, reference: str) -> Channel:
        """Read a channel's page.

        Raises:
            ChannelError: the reference is no user name, or the channel has no preview.
            WaitOrderedError: the site wants a longer wait than this run has.
            SourceUnavailableError: no page came.
        """
        asked = user_name(reference)
        read = await self._connection().site.page(asked, is_known=False)
        found = read.parsed.channel
        username = found.username or asked
        self._remember(username, read)
        return Channel(
            channel_name=username,
            scraped_at=read.at,
            source=self.name,
            title=found.title,
            description=found.description,
            subscribers=found.subscribers,
            telegram_id=found.telegram_id,
            username=username,
            telegram_type="channel",
            is_verified=found.is_verified,
        )

    async def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        """Yield pages of messages with greater ids; None: as far back as the limits of a first scrape allow.

        Raises:
            ChannelError: the channel's preview was switched off.
            WaitOrderedError: the site wants a longer wait than this run has.
            SourceUnavailableError: no page came.
        """
        username = _username(channel)
        read = self._remembered(username) or await self._connection().site.page(username)
        newest = self._page(channel, read)
        fetch = self._fetch(channel, username)
        if after_message_id is None:
            pages = read_all(fetch, newest, since=self._since, at_most=self._max_messages)
        else:
            pages = read_above(fetch, after_message_id, max(newest.ids, default=0), newest=newest)
        async for page in pages:
            yield page

    async def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        """Yield pages of the messages that are not older than `since`, up to that id, as they look now.

        Raises:
            ChannelError: the channel's preview was switched off.
            WaitOrderedError: the site wants a longer wait than this run has.
            SourceUnavailableError: no page came.
        """
        fetch = self._fetch(channel, _username(channel))
        async for page in read_since(fetch, since=since, top=up_to_message_id):
            yield page

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:  # noqa: ARG002
        """Nothing: a post that is missing from a page may be deleted or merely not shown."""
        return []

    def _connection(self) -> _Connected:
        if self._connected is None:
            raise SourceError("the preview is not connected: use the source in `async with`")
        return self._connected

    def _remember(self, username: str, read: ReadPage) -> None:
        now = asyncio.get_running_loop().time()
        fresh = {name: described for name, described in self._described.items() if now - described[0] < _FRESH_SECONDS}
        self._described = {**fresh, username: (now, read)}

    def _remembered(self, username: str) -> ReadPage | None:
        at, read = self._described.pop(username, (0.0, None))
        return read if asyncio.get_running_loop().time() - at < _FRESH_SECONDS else None

    def _fetch(self, channel: Channel, username: str) -> PageFetch:
        async def fetch(before: int | None) -> Page:
            return self._page(channel, await self._connection().site.page(username, before))

        return fetch

    def _page(self, channel: Channel, read: ReadPage) -> Page:
        client = self._connection().client
        found = observations(
            read.parsed.posts,
            channel_name=channel.channel_name,
            source=self.name,
            scraped_at=read.at,
            photo=lambda address: PhotoDownload(client, self._base_url, address, self._patience),
        )
        return Page(read.parsed.ids, found)


def _username(channel: Channel) -> str:
    username = channel.username or channel.channel_name
    return username if is_user_name(username) else user_name(username)
