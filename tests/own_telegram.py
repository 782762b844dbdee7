"""A Telegram of one's own: a server on this machine, an account that is logged in, and lakes to scrape into."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from medical_telegram_warehouse.records import DataCenter, TelegramAccess
from medical_telegram_warehouse.scrape import Backfill, ScrapeSummary, scrape
from medical_telegram_warehouse.sources.telegram.source import TelegramSource
from telegram_server import TelegramServer, World
from telegram_server.fake_channel import FakeChannel

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HASH = "0123456789abcdef-a-secret"


@dataclass
class Telegram:
    """The server, and what a client needs to use it."""

    world: World
    server: TelegramServer
    account: Any
    session: str
    root: Path

    def access(self, **changes: Any) -> TelegramAccess:
        """Credentials of the account that is logged in."""
        access = TelegramAccess(
            12345,
            SecretStr(HASH),
            SecretStr(self.session),
            self.root / "telegram" / "session",
            DataCenter(2, "127.0.0.1", self.server.port),
            self.server.public_key,
        )
        return access._replace(**changes)

    def scrape(self, *references: str, root: Path | None = None, now: datetime = NOW, **options: Any) -> ScrapeSummary:
        """Scrape channels into the lake of `root`, as at `now`."""
        root = root or self.root
        limits = {name: options.pop(name) for name in ("since", "max_messages", "channels_at_once") if name in options}
        backfill = options.pop("backfill", None)
        access = self.access(**options)
        return scraped(access, root, *(references or ("chemed",)), now=now, backfill=backfill, **limits)


def scraped(
    access: TelegramAccess,
    root: Path,
    *references: str,
    now: datetime = NOW,
    backfill: Backfill | None = None,
    **limits: Any,
) -> ScrapeSummary:
    """Scrape channels into the lake of `root`, in whichever process."""
    source = TelegramSource(access, references, clock=lambda: now, **limits)
    return scrape(source, lake_root=root / "raw", relative_to=root, backfill=backfill)


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    """A server with one account and no channel yet."""
    world = World()
    account = world.add_account(phone="+251911000001", code="24680", first_name="Abebe", username="abebe")
    with TelegramServer(world) as server:
        yield Telegram(world, server, account, world.session_string(account, server), tmp_path)


@pytest.fixture
def shop(telegram: Telegram) -> FakeChannel:
    """The channel `chemed`: 250 messages of some days, every fifth with a photo."""
    channel = telegram.world.add_channel("chemed", title="CheMed", about="Pharmacy in Addis", subscribers=1234)
    fill(channel)
    return channel


def fill(channel: FakeChannel, count: int = 250) -> None:
    """Post hourly messages up to `NOW`."""
    for number in range(1, count + 1):
        photo = b"\xff\xd8\xff" + number.to_bytes(4, "big") * (50 + number) if number % 5 == 0 else None
        channel.post(
            f"Amoxicillin {number} birr", date=NOW - timedelta(hours=count - number), views=number, photo=photo
        )


def lines(root: Path) -> list[dict[str, Any]]:
    """The lake's lines, in order of writing, by file."""
    files = sorted((root / "raw" / "telegram_messages").glob("*/*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


def lake(root: Path) -> tuple[list[str], dict[str, bytes]]:
    """All that a lake holds, comparable: lines without the moment of scraping and the raw object, and photos."""
    told = sorted(
        json.dumps({name: value for name, value in line.items() if name not in ("scraped_at", "_raw")})
        for line in lines(root)
    )
    images = root / "raw" / "images"
    return told, {str(path.relative_to(images)): path.read_bytes() for path in images.rglob("*") if path.is_file()}
