"""A channel of any length that is made up as it is read: the same id gives the same message and the same photo."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from telethon import types

from telegram_server import media
from telegram_server.channel import CREATED, Channel
from telegram_server.media import StoredFile, hash_of

_JPEG_HEADER = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
_PRODUCTS = ("Paracetamol 500mg", "Zinc syrup", "Amoxicillin 250mg", "Vitamin C", "አሞክሳሲሊን", "የህፃናት ወተት")
_HASHES = 1 << 62  # The range of `hash_of`.


class GeneratedChannel(Channel):
    """`messages` messages, one a minute, the newest at the time when channels begin. A share of them has a photo."""

    def __init__(self, *about: Any, messages: int, photo_share: float = 0, photo_bytes: int = 40_000, **more: Any):
        super().__init__(*about, **more)
        self._count = messages
        self._first_date = CREATED - timedelta(minutes=messages)
        self._photo_share = photo_share
        self._photo_bytes = photo_bytes

    @property
    def ids(self) -> Sequence[int]:
        return range(1, self._count + 1)

    def grow(self, messages: int) -> None:
        """New messages arrive."""
        with self.lock:
            self._count += messages

    def message(self, message_id: int) -> Any | None:
        if not 1 <= message_id <= self._count:
            return None
        product = _PRODUCTS[message_id % len(_PRODUCTS)]
        file = self.file(message_id)
        date = self._date(message_id)
        return types.Message(
            id=message_id,
            peer_id=self.peer,
            date=date,
            message=f"{product}\nPrice {100 + message_id % 900} birr\nOrder no. {message_id}, call 0911 00 00 00",
            post=True,
            views=message_id % 5000,
            forwards=message_id % 7,
            media=None if file is None else media.photo(file, date),
        )

    def file(self, number: int) -> StoredFile | None:
        if not 1 <= number <= self._count or hash_of(number) >= self._photo_share * _HASHES:
            return None
        return StoredFile(self.id << 32 | number, self._photo_bytes, lambda: _jpeg(number, self._photo_bytes))

    def count_since(self, date: datetime) -> int:
        return self._count - bisect_left(self.ids, date, key=self._date)

    def _date(self, message_id: int) -> datetime:
        return self._first_date + timedelta(minutes=message_id)


def _jpeg(seed: int, size: int) -> bytes:
    """Bytes that begin like a JPEG file. No decoder will read them."""
    return (_JPEG_HEADER + random.Random(seed).randbytes(max(0, size - len(_JPEG_HEADER))))[:size]
