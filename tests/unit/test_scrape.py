"""A scrape writes what is new, whatever happened to the one before."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec
import pytest

from factories import message
from medical_telegram_warehouse.errors import (
    ChannelError,
    LakeError,
    PhotoError,
    SourceError,
    SourceUnavailableError,
    WaitOrderedError,
)
from medical_telegram_warehouse.lake.photos import list_photos
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.scrape import ChannelStatus, ScrapeSummary, scrape
from medical_telegram_warehouse.sources.base import MessageSource, Observation, PhotoFetch
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


def read_lines(root: Path) -> list[dict[str, Any]]:
    lines = [path.read_bytes().splitlines() for path in (root / "raw").glob("telegram_messages/**/*.jsonl")]
    return [json.loads(line) for found in lines for line in found]


def photos(root: Path) -> dict[str, bytes]:
    folder = root / "raw" / "images"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")}


class Stopped(Exception):  # noqa: N818
    """Stands for whatever ends a scrape at some moment."""


class Shop:
    """A source of one channel with a fixed list of observations; photos and failures are what each test makes them."""

    name = "test"
    channels_at_once = 1
    can_look_up = True
    yields_everything = False

    def __init__(self, *observations: Observation, page: int = 100) -> None:
        self.observations = list(observations)
        self._page = page

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass

    def references(self) -> list[str]:
        return ["shop"]

    async def describe(self, reference: str) -> Channel:
        return Channel(channel_name=reference, scraped_at=datetime(2026, 9, 30, 20, tzinfo=UTC), source=self.name)

    async def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        new = [each for each in self._of(channel) if each.message.message_id > (after_message_id or 0)]
        for start in range(0, len(new), self._page):
            yield new[start : start + self._page]

    async def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        known = [each for each in self._of(channel) if each.message.message_id <= up_to_message_id]
        yield [each for each in known if each.message.message_date >= since]

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:
        return [each for each in self._of(channel) if each.message.message_id in message_ids]

    def _of(self, channel: Channel) -> list[Observation]:
        name = channel.channel_name
        return [
            Observation(msgspec.structs.replace(each.message, channel_name=name, source=self.name), each.photo)
            for each in self.observations
        ]


def bytes_of(content: bytes, fetched: list[bytes] | None = None) -> PhotoFetch:
    async def fetch(file: BinaryIO) -> None:
        if fetched is not None:
            fetched.append(content)
        file.write(content)

    return fetch


def failing(error: BaseException) -> PhotoFetch:
    async def fetch(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    return fetch


def scraped(source: MessageSource, root: Path) -> ScrapeSummary:
    return scrape(source, lake_root=root / "raw", relative_to=root)


def ids(root: Path, name: str = "shop") -> list[int]:
    lines = lake_lines(root).get(f"telegram_messages/2026-09-30/{name}.jsonl", [])
    return sorted(json.loads(line)["message_id"] for line in lines)


def test_a_scrape_counts_what_it_wrote(tmp_path: Path) -> None:
    summary = sample(tmp_path)
    lines = lake_lines(tmp_path)
    written = sum(len(found) for name, found in lines.items() if name.startswith("telegram_messages/"))
    assert summary.lines == summary.total("messages") == written > 50
    assert summary.total("photos") == len(photos(tmp_path)) > 0
    assert {channel.status for channel in summary.channels} == {ChannelStatus.READ}
    assert {name.split("/")[1] for name in lines if "messages" in name} == {DAY.isoformat()}


def test_every_named_photo_is_there(tmp_path: Path) -> None:
    sample(tmp_path)
    named = {json.loads(line).get("image_path") for found in lake_lines(tmp_path).values() for line in found} - {None}
    assert len(named) > 0
    assert all((tmp_path / name).is_file() for name in named)


def test_the_same_scrape_again_writes_nothing(tmp_path: Path) -> None:
    sample(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "raw").rglob("*.jsonl")}
    again = sample(tmp_path)
    assert (again.lines, again.total("photos")) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a touched file would be loaded again"


def test_the_next_day_adds_new_messages_and_sees_recent_ones_again(tmp_path: Path) -> None:
    sample(tmp_path)
    first = lake_lines(tmp_path)
    tomorrow = DAY + timedelta(days=1)
    summary = sample(tmp_path, tomorrow)
    assert summary.total("messages") > 0
    assert summary.total("observed_again") > 0, "views of recent messages have grown"
    grown = lake_lines(tmp_path)
    assert {name: grown[name] for name in first} == first, "what was scraped before stays as it was"
    new_files = {name.split("/")[1] for name in grown.keys() - first.keys() if "messages" in name}
    assert new_files == {tomorrow.isoformat()}
    assert sample(tmp_path, tomorrow).lines == 0


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
    assert summary.total("messages") > 0
    assert sum(map(len, lake_lines(killed).values())) > kept
    assert lake_lines(killed) == lake_lines(undisturbed)
    assert photos(killed) == photos(undisturbed)


def test_a_kill_between_a_photo_and_its_line_fetches_no_photo_twice(tmp_path: Path) -> None:
    fetched: list[bytes] = []
    first = Observation(message(1), bytes_of(b"one", fetched))

    async def stopped_later(_file: BinaryIO) -> None:
        while not (tmp_path / "raw" / "images" / "shop" / "1.jpg").exists():
            await asyncio.sleep(0.001)
        raise Stopped

    with pytest.raises(Stopped):
        scraped(Shop(first, Observation(message(2), stopped_later)), tmp_path)
    assert list(lake_lines(tmp_path)) == ["telegram_channels/2026-09-30.jsonl"], "no line before its page's photos"

    summary = scraped(Shop(first, Observation(message(2), bytes_of(b"two"))), tmp_path)
    assert fetched == [b"one"]
    assert (summary.total("messages"), summary.total("photos")) == (2, 1)
    assert photos(tmp_path) == {"shop/1.jpg": b"one", "shop/2.jpg": b"two"}


def test_a_photo_that_cannot_be_had_is_counted_and_tried_again_at_the_next_scrape(tmp_path: Path) -> None:
    """The lake is then what it would have been at once: the line names the photo's place from the beginning."""
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    old = message(1, message_date=datetime(2026, 8, 1, tzinfo=UTC))  # far outside the recent window
    whole = Shop(Observation(old, bytes_of(b"one")), Observation(message(2), bytes_of(b"two")))
    broken = [Observation(each.message, failing(PhotoError("it ended early"))) for each in whole.observations]

    summary = scraped(Shop(*broken), disturbed)
    assert (summary.total("photos"), summary.total("photos_missing")) == (0, 2)
    assert summary.channels[0].status is ChannelStatus.READ
    assert photos(disturbed) == {}

    summary = scraped(whole, disturbed)
    assert (summary.lines, summary.total("photos"), summary.total("photos_missing")) == (0, 2, 0)
    assert scraped(whole, disturbed).total("photos") == 0
    scraped(whole, undisturbed)
    assert lake_lines(disturbed) == {
        name: [line.replace(b"undisturbed", b"disturbed") for line in found]
        for name, found in lake_lines(undisturbed).items()
    }
    assert photos(disturbed) == photos(undisturbed)


