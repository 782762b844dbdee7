"""Whatever Telegram and the network do in the middle: the lake ends as that of an undisturbed scrape."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telethon import functions

from medical_telegram_warehouse.errors import LakeBusyError, SourceError, SourceUnavailableError
from medical_telegram_warehouse.lake.writer import open_lake
from medical_telegram_warehouse.scrape import ChannelStatus
from medical_telegram_warehouse.sources.telegram import client as client_module
from own_telegram import HASH, NOW, Telegram, lake, lines
from telegram_server import TelegramServer
from telegram_server.fake_channel import FakeChannel

MTW = Path(sys.executable).with_name("mtw")
GetHistory = functions.messages.GetHistoryRequest
GetMessages = functions.channels.GetMessagesRequest
GetFile = functions.upload.GetFileRequest
GetFullChannel = functions.channels.GetFullChannelRequest
ResolveUsername = functions.contacts.ResolveUsernameRequest
GetUsers = functions.users.GetUsersRequest
GetDialogs = functions.messages.GetDialogsRequest
DAY = timedelta(days=1)


def assert_as_undisturbed(telegram: Telegram, *, now: Any = NOW) -> None:
    """Scrape the same into another lake, and compare."""
    telegram.server.clear_faults()
    other = telegram.root / "undisturbed"
    telegram.scrape(root=other, now=now)
    assert lake(telegram.root) == lake(other)


@pytest.mark.parametrize("request_type", [GetHistory, GetFile, GetFullChannel, ResolveUsername, GetUsers])
def test_a_short_wait_is_slept_logged_and_counted_whichever_call_it_meets(
    telegram: Telegram, shop: FakeChannel, caplog: pytest.LogCaptureFixture, request_type: Any
) -> None:
    telegram.server.fail(request_type, "FLOOD_WAIT_1", code=420, times=1)
    summary = telegram.scrape()
    name = request_type.__name__.removesuffix("Request")
    assert f"waiting 1 s, as ordered by Telegram, for {name}" in caplog.text
    in_a_turn = request_type is not GetUsers  # that is asked before any channel's turn
    assert summary.channels[0].seconds_waited == (1 if in_a_turn else 0)
    assert_as_undisturbed(telegram)


def test_a_wait_while_looking_for_deleted_messages_is_slept_too(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.scrape()
    shop.delete(240)
    telegram.server.fail(GetMessages, "FLOOD_WAIT_1", code=420)
    summary = telegram.scrape(now=NOW + DAY)
    assert (summary.total("deleted"), summary.channels[0].seconds_waited) == (1, 1)


def test_a_wait_for_titles_is_slept_too(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.server.fail(GetDialogs, "FLOOD_WAIT_1", code=420)
    assert telegram.scrape("Che Med", "CheMed Ltd", "chemed").channels[0].seconds_waited == 1


def test_a_premium_wait_slows_a_download_and_does_not_lose_it(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.server.fail(GetFile, "FLOOD_PREMIUM_WAIT_1", code=420, times=1)
    assert telegram.scrape().total("photos") == 50


@pytest.mark.parametrize(("request_type", "after"), [(GetHistory, 1), (GetHistory, 2), (GetFile, 25)])
def test_a_long_wait_ends_the_channels_turn_and_the_next_run_continues_there(
    telegram: Telegram, shop: FakeChannel, request_type: Any, after: int
) -> None:
    other = telegram.world.add_channel("other", title="Other")
    other.post("hello", date=NOW)
    telegram.server.fail(
        request_type, "FLOOD_WAIT_4000", code=420, times=100, after=after, when=lambda r: is_about(r, shop)
    )
    summary = telegram.scrape("chemed", "other")
    assert [channel.status for channel in summary.channels] == [ChannelStatus.PAUSED, ChannelStatus.READ]
    assert "a wait of 4,000 s was ordered" in summary.channels[0].reason
    kept = summary.channels[0].messages
    assert kept in (0, 100, 200), "whole pages"
    telegram.server.clear_faults()
    assert telegram.scrape("chemed", "other").channels[0].messages == 250 - kept
    (telegram.root / "raw" / "telegram_messages" / "2026-10-01" / "other.jsonl").unlink()
    assert_as_undisturbed(telegram)


def is_about(request: Any, channel: FakeChannel) -> bool:
    peer = getattr(request, "peer", None)
    return peer is None or peer.channel_id == channel.id


def test_the_longest_wait_is_a_setting(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.server.fail(GetHistory, "FLOOD_WAIT_2", code=420)
    with pytest.raises(SourceError, match=r"more than MAX_WAIT_SECONDS=1 is not\s+waited"):
        telegram.scrape(max_wait_seconds=1)


def test_an_expired_reference_to_a_photo_is_renewed_once(telegram: Telegram, shop: FakeChannel) -> None:
    """Telethon renews those of documents only."""
    expired: list[Any] = []

    def expire(request: Any) -> None:
        if isinstance(request, GetFile) and not expired:
            expired.append(request)
            telegram.world.expire_file_references()

    telegram.server.on_request = expire
    summary = telegram.scrape()
    telegram.server.on_request = None
    assert (summary.total("photos"), summary.total("photos_missing")) == (50, 0)
    assert telegram.server.count(GetMessages) > 0
    assert_as_undisturbed(telegram)


def test_a_reference_that_expires_again_costs_the_photo_of_this_run_alone(
    telegram: Telegram, shop: FakeChannel
) -> None:
    telegram.server.fail(GetFile, "FILE_REFERENCE_EXPIRED", times=1000)
    summary = telegram.scrape()
    assert (summary.total("messages"), summary.total("photos_missing")) == (250, 50)
    telegram.server.clear_faults()
    summary = telegram.scrape(now=NOW + 30 * DAY)
    assert (summary.lines, summary.total("photos")) == (0, 50), "far outside the recent window by then"
    assert_as_undisturbed(telegram)


@pytest.mark.parametrize(("times", "missing"), [(1, 0), (200, 50)])
def test_a_truncated_download_is_noticed_and_never_stored(
    telegram: Telegram, shop: FakeChannel, times: int, missing: int
) -> None:
    telegram.server.truncate_files(times=times)
    summary = telegram.scrape()
    assert (summary.total("photos"), summary.total("photos_missing")) == (50 - missing, missing)
    assert len(lake(telegram.root)[1]) == 50 - missing, "no half file, no temporary one"
    telegram.server.clear_faults()
    telegram.scrape()
    assert_as_undisturbed(telegram)


def test_a_photo_that_telegram_does_not_have_does_not_stop_the_channel(
    telegram: Telegram, shop: FakeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.server.fail(GetFile, "LOCATION_INVALID", times=1)
    summary = telegram.scrape()
    assert (summary.total("photos"), summary.total("photos_missing")) == (49, 1)
    assert "photo not stored: Telegram answers LOCATION_INVALID" in caplog.text


@pytest.mark.parametrize(
    ("request_type", "after"), [(GetHistory, 0), (GetHistory, 2), (GetFile, 0), (GetFile, 30), (GetFullChannel, 0)]
)
def test_a_connection_that_breaks_in_the_middle_is_made_again(
    telegram: Telegram, shop: FakeChannel, request_type: Any, after: int
) -> None:
    telegram.server.drop_connections(request=request_type, after=after)
    assert telegram.scrape().channels[0].status is ChannelStatus.READ
    assert_as_undisturbed(telegram)


@pytest.mark.parametrize(("request_type", "seen"), [(GetHistory, 2), (GetFile, 20)])
def test_when_the_server_is_gone_what_was_read_is_kept_and_the_next_run_goes_on(
    telegram: Telegram, shop: FakeChannel, monkeypatch: pytest.MonkeyPatch, request_type: Any, seen: int
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 5)  # some answers Telethon would wait for, for ever

    def vanish(request: Any) -> None:
        if isinstance(request, request_type) and telegram.server.count(request_type) == seen:
            telegram.server.refuse(True)

    telegram.server.on_request = vanish
    with suppress(SourceUnavailableError):  # which is raised where not even a page was read
        assert telegram.scrape().channels[0].status is ChannelStatus.INTERRUPTED
    kept = len(lines(telegram.root))
    assert kept < 250
    telegram.server.on_request = None
    telegram.server.refuse(False)
    assert telegram.scrape().total("messages") == 250 - kept
    assert_as_undisturbed(telegram)


def test_a_server_that_takes_connections_and_closes_them_is_given_up(
    telegram: Telegram, shop: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telethon counts connections that fail, not those that break, and would go on for ever."""
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 2)
    telegram.server.refuse(True, after_accepting=True)
    with pytest.raises(SourceUnavailableError):
        telegram.scrape()


