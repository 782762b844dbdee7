"""Telegram Desktop's export as a source: all that it says, nothing that it does not, from any file."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_files import (
    FIRST_MOMENT,
    JPEG,
    NOT_INCLUDED,
    account,
    chat,
    exported,
    one_chat,
    service,
    whole_account,
    write_export,
    write_long_export,
)
from factories import patiently
from medical_telegram_warehouse.errors import ChannelError, PhotoError, SourceError
from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.base import MessageSource, Observation
from medical_telegram_warehouse.sources.desktop_export import DesktopExportSource
from medical_telegram_warehouse.sources.desktop_export.photos import MAX_PHOTO_BYTES
from medical_telegram_warehouse.sources.desktop_export.stream import pieces
from peak_memory import peaks


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
    target = io.BytesIO()
    fetch = observation.photo

    async def run() -> None:
        await fetch(target)

    asyncio.run(run())
    return target.getvalue()


def refused(path: Path, **options: Any) -> str:
    """What a source says that cannot be entered."""
    with pytest.raises(SourceError) as caught:
        Imported(path, **options)
    return str(caught.value)


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


# Messages.


def test_a_message_says_what_the_export_says_and_leaves_counters_unknown(tmp_path: Path) -> None:
    item = exported(7, author="Sara", via_bot="@like")
    imported = Imported(one_chat(tmp_path, item))
    assert imported.messages == [
        Message(
            message_id=7,
            channel_name="Zinc & Co",
            message_date=moment(FIRST_MOMENT + 420),
            message_text="Zinc syrup 7",
            has_media=False,
            post_author="Sara",
            scraped_at=moment(FIRST_MOMENT + 420),
            source="export",
            raw=item,
        )
    ]
    assert imported.observations[0].photo is None


def test_an_old_export_without_unixtime_has_its_local_dates_read_as_utc(tmp_path: Path) -> None:
    message = read_one(tmp_path, date_unixtime=..., date="2019-05-04T03:02:01", edited="2019-05-04T03:05:01")
    assert message.message_date == datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert message.edit_date == message.scraped_at == datetime(2019, 5, 4, 3, 5, 1, tzinfo=UTC)


def test_an_edit_is_read_from_its_unixtime_and_1970_is_no_edit(tmp_path: Path) -> None:
    assert read_one(tmp_path, edited="x", edited_unixtime=str(FIRST_MOMENT + 500)).edit_date == moment(
        FIRST_MOMENT + 500
    )
    assert read_one(tmp_path, edited="1970-01-01T03:00:00").edit_date is None


def test_offsets_count_emoji_as_telegram_does(tmp_path: Path) -> None:
    text = ["💊 ", {"type": "bold", "text": "Zinc 👍"}, " at ", {"type": "link", "text": "t.me/zinc"}]
    message = read_one(tmp_path, text=text)
    assert message.message_text == "💊 Zinc 👍 at t.me/zinc"
    assert message.entities == [
        {"type": "bold", "offset": 3, "length": 7},
        {"type": "url", "offset": 14, "length": 9},
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("link", "url"), ("strikethrough", "strike"), ("plain", None), ("custom_emoji", "custom_emoji"), (5, None)]
    + [(kind, kind) for kind in ("mention", "hashtag", "phone", "email", "pre", "spoiler", "cashtag", "bot_command")],
)
def test_kinds_of_formatting_get_the_lakes_names(tmp_path: Path, kind: Any, expected: str | None) -> None:
    message = read_one(tmp_path, text=[{"type": kind, "text": "ab"}])
    assert message.message_text == "ab"
    assert message.entities == ([{"type": expected, "offset": 0, "length": 2}] if expected else None)


def test_text_entities_stand_in_for_a_missing_text(tmp_path: Path) -> None:
    pieces = [{"type": "plain", "text": "a "}, {"type": "italic", "text": "b"}]
    message = read_one(tmp_path, text=..., text_entities=pieces)
    assert message.message_text == "a b"
    assert message.entities == [{"type": "italic", "offset": 2, "length": 1}]


def test_urls_are_those_of_the_web_each_once_in_order(tmp_path: Path) -> None:
    links = ["https://zinc.et/a", "tg://resolve?domain=x", "t.me/x", "https://zinc.et/a", "mailto:a@b.et", "t.me:443/y"]
    text: list[Any] = [{"type": "link", "text": link} for link in links]
    text.insert(1, {"type": "text_link", "text": "here", "href": "HTTP://zinc.et/b"})
    text.append({"type": "text_link", "text": "there", "href": "javascript:alert(1)"})
    text.append({"type": "text_link", "text": "nowhere"})
    message = read_one(tmp_path, text=text)
    assert message.urls == ["https://zinc.et/a", "HTTP://zinc.et/b", "t.me/x", "t.me:443/y"]
    assert message.entities is not None
    assert message.entities[1] == {"type": "text_link", "offset": 17, "length": 4, "url": "HTTP://zinc.et/b"}


@patiently
@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["bold", "plain", ""]))))
def test_every_formatted_piece_is_found_again_at_its_offset(pieces: list[tuple[str, str]]) -> None:
    text = [{"type": kind, "text": words} if kind else words for words, kind in pieces]
    with TemporaryDirectory() as folder:
        message = read_one(Path(folder), text=text)
    units = message.message_text.encode("utf-16-le")
    found = [
        units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in message.entities or ()
    ]
    assert message.message_text == "".join(words for words, _ in pieces).replace("\0", "\ufffd")
    assert found == [words.replace("\0", "\ufffd") for words, kind in pieces if kind == "bold" and words]


def test_reactions_are_counted_by_what_they_show(tmp_path: Path) -> None:
    reactions = [
        {"type": "emoji", "count": 3, "emoji": "👍"},
        {"type": "custom_emoji", "count": 2, "document_id": "5368324170671202286"},
        {"type": "paid", "count": 10},
        {"type": "emoji", "count": 0, "emoji": "👎"},
        {"type": "emoji", "count": "many", "emoji": "🔥"},
        "👍",
    ]
    assert read_one(tmp_path, reactions=reactions).reactions == {"👍": 3, "5368324170671202286": 2, "paid": 10}
    assert read_one(tmp_path, reactions=[]).reactions is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"reply_to_message_id": 3}, 3),
        ({"reply_to_message_id": 3, "reply_to_peer_id": "channel1234567890"}, 3),
        ({"reply_to_message_id": 3, "reply_to_peer_id": "channel55"}, None),
        ({"reply_to_message_id": -999_999_997}, None),
    ],
)
def test_a_reply_names_a_message_of_the_same_chat(tmp_path: Path, fields: dict[str, Any], expected: int | None) -> None:
    assert read_one(tmp_path, **fields).reply_to_message_id == expected


@pytest.mark.parametrize(
    ("fields", "name", "peer"),
    [
        ({}, None, None),
        ({"forwarded_from": "Other", "forwarded_from_id": "channel123"}, "Other", -100123),
        ({"forwarded_from": "Abebe", "forwarded_from_id": "user55"}, "Abebe", 55),
        ({"forwarded_from": "Family", "forwarded_from_id": "chat55"}, "Family", -55),
        ({"forwarded_from": None}, "unknown", None),
        ({"forwarded_from": "Other", "forwarded_from_id": "channel" + "9" * 18}, "Other", None),
    ],
)
def test_a_forward_names_its_origin_even_when_the_account_is_gone(
    tmp_path: Path, fields: dict[str, Any], name: str | None, peer: int | None
) -> None:
    message = read_one(tmp_path, **fields)
    assert (message.forwarded_from, message.forwarded_from_id) == (name, peer)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"photo": NOT_INCLUDED}, "photo"),
        ({"media_type": "sticker", "file": "stickers/a.webp", "mime_type": "image/webp"}, "sticker"),
        ({"media_type": "video_file", "file": "video_files/a.mp4"}, "video"),
        ({"media_type": "video_message"}, "video"),
        ({"media_type": "animation", "mime_type": "image/gif", "file": "a.gif"}, "animation"),
        ({"media_type": "audio_file"}, "audio"),
        ({"media_type": "voice_message"}, "voice"),
        ({"file": "files/prices.pdf", "mime_type": "application/pdf"}, "document"),
        ({"poll": {"question": "Zinc?"}}, "poll"),
        ({"location_information": {"latitude": 9.03, "longitude": 38.74}}, "location"),
        ({"contact_information": {"phone_number": "0911"}}, "contact"),
        ({"photo": {"no": "path"}}, None),
        ({"photo": ""}, None),
    ],
)
def test_media_is_named_by_its_kind(tmp_path: Path, fields: dict[str, Any], expected: str | None) -> None:
    [observation] = Imported(one_chat(tmp_path, exported(1, **fields))).observations
    assert (observation.message.media_type, observation.message.has_media) == (expected, expected is not None)
    assert observation.photo is None


def test_the_raw_object_is_kept_whole_and_can_be_written(tmp_path: Path) -> None:
    item = exported(1, latitude=9.03, largest=2**63 - 1, smallest=1 - 2**63, empty={}, nested=[[None, True]])
    [message] = Imported(one_chat(tmp_path, item)).messages
    assert message.raw == item
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message


def test_what_postgresql_cannot_store_is_replaced_in_the_raw_object_too(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1, text="a\0b", **{"k\0": "v\0"}))
    [message] = Imported(tmp_path).messages
    assert message.message_text == "a\ufffdb"
    assert message.raw is not None
    assert message.raw["k\ufffd"] == "v\ufffd"


# What is skipped.


def test_service_messages_are_no_messages_of_an_analyst(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    imported = Imported(one_chat(tmp_path, service(1), exported(2), service(3)))
    assert imported.ids == [2]
    assert imported.source.skipped == {"service": 2}
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (exported(...), "message_id_unusable"),
        (exported(0), "message_id_unusable"),
        (exported(-999_999_999), "message_id_unusable"),
        (exported(True), "message_id_unusable"),
        (exported("5"), "message_id_unusable"),
        (exported(5, date_unixtime="soon", date=None), "date_unreadable"),
        (exported(5, date_unixtime="0", date="1970-01-01T00:00:00"), "date_unreadable"),
        (exported(5, date_unixtime="9" * 12, date="9999-12-31T23:59:59-23:00"), "date_unreadable"),
        ({"id": 5, "type": "unsupported"}, "unsupported"),
        ("a message", "not_an_object"),
        (None, "not_an_object"),
        ([[]], "not_an_object"),
    ],
)
def test_what_cannot_be_used_is_counted_and_named_by_its_position(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, item: Any, reason: str
) -> None:
    imported = Imported(one_chat(tmp_path, exported(1), item, exported(9)))
    assert imported.ids == [1, 9]
    assert imported.source.skipped == {reason: 1}
    assert imported.source.skipped_by_channel["Zinc & Co"] == {reason: 1}
    assert f"message 2 is skipped: {reason}" in caplog.text


def test_a_message_nested_too_deeply_costs_only_itself(tmp_path: Path) -> None:
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]
    imported = Imported(one_chat(tmp_path, exported(1), exported(2, deep=deep), exported(3)))
    assert imported.ids == [1, 3]
    assert imported.source.skipped == {"nested_too_deeply": 1}


def test_a_thousand_bad_messages_do_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    imported = Imported(one_chat(tmp_path, service(1), *[None] * 1000))
    assert imported.source.skipped == {"service": 1, "not_an_object": 1000}
    assert caplog.text.count("is skipped") == 20


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


# Photos.

PHOTO = "photos/photo_1@01-01-2026_10-00-00.jpg"


@pytest.mark.parametrize("named", [PHOTO, PHOTO.replace("/", "\\"), "photos/a (1).jpg"])
def test_a_photo_is_copied_from_the_exports_folder(tmp_path: Path, named: str) -> None:
    """Also with the backslashes of an export made on Windows."""
    one_chat(tmp_path, exported(1, photo=named), photos={named.replace("\\", "/"): JPEG})
    [observation] = Imported(tmp_path).observations
    assert observation.message.photo_id is None
    assert observation.message.image_path is None
    assert fetched(observation) == JPEG


def test_an_image_sent_as_a_file_counts_as_a_photo(tmp_path: Path) -> None:
    item = exported(1, file="files/box.png", mime_type="image/png")
    [observation] = Imported(one_chat(tmp_path, item, photos={"files/box.png": JPEG})).observations
    assert observation.message.media_type == "document"
    assert fetched(observation) == JPEG


@pytest.mark.parametrize(
    "named",
    [
        NOT_INCLUDED,
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "box.png (File unavailable, please try again later)",
    ],
)
def test_a_photo_that_was_not_exported_is_known_but_not_fetched(tmp_path: Path, named: str) -> None:
    imported = Imported(one_chat(tmp_path, exported(1, photo=named)))
    assert imported.observations[0].photo is None
    assert imported.messages[0].has_media
    assert imported.source.skipped == {"photo_not_included": 1}


@pytest.mark.parametrize(
    "named",
    [
        *(
            "/etc/hostname",
            "../secret.jpg",
            "photos/../../secret.jpg",
            "..\\secret.jpg",
            "C:\\secret.jpg",
            "C:secret.jpg",
        ),
        *("\\\\server\\share\\x.jpg", "\\secret.jpg", "photos/link.jpg", "folder_link/secret.jpg", "circle/x.jpg"),
    ],
)
def test_nothing_outside_the_exports_folder_is_read(tmp_path: Path, named: str) -> None:
    export = one_chat(tmp_path / "export", exported(1, photo=named))
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (export / "photos").mkdir()
    (export / "photos" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (export / "folder_link").symlink_to(tmp_path)
    (export / "circle").symlink_to("circle")
    imported = Imported(export)
    with pytest.raises(PhotoError, match="outside its folder"):
        fetched(imported.observations[0])
    assert imported.source.skipped == {"photo_path_refused": 1}


def test_a_photo_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    names = (
        "photos/missing.jpg",
        "photos/empty.jpg",
        "photos",
        "photos/pipe.jpg",
        "photos/empty.jpg/x.jpg",
        "a\0b.jpg",
    )
    items = [exported(number, photo=name) for number, name in enumerate(names, 1)]
    one_chat(tmp_path, *items, photos={"photos/empty.jpg": b""})
    os.mkfifo(tmp_path / "photos" / "pipe.jpg")  # opening it would wait for ever
    reasons = ["is not there", "is empty", "is not a file", "is not a file", "cannot read", "is not there"]
    for observation, reason in zip(Imported(tmp_path).observations, reasons, strict=True):
        with pytest.raises(PhotoError, match=reason):
            fetched(observation)


def test_a_photo_that_is_too_large_is_no_photo(tmp_path: Path) -> None:
    one_chat(tmp_path, exported(1, photo="huge.jpg"))
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_PHOTO_BYTES + 1)
    with pytest.raises(PhotoError, match="64 MiB"):
        fetched(Imported(tmp_path).observations[0])


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
