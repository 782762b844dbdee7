"""Telegram Desktop's export as a source: where it is found, and which of its chats are read."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from export_files import FIRST_MOMENT, account, chat, exported, one_chat, whole_account, write_export
from imported_export import Imported, moment, refused
from medical_telegram_warehouse.errors import ChannelError
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.desktop_export import DesktopExportSource

# Where the file is.


@pytest.mark.parametrize("named", ["ChatExport_2026-01-01/result.json", "ChatExport_2026-01-01", "."])
def test_the_file_its_folder_and_the_folder_around_that_all_name_the_export(tmp_path: Path, named: str) -> None:
    one_chat(tmp_path / "ChatExport_2026-01-01", exported(1))
    assert Imported(tmp_path / named).ids == [1]


def test_an_accounts_export_is_found_in_the_folder_around_it(tmp_path: Path) -> None:
    whole_account(tmp_path / "DataExport_2026-01-01", chat([exported(1)]))
    assert Imported(tmp_path).ids == [1]


def test_what_was_looked_for_is_named_when_there_is_no_export(tmp_path: Path) -> None:
    said = refused(tmp_path)
    assert all(part in said for part in (str(tmp_path), "result.json", "ChatExport_*", "DataExport_*", "JSON"))
    assert "nothing has that name" in refused(tmp_path / "missing")


def test_nobody_guesses_which_of_two_exports_is_meant(tmp_path: Path) -> None:
    one_chat(tmp_path / "ChatExport_1", exported(1))
    one_chat(tmp_path / "ChatExport_2", exported(1))
    assert "ChatExport_1, ChatExport_2" in refused(tmp_path)


def test_an_export_as_html_is_told_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "messages.html").write_text("<!DOCTYPE html>")
    assert "as HTML" in refused(tmp_path)
    assert "is HTML or XML" in refused(tmp_path / "messages.html")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b" [1, 2]", "holds a JSON array"),
        (b"message_id,text", "is not JSON"),
        (b'{"profiles": [], "messages": {}}', "'profiles', 'messages'"),
        (b'{"chats": {"list": []}}', "'chats'"),
        (b'{"name": "Zinc", "ty', "broke off near byte 0"),
        (b'{"a":' + b"[" * 5000, "broke off"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_was_found_and_what_to_do(
    tmp_path: Path, content: bytes, found: str
) -> None:
    (tmp_path / "result.json").write_bytes(content)
    said = refused(tmp_path)
    assert found in said
    assert "Machine-readable JSON" in said


# Chats.


def test_it_is_a_source_that_yields_everything(tmp_path: Path) -> None:
    source: MessageSource = DesktopExportSource(tmp_path)
    assert (source.name, source.channels_at_once) == ("export", 1)
    assert (source.can_look_up, source.yields_everything) == (False, True)


def test_a_chat_is_described_by_what_the_export_says_of_it(tmp_path: Path) -> None:
    edited = exported(1, edited_unixtime=str(FIRST_MOMENT + 9999))
    [channel] = Imported(one_chat(tmp_path, edited, exported(2), name=" Zinc & Co ")).channels
    assert channel == Channel(
        channel_name="Zinc & Co",
        title=" Zinc & Co ",
        telegram_id=1234567890,
        telegram_type="channel",
        scraped_at=moment(FIRST_MOMENT + 9999),
        source="export",
    )


def test_the_same_file_imported_twice_gives_the_same_lines(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1), exported(2))
    assert Imported(tmp_path).messages == Imported(tmp_path).messages


def test_a_chat_without_messages_was_seen_when_its_file_was_written(tmp_path: Path) -> None:
    one_chat(tmp_path)
    os.utime(tmp_path / "result.json", (FIRST_MOMENT, FIRST_MOMENT))
    [channel] = Imported(tmp_path).channels
    assert channel.scraped_at == moment(FIRST_MOMENT)


def test_an_impossible_date_does_not_become_the_moment_of_the_import(tmp_path: Path) -> None:
    """A moment in the future would stay the newest state of every message until then."""
    future = exported(2, date_unixtime="4102444800", date="2100-01-01T00:00:00")
    imported = Imported(one_chat(tmp_path, exported(1), future))
    assert imported.channels[0].scraped_at == moment(FIRST_MOMENT + 60)
    assert imported.ids == [1]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("public_channel", "channel"),
        ("private_channel", "channel"),
        ("public_supergroup", "supergroup"),
        ("private_supergroup", "supergroup"),
        ("private_group", "group"),
    ],
)
def test_the_types_of_chats_get_the_lakes_names(tmp_path: Path, kind: str, expected: str) -> None:
    [channel] = Imported(one_chat(tmp_path, kind=kind)).channels
    assert channel.telegram_type == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x" * 300, "x" * 256), ("  ", "chat_5"), (None, "chat_5"), ("a\x00b", "a\ufffdb"), ([1], "chat_5")],
)
def test_every_chat_gets_a_name_that_the_lake_can_hold(tmp_path: Path, name: Any, expected: str) -> None:
    [channel] = Imported(one_chat(tmp_path, name=name, telegram_id=5)).channels
    assert channel.channel_name == expected


def test_the_lakes_name_may_be_given_for_one_chat(tmp_path: Path) -> None:
    imported = Imported(one_chat(tmp_path, exported(1)), channel_name="zinc")
    assert imported.channels[0].channel_name == imported.messages[0].channel_name == "zinc"
    assert imported.channels[0].title == "Zinc & Co"


def test_a_name_for_one_chat_is_not_given_to_two(tmp_path: Path) -> None:
    whole_account(tmp_path, chat(telegram_id=1), chat(telegram_id=2))
    assert "2 chats" in refused(tmp_path, channel_name="zinc")


def test_messages_bear_the_name_that_was_settled_since_the_chat_was_described(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1))

    async def names() -> list[str]:
        async with DesktopExportSource(tmp_path) as source:
            described = await source.describe(source.references()[0])
            channel = msgspec.structs.replace(described, channel_name="zinc_and_co")
            return [o.message.channel_name async for page in source.new_messages(channel, 5) for o in page]

    assert asyncio.run(names()) == ["zinc_and_co"]


def test_an_unknown_channel_is_an_error_of_that_channel(tmp_path: Path) -> None:
    one_chat(tmp_path)

    async def ask() -> None:
        async with DesktopExportSource(tmp_path) as source:
            with pytest.raises(ChannelError, match="1234567890"):
                await source.describe("5")
            channel = msgspec.structs.replace(await source.describe("1234567890"), telegram_id=5)
            with pytest.raises(ChannelError, match="id 5"):
                await anext(source.new_messages(channel, None))
            assert [page async for page in source.recent_messages(channel, moment(0), 5)] == []
            assert await source.look_up(channel, [1]) == []

    asyncio.run(ask())


@pytest.mark.parametrize("indent", [None, 1])
def test_an_account_gives_the_chats_of_both_its_lists(tmp_path: Path, indent: int | None) -> None:
    """Written in one line too, as other programs leave it."""
    chats = [chat([exported(n) for n in range(1, 900)], name="A", telegram_id=1), chat([], name="B", telegram_id=2)]
    left = [chat([exported(5), exported(6)], name="C", telegram_id=3)]
    write_export(tmp_path, account(chats, left), indent=indent)
    imported = Imported(tmp_path)
    assert [channel.channel_name for channel in imported.channels] == ["A", "B", "C"]
    assert imported.ids == [*range(1, 900), 5, 6]
    assert [len(page) for page in imported.pages] == [500, 399, 2]


def private_account(folder: Path) -> Path:
    kinds = ("personal_chat", "bot_chat", "saved_messages", "verification_codes")
    private = [chat([exported(1)], name=f"Abebe {n}", kind=kind, telegram_id=n) for n, kind in enumerate(kinds, 1)]
    return whole_account(folder, *private, chat([exported(2)], name="Zinc", telegram_id=9))


def test_private_conversations_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert Imported(private_account(tmp_path)).ids == [2]
    assert "4 private conversations are left out" in caplog.text


def test_a_private_conversation_is_read_when_it_is_named(tmp_path: Path) -> None:
    imported = Imported(private_account(tmp_path), chats=["abebe 1"])
    assert [(channel.channel_name, channel.telegram_type) for channel in imported.channels] == [("Abebe 1", "private")]


def test_an_export_of_nothing_but_private_conversations_says_so(tmp_path: Path) -> None:
    said = refused(one_chat(tmp_path, exported(1), name="Abebe", kind="personal_chat"))
    assert "1 private conversation" in said
    assert "'Abebe' (id 1234567890, personal_chat)" in said


@pytest.mark.parametrize("wanted", ["9", "-1009", " zinc "])
def test_chats_are_chosen_by_id_or_name(tmp_path: Path, wanted: str) -> None:
    assert Imported(private_account(tmp_path), chats=[wanted, "Zinc"]).ids == [2]


def test_an_unknown_name_is_answered_with_the_candidates(tmp_path: Path) -> None:
    said = refused(private_account(tmp_path), chats=["Magnesium"])
    assert "'Magnesium'" in said
    assert "'Zinc' (id 9, public_channel)" in said


def test_a_name_that_fits_two_chats_is_answered_with_their_ids(tmp_path: Path) -> None:
    whole_account(tmp_path, chat(name="Zinc", telegram_id=1), chat(name="Zinc", telegram_id=2))
    said = refused(tmp_path, chats=["Zinc"])
    assert "id 1" in said
    assert "id 2" in said


def test_a_chat_without_an_id_is_read_and_one_listed_twice_is_read_once(tmp_path: Path) -> None:
    twice = [chat([exported(n)], name="Zinc", telegram_id=4) for n in (1, 2)]
    whole_account(tmp_path, *twice, chat([exported(3)], name="4", telegram_id=None), "no chat", None)
    imported = Imported(tmp_path)
    assert imported.ids == [1, 3]
    assert len(set(imported.source.references())) == 2
