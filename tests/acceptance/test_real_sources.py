"""Real messages of Telegram through each way in: an export, the public preview, and Telegram itself.

They lie beside the project, or nowhere; nothing of them is kept. Servers on this machine and an export that is written
here hand them out again: what a scraper once collected must come out as it was. A message with media bears a photo.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import PROJECT, free_port
from export_files import account, chat, exported, write_export
from own_telegram import HASH, Telegram, lake, lines
from preview_server import PreviewChannel, PreviewPost, PreviewServer

REAL = PROJECT.parent / "shared" / "data" / "real" / "lake-a"
MTW = Path(sys.executable).with_name("mtw")
FIRST_CHANNEL = 1_000_000_001

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="no real lake is at ../shared/data/real/lake-a")


class Real(NamedTuple):
    """A message as somebody's scraper found it."""

    channel: str
    number: int
    date: datetime
    text: str
    has_media: bool
    views: int
    forwards: int

    @property
    def photo(self) -> bytes:
        """Another one for each message."""
        return b"\xff\xd8\xff" + f"{self.channel} {self.number}".encode()


@pytest.fixture(scope="module")
def messages() -> list[Real]:
    """Each message as it was seen last, in order of channels and numbers."""
    found: dict[tuple[str, int], Real] = {}
    for path in sorted(REAL.glob("raw/telegram_messages/*/*.json")):  # by date of scraping
        for record in json.loads(path.read_bytes()):
            each = Real(
                record["channel_name"],
                record["message_id"],
                datetime.fromisoformat(record["message_date"]),
                record["message_text"] or "",
                record["has_media"],
                record["views"] or 0,
                record["forwards"] or 0,
            )
            found[each.channel, each.number] = each
    return [found[key] for key in sorted(found)]


def by_channel(messages: Iterable[Real]) -> dict[str, list[Real]]:
    found: dict[str, list[Real]] = {}
    for message in messages:
        found.setdefault(message.channel, []).append(message)
    return found


