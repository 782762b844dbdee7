"""Channels are found by whatever name users have for them, once, and no name leads to the wrong one."""

from __future__ import annotations

import json
import stat
from datetime import timedelta

import pytest
from telethon import functions

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.scrape import ChannelStatus
from own_telegram import NOW, Telegram, lines
from telegram_server.fake_channel import FakeChannel

DAY = timedelta(days=1)
LOOK_UPS = (
    functions.contacts.ResolveUsernameRequest,
    functions.contacts.SearchRequest,
    functions.messages.GetDialogsRequest,
    functions.messages.CheckChatInviteRequest,
)


@pytest.fixture
def lobelia(telegram: Telegram) -> FakeChannel:
    channel = telegram.world.add_channel("lobelia4cosmetics", title="Lobelia Cosmetics")
    channel.post("Shampoo 900 birr", date=NOW)
    return channel


def refusal(telegram: Telegram, reference: str) -> str:
    with pytest.raises(SourceError) as caught:
        telegram.scrape(reference)
    return str(caught.value)


@pytest.mark.parametrize(
    "reference",
    [
        "lobelia4cosmetics",
        "@Lobelia4Cosmetics",
        "https://t.me/lobelia4cosmetics",
        "t.me/s/lobelia4cosmetics/5",
        "Lobelia Cosmetics",
        "lobelia  cosmetics",
        "NUMBER",
        "-100NUMBER",
        "https://t.me/c/NUMBER/1",
        "https://t.me/+AbCdEf",
        "t.me/joinchat/AbCdEf",
    ],
)
def test_every_kind_of_name_finds_the_channel_and_is_looked_up_once(
    telegram: Telegram, lobelia: FakeChannel, reference: str
) -> None:
    telegram.world.add_invite("AbCdEf", lobelia)
    reference = reference.replace("NUMBER", str(lobelia.id))
    [report] = telegram.scrape(reference).channels
    assert (report.channel_name, report.messages) == ("lobelia4cosmetics", 1)
    before = telegram.server.count(LOOK_UPS)
    [report] = telegram.scrape(reference, now=NOW + DAY).channels
    assert (report.status, telegram.server.count(LOOK_UPS)) == (ChannelStatus.READ, before)


def test_what_was_found_is_kept_for_this_account_alone_and_readable_by_its_owner(
    telegram: Telegram, lobelia: FakeChannel
) -> None:
    telegram.scrape("Lobelia Cosmetics")
    path = telegram.root / "telegram" / "channels.json"
    kept = json.loads(path.read_bytes())
    assert kept["account"] == telegram.account.user_id
    assert kept["channels"]["Lobelia Cosmetics"]["number"] == lobelia.id
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    kept["account"] += 1
    path.write_text(json.dumps(kept), encoding="utf-8")
    before = telegram.server.count(LOOK_UPS)
    telegram.scrape("Lobelia Cosmetics", now=NOW + DAY)
    assert telegram.server.count(LOOK_UPS) > before


@pytest.mark.parametrize("content", [b"", b"{", b'{"account": "x"}'])
def test_a_damaged_list_of_found_channels_is_made_anew(
    telegram: Telegram, lobelia: FakeChannel, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = telegram.root / "telegram" / "channels.json"
    path.parent.mkdir()
    path.write_bytes(content)
    assert telegram.scrape("lobelia4cosmetics").not_read == []
    assert "is made anew" in caplog.text
    assert json.loads(path.read_bytes())["channels"]


def test_a_word_that_is_no_user_name_is_looked_for_as_a_title(telegram: Telegram, lobelia: FakeChannel) -> None:
    channel = telegram.world.add_channel("che_med_official", title="CheMed")
    channel.post("hello", date=NOW)
    [report] = telegram.scrape("CheMed").channels
    assert report.channel_name == "che_med_official"


def test_a_title_that_nobody_joined_is_found_in_the_public_search(telegram: Telegram) -> None:
    channel = telegram.world.add_channel("tikvah_pharma", title="Tikvah Pharma", joined=False)
    channel.post("hello", date=NOW)
    assert telegram.scrape("tikvah pharma").channels[0].channel_name == "tikvah_pharma"


def test_a_title_of_two_channels_lists_both(telegram: Telegram, lobelia: FakeChannel) -> None:
    telegram.world.add_channel("lobelia_copy", title="Lobelia Cosmetics")
    told = refusal(telegram, "Lobelia Cosmetics")
    assert "2 channels have the title 'Lobelia Cosmetics'" in told
    assert "(@lobelia4cosmetics)" in told
    assert "(@lobelia_copy)" in told


def test_an_unknown_title_lists_the_likely_ones(telegram: Telegram, lobelia: FakeChannel) -> None:
    telegram.world.add_channel("others", title="Something else")
    told = refusal(telegram, "Lobelya Cosmetic")
    assert "no channel has the user name or the title 'Lobelya Cosmetic'" in told
    assert "'Lobelia Cosmetics' (@lobelia4cosmetics)" in told
    assert "Something else" not in told


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("@nobody_at_all", "nobody has this user name"),
        ("@abebe", "is a person or a bot, not a channel"),
        ("https://t.me/+NoSuchHash", "the invite link is not valid"),
        ("https://t.me/+NotJoined", "invites to 'Closed circle', which this account has not joined"),
        ("-1009999999999", "a number alone does not find a channel"),
    ],
)
def test_a_name_that_finds_nothing_says_why(
    telegram: Telegram, lobelia: FakeChannel, reference: str, says: str
) -> None:
    closed = telegram.world.add_channel(None, title="Closed circle", public=False, joined=False)
    telegram.world.add_invite("NotJoined", closed, joined=False)
    assert says in refusal(telegram, reference)


def test_a_user_name_that_somebody_else_took_is_not_mixed_with_its_first_owner(
    telegram: Telegram, lobelia: FakeChannel
) -> None:
    """Message ids are unique only within a channel: the second channel's would count as known."""
    telegram.scrape("lobelia4cosmetics")
    lobelia.rename(username="lobelia_old")
    taker = telegram.world.add_channel("lobelia4cosmetics", title="Imitation")
    taker.post("not theirs", date=NOW)
    telegram.scrape("lobelia4cosmetics", now=NOW + DAY)
    assert {line["channel_name"] for line in lines(telegram.root)} == {"lobelia4cosmetics"}, "what was found once stays"
    (telegram.root / "telegram" / "channels.json").unlink()
    telegram.scrape("lobelia4cosmetics", now=NOW + DAY)
    assert lines(telegram.root)[-1]["channel_name"] == f"lobelia4cosmetics ({taker.id})"


def test_no_channel_at_all_says_which_setting_names_them(telegram: Telegram) -> None:
    from medical_telegram_warehouse.scrape import scrape
    from medical_telegram_warehouse.sources.telegram.source import TelegramSource

    source = TelegramSource(telegram.access(), ())
    with pytest.raises(SourceError, match="set TELEGRAM_CHANNELS"):
        scrape(source, lake_root=telegram.root / "raw", relative_to=telegram.root)
