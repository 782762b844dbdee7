"""Telegram Desktop's export as a source: broken, wrong and very large files."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_files import account, chat, exported, one_chat, whole_account, write_export, write_long_export
from factories import patiently
from imported_export import Imported, refused
from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Message
from medical_telegram_warehouse.sources.desktop_export import DesktopExportSource
from medical_telegram_warehouse.sources.desktop_export.stream import pieces
from peak_memory import peaks

# Damage.


def test_what_stands_before_a_break_is_yielded_and_then_the_break_is_named(tmp_path: Path) -> None:
    file = one_chat(tmp_path, *(exported(n) for n in range(1, 2001))) / "result.json"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    imported = Imported(tmp_path)
    assert len(imported.ids) > 900
    assert imported.ids == list(range(1, len(imported.ids) + 1))
    said = str(imported.error)
    assert f"after message {len(imported.ids)} of Zinc & Co" in said
    assert "near byte" in said
    assert "Machine-readable JSON" in said


@pytest.mark.parametrize(
    "garbage", [b"}{", b"\xff", b'"\n"', b"nul", b"9" * 5000 + b",", b"9223372036854775808,", b"1e999,"]
)
def test_garbage_in_the_middle_ends_the_reading_there(tmp_path: Path, garbage: bytes) -> None:
    file = one_chat(tmp_path, exported(1), exported(2), "HERE", exported(3)) / "result.json"
    file.write_bytes(file.read_bytes().replace(b'"HERE",', garbage))
    imported = Imported(tmp_path)
    assert imported.ids == [1, 2]
    assert "after message 2" in str(imported.error)


def test_a_break_in_a_private_conversation_is_told_after_all_shops_before_it(tmp_path: Path) -> None:
    private = chat([exported(1), "HERE"], name="Abebe", kind="personal_chat", telegram_id=2)
    file = whole_account(tmp_path, chat([exported(1), exported(2)]), private) / "result.json"
    file.write_bytes(file.read_bytes().partition(b'"HERE"')[0])
    imported = Imported(tmp_path)
    assert imported.ids == [1, 2]
    assert "breaks off" in str(imported.error)
    assert Imported(tmp_path, chats=["Zinc & Co"]).error is None
    assert "breaks off near byte" in refused(tmp_path, chats=["Magnesium"])


def test_a_file_that_changes_while_it_is_read_is_no_success(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1), exported(2))

    async def read() -> None:
        async with DesktopExportSource(tmp_path) as source:
            channel = await source.describe(source.references()[0])
            one_chat(tmp_path, exported(1))
            async for _ in source.new_messages(channel, None):
                pass

    with pytest.raises(SourceError, match="changed while it was read: message 2 of 2"):
        asyncio.run(read())


def test_control_characters_are_read_though_telegram_desktop_writes_them_wrong(tmp_path: Path) -> None:
    r"""It writes \x0B, which is not JSON; a text with \x in it must stay as it is."""
    file = one_chat(tmp_path, exported(1, text=r"a\x0B HERE"), exported(2)) / "result.json"
    file.write_text(file.read_text("utf-8").replace("HERE", r"\x0B\x1f\x00"), "utf-8")
    imported = Imported(tmp_path)
    assert [message.message_text for message in imported.messages] == ["a\\x0B \x0b\x1f\ufffd", "Zinc syrup 2"]


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    file = one_chat(tmp_path, exported(1)) / "result.json"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert Imported(tmp_path).ids == [1]


TRICKY = r'\\ "messages" \x0B \"'


def test_no_text_is_cut_wrong_wherever_a_piece_of_the_file_ends(tmp_path: Path) -> None:
    """The file is read 64 KiB at a time."""
    first = chat([exported(1)], name="A", telegram_id=1)
    second = chat([exported(1, text=TRICKY), exported(2)], name="B", telegram_id=2)
    for length in range(65536 - 130, 65536 - 70):
        write_export(tmp_path, {"about": "x" * length, "chats": {"list": [first, second]}}, indent=None)
        imported = Imported(tmp_path)
        assert imported.ids == [1, 1, 2]
        assert imported.messages[1].message_text == TRICKY


def test_the_file_is_cut_before_each_key_and_in_no_escape() -> None:
    content = json.dumps({"messages": [TRICKY], "other": {"messages": "\\"}}).encode()
    keys = [content.index(b'"messages": ['), content.index(b'"messages": "')]
    for shift in range(len(content)):
        before = b"x" * (65536 - shift)
        cut = list(pieces(io.BytesIO(before + content)))
        assert b"".join(piece.data for piece in cut) == before + content
        found = [piece.offset - len(before) for piece in cut if piece.data.startswith(b'"messages"')]
        assert found == keys
        assert not any(piece.data.endswith((b"\\x", b"\\x0")) for piece in cut)


def json_values() -> st.SearchStrategy[Any]:
    text = st.text(max_size=8) | st.sampled_from(
        ["messages", "message", "service", "photos/../../x", "(", "1767261600"]
    )
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(1 - 2**63, 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


FIELDS = [
    *exported(1, photo="", file="", mime_type="", media_type="", reactions=[], edited="", edited_unixtime=""),
    *("reply_to_message_id", "reply_to_peer_id", "forwarded_from", "forwarded_from_id", "author", "poll"),
]


@patiently
@given(st.lists(json_values() | st.dictionaries(st.sampled_from(FIELDS), json_values()).map(lambda d: exported(1) | d)))
def test_any_json_in_place_of_messages_is_read_or_counted(items: list[Any]) -> None:
    """Every element is yielded or counted, and what is yielded is a line that the lake's reader takes."""
    with TemporaryDirectory() as folder:
        imported = Imported(one_chat(Path(folder), *items))
    assert imported.error is None
    unread = imported.source.skipped.total() - imported.source.skipped["photo_not_included"]
    assert len(imported.messages) + unread == len(items)
    for message in imported.messages:
        assert msgspec.json.decode(msgspec.json.encode(message), type=Message).message_id == message.message_id
        json.dumps(message.raw, allow_nan=False).encode()


