"""The source `web` against a site on this machine: what it asks for, what it yields, how it takes failures."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.errors import (
    ChannelError,
    PhotoError,
    SourceError,
    SourceUnavailableError,
    WaitOrderedError,
)
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.sources.base import MessageSource, Observation
from medical_telegram_warehouse.sources.waits import turn
from medical_telegram_warehouse.sources.web_preview import WebPreviewSource
from medical_telegram_warehouse.sources.web_preview.paging import ALBUM, BLOCK
from preview_server import FIRST_DATE, JPEG, Fault, PreviewChannel, PreviewPost, PreviewServer, posts

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
T = TypeVar("T")


@pytest.fixture
def channel() -> PreviewChannel:
    return PreviewChannel("Shop")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the developer's machine must not stand between the tests and their server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(channel: PreviewChannel) -> Iterator[PreviewServer]:
    with PreviewServer(channel) as running:
        yield running


def run(server: PreviewServer, work: Callable[[WebPreviewSource], Awaitable[T]], **options: Any) -> T:
    async def connected() -> T:
        values: dict[str, Any] = {"delay_seconds": 0, "retry_delay_seconds": 0.01, "clock": lambda: NOW, **options}
        async with WebPreviewSource(["shop"], base_url=server.url, **values) as source:
            return await work(source)

    return asyncio.run(connected())


async def collected(pages: AsyncIterator[list[Observation]]) -> list[list[Observation]]:
    return [page async for page in pages]


def read(server: PreviewServer, after: int | None = None, **options: Any) -> list[list[Observation]]:
    """Describe the channel and read what is new, as a scrape does."""

    async def work(source: WebPreviewSource) -> list[list[Observation]]:
        return await collected(source.new_messages(await source.describe("shop"), after))

    return run(server, work, **options)


def read_recent(server: PreviewServer, since: datetime, up_to: int) -> list[list[Observation]]:
    async def work(source: WebPreviewSource) -> list[list[Observation]]:
        shop = Channel(channel_name="Shop", username="Shop", scraped_at=NOW, source="web")
        return await collected(source.recent_messages(shop, since, up_to))

    return run(server, work)


def ids(pages: Iterable[list[Observation]]) -> list[int]:
    return [each.message.message_id for page in pages for each in page]


def described(server: PreviewServer, reference: str = "shop", **options: Any) -> Channel:
    return run(server, lambda source: source.describe(reference), **options)


def photo_bytes(server: PreviewServer) -> bytes:
    """Fetch the photo of the channel's newest message."""

    async def work(source: WebPreviewSource) -> bytes:
        pages = await collected(source.new_messages(await source.describe("shop"), None))
        fetch = pages[-1][-1].photo
        assert fetch is not None
        file = io.BytesIO()
        await fetch(file)
        return file.getvalue()

    return run(server, work)


def test_the_source_fulfils_the_contract() -> None:
    source: MessageSource = WebPreviewSource(["shop", "@other"])
    assert (source.name, source.channels_at_once, source.can_look_up, source.yields_everything) == (
        "web",
        2,
        False,
        False,
    )
    assert list(source.references()) == ["shop", "@other"]