def test_a_missing_photo_of_a_message_that_was_deleted_is_not_asked_for_again(tmp_path: Path) -> None:
    old = message(1, message_date=datetime(2026, 8, 1, tzinfo=UTC))
    scraped(Shop(Observation(old, failing(PhotoError("gone")))), tmp_path)
    asked: list[Sequence[int]] = []

    class Emptied(Shop):
        async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:
            asked.append(list(message_ids))
            return []

    scraped(Emptied(), tmp_path)
    scraped(Emptied(), tmp_path)
    assert asked == [[1]]


def test_another_picture_in_an_edited_message_replaces_the_first(tmp_path: Path) -> None:
    scraped(Shop(Observation(message(1, photo_id=70), bytes_of(b"one"))), tmp_path)
    edited = message(1, photo_id=71)
    with pytest.raises(Stopped):  # killed on the way: the old picture is still whole
        scraped(Shop(Observation(edited, failing(Stopped()))), tmp_path)
    assert photos(tmp_path) == {"shop/1.jpg": b"one"}
    summary = scraped(Shop(Observation(edited, bytes_of(b"another"))), tmp_path)
    assert (summary.total("observed_again"), summary.total("photos")) == (1, 1)
    assert photos(tmp_path) == {"shop/1.jpg": b"another"}


def test_a_message_that_is_gone_from_the_window_is_recorded_as_deleted_once(tmp_path: Path) -> None:
    old = Observation(message(1, message_date=datetime(2026, 8, 1, tzinfo=UTC)), None)
    recent = [Observation(message(number), None) for number in (2, 3, 4)]
    scraped(Shop(old, *recent), tmp_path)
    emptied = Shop(recent[0], recent[2])
    summary = scraped(emptied, tmp_path)
    assert summary.total("deleted") == 1, "3 is gone; whether 1 is gone is no longer looked at"
    deletions = [line for line in read_lines(tmp_path) if line.get("is_deleted")]
    assert [(line["message_id"], line["message_date"]) for line in deletions] == [(3, "2026-09-30T08:00:00Z")]
    assert scraped(emptied, tmp_path).lines == 0
    assert scraped(Shop(old, *recent), tmp_path).total("observed_again") == 1, "it is there again"


def test_a_history_that_leaves_a_message_out_does_not_make_it_deleted(tmp_path: Path) -> None:
    """Telegram sometimes answers with fewer messages than there are; asked by number, it has them."""

    class Forgetful(Shop):
        async def recent_messages(
            self, channel: Channel, since: datetime, up_to_message_id: int
        ) -> AsyncIterator[list[Observation]]:
            yield []

    known = [Observation(message(number), None) for number in (1, 2, 3)]
    scraped(Shop(*known), tmp_path)
    assert scraped(Forgetful(*known), tmp_path).lines == 0