def mtw(data: Path, *arguments: str | Path, **settings: str) -> str:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TELEGRAM_", "POSTGRES_", "SCRAPE_", "WEB_"))
    }
    environment = {
        **kept,
        "NO_PROXY": "127.0.0.1",
        "DATA_DIR": str(data),
        "POSTGRES_PORT": str(free_port()),
        **settings,
    }
    done = subprocess.run([MTW, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def in_order(data: Path) -> list[dict[str, Any]]:
    """The lake's lines, sorted as the messages are."""
    return sorted(lines(data), key=lambda line: (line["channel_name"], line["message_id"]))


def told(line: dict[str, Any]) -> tuple[str, int, datetime, str]:
    date = datetime.fromisoformat(line["message_date"])
    return line["channel_name"], line["message_id"], date, line["message_text"]


def photos_of(messages: Iterable[Real]) -> dict[str, bytes]:
    return {f"{each.channel}/{each.number}.jpg": each.photo for each in messages if each.has_media}


def test_there_are_enough_real_messages_to_tell_anything(messages: list[Real]) -> None:
    assert len(messages) > 200
    assert len(by_channel(messages)) == 4
    assert sum(bool(message.text) for message in messages) > 150
    assert max(len(message.text) for message in messages) > 3000
    everything = "".join(message.text for message in messages)
    assert {"\xa0", "\n", "💊"} <= set(everything)
    assert any("\u1200" <= character <= "\u137f" for character in everything), "Amharic"


def test_an_export_of_them_is_imported_line_by_line(messages: list[Real], tmp_path: Path) -> None:
    chats = []
    photos: dict[str, bytes] = {}
    for number, (channel, own) in enumerate(by_channel(messages).items(), FIRST_CHANNEL):
        entries = []
        for each in own:
            about: dict[str, Any] = {
                "date": each.date.strftime("%Y-%m-%dT%H:%M:%S"),
                "date_unixtime": str(int(each.date.timestamp())),
                "text": each.text,
                "text_entities": [{"type": "plain", "text": each.text}] if each.text else [],
            }
            if each.has_media:
                about["photo"] = f"chats/chat_{number}/photos/photo_{each.number}.jpg"
                photos[about["photo"]] = each.photo
            entries.append(exported(each.number, **about))
        chats.append(chat(entries, name=channel, telegram_id=number))
    export = write_export(tmp_path / "DataExport_1", account(chats), photos)
    data = tmp_path / "data"
    said = mtw(data, "import", export)
    assert f"{len(messages)} new messages" in said
    found = in_order(data)
    assert len(found) == len(messages)
    for line, each in zip(found, messages, strict=True):
        assert told(line) == each[:4]
        assert line["views"] is None, "an export knows no views"
    assert lake(data)[1] == photos_of(messages)
    assert "nothing new" in mtw(data, "import", export)
    assert in_order(data) == found


def test_from_telegram_they_come_line_by_line(messages: list[Real], telegram: Telegram, tmp_path: Path) -> None:
    channels = by_channel(messages)
    for name, own in channels.items():
        channel = telegram.world.add_channel(name, title=name)
        for each in own:
            channel.post(
                each.text,
                date=each.date,
                message_id=each.number,
                views=each.views,
                forwards=each.forwards,
                photo=each.photo if each.has_media else None,
            )
    settings = {
        "TELEGRAM_API_ID": "12345",
        "TELEGRAM_API_HASH": HASH,
        "TELEGRAM_SESSION": telegram.session,
        "TELEGRAM_CHANNELS": ",".join(channels),
        "TELEGRAM_DC": telegram.server.dc,
        "TELEGRAM_DC_PUBLIC_KEY": str(telegram.server.public_key),
    }
    data = tmp_path / "data"
    said = mtw(data, "scrape", "--source", "telegram", **settings)
    assert f"{len(messages)} new messages" in said
    found = in_order(data)
    assert len(found) == len(messages)
    for line, each in zip(found, messages, strict=True):
        assert told(line) == each[:4]
        assert (line["has_media"], line["views"], line["forwards"]) == each[4:]
    assert lake(data)[1] == photos_of(messages)
    assert "nothing new" in mtw(data, "scrape", "--source", "telegram", **settings)
    assert in_order(data) == found


class Site(PreviewServer):
    """Gives each channel a number of its own: by one number they would all be one channel."""

    def widget(self, name: str, post: PreviewPost) -> str:
        number = FIRST_CHANNEL + list(self.channels).index(name.lower())
        return re.sub(r'data-peer="c\d+_', f'data-peer="c{number}_', super().widget(name, post))


def test_from_the_preview_they_come_but_for_white_space_at_a_texts_ends(messages: list[Real], tmp_path: Path) -> None:
    """Of the text, HTML does not tell the white space at its ends from the page's own; all else is equal."""
    channels = {
        name: PreviewChannel(
            name,
            [
                PreviewPost(
                    each.number,
                    each.date,
                    escape(each.text).replace("\n", "<br/>"),
                    photos=[each.photo] if each.has_media else (),
                )
                for each in own
            ],
        )
        for name, own in by_channel(messages).items()
    }
    data = tmp_path / "data"
    with Site(*channels.values()) as server:
        settings = {
            "WEB_PREVIEW_URL": server.url,
            "WEB_PREVIEW_DELAY_SECONDS": "0",
            "TELEGRAM_CHANNELS": ",".join(channels),
        }
        said = mtw(data, "scrape", "--source", "web", **settings)
        assert f"{len(messages)} new messages" in said
        found = in_order(data)
        assert len(found) == len(messages)
        for line, each in zip(found, messages, strict=True):
            assert told(line) == (*each[:3], each.text.strip())
            assert line["has_media"] == each.has_media
        assert lake(data)[1] == photos_of(messages)
        assert "nothing new" in mtw(data, "scrape", "--source", "web", **settings)
        assert in_order(data) == found
