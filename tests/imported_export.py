"""What a Telegram Desktop export gives when it is read, for tests to look at."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from export_files import exported, one_chat
from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.desktop_export import DesktopExportSource
from observing import photo_bytes


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Imported:
    """All that a source gives, and the error that ended it."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.source = DesktopExportSource(path, **options)
        self.channels: list[Channel] = []
        self.pages: list[list[Observation]] = []
        self.error: SourceError | None = None
        asyncio.run(self._import())

    async def _import(self) -> None:
        async with self.source as source:
            self.channels = [await source.describe(reference) for reference in source.references()]
            try:
                for channel in self.channels:
                    async for page in source.new_messages(channel, None):
                        self.pages.append(page)
            except SourceError as error:
                self.error = error

    @property
    def observations(self) -> list[Observation]:
        return [observation for page in self.pages for observation in page]

    @property
    def messages(self) -> list[Message]:
        return [observation.message for observation in self.observations]

    @property
    def ids(self) -> list[int]:
        return [message.message_id for message in self.messages]


def read_one(folder: Path, **changes: Any) -> Message:
    """One message, as it arrives from an export of its own."""
    [message] = Imported(one_chat(folder, exported(7, **changes))).messages
    return message


def fetched(observation: Observation) -> bytes:
    assert observation.photo is not None
    return photo_bytes(observation.photo)


def refused(path: Path, **options: Any) -> str:
    """What a source says that cannot be entered."""
    with pytest.raises(SourceError) as caught:
        Imported(path, **options)
    return str(caught.value)
