"""A scrape writes what is new, whatever happened to the one before."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from factories import message
from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.scrape import PAGE, ScrapeSummary, scrape
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.sample import SampleSource

DAY = date(2026, 9, 30)
SCRAPE_IN_CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from test_scrape import sample
sample(Path(sys.argv[3]), messages=2000)
"""


def sample(root: Path, day: date = DAY, *, messages: int = 120) -> ScrapeSummary:
    return scrape(SampleSource(day, seed=5, messages=messages), lake_root=root / "raw", relative_to=root)


def lake_lines(root: Path) -> dict[str, list[bytes]]:
    """The lines of each file, in no order."""
    folder = root / "raw"
    return {
        str(path.relative_to(folder)): sorted(path.read_bytes().splitlines())
        for path in folder.glob("telegram_*/**/*.jsonl")
    }


def photos(root: Path) -> dict[str, bytes]:
    folder = root / "raw" / "images"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")}


class OneChannel:
    """A source of a fixed list of observations."""

    name = "test"

    def __init__(self, *observations: Observation) -> None:
        self._observations = observations

    def channels(self) -> Iterator[Channel]:
        yield Channel(channel_name="shop", scraped_at=datetime(2026, 9, 30, 20, tzinfo=UTC), source=self.name)

    def observations(
        self, channel: Channel, after_message_id: int | None, refresh_since: datetime | None
    ) -> Iterator[Observation]:
        return iter(self._observations)


def test_a_scrape_counts_what_it_wrote(tmp_path: Path) -> None:
    summary = sample(tmp_path)
    lines = lake_lines(tmp_path)
    written = sum(len(found) for name, found in lines.items() if name.startswith("telegram_messages/"))
    assert summary.messages == written == sum(summary.channels.values()) > 50
    assert summary.observed_again == 0
    assert summary.photos == len(photos(tmp_path)) > 0
    assert {name.split("/")[1] for name in lines if "messages" in name} == {DAY.isoformat()}


def test_every_named_photo_is_there(tmp_path: Path) -> None:
    sample(tmp_path)
    named = {json.loads(line).get("image_path") for found in lake_lines(tmp_path).values() for line in found} - {None}
    assert len(named) > 0
    assert all((tmp_path / name).is_file() for name in named)


def test_the_same_scrape_again_writes_nothing(tmp_path: Path) -> None:
    sample(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "raw").rglob("*.*") if path.name != ".lock"}
    again = sample(tmp_path)
    assert (again.messages, again.observed_again, again.photos, again.channels) == (0, 0, 0, {})
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a touched file would be loaded again"


def test_the_next_day_adds_new_messages_and_sees_recent_ones_again(tmp_path: Path) -> None:
    sample(tmp_path)
    first = lake_lines(tmp_path)
    tomorrow = DAY + timedelta(days=1)
    summary = sample(tmp_path, tomorrow)
    assert summary.messages > 0
    assert summary.observed_again > 0, "views of recent messages have grown"
    grown = lake_lines(tmp_path)
    assert {name: grown[name] for name in first} == first, "what was scraped before stays as it was"
    new_files = {name.split("/")[1] for name in grown.keys() - first.keys() if "messages" in name}
    assert new_files == {tomorrow.isoformat()}
    assert sample(tmp_path, tomorrow).messages == 0


def test_a_killed_scrape_goes_on_where_it_ended(tmp_path: Path) -> None:
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    here = Path(__file__).parent
    child = subprocess.Popen([sys.executable, "-c", SCRAPE_IN_CHILD, str(here), str(here.parent), str(killed)])
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if len(list(killed.glob("raw/telegram_messages/*/*"))) >= 2:
            break
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL, "the child finished before it could be killed"

    kept = sum(map(len, lake_lines(killed).values()))
    summary = sample(killed, messages=2000)
    sample(undisturbed, messages=2000)
    assert summary.messages > 0
    assert sum(map(len, lake_lines(killed).values())) > kept
    assert lake_lines(killed) == lake_lines(undisturbed)
    assert photos(killed) == photos(undisturbed)


def test_a_kill_between_a_photo_and_its_line_fetches_no_photo_twice(tmp_path: Path) -> None:
    fetched = []

    def first() -> bytes:
        fetched.append(1)
        return b"one"

    def interrupted() -> bytes:
        raise KeyboardInterrupt

    source = OneChannel(Observation(message(1), first), Observation(message(2), interrupted))
    with pytest.raises(KeyboardInterrupt):
        scrape(source, lake_root=tmp_path / "raw", relative_to=tmp_path)
    assert list(lake_lines(tmp_path)) == ["telegram_channels/2026-09-30.jsonl"], "no line without its photo"

    again = OneChannel(Observation(message(1), first), Observation(message(2), lambda: b"two"))
    summary = scrape(again, lake_root=tmp_path / "raw", relative_to=tmp_path)
    assert fetched == [1]
    assert (summary.messages, summary.photos) == (2, 1)
    assert photos(tmp_path) == {"shop/1.jpg": b"one", "shop/2.jpg": b"two"}


def test_a_source_that_fails_is_not_taken_for_a_disk_that_does(tmp_path: Path) -> None:
    """A lost connection may be tried again; a lake that cannot be written needs a person."""

    def lost() -> bytes:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        scrape(OneChannel(Observation(message(1), lost)), lake_root=tmp_path / "raw", relative_to=tmp_path)


def test_photos_that_cannot_be_written_are_an_error_of_the_lake(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "images").write_bytes(b"a file in the folder's place")
    with pytest.raises(LakeError, match="cannot write the lake"):
        scrape(OneChannel(Observation(message(1), lambda: b"x")), lake_root=tmp_path / "raw", relative_to=tmp_path)
    assert list(lake_lines(tmp_path)) == ["telegram_channels/2026-09-30.jsonl"]


def test_pages_that_were_finished_before_a_failure_are_kept(tmp_path: Path) -> None:
    def interrupted() -> bytes:
        raise KeyboardInterrupt

    pages = [Observation(message(number), None) for number in range(1, PAGE + 1)]
    source = OneChannel(*pages, Observation(message(PAGE + 1), interrupted))
    with pytest.raises(KeyboardInterrupt):
        scrape(source, lake_root=tmp_path / "raw", relative_to=tmp_path)
    assert len(lake_lines(tmp_path)["telegram_messages/2026-09-30/shop.jsonl"]) == PAGE

    summary = scrape(
        OneChannel(*pages, Observation(message(PAGE + 1), None)), lake_root=tmp_path / "raw", relative_to=tmp_path
    )
    assert (summary.messages, summary.observed_again) == (1, 0)