def test_a_server_that_is_not_there_is_named_within_a_minute(telegram: Telegram, shop: FakeChannel) -> None:
    """Retries multiply in Telethon: at 10 of them it was still trying after 100 s."""
    telegram.server.refuse(True)
    began = time.monotonic()
    with pytest.raises(
        SourceUnavailableError, match=rf"no connection to .*127\.0\.0\.1:{telegram.server.port}.*TELEGRAM_DC"
    ):
        telegram.scrape()
    assert time.monotonic() - began < 60
    assert lines(telegram.root) == []


def test_an_answer_that_never_comes_is_not_waited_for(
    telegram: Telegram, shop: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.5)
    telegram.server.hang(GetHistory, times=1, after=1)
    assert telegram.scrape().channels[0].status is ChannelStatus.READ, "the channel gets a second turn"
    assert_as_undisturbed(telegram)


def test_failures_of_telegram_itself_are_tried_again(telegram: Telegram, shop: FakeChannel) -> None:
    telegram.server.fail(GetHistory, "RPC_CALL_FAIL", code=500, times=1)
    assert telegram.scrape().channels[0].status is ChannelStatus.READ
    assert_as_undisturbed(telegram)


def test_a_session_that_is_ended_in_the_middle_fails_the_step_and_keeps_what_was_read(
    telegram: Telegram, shop: FakeChannel
) -> None:
    def end(request: Any) -> None:
        if isinstance(request, GetHistory) and telegram.server.count(GetHistory) == 3:
            telegram.world.revoke(telegram.account)

    telegram.server.on_request = end
    with pytest.raises(SourceError, match=r"Telegram refuses this account: .*mtw login"):
        telegram.scrape()
    assert len(lines(telegram.root)) in (0, 100, 200), "whole pages"


