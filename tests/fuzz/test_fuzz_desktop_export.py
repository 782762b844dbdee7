"""Exports that somebody else made: read as far as they can be, counted, and never a file from outside their folder."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest
from hypothesis import given

from fuzz.answers import check_written, checked_log, is_storable
from fuzz.mutations import each_seed, fuzzed, mutated_bytes
from imported_export import Imported
from medical_telegram_warehouse.errors import PhotoError, SourceError
from medical_telegram_warehouse.sources.base import Observation

INSIDE, SECRET = b"\xff\xd8\xff a photo of the export", b"what lies outside of the export"
TOKENS = [
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"null", b"true", b"\\u0000", b"\\ud800", b"\\x0B", b"\\x"),
    *(b"\xff", b"\xef\xbb\xbf", b'"messages"', b'"messages": [', b'\\"messages\\"', b'"list"'),
    *(b'"chats": {"list": [', b'"left_chats"', b"1e999", b"-1", b"9223372036854775808", b"9" * 30, b"NaN"),
    *(b"0.1e-400", b'"253402300800"', b"[" * 1100, b'"id": 7,', b'"type": "service"', b'"type": "public_channel"'),
    *(b'"photo": "../secret.jpg"', b'"../../secret.jpg"', b'"photos/link.jpg"', b'"photos/out/secret.jpg"'),
    *(b'"photos"', b'"//host/share/x"', b'"C:x"', b'"\\\\?\\x"', b'"text": ['),
    *(b'{"type": "strikethrough", "text": "', b'"text_link"', b'"href"', b'"-1"'),
    *(b'"count": 2147483647, "emoji": "x"',),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export's folder with photos, and with what leads out of it."""
    outer = tmp_path_factory.mktemp("desktop_export")
    (outer / "secret.jpg").write_bytes(SECRET)
    photos = outer / "export" / "photos"
    photos.mkdir(parents=True)
    (photos / "photo_1@01-01-2026_13-00-00.jpg").write_bytes(INSIDE)
    (photos / "link.jpg").symlink_to(outer / "secret.jpg")
    (photos / "out").symlink_to(outer)
    (photos / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(photos / "pipe.jpg")
    return outer / "export"


def imported(folder: Path) -> Imported | str:
    """What the export gives, or why it was refused."""
    try:
        with checked_log():
            return Imported(folder)
    except SourceError as error:
        assert is_storable(str(error))  # noqa: PT017 -- any other error fails the test
        return str(error)


def check(folder: Path, content: bytes) -> None:
    (folder / "result.json").write_bytes(content)
    found = imported(folder)
    if isinstance(found, str):
        assert found == imported(folder)
        return
    assert "changed while it was read" not in str(found.error), "nothing wrote there"
    check_counts(found)
    check_written(found.messages)
    for message in found.messages:
        assert len(message.message_text) <= len(content)
        assert is_storable([message.message_text, message.forwarded_from, message.entities, message.urls])
    again = imported(folder)
    assert isinstance(again, Imported)
    assert (again.messages, again.source.skipped) == (found.messages, found.source.skipped)
    asyncio.run(check_photos(found.observations))


def check_counts(found: Imported) -> None:
    """Every whole element of a chat that was read is yielded, or counted with the reason why not."""
    chats = found.source._chats.values()
    read = [chat for chat in chats if chat.messages_at is not None]
    unread = found.source.skipped.total() - found.source.skipped["photo_not_included"]
    if found.error is None or len(read) == len(found.channels):
        assert len(found.messages) + unread <= sum(chat.messages for chat in chats)
    if found.error is None:
        assert len(found.messages) + unread == sum(chat.messages for chat in chats)


async def check_photos(observations: list[Observation]) -> None:
    for observation in observations:
        if observation.photo is not None:
            target = io.BytesIO()
            try:
                await observation.photo(target)
            except PhotoError as error:
                assert is_storable(str(error))  # noqa: PT017 -- it is logged
                continue
            assert target.getvalue() == INSIDE


@each_seed("desktop_export")
def test_each_seed_is_read_or_refused(folder: Path, seed: bytes) -> None:
    check(folder, seed)


@fuzzed(2)
@given(content=mutated_bytes("desktop_export", TOKENS))
def test_any_file_is_read_and_counted_or_refused(folder: Path, content: bytes) -> None:
    check(folder, content)
