"""The source `telegram` against a server on this machine: what is brought, once, and what is noticed afterwards."""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from telethon import functions, types

from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.scrape import ChannelStatus
from own_telegram import NOW, Telegram, fill, lake, lines, scraped
from peak_memory import peaks
from telegram_server.fake_channel import FakeChannel

DAY = timedelta(days=1)
GetHistory = functions.messages.GetHistoryRequest


def ids(found: list[dict[str, object]]) -> list[object]:
    return [line["message_id"] for line in found]


def test_a_first_scrape_brings_every_message_and_photo_once(telegram: Telegram, shop: FakeChannel) -> None:
    summary = telegram.scrape()
    assert (summary.total("messages"), summary.total("photos"), summary.not_read) == (250, 50, [])
    assert ids(lines(telegram.root)) == list(range(1, 251)), "upwards, so that a kill loses nothing"
    _, photos = lake(telegram.root)
    assert photos["chemed/10.jpg"] == b"\xff\xd8\xff" + b"\x00\x00\x00\x0a" * 60
    assert len(photos) == 50


def test_the_next_scrape_asks_for_what_is_new_and_brings_just_that(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    asked = telegram.server.count(GetHistory)
    shop.post("Insulin 900 birr", date=NOW, photo=b"\xff\xd8\xffnew")
    summary = telegram.scrape(now=NOW + DAY)
    assert (summary.total("messages"), summary.total("observed_again"), summary.total("photos")) == (1, 0, 1)
    assert ids(lines(telegram.root))[250:] == [251]
    window = telegram.server.count(GetHistory) - asked
    assert window <= 5, "the window of a week and one page of news, not the whole history"
    assert telegram.server.count(functions.contacts.ResolveUsernameRequest) == 1, "asking for names earns long waits"


def test_a_channel_is_described_at_each_scrape(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.rename(title="CheMed Trading")
    telegram.scrape(now=NOW + DAY)
    files = sorted((telegram.root / "raw" / "telegram_channels").glob("*.jsonl"))
    first, second = (msgspec.json.decode(path.read_bytes(), type=Channel) for path in files)
    assert first == Channel(
        channel_name="chemed",
        scraped_at=NOW,
        source="telegram",
        title="CheMed",
        description="Pharmacy in Addis",
        subscribers=1234,
        telegram_id=shop.id,
        username="chemed",
        telegram_type="channel",
        is_verified=False,
        is_scam=False,
        is_fake=False,
    )
    assert second.title == "CheMed Trading"


@pytest.mark.parametrize(
    ("limits", "oldest"),
    [
        ({"max_messages": 30}, 221),
        ({"since": NOW - timedelta(hours=99)}, 151),
        ({"since": NOW - timedelta(hours=99), "max_messages": 30}, 221),
        ({"since": NOW - timedelta(hours=20), "max_messages": 30}, 230),
        ({"since": datetime(2020, 1, 1, tzinfo=UTC), "max_messages": 1000}, 1),
        ({"since": NOW + DAY}, 251),
    ],
)
def test_a_first_scrape_goes_back_to_whichever_limit_comes_first(
    telegram: Telegram, shop: FakeChannel, limits: dict[str, Any], oldest: int
) -> None:
    telegram.scrape(**limits)
    assert ids(lines(telegram.root)) == list(range(oldest, 251))


def test_limits_are_of_the_first_scrape_only(telegram: Telegram, shop: FakeChannel) -> None:
    """A week without scraping must not lose what is older than the limit by then."""
    telegram.scrape(max_messages=10)
    for number in range(40):
        shop.post(f"new {number}", date=NOW + timedelta(minutes=number))
    telegram.scrape(max_messages=10, since=NOW + timedelta(minutes=39), now=NOW + DAY)
    assert ids(lines(telegram.root)) == [*range(241, 251), *range(251, 291)]


def test_counters_edits_and_deletions_in_the_recent_window_are_noticed(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.edit(249, views=9000, forwards=12, reactions={"👍": 3})
    shop.edit(248, text="Amoxicillin 300 birr", edit_date=NOW + timedelta(hours=1))
    shop.delete(247)
    shop.edit(20, views=9000)
    summary = telegram.scrape(now=NOW + DAY)
    assert (summary.total("observed_again"), summary.total("deleted")) == (2, 1)
    new = {line["message_id"]: line for line in lines(telegram.root)[250:]}
    assert set(new) == {247, 248, 249}, "20 is older than the window"
    assert (new[249]["views"], new[249]["forwards"], new[249]["reactions"]) == (9000, 12, {"👍": 3})
    assert (new[248]["message_text"], new[248]["edit_date"]) == ("Amoxicillin 300 birr", "2026-10-01T13:00:00Z")
    assert (new[247]["is_deleted"], new[247]["scraped_at"]) == (True, "2026-10-02T12:00:00Z")
    assert telegram.scrape(now=NOW + DAY).lines == 0


def test_another_picture_after_an_edit_replaces_the_first(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.edit(250, photo=b"\xff\xd8\xffanother", edit_date=NOW)
    assert telegram.scrape(now=NOW + DAY).total("photos") == 1
    assert lake(telegram.root)[1]["chemed/250.jpg"] == b"\xff\xd8\xffanother"


def test_everything_that_an_analyst_can_use_is_on_the_line(telegram: Telegram) -> None:
    channel = telegram.world.add_channel("chemed", title="CheMed")
    other = telegram.world.add_channel("supplier", title="Supplier PLC")
    text = "💊 Zinc 20mg https://shop.et here @chemed"
    channel.post("the first", date=NOW)
    channel.post(
        text,
        date=NOW,
        views=512,
        forwards=7,
        replies=2,
        reactions={"👍": 5, "❤": 1},
        reply_to=1,
        grouped_id=99,
        post_author="Dr. Sara",
        pinned=True,
        edit_date=NOW + timedelta(minutes=5),
        photo=b"\xff\xd8\xffpicture",
        fwd_from=types.MessageFwdHeader(
            date=NOW - DAY, from_id=types.PeerChannel(other.id), channel_post=77, post_author=None
        ),
        entities=[
            types.MessageEntityBold(3, 4),
            types.MessageEntityUrl(13, 15),
            types.MessageEntityTextUrl(29, 4, "https://other.et/x"),
            types.MessageEntityMention(34, 7),
        ],
    )
    telegram.scrape()
    line = lines(telegram.root)[1]
    raw = line.pop("_raw")
    assert isinstance(line.pop("photo_id"), int)
    assert line == {
        "message_id": 2,
        "channel_name": "chemed",
        "message_date": "2026-10-01T12:00:00Z",
        "message_text": text,
        "has_media": True,
        "image_path": "raw/images/chemed/2.jpg",
        "views": 512,
        "forwards": 7,
        "media_type": "photo",
        "replies": 2,
        "reactions": {"👍": 5, "❤": 1},
        "edit_date": "2026-10-01T12:05:00Z",
        "reply_to_message_id": 1,
        "grouped_id": 99,
        "forwarded_from": "supplier",
        "forwarded_from_id": int(f"-100{other.id}"),
        "forwarded_from_message_id": 77,
        "forwarded_date": "2026-09-30T12:00:00Z",
        "post_author": "Dr. Sara",
        "entities": [
            {"type": "bold", "offset": 3, "length": 4},
            {"type": "url", "offset": 13, "length": 15},
            {"type": "text_link", "offset": 29, "length": 4, "url": "https://other.et/x"},
            {"type": "mention", "offset": 34, "length": 7},
        ],
        "urls": ["https://shop.et", "https://other.et/x"],
        "is_pinned": True,
        "views_exact": True,
        "scraped_at": "2026-10-01T12:00:00Z",
        "source": "telegram",
    }
    assert (raw["_"], raw["fwd_from"]["channel_post"], raw["media"]["_"]) == ("Message", 77, "MessageMediaPhoto")


def test_formatting_never_gets_into_the_text(telegram: Telegram) -> None:
    """Telethon's own `text` would write it as `**Zinc** 20mg`."""
    channel = telegram.world.add_channel("chemed", title="CheMed")
    channel.post("Zinc 20mg", date=NOW, entities=[types.MessageEntityBold(0, 4)])
    telegram.scrape()
    assert lines(telegram.root)[0]["message_text"] == "Zinc 20mg"


def test_a_group_knows_no_views_and_that_is_not_zero(telegram: Telegram) -> None:
    group = telegram.world.add_channel("pharmacists", title="Pharmacists", megagroup=True)
    group.post("hello", date=NOW)
    telegram.scrape("pharmacists")
    [line] = lines(telegram.root)
    assert (line["views"], line["forwards"], "views_exact" in line) == (None, None, False)


def test_images_sent_as_documents_are_photos_and_videos_are_not(telegram: Telegram) -> None:
    channel = telegram.world.add_channel("chemed", title="CheMed")
    channel.post("png", date=NOW, document=(b"\x89PNG-bytes", "image/png", "list.png"))
    channel.post("pdf", date=NOW, document=(b"%PDF", "application/pdf", "list.pdf"))
    channel.post("film", date=NOW, video=b"\x00\x00film")
    telegram.scrape()
    shown = [(line["media_type"], line["image_path"]) for line in lines(telegram.root)]
    assert shown == [("document", "raw/images/chemed/1.jpg"), ("document", None), ("video", None)]
    assert lake(telegram.root)[1] == {"chemed/1.jpg": b"\x89PNG-bytes"}


def test_notices_of_the_service_are_no_messages(telegram: Telegram, shop: FakeChannel) -> None:
    shop.service(types.MessageActionPinMessage(), date=NOW)
    summary = telegram.scrape()
    assert summary.total("messages") == 250


def test_albums_keep_their_number_and_every_photo(telegram: Telegram) -> None:
    channel = telegram.world.add_channel("chemed", title="CheMed")
    for number, caption in enumerate(["", "three for 500 birr", ""]):
        channel.post(caption, date=NOW, grouped_id=5, photo=b"\xff\xd8\xff" + bytes([number]))
    telegram.scrape()
    assert [line["grouped_id"] for line in lines(telegram.root)] == [5, 5, 5]
    assert len(lake(telegram.root)[1]) == 3


def test_photos_of_another_data_center_are_fetched_there(telegram: Telegram) -> None:
    channel = telegram.world.add_channel("chemed", title="CheMed")
    channel.post("far", date=NOW, photo=b"\xff\xd8\xfffar away", dc_id=4)
    telegram.scrape()
    assert lake(telegram.root)[1] == {"chemed/1.jpg": b"\xff\xd8\xfffar away"}
    assert telegram.server.count(functions.auth.ImportAuthorizationRequest) == 1


def test_several_photos_are_fetched_at_once(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.server.delay = 0.02
    telegram.scrape()
    assert 4 <= telegram.server.max_parallel_files <= 8


def test_several_channels_are_read_at_once_and_stay_apart(telegram: Telegram) -> None:
    names = [f"shop_{number}" for number in range(5)]
    for name in names:
        fill(telegram.world.add_channel(name, title=name.title()), 120)
    summary = telegram.scrape(*names, channels_at_once=3)
    assert [(each.channel_name, each.messages, each.photos) for each in summary.channels] == [
        (name, 120, 24) for name in names
    ]
    found = [(line["channel_name"], line["message_id"]) for line in lines(telegram.root)]
    assert len(found) == len(set(found)) == 600


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        ("become_private", "private, or this account was removed"),
        ("ban", "banned"),
        ("disappear", "no longer exists"),
    ],
)
def test_one_channel_that_cannot_be_read_does_not_stop_the_others(
    telegram: Telegram, shop: FakeChannel, happens: str, says: str
) -> None:
    lost = telegram.world.add_channel("lost_shop", title="Lost")
    fill(lost, 10)
    telegram.scrape("lost_shop", "chemed")
    getattr(lost, happens)()
    shop.post("news", date=NOW)
    summary = telegram.scrape("lost_shop", "chemed", now=NOW + DAY)
    assert [channel.status for channel in summary.channels] == [ChannelStatus.UNREADABLE, ChannelStatus.READ]
    assert says in summary.channels[0].reason
    assert summary.channels[1].messages == 1
    assert len([line for line in lines(telegram.root) if line["channel_name"] == "lost_shop"]) == 10, (
        "what was read stays"
    )


def test_a_renamed_channel_stays_one_channel(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.rename(username="chemed_plc")
    shop.post("news", date=NOW)
    telegram.scrape(now=NOW + DAY)
    telegram.scrape("chemed_plc", now=NOW + DAY)
    assert {line["channel_name"] for line in lines(telegram.root)} == {"chemed"}
    assert ids(lines(telegram.root))[-1] == 251


@pytest.mark.parametrize("title", ["../../etc", "💊" * 100, "Lobelia Cosmetics"])
def test_a_channel_without_user_name_is_stored_under_its_title_wherever_that_leads(
    telegram: Telegram, title: str
) -> None:
    channel = telegram.world.add_channel(None, title=title, public=False)
    channel.post("hello", date=NOW, photo=b"\xff\xd8\xff1")
    root = telegram.root / "data"
    telegram.scrape(title, root=root)
    assert [line["channel_name"] for line in lines(root)] == [title]
    assert {path.name for path in telegram.root.iterdir()} == {"data", "telegram"}


def test_memory_stays_flat_on_a_long_channel(telegram: Telegram) -> None:
    """Measured on twice the messages, the peak is the same."""
    lengths = {"warm_up": 100, "short_one": 1500, "long_one": 3000}
    for name, count in lengths.items():
        fill(telegram.world.add_channel(name, title=name), count)
    _, short, long = peaks(partial(scraped, telegram.access(), telegram.root), list(lengths))
    assert Counter(line["channel_name"] for line in lines(telegram.root)) == lengths
    assert long < 1.4 * short


def test_the_raw_object_is_kept_but_does_not_count_as_a_change(telegram: Telegram, shop: FakeChannel) -> None:
    """References to files change at each look; a line for each would fill the disk with nothing."""
    telegram.scrape()
    telegram.world.expire_file_references()
    assert telegram.scrape(now=NOW + DAY).lines == 0
    assert all("_raw" in line for line in lines(telegram.root))


def test_a_scrape_says_in_the_log_what_became_of_each_channel(
    telegram: Telegram, shop: FakeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    telegram.scrape("chemed", "nobody_here")
    assert "chemed: 250 new messages, 50 photos" in caplog.text
    assert "nobody_here: unreadable: no channel has the user name" in caplog.text


def test_a_line_is_json_that_can_be_read_back(telegram: Telegram, shop: FakeChannel) -> None:
    shop.post("NUL \x00 and \u200f marks", date=NOW)
    telegram.scrape()
    last = lines(telegram.root)[-1]
    assert last["message_text"] == "NUL \ufffd and \u200f marks"
    assert json.loads(json.dumps(last)) == last