def test_a_channel_is_described_by_its_page(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(5)
    assert described(server, f"https://t.me/s/{channel.name.lower()}") == Channel(
        channel_name="Shop",
        scraped_at=NOW,
        source="web",
        title="Zinc & Syrup",
        description="First line\nsecond line",
        subscribers=12_500,
        telegram_id=1096873512,
        username="Shop",
        telegram_type="channel",
        is_verified=False,
    )


def test_a_redirect_means_that_there_is_no_preview(server: PreviewServer) -> None:
    with pytest.raises(ChannelError, match=r"redirects to https://t\.me/private.*source `telegram`"):
        described(server, "private")


def test_a_channel_that_is_not_found_cannot_be_read(server: PreviewServer) -> None:
    server.page_faults.append(Fault(status=404))
    with pytest.raises(ChannelError, match="answered 404"):
        described(server)


@pytest.mark.parametrize("reference", ["../admin", "shop?before=1", "-100123", "https://t.me/+abc", "Zinc & Syrup"])
def test_a_name_that_is_none_never_becomes_an_address(server: PreviewServer, reference: str) -> None:
    with pytest.raises(ChannelError):
        described(server, reference)
    assert server.requests == []


def test_the_channel_keeps_the_name_that_the_lake_gave_it(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(5)

    async def work(source: WebPreviewSource) -> list[list[Observation]]:
        shop = Channel(channel_name="Old name", username="Shop", scraped_at=NOW, source="web")
        return await collected(source.new_messages(shop, None))

    [[found]] = run(server, work)
    assert found.message.channel_name == "Old name"
    assert (found.message.source, found.message.scraped_at) == ("web", NOW)


@pytest.mark.parametrize("page_size", [1, 3, 20, 200])
def test_a_first_scrape_yields_every_message_in_ascending_order(
    server: PreviewServer, channel: PreviewChannel, page_size: int
) -> None:
    channel.posts = posts(*range(1, 20), 25, *range(60, 90), 400)
    server.page_size = page_size
    assert ids(read(server)) == [post.id for post in channel.posts]


def test_the_link_to_older_posts_is_not_needed(server: PreviewServer, channel: PreviewChannel) -> None:
    server.has_more_link = False
    channel.posts = posts(*range(1, 51))
    assert ids(read(server)) == list(range(1, 51))


def test_a_page_of_service_messages_is_not_the_end(server: PreviewServer, channel: PreviewChannel) -> None:
    server.page_size = 5
    notices = [replace(post, is_service=True) for post in posts(*range(20, 40))]
    channel.posts = [*posts(*range(1, 20)), *notices, *posts(40)]
    assert ids(read(server)) == [*range(1, 20), 40]


def test_a_long_history_is_read_in_blocks_that_lose_nothing(server: PreviewServer, channel: PreviewChannel) -> None:
    # More than is kept in memory, a gap that ends no block, and albums over the edges of blocks.
    server.page_size = 100
    server.shows_cut_albums = False
    album = PreviewPost(BLOCK - 1, FIRST_DATE + timedelta(hours=BLOCK), "Album", photos=[JPEG] * 4)
    channel.posts = [
        *posts(*range(1, BLOCK - 1)),
        album,
        *posts(*range(BLOCK + 3, 1600), 40_000, *range(50_000, 50_400)),
    ]
    pages = read(server)
    expected = [number for post in channel.posts for number in range(post.id, post.last_id + 1)]
    assert ids(pages) == expected
    assert max(map(len, pages)) <= 100
    # Twice over the posts, and few steps over the gaps.
    assert len(server.page_requests) < 2 * len(channel.posts) / 100 + 40


def test_a_gap_as_wide_as_numbers_go_is_crossed(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(5, every=timedelta()) + posts(2**62, every=timedelta())
    assert ids(read(server, after=5)) == [2**62]
    assert len(server.page_requests) < 70


def test_each_page_continues_above_what_a_killed_scrape_wrote(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 2500, 2))
    server.page_size = 100
    known, seen = 0, []
    while pages := read(server, after=known):
        seen += ids(pages[:1])
        known = seen[-1]
    assert seen == [post.id for post in channel.posts]


@patiently
@given(
    numbers=st.sets(st.integers(1, 60), min_size=1) | st.sets(st.integers(1, 5000), min_size=1, max_size=40),
    after=st.integers(0, 5000),
    page_size=st.integers(1, 30),
)
def test_whatever_is_missing_all_that_is_above_the_known_is_found(
    numbers: set[int], after: int, page_size: int
) -> None:
    channel = PreviewChannel("Shop", posts(*sorted(numbers), every=timedelta(minutes=1)))
    with PreviewServer(channel, page_size=page_size) as server:
        assert ids(read(server, after=after)) == sorted(number for number in numbers if number > after)


def test_a_first_scrape_takes_so_many_of_the_newest_messages(server: PreviewServer, channel: PreviewChannel) -> None:
    album = PreviewPost(30, FIRST_DATE + timedelta(hours=30), "Album", photos=[JPEG] * 4)
    channel.posts = [*posts(*range(1, 30)), album, *posts(*range(34, 40))]
    for wanted in (1, 6, 8, 25):
        assert ids(read(server, max_messages=wanted)) == list(range(1, 40))[-wanted:]
    assert ids(read(server, max_messages=1000)) == list(range(1, 40))


def test_a_first_scrape_takes_as_many_as_are_wanted_of_a_long_history(
    server: PreviewServer, channel: PreviewChannel
) -> None:
    channel.posts = posts(*range(1, 3000, 2), every=timedelta(minutes=1))
    server.page_size = 200
    assert ids(read(server, max_messages=1234)) == list(range(1, 3000, 2))[-1234:]


def test_a_first_scrape_takes_nothing_older_than_it_should(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 101))
    since = FIRST_DATE + timedelta(hours=70)
    assert ids(read(server, scrape_since=since)) == list(range(70, 101))
    assert len(server.page_requests) == 2
    assert ids(read(server, scrape_since=since, max_messages=10)) == list(range(91, 101))
    assert ids(read(server, scrape_since=NOW + timedelta(days=900))) == []


def test_a_later_scrape_is_not_limited_as_the_first_was(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 101))
    assert ids(read(server, after=50, max_messages=3, scrape_since=NOW + timedelta(days=900))) == list(range(51, 101))


