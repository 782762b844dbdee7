"""A stretch of time that is read once more: what it brings, and that it brings nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from killed_runs import Place
from medical_telegram_warehouse.errors import SettingsError, SourceError
from medical_telegram_warehouse.scrape import Backfill, scrape
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.sources.sample import SampleSource
from medical_telegram_warehouse.steps import BackfillDays, backfill_step
from own_telegram import NOW, Telegram, lines
from telegram_server.fake_channel import FakeChannel

HOUR = timedelta(hours=1)


def ids(telegram: Telegram) -> list[int]:
    return [line["message_id"] for line in lines(telegram.root)]


def hours_ago(first: int, last: int) -> Backfill:
    """The messages of these hours, both included; the shop's message 250 is posted now, 249 an hour ago, ..."""
    return Backfill(NOW - first * HOUR, NOW - last * HOUR + timedelta(minutes=1))


def test_messages_from_before_the_first_scrape_are_brought_with_their_photos(
    telegram: Telegram, shop: FakeChannel
) -> None:
    telegram.scrape(max_messages=30)
    assert ids(telegram) == list(range(221, 251))
    summary = telegram.scrape(backfill=hours_ago(99, 90))
    assert (summary.total("messages"), summary.total("observed_again"), summary.total("photos")) == (10, 0, 2)
    assert ids(telegram)[30:] == list(range(151, 161))
    assert (telegram.root / "raw" / "images" / "chemed" / "155.jpg").exists()


def test_a_range_that_is_read_twice_is_written_once(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape(max_messages=30)
    for _ in range(2):
        telegram.scrape(backfill=hours_ago(99, 90))
    assert len(ids(telegram)) == len(set(ids(telegram))) == 40


def test_after_a_backfill_scraping_goes_on_where_it_was(telegram: Telegram, shop: FakeChannel) -> None:
    """What lies between both within the week that is seen again comes, too."""
    telegram.scrape(max_messages=30)
    telegram.scrape(backfill=hours_ago(99, 90))
    shop.post("Insulin 900 birr", date=NOW)
    summary = telegram.scrape(now=NOW + HOUR)
    assert summary.total("messages") == 1
    assert sorted(ids(telegram)) == list(range(151, 252))


def test_a_channel_that_was_never_scraped_may_begin_with_a_backfill(telegram: Telegram, shop: FakeChannel) -> None:
    """What comes after it is brought by the next scrape, so that no gap is left."""
    telegram.scrape(backfill=hours_ago(99, 90))
    assert ids(telegram) == list(range(151, 161))
    telegram.scrape()
    assert sorted(ids(telegram)) == list(range(151, 251))


def test_counters_that_moved_are_observed_again(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.edit(155, views=99_999)
    summary = telegram.scrape(backfill=hours_ago(99, 90))
    assert (summary.total("messages"), summary.total("observed_again")) == (0, 1)
    assert [line["views"] for line in lines(telegram.root) if line["message_id"] == 155] == [155, 99_999]


def test_a_channel_that_the_source_has_not_is_named_with_those_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no channel nowhere; it has .*sample_corner_pharmacy"):
        scrape(
            SampleSource(date(2026, 10, 1), messages=50),
            lake_root=tmp_path / "raw",
            relative_to=tmp_path,
            backfill=Backfill(NOW, NOW, ("nowhere",)),
        )


def test_a_channel_of_the_sample_is_not_looked_for_in_the_web(make_settings: Callable[..., Settings]) -> None:
    """Without credentials and channels, `auto` is the sample, whichever channel is named."""
    settings = make_settings(telegram_source="auto", web_preview_url="http://127.0.0.1:9")
    wanted = BackfillDays(("sample_corner_pharmacy",), date(2026, 9, 10), date(2026, 9, 20))
    assert backfill_step(settings, wanted).details["source"] == "sample"


def test_days_are_those_of_the_reports_zone_and_the_last_one_is_included() -> None:
    zone = ZoneInfo("Africa/Addis_Ababa")
    wanted = BackfillDays(("a",), date(2026, 1, 1), date(2026, 1, 2)).within(zone)
    assert (wanted.since.isoformat(), wanted.until.isoformat()) == (
        "2026-01-01T00:00:00+03:00",
        "2026-01-03T00:00:00+03:00",
    )
    with pytest.raises(SettingsError, match="2026-01-01, is before the first, 2026-01-02"):
        BackfillDays((), date(2026, 1, 2), date(2026, 1, 1)).within(zone)


def test_the_command_reads_one_channels_days_and_takes_them_to_the_marts(tmp_path: Path, models_dir: Path) -> None:
    place = Place(tmp_path / "place", models_dir)
    days = ("--from", "2026-09-10", "--to", "2026-09-20")
    try:
        said = place.finish("backfill", "--channel", "sample_corner_pharmacy", *days)
        assert "Done in" in said
        with place.connect() as connection:
            found = connection.execute(
                "SELECT DISTINCT dim_channels.channel_name,"
                " (message_timestamp AT TIME ZONE 'Africa/Addis_Ababa')::date::text"
                " FROM marts.fct_messages JOIN marts.dim_channels USING (channel_key) ORDER BY 2"
            ).fetchall()
            assert {channel for channel, _ in found} == {"sample_corner_pharmacy"}
            assert all("2026-09-10" <= day <= "2026-09-20" for _, day in found)
            assert connection.execute("SELECT job, launched_by, status FROM ops.runs").fetchall() == [
                ("backfill", "backfill", "success")
            ]
        with place.running("backfill", "--from", "2026-09-20", "--to", "2026-09-01") as process:
            assert process.wait(timeout=60) == 1
        assert "--to 2026-09-01 is before --from 2026-09-20" in place.said()
    finally:
        place.finish("db", "stop")