def test_one_channel_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    class Street(Shop):
        def references(self) -> list[str]:
            return ["closed", "shop", "@shop", "slow", "lost"]

        async def describe(self, reference: str) -> Channel:
            if reference == "closed":
                raise ChannelError("it is private")
            return await super().describe(reference.removeprefix("@"))

        async def new_messages(self, channel: Channel, after: int | None) -> AsyncIterator[list[Observation]]:
            async for page in super().new_messages(channel, after):
                yield page
                if channel.channel_name == "slow":
                    raise WaitOrderedError("wait for an hour", 3600)
                if channel.channel_name == "lost":
                    raise SourceUnavailableError("the line is dead")

    posts = [Observation(message(number), None) for number in range(1, 5)]
    summary = scraped(Street(*posts, page=2), tmp_path)
    assert {channel.reference: channel.status for channel in summary.channels} == {
        "closed": ChannelStatus.UNREADABLE,
        "shop": ChannelStatus.READ,
        "@shop": ChannelStatus.REPEATED,
        "slow": ChannelStatus.PAUSED,
        "lost": ChannelStatus.INTERRUPTED,
    }
    assert [channel.reference for channel in summary.not_read] == ["closed", "slow", "lost"]
    assert "private" in summary.channels[0].headline
    assert ids(tmp_path) == [1, 2, 3, 4]
    assert ids(tmp_path, "slow") == [1, 2], "what was read before the wait is kept"
    assert ids(tmp_path, "lost") == [1, 2, 3, 4], "a lost connection is tried once more in the same run"
    scraped(Shop(*posts), tmp_path)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ChannelError("it is private"), SourceError),
        (WaitOrderedError("wait for an hour", 3600), SourceError),  # asking again in a minute would prolong the wait
        (SourceUnavailableError("the line is dead"), SourceUnavailableError),
        (SourceError("the account is banned"), SourceError),
    ],
)
def test_the_scrape_fails_when_no_channel_can_be_read(
    tmp_path: Path, error: Exception, raised: type[Exception]
) -> None:
    class Closed(Shop):
        async def describe(self, reference: str) -> Channel:
            raise error

    with pytest.raises(raised, match=str(error)):
        scraped(Closed(), tmp_path)


def test_an_import_that_reaches_further_back_brings_new_messages_and_not_changes(tmp_path: Path) -> None:
    class Export(Shop):
        yields_everything = True

    scraped(Export(Observation(message(5), None)), tmp_path)
    longer = Export(Observation(message(1), None), Observation(message(5, views=999), None))
    summary = scraped(longer, tmp_path)
    assert (summary.total("messages"), summary.total("observed_again")) == (1, 1)
    assert scraped(longer, tmp_path).lines == 0


def test_a_source_that_fails_is_not_taken_for_a_disk_that_does(tmp_path: Path) -> None:
    """A lost connection may be tried again; a lake that cannot be written needs a person."""
    with pytest.raises(ConnectionResetError):
        scraped(Shop(Observation(message(1), failing(ConnectionResetError()))), tmp_path)


def test_photos_that_cannot_be_written_are_an_error_of_the_lake(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "images").write_bytes(b"a file in the folder's place")
    with pytest.raises(LakeError, match="cannot write the lake"):
        scraped(Shop(Observation(message(1), bytes_of(b"x"))), tmp_path)
    assert list(lake_lines(tmp_path)) == ["telegram_channels/2026-09-30.jsonl"]


def test_pages_that_were_finished_before_a_failure_are_kept(tmp_path: Path) -> None:
    pages = [Observation(message(number), None) for number in range(1, 101)]
    with pytest.raises(Stopped):
        scraped(Shop(*pages, Observation(message(101), failing(Stopped()))), tmp_path)
    assert ids(tmp_path) == list(range(1, 101))

    summary = scraped(Shop(*pages, Observation(message(101), None)), tmp_path)
    assert (summary.total("messages"), summary.total("observed_again")) == (1, 0)


@pytest.mark.parametrize("title", ["../../etc", "a/b", "💊" * 200, ".", " ", "shop\n", "ፋርማሲ"])
def test_whatever_a_channel_is_called_lands_safely_and_is_found_again(tmp_path: Path, title: str) -> None:
    class Titled(Shop):
        def references(self) -> list[str]:
            return [title]

    root = tmp_path / "data"
    scraped(Titled(Observation(message(1), bytes_of(b"one"))), root)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    [photo] = list_photos([Lake("own", root / "raw")], root)
    assert (photo.channel_name, photo.message_id) == (title, 1)
    [line] = read_lines(root)
    assert line["channel_name"] == title
    assert root / line["image_path"] == photo.path


def test_a_page_is_asked_for_while_the_one_before_is_stored(tmp_path: Path) -> None:
    order: list[str] = []

    class Watched(Shop):
        async def new_messages(self, channel: Channel, after: int | None) -> AsyncIterator[list[Observation]]:
            async for page in super().new_messages(channel, after):
                order.append(f"asked {page[0].message.message_id}")
                yield page

    async def slow(file: BinaryIO) -> None:
        await asyncio.sleep(0.05)
        order.append("stored a photo of 1")
        file.write(b"one")

    scraped(Watched(Observation(message(1), slow), Observation(message(2), None), page=1), tmp_path)
    assert order == ["asked 1", "asked 2", "stored a photo of 1"]