def test_a_later_scrape_asks_only_for_what_is_new(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 101))
    assert ids(read(server, after=95)) == [96, 97, 98, 99, 100]
    assert server.page_requests == ["/s/shop"]
    assert ids(read(server, after=100)) == []
    assert ids(read(server, after=65)) == list(range(66, 101))
    assert server.page_requests == ["/s/shop", "/s/shop", "/s/shop", "/s/Shop?before=81"]


def test_an_empty_channel_yields_nothing(server: PreviewServer) -> None:
    assert read(server) == []


def test_the_recent_window_is_read_again_up_to_what_is_known(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 101))
    pages = read_recent(server, FIRST_DATE + timedelta(hours=60), up_to=90)
    assert ids(pages) == list(range(60, 91))
    assert server.page_requests[0] == f"/s/Shop?before={91 + ALBUM}"
    assert len(server.page_requests) == 3


def test_a_recent_window_over_a_long_history_is_read_whole(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 2501), every=timedelta(minutes=1))
    server.page_size = 200
    assert ids(read_recent(server, FIRST_DATE + timedelta(minutes=300), up_to=2400)) == list(range(300, 2401))


def test_nothing_can_be_looked_up(server: PreviewServer) -> None:
    shop = Channel(channel_name="Shop", scraped_at=NOW, source="web")
    assert run(server, lambda source: source.look_up(shop, [1, 2])) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(body=b"<html><body>Slow down</body></html>"),
        Fault(body=b"<div>" * 50_001),
        Fault(status=429),
        Fault(status=500),
        Fault(status=502, headers={"Retry-After": "soon"}),
        Fault(drops_connection=True),
        Fault(cuts_body=True),
    ],
)
def test_a_failed_request_is_made_again(server: PreviewServer, channel: PreviewChannel, fault: Fault) -> None:
    channel.posts = posts(*range(1, 31))
    server.page_faults.extend([fault, fault])
    assert ids(read(server)) == list(range(1, 31))
    assert len(server.page_requests) == 4


@pytest.mark.parametrize(
    ("fault", "came_back"),
    [(Fault(status=503), "status 503"), (Fault(), "no channel's page"), (Fault(drops_connection=True), "no answer")],
)
def test_a_site_that_stays_away_is_given_up(server: PreviewServer, fault: Fault, came_back: str) -> None:
    server.page_faults.extend([fault] * 3)
    with pytest.raises(SourceUnavailableError, match=f"asked for 3 times.*{came_back}"):
        described(server, retries=2)
    assert len(server.page_requests) == 3


def test_a_site_where_nobody_listens_is_given_up(server: PreviewServer) -> None:
    with PreviewServer() as closed:
        pass
    with pytest.raises(SourceUnavailableError, match="ConnectError"):
        described(closed, retries=1)


@pytest.mark.parametrize("ordered", ["1", format_datetime(NOW + timedelta(seconds=1), usegmt=True)])
def test_an_ordered_wait_is_obeyed_logged_and_told(
    server: PreviewServer, caplog: pytest.LogCaptureFixture, ordered: str
) -> None:
    server.page_faults.append(Fault(status=429, headers={"Retry-After": ordered}))
    waits: list[float] = []
    began = datetime.now(UTC)
    with turn("shop", waits.append):
        described(server)
    assert datetime.now(UTC) - began >= timedelta(seconds=1)
    assert waits == [1.0]
    assert "shop: waiting 1 s, as ordered by http://127.0.0.1" in caplog.text


@pytest.mark.parametrize("ordered", ["301", "9" * 18, format_datetime(NOW + timedelta(hours=2), usegmt=True)])
def test_a_wait_that_is_too_long_ends_the_reading(server: PreviewServer, ordered: str) -> None:
    server.page_faults.append(Fault(status=429, headers={"Retry-After": ordered}))
    waits: list[float] = []
    with pytest.raises(WaitOrderedError, match="what was read is kept") as refused, turn("shop", waits.append):
        described(server)
    assert refused.value.seconds > 300
    assert waits == []


