"""The sample as a source: the same every time, growing from day to day, and inside its limits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES, SampleSource
from observing import channels_of, collected, new_messages

TODAY = date(2026, 1, 20)
MIDNIGHT = datetime(2026, 1, 20, tzinfo=UTC)
WEEK = timedelta(days=7)


def _messages(source: MessageSource) -> dict[tuple[str, int], Message]:
    return {(m.channel_name, m.message_id): m for channel in channels_of(source) for m in new_messages(source, channel)}


@pytest.fixture(scope="module")
def today() -> dict[tuple[str, int], Message]:
    return _messages(SampleSource(TODAY))


@pytest.fixture(scope="module")
def tomorrow() -> dict[tuple[str, int], Message]:
    return _messages(SampleSource(TODAY + timedelta(days=1)))


def _channel(source: SampleSource, name: str) -> Channel:
    return next(channel for channel in channels_of(source) if channel.channel_name == name)


def test_two_sources_of_one_day_give_equal_observations(today: dict[tuple[str, int], Message]) -> None:
    assert _messages(SampleSource(TODAY)) == today
    assert channels_of(SampleSource(TODAY)) == channels_of(SampleSource(TODAY))


def test_another_seed_is_another_world(today: dict[tuple[str, int], Message]) -> None:
    other = _messages(SampleSource(TODAY, seed=7))
    assert {m.message_text for m in other.values()} != {m.message_text for m in today.values()}


def test_the_default_sample_has_its_promised_size_in_every_channel(
    today: dict[tuple[str, int], Message],
) -> None:
    channels = Counter(name for name, _ in today)
    assert 1500 <= len(today) <= 1560
    assert set(channels) == set(SAMPLE_CHANNEL_TYPES)
    assert len(set(SAMPLE_CHANNEL_TYPES.values())) >= 6
    assert min(channels.values()) >= 50


def test_channels_say_that_they_are_samples_and_have_valid_user_names() -> None:
    for channel in channels_of(SampleSource(TODAY)):
        assert channel.channel_name.startswith("sample_")
        assert 5 <= len(channel.channel_name) <= 32
        assert channel.channel_name.replace("_", "").isalnum()
        assert channel.channel_name.isascii()
        assert channel.title is not None
        assert channel.title.startswith("Sample: ")
        assert (channel.source, channel.scraped_at) == ("sample", MIDNIGHT)


def test_subscribers_grow_day_by_day() -> None:
    for now, later in zip(
        channels_of(SampleSource(TODAY)), channels_of(SampleSource(TODAY + timedelta(days=1))), strict=True
    ):
        assert now.subscribers is not None
        assert later.subscribers is not None
        assert later.subscribers > now.subscribers


def test_ids_ascend_with_time_and_nothing_is_later_than_the_scrape(
    today: dict[tuple[str, int], Message],
) -> None:
    for name in SAMPLE_CHANNEL_TYPES:
        messages = [m for (channel, _), m in today.items() if channel == name]
        ids = [m.message_id for m in messages]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        dates = [m.message_date for m in messages]
        assert dates == sorted(dates)
        assert dates[-1] < MIDNIGHT
        assert dates[0] >= MIDNIGHT - timedelta(days=90)
        assert all(m.scraped_at == MIDNIGHT and m.source == "sample" for m in messages)
        assert all(m.edit_date is None or m.message_date < m.edit_date <= MIDNIGHT for m in messages)


def test_some_messages_fall_on_the_next_business_day_of_addis_ababa(
    today: dict[tuple[str, int], Message],
) -> None:
    assert any(m.message_date.hour >= 21 for m in today.values())


def test_the_next_day_keeps_all_messages_of_both_windows_and_adds_new_ones(
    today: dict[tuple[str, int], Message], tomorrow: dict[tuple[str, int], Message]
) -> None:
    """A lake would hold contradicting copies if a message depended on the day of the scrape."""
    window_begins = MIDNIGHT - timedelta(days=89)
    for key, message in today.items():
        if message.message_date < window_begins:
            assert key not in tomorrow
            continue
        later = tomorrow[key]
        for field in ("message_date", "grouped_id", "forwarded_from", "reply_to_message_id", "media_type"):
            assert getattr(later, field) == getattr(message, field)
        if later.edit_date == message.edit_date:
            assert later.message_text == message.message_text
    new = [m for key, m in tomorrow.items() if key not in today]
    assert new
    assert all(MIDNIGHT <= m.message_date < MIDNIGHT + timedelta(days=1) for m in new)


def test_counters_never_fall_and_those_of_young_messages_grow(
    today: dict[tuple[str, int], Message], tomorrow: dict[tuple[str, int], Message]
) -> None:
    grown = young = 0
    for key in today.keys() & tomorrow.keys():
        now, later = today[key], tomorrow[key]
        for field in ("views", "forwards", "replies"):
            assert (getattr(later, field) or 0) >= (getattr(now, field) or 0)
        for emoji, count in (now.reactions or {}).items():
            assert (later.reactions or {})[emoji] >= count
        if now.message_date > MIDNIGHT - timedelta(days=2):
            young += 1
            grown += (later.views or 0) > (now.views or 0)
    assert young
    assert grown > young * 0.9


def test_a_message_edited_later_shows_its_first_text_before(
    today: dict[tuple[str, int], Message],
) -> None:
    edited = {key: m for key, m in today.items() if m.edit_date is not None}
    assert len(edited) > 10
    changed = set()
    for days in range(1, 15):
        earlier = _messages(SampleSource(TODAY - timedelta(days=days)))
        for key in edited.keys() & earlier.keys():
            if earlier[key].edit_date is None:
                assert earlier[key].message_text != edited[key].message_text
                changed.add(key)
    assert changed


def test_only_new_messages_come_after_the_last_known_one(today: dict[tuple[str, int], Message]) -> None:
    source = SampleSource(TODAY)
    channel = _channel(source, "sample_corner_pharmacy")
    ids = [identity for name, identity in today if name == channel.channel_name]
    known = ids[len(ids) // 2]
    got = [m.message_id for m in new_messages(source, channel, known)]
    assert got == [identity for identity in ids if identity > known]
    assert new_messages(source, channel, ids[-1]) == []


def test_recent_messages_are_observed_again_when_asked(today: dict[tuple[str, int], Message]) -> None:
    source = SampleSource(TODAY)
    channel = _channel(source, "sample_corner_pharmacy")
    mine = [m for (name, _), m in today.items() if name == channel.channel_name]
    since = MIDNIGHT - WEEK + timedelta(hours=9)
    known = mine[-3].message_id
    got = [o.message for o in collected(source.recent_messages(channel, since, known))]
    assert got == [m for m in mine if m.message_id <= known and m.message_date >= since]
    assert len(got) > 3


def test_records_survive_a_line_of_json(today: dict[tuple[str, int], Message]) -> None:
    for message in today.values():
        assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message


def test_what_a_channel_does_not_count_is_unknown_rather_than_zero(
    today: dict[tuple[str, int], Message],
) -> None:
    assert any(m.replies is None for m in today.values())
    assert any(m.replies is not None for m in today.values())
    assert all(m.views is not None and m.views >= 1 for m in today.values())


def test_a_few_posts_of_the_wholesaler_carry_most_of_its_views(
    today: dict[tuple[str, int], Message],
) -> None:
    views = sorted((m.views or 0 for (name, _), m in today.items() if name == "sample_bulk_wholesale"), reverse=True)
    assert sum(views[: len(views) * 22 // 100]) > 0.6 * sum(views)


def test_a_forward_shows_text_and_counter_of_its_original(today: dict[tuple[str, int], Message]) -> None:
    forwards = [m for m in today.values() if m.forwarded_from in SAMPLE_CHANNEL_TYPES]
    assert len(forwards) > 20
    originals = {(m.channel_name, m.message_text, m.views) for m in today.values()}
    inside = [m for m in forwards if m.message_date > MIDNIGHT - timedelta(days=80)]
    # An original that was edited afterwards keeps its counter, but not the text that was forwarded.
    counters = {(m.channel_name, m.views) for m in today.values()}
    assert all((m.forwarded_from, m.views) in counters for m in inside)
    assert sum((m.forwarded_from, m.message_text, m.views) in originals for m in inside) > 0.8 * len(inside)


def test_albums_are_separate_messages_of_which_one_speaks(today: dict[tuple[str, int], Message]) -> None:
    albums: dict[tuple[str, int], list[Message]] = {}
    for (name, _), message in today.items():
        if message.grouped_id is not None and message.forwarded_from is None:
            albums.setdefault((name, message.grouped_id), []).append(message)
    assert len(albums) > 5
    spoken_at = set()
    for album in albums.values():
        assert 2 <= len(album) <= 4
        assert len({m.views for m in album}) == 1
        spoken = [place for place, m in enumerate(album) if m.message_text]
        assert len(spoken) == 1
        spoken_at.update(spoken)
    assert len(spoken_at) > 1


def test_a_million_messages_stream_without_being_made_first() -> None:
    source = SampleSource(TODAY, messages=1_000_000, photos=False)
    channel = channels_of(source)[0]
    some = collected(source.new_messages(channel, None), 2_000)
    assert len(some) == 2_000
    assert some[-1].message.message_date - some[0].message.message_date < timedelta(days=2)
    assert all(o.photo is None for o in some)
    assert any(o.message.media_type == "photo" for o in some)


def test_a_world_that_cannot_be_is_refused_with_a_reason() -> None:
    with pytest.raises(SourceError, match="world begins on 2020-01-01"):
        SampleSource(date(2020, 2, 1))
    source = SampleSource(TODAY)
    stranger = Channel(channel_name="stranger", scraped_at=MIDNIGHT, source="sample")
    with pytest.raises(SourceError, match="no channel 'stranger'"):
        new_messages(source, stranger, 5)
