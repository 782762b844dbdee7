"""Telegram Desktop's export as a source: messages say all that it says and nothing that it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_files import FIRST_MOMENT, NOT_INCLUDED, exported, one_chat, service
from factories import patiently
from imported_export import Imported, moment, read_one
from medical_telegram_warehouse.records import Message

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