def test_a_server_with_another_key_is_not_trusted(telegram: Telegram, shop: FakeChannel, tmp_path: Path) -> None:
    key = tmp_path / "other.pem"
    key.write_text("no key at all", encoding="utf-8")
    with pytest.raises(SourceError, match="no RSA public key in PEM form"):
        telegram.scrape(public_key=key)
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        telegram.scrape(public_key=tmp_path / "absent.pem")


def test_two_scrapes_at_once_are_refused_before_the_account_is_used(telegram: Telegram, shop: FakeChannel) -> None:
    with open_lake(telegram.root / "raw"), pytest.raises(LakeBusyError, match="another process is writing"):
        telegram.scrape()
    assert telegram.server.requests == [], "one session in two places is ended by Telegram"


def environment(telegram: Telegram, data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        **kept,
        "TELEGRAM_SOURCE": "telegram",
        "TELEGRAM_API_ID": "12345",
        "TELEGRAM_API_HASH": HASH,
        "TELEGRAM_SESSION": telegram.session,
        "TELEGRAM_CHANNELS": "chemed",
        "TELEGRAM_DC": telegram.server.dc,
        "TELEGRAM_DC_PUBLIC_KEY": str(telegram.server.public_key),
        "DATA_DIR": str(data),
        "DAGSTER_HOME": str(data / "dagster"),
        "POSTGRES_PORT": str(port),
    }


def kill_at(server: TelegramServer, request_type: Any, count: int, child: subprocess.Popen[bytes]) -> None:
    def kill(request: Any) -> None:
        if isinstance(request, request_type) and server.count(request_type) >= count and child.poll() is None:
            child.send_signal(signal.SIGKILL)

    server.on_request = kill


@pytest.mark.parametrize(("request_type", "count"), [(GetHistory, 3), (GetFile, 1), (GetFile, 27), (GetFullChannel, 1)])
def test_a_scrape_that_is_killed_is_completed_by_the_next(
    telegram: Telegram, shop: FakeChannel, request_type: Any, count: int
) -> None:
    data = telegram.root / "data"
    settings = environment(telegram, data)
    telegram.server.delay = 0.005
    with subprocess.Popen([MTW, "scrape"], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        kill_at(telegram.server, request_type, count, child)
        child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    telegram.server.on_request = None
    kept = len(lines(data))
    done = subprocess.run([MTW, "scrape"], env=settings, capture_output=True, text=True, check=True, timeout=60)
    assert f"{250 - kept:,} new messages" in done.stdout
    whole = telegram.root / "whole" / "data"
    subprocess.run(
        [MTW, "scrape"], env={**settings, "DATA_DIR": str(whole)}, check=True, timeout=60, capture_output=True
    )
    assert lake(data) == lake(whole)


def test_ctrl_c_keeps_what_was_read_and_says_so(telegram: Telegram, shop: FakeChannel) -> None:
    data = telegram.root / "data"
    settings = environment(telegram, data)
    telegram.server.delay = 0.01
    with subprocess.Popen([MTW, "scrape"], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:

        def interrupt(request: Any) -> None:
            if isinstance(request, GetHistory) and telegram.server.count(GetHistory) == 3:
                child.send_signal(signal.SIGINT)

        telegram.server.on_request = interrupt
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"running it again continues where it stopped" in said
    assert b"Traceback" not in said
    assert len(lines(data)) in (0, 100, 200)


def test_nothing_secret_is_printed_or_stored_but_the_session(telegram: Telegram, shop: FakeChannel) -> None:
    data = telegram.root / "data"
    settings = {**environment(telegram, data), "LOG_LEVEL": "DEBUG"}
    done = subprocess.run([MTW, "scrape"], env=settings, capture_output=True, check=True, timeout=60)
    secrets = [HASH.encode(), telegram.session.encode()]
    told = done.stdout + done.stderr + b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert [secret for secret in secrets if secret in told] == []


def test_the_account_is_asked_for_on_one_loop_at_a_time(telegram: Telegram, shop: FakeChannel) -> None:
    """A step of Dagster may run in a thread of its own, where there is no event loop yet."""

    async def in_a_thread() -> int:
        return (await asyncio.to_thread(telegram.scrape)).total("messages")

    assert asyncio.run(in_a_thread()) == 250
