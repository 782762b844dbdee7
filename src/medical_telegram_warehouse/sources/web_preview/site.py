"""Requests to the site: one after the other with a pause, and again when it is overloaded or away.

All channels share the pause and the waits that the site orders.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from medical_telegram_warehouse.errors import ChannelError, SourceUnavailableError
from medical_telegram_warehouse.sources.waits import announce_wait, too_long
from medical_telegram_warehouse.sources.web_preview.page import ParsedPage, parse_page

logger = logging.getLogger(__name__)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK, _NOT_FOUND, _TOO_MANY, _AWAY = 200, 404, 429, 503
# Real pages stay below half a megabyte.
_MAX_BYTES = 4 * 1024 * 1024
# And below ten thousand tags. Parsing takes the square of their depth: four megabytes of nothing else, nearly an hour.
_MAX_TAGS = 50_000
_PAGE_SECONDS = 120.0
_SHOWN = 5
_MAX_TARGET = 200
_SECONDS = re.compile(r"[0-9]{1,18}")


class Patience(NamedTuple):
    """How the site is asked, and how often again."""

    delay_seconds: float
    retries: int
    retry_delay_seconds: float
    max_wait_seconds: float

    def pause(self, attempt: int) -> float:
        """How long to wait after a failed attempt; the first is 1."""
        return min(_about(self.retry_delay_seconds * 2 ** (attempt - 1)), self.max_wait_seconds)


class ReadPage(NamedTuple):
    """A page, and when it was read."""

    parsed: ParsedPage
    at: datetime


class _Refusal(NamedTuple):
    """An answer that may be another one later."""

    reason: str
    ordered_seconds: float = 0


class Site:
    """The preview's site, with one client for everything."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        patience: Patience,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._patience = patience
        self._clock = clock
        self._turn = asyncio.Lock()
        self._free_at = 0.0

    async def page(self, channel: str, before: int | None = None, *, is_known: bool = True) -> ReadPage:
        """Read a channel's newest page, or the one below a message's number.

        Args:
            channel: a user name that was checked.
            before: what is shown lies below this number.
            is_known: whether the channel had a preview before.

        Raises:
            ChannelError: the channel has no preview.
            WaitOrderedError: the site wants a longer wait than this run has.
            SourceUnavailableError: no page came, however often it was asked for.
        """
        url = f"{self._base_url}/s/{channel}" + (f"?before={before}" if before is not None else "")
        attempts = self._patience.retries + 1
        attempt = 0
        while True:
            attempt += 1
            await self._take_turn()
            answer = await self._ask(channel, url, is_known=is_known)
            if isinstance(answer, ReadPage):
                return answer
            logger.info("%s: %s %s; attempt %d of %d", channel, url, answer.reason, attempt, attempts)
            if answer.ordered_seconds > self._patience.max_wait_seconds:
                raise too_long(answer.ordered_seconds, ordered_by=url, most=self._patience.max_wait_seconds)
            if attempt == attempts:
                raise SourceUnavailableError(
                    f"{channel}: {url} was asked for {attempts} times; the last time it {answer.reason}. What was read "
                    f"so far is kept; check the connection and try again later"
                )
            if answer.ordered_seconds > 0:
                self._obey(url, answer.ordered_seconds)
            else:
                await asyncio.sleep(self._patience.pause(attempt))

    async def _take_turn(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            while (seconds := self._free_at - loop.time()) > 0:
                await asyncio.sleep(seconds)
            self._free_at = loop.time() + _about(self._patience.delay_seconds)

    def _obey(self, url: str, seconds: float) -> None:
        announce_wait(seconds, ordered_by=url)
        self._free_at = max(self._free_at, asyncio.get_running_loop().time() + seconds)

    async def _ask(self, channel: str, url: str, *, is_known: bool) -> ReadPage | _Refusal:
        body = bytearray()
        try:
            async with asyncio.timeout(_PAGE_SECONDS), self._client.stream("GET", url) as response:
                status = response.status_code
                if status in _REDIRECTS or status == _NOT_FOUND:
                    raise _no_preview(channel, url, response, is_known=is_known)
                if status != _OK:
                    return _Refusal(f"answered with status {status}", self._ordered_seconds(response))
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        return _Refusal(f"sent more than {_MAX_BYTES:,} bytes")
        except TimeoutError:
            return _Refusal(f"sent no whole page in {_PAGE_SECONDS:.0f} s")
        except httpx.HTTPError as error:
            return _Refusal(f"gave no answer ({type(error).__name__}: {error})")
        at = self._clock()
        parsed = _parsed(bytes(body))
        if isinstance(parsed, _Refusal):
            return parsed
        if parsed.unusable:
            shown = "; ".join(parsed.unusable[:_SHOWN])
            logger.warning("%s: %d posts of %s cannot be read: %s", channel, len(parsed.unusable), url, shown)
        return ReadPage(parsed, at)

    def _ordered_seconds(self, response: httpx.Response) -> float:
        if response.status_code not in (_TOO_MANY, _AWAY):
            return 0
        ordered = str(response.headers.get("retry-after", "")).strip()
        if _SECONDS.fullmatch(ordered):
            return float(ordered)
        try:
            until = parsedate_to_datetime(ordered)
        except (ValueError, OverflowError):
            return 0
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max((until - self._clock()).total_seconds(), 0)


def _parsed(body: bytes) -> ParsedPage | _Refusal:
    if body.count(b"<") > _MAX_TAGS:
        return _Refusal(f"sent more than {_MAX_TAGS:,} tags")
    parsed = parse_page(body)
    return parsed if parsed.is_preview else _Refusal(f"sent {len(body):,} bytes that are no channel's page")


def _about(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 -- spreads requests, protects nothing


def _no_preview(channel: str, url: str, response: httpx.Response, *, is_known: bool) -> ChannelError:
    target = str(response.headers.get("location", "nowhere"))[:_MAX_TARGET]
    answered = f"answered {_NOT_FOUND}" if response.status_code == _NOT_FOUND else f"redirects to {target}"
    if is_known:
        return ChannelError(
            f"{channel}: {url} {answered} although the channel had a preview before: it was switched off, or the "
            f"channel renamed or closed. What was read so far is kept; check the name, or join the channel with an "
            f"account and use the source `telegram`"
        )
    return ChannelError(
        f"{channel}: {url} {answered}, so there is no public preview: no such channel, or it is private, a group, or "
        f"its preview is switched off. Check the name; or join it with an account and use the source `telegram`"
    )