@patiently
@given(json_values(), json_values())
def test_any_json_in_place_of_an_export_or_a_chat_is_read_or_refused(whole: Any, one: Any) -> None:
    for content in (whole, account([one, chat([exported(1)])]), {**chat([exported(1)]), "name": whole, "id": one}):
        with TemporaryDirectory() as folder:
            try:
                Imported(write_export(Path(folder), content))
            except SourceError as error:
                assert "result.json" in str(error)  # noqa: PT017 -- reading it is as good


# Size.


def messages_in(folder: Path) -> int:
    async def read() -> int:
        async with DesktopExportSource(folder) as source:
            channel = await source.describe(source.references()[0])
            return sum([len(page) async for page in source.new_messages(channel, None)])

    return asyncio.run(read())


def test_memory_stays_flat_whatever_the_file_holds(tmp_path: Path) -> None:
    short, long = write_long_export(tmp_path / "short", 10), write_long_export(tmp_path / "long", 25_000)
    assert messages_in(long) == 25_000
    _, peak = peaks(messages_in, [short, long])
    assert peak < 6_000_000 < (long / "result.json").stat().st_size


def test_others_get_their_turn_while_a_file_is_read(tmp_path: Path) -> None:
    write_long_export(tmp_path, 3000)

    async def turns() -> Sequence[int]:
        taken = 0

        async def other() -> None:
            nonlocal taken
            while True:
                taken += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async with DesktopExportSource(tmp_path) as source:
            indexed = taken
            channel = await source.describe(source.references()[0])
            async for _ in source.new_messages(channel, None):
                pass
        task.cancel()
        return indexed, taken - indexed

    indexing, reading = asyncio.run(turns())
    assert indexing > 5
    assert reading >= 5
