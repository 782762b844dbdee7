"""Scraping Telegram into an empty lake, against plain Telethon that reads the same channel and keeps nothing.

The server is that of the tests: it speaks Telegram's protocol on loopback, in a process of its own, and lets each
request wait as long as the way to a distant data centre and back would. Connecting and finding the channel count on
both sides. Every scrape is checked to be whole.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import SecretStr
from telethon import TelegramClient

from benchmarks.table import Measurement
from medical_telegram_warehouse.records import DataCenter, TelegramAccess
from medical_telegram_warehouse.scrape import ScrapeSummary, scrape
from medical_telegram_warehouse.scrape.run import PHOTOS_AT_ONCE, REFRESH_WINDOW
from medical_telegram_warehouse.sources.telegram.access import stored_session, trust
from medical_telegram_warehouse.sources.telegram.source import TelegramSource
from telegram_server.channel import CREATED

MESSAGES = 10_000
PHOTOS = 300
PHOTO_BYTES = 100_000
ANSWER_SECONDS = 0.03
# Baseline and scrape in turn: the machine's speed drifts, a ratio of neighbours less so. Medians are printed.
MESSAGE_ROUNDS = 5
PHOTO_ROUNDS = 3  # far from its limit, and a baseline of ten seconds
LEAST_SHARE_OF_TELETHON = 0.9
LEAST_TIMES_ONE_AT_A_TIME = 4
# What the server calls the channel that it generates. There is a message a minute up to the moment `CREATED`: seen
# then, the refresh window of a week (10,080 minutes) holds all of them, so the scrape has to remember each.
_CHANNEL = "big_channel"
_NOW = CREATED
_LONG_AFTER = CREATED + REFRESH_WINDOW + timedelta(minutes=1)  # the window has passed over the newest message
# The server accepts any.
_API_ID, _API_HASH = 1, "hash"
# How often we look whether the server is there, and how long it may take to leave.
_LOOK_SECONDS, _LEAVE_SECONDS = 0.05, 10


def measure_scrape(folder: Path) -> Iterator[Measurement]:
    """Yield the figures, measured in a folder that is made."""
    folder.mkdir()
    yield from _messages(folder / "messages")
    yield from _photos(folder / "photos")


def _messages(folder: Path) -> Iterator[Measurement]:
    plains, firsts, agains, lates = [], [], [], []
    with _serving(folder, messages=MESSAGES) as access:
        for _ in range(MESSAGE_ROUNDS):
            with _fresh(folder / "lake") as lake:
                plains.append(_seconds(lambda: _plain(access, _count, MESSAGES)))
                firsts.append(_seconds(lambda: _scrape(access, lake, messages=MESSAGES)))
                assert _lines(lake) == MESSAGES
                agains.append(_seconds(lambda: _scrape(access, lake)))
                lates.append(_seconds(lambda: _scrape(access, lake, now=_LONG_AFTER)))
                assert _lines(lake) == MESSAGES
    plain, first = median(plains), median(firsts)
    share = _median_ratio(plains, firsts)
    yield Measurement("plain Telethon, counting messages", f"{MESSAGES / plain:,.0f} messages/s", 1.0, "baseline")
    yield Measurement(
        f"first scrape of {MESSAGES:,} messages",
        f"{MESSAGES / first:,.0f} messages/s",
        share,
        f"at least {LEAST_SHARE_OF_TELETHON:.3f}",
        share >= LEAST_SHARE_OF_TELETHON,
    )
    yield Measurement(
        "scrape again, all in the refresh window (ratio to first)",
        f"{median(agains):.3f} s",
        _median_ratio(agains, firsts),
    )
    yield Measurement(
        "scrape again, none in it (ratio to first)", f"{median(lates):.3f} s", _median_ratio(lates, firsts)
    )


def _photos(folder: Path) -> Iterator[Measurement]:
    plains, ours = [], []
    with _serving(folder, messages=PHOTOS, share_of_photos=1) as access:
        for _ in range(PHOTO_ROUNDS):
            with _fresh(folder / "lake") as lake:
                plains.append(_seconds(lambda: _plain(access, _download, PHOTOS)))
                ours.append(_seconds(lambda: _scrape(access, lake, messages=PHOTOS, photos=PHOTOS)))
                sizes = [path.stat().st_size for path in (lake / "raw" / "images").rglob("*.jpg")]
                assert sizes == [PHOTO_BYTES] * PHOTOS
    times = _median_ratio(plains, ours)
    yield Measurement(
        "plain Telethon, one photo at a time", f"{PHOTOS / median(plains):,.1f} photos/s", 1.0, "baseline"
    )
    yield Measurement(
        f"scrape of {PHOTOS} photos of {PHOTO_BYTES // 1000} kB, {PHOTOS_AT_ONCE} at once",
        f"{PHOTOS / median(ours):,.1f} photos/s",
        times,
        f"at least {LEAST_TIMES_ONE_AT_A_TIME:.3f}",
        times >= LEAST_TIMES_ONE_AT_A_TIME,
    )


def _scrape(access: TelegramAccess, lake: Path, *, messages: int = 0, photos: int = 0, now: datetime = _NOW) -> None:
    source = TelegramSource(access, [_CHANNEL], clock=lambda: now)
    summary: ScrapeSummary = scrape(source, lake_root=lake / "raw", relative_to=lake)
    assert not summary.not_read, summary
    assert (summary.lines, summary.total("messages")) == (messages, messages), summary
    assert (summary.total("photos"), summary.total("photos_missing")) == (photos, 0), summary


def _plain(access: TelegramAccess, read: Callable[[Any, Any], Coroutine[Any, Any, int]], expected: int) -> None:
    """What Telethon alone needs to read the channel, with one of its clients as it comes."""

    async def connected() -> int:
        trust(access.public_key)
        client = TelegramClient(stored_session(access), _API_ID, _API_HASH, receive_updates=False)
        await client.connect()
        try:
            # Else Telethon rests for a second after each page of a long history, which no limit of ours is worth.
            return await read(client, client.iter_messages(_CHANNEL, reverse=True, wait_time=0))
        finally:
            await client.disconnect()

    assert asyncio.run(connected()) == expected


async def _count(_client: Any, history: Any) -> int:
    count = 0
    async for _message in history:
        count += 1
    return count


async def _download(client: Any, history: Any) -> int:
    count = 0
    async for message in history:
        content = await client.download_media(message, file=bytes)
        assert len(content) == PHOTO_BYTES
        count += 1
    return count


@contextmanager
def _serving(folder: Path, *, messages: int, share_of_photos: float = 0) -> Iterator[TelegramAccess]:
    """A server with one channel, and how its account connects."""
    folder.mkdir()
    ready = folder / "ready.json"
    options = {
        "messages": messages,
        "photos": share_of_photos,
        "photo-bytes": PHOTO_BYTES,
        "delay": ANSWER_SECONDS,
        "ready-file": ready,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    server = subprocess.Popen([sys.executable, "-m", "telegram_server", *arguments])
    try:
        while not ready.exists():
            if server.poll() is not None:
                raise RuntimeError(f"the Telegram server ended at once, with exit code {server.returncode}")
            time.sleep(_LOOK_SECONDS)
        facts = json.loads(ready.read_text(encoding="utf-8"))
        number, host, port = facts["dc"].split(":")
        yield TelegramAccess(
            _API_ID,
            SecretStr(_API_HASH),
            SecretStr(facts["session"]),
            folder / "lake" / "session",  # never written; what is remembered of names lies beside it, fresh each time
            DataCenter(int(number), host, int(port)),
            Path(facts["public_key"]),
        )
        server.terminate()
        assert server.wait(_LEAVE_SECONDS) == 0, "the Telegram server had errors of its own"
    finally:
        server.kill()  # nothing, if it has left
        server.wait()


@contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def _lines(lake: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (lake / "raw" / "telegram_messages").glob("*/*.jsonl"))


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _median_ratio(seconds: list[float], baseline: list[float]) -> float:
    return median(one / other for one, other in zip(seconds, baseline, strict=True))