def test_a_preview_switched_off_while_it_is_read_is_said(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = posts(*range(1, 101))

    async def work(source: WebPreviewSource) -> None:
        shop = await source.describe("shop")
        server.page_faults.append(Fault(status=302, headers={"Location": "https://t.me/Shop"}))
        await collected(source.new_messages(shop, None))

    with pytest.raises(ChannelError, match="it was switched off"):
        run(server, work)


def test_requests_of_all_channels_share_one_pause(server: PreviewServer) -> None:
    async def work(source: WebPreviewSource) -> None:
        await asyncio.gather(*(source.describe("shop") for _ in range(4)))

    began = datetime.now(UTC)
    run(server, work, delay_seconds=0.1)
    assert datetime.now(UTC) - began >= timedelta(seconds=3 * 0.05)


def test_posts_that_cannot_be_read_are_told(
    server: PreviewServer, channel: PreviewChannel, caplog: pytest.LogCaptureFixture
) -> None:
    channel.posts = [PreviewPost(2**63, FIRST_DATE), *posts(5)]
    assert ids(read(server)) == [5]
    assert "Shop/9223372036854775808: no usable number" in caplog.text


@pytest.mark.parametrize("kind", ["absolute", "relative", "without a protocol"])
def test_a_photo_is_written_whole_however_its_address_is_written(
    server: PreviewServer, channel: PreviewChannel, kind: str
) -> None:
    server.photo_prefix = {"absolute": None, "relative": "", "without a protocol": f"//{server.address}"}[kind]
    channel.posts = [PreviewPost(5, FIRST_DATE, photos=[JPEG * 50_000])]
    assert photo_bytes(server) == JPEG * 50_000


def test_each_photo_of_an_album_is_its_own_message(server: PreviewServer, channel: PreviewChannel) -> None:
    channel.posts = [PreviewPost(5, FIRST_DATE, "Zinc", photos=[b"first", b"second", b"third"])]
    [page] = read(server)
    assert [(each.message.message_id, each.message.grouped_id) for each in page] == [(5, 5), (6, 5), (7, 5)]
    assert [each.message.message_text for each in page] == ["Zinc", "", ""]
    assert photo_bytes(server) == b"third"


@pytest.mark.parametrize("fault", [Fault(drops_connection=True), Fault(cuts_body=True)])
def test_a_photo_that_breaks_off_is_fetched_again_from_its_start(
    server: PreviewServer, channel: PreviewChannel, fault: Fault
) -> None:
    channel.posts = [PreviewPost(5, FIRST_DATE, photos=[JPEG * 1000])]
    server.photo_faults.extend([fault, fault])
    assert photo_bytes(server) == JPEG * 1000


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(cuts_body=True), "asked for 5 times"),
        (Fault(status=404), "status 404"),
        (Fault(status=302, headers={"Location": "/elsewhere"}), "status 302"),
        (Fault(body=b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "a page instead of a photo"),
        (Fault(), "nothing"),
    ],
)
def test_a_photo_that_cannot_be_had_whole_is_an_error_with_its_reason(
    server: PreviewServer, channel: PreviewChannel, fault: Fault, reason: str
) -> None:
    channel.posts = [PreviewPost(5, FIRST_DATE, photos=[JPEG * 1000])]
    server.photo_faults.extend([fault] * 5)
    with pytest.raises(PhotoError, match=reason):
        photo_bytes(server)


@pytest.mark.parametrize("prefix", ["file://", "http://[::1", "https://", "ftp://host", "http://a\u200b.example:x"])
def test_an_address_that_is_none_is_no_photo(server: PreviewServer, channel: PreviewChannel, prefix: str) -> None:
    server.photo_prefix = prefix
    channel.posts = [PreviewPost(5, FIRST_DATE, photos=[JPEG])]
    with pytest.raises(PhotoError):
        photo_bytes(server)


def test_a_photo_larger_than_any_photo_is_refused(
    server: PreviewServer, channel: PreviewChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medical_telegram_warehouse.sources.web_preview.photos.MAX_PHOTO_BYTES", 1000)
    channel.posts = [PreviewPost(5, FIRST_DATE, photos=[b"x" * 1001])]
    with pytest.raises(PhotoError, match="larger than"):
        photo_bytes(server)


@pytest.mark.parametrize("base_url", ["t.me", "ftp://t.me", "https://", "https://t.me?x=1", "http://[::1"])
def test_an_address_of_no_site_is_refused_before_anything_is_asked(base_url: str) -> None:
    async def connect() -> None:
        async with WebPreviewSource([], base_url=base_url):
            pass

    with pytest.raises(SourceError, match="cannot be the preview's address"):
        asyncio.run(connect())
