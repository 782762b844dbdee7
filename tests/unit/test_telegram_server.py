"""The Telegram server for tests behaves like Telegram towards an unmodified Telethon client."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rsa
from telethon import TelegramClient, errors, functions, types
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import StringSession

from telegram_server import Account, FakeChannel, TelegramServer, World, connect
from telegram_server.transport import packet

TESTS = Path(__file__).resolve().parents[1]
START = datetime(2026, 9, 1, 8, tzinfo=UTC)
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 600  # More than one part of a download.
GET_HISTORY = functions.messages.GetHistoryRequest
GET_FILE = functions.upload.GetFileRequest
Script = Callable[[Any], Coroutine[Any, Any, Any]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account(phone="+251911000001", code="12345", username="abebe")


@pytest.fixture
def channel(world: World) -> FakeChannel:
    return world.add_channel("chemed", title="CheMed", about="A pharmacy", subscribers=1234)


@pytest.fixture
def server(world: World) -> Iterator[TelegramServer]:
    with TelegramServer(world) as server:
        yield server


@asynccontextmanager
async def connected(client: Any) -> AsyncIterator[Any]:
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


@pytest.fixture
def run(world: World, server: TelegramServer, account: Account) -> Callable[[Script], Any]:
    """Runs a script with a client that is logged in."""

    async def with_client(script: Script) -> Any:
        async with connected(connect(server, world.session_string(account, server))) as client:
            return await script(client)

    return lambda script: asyncio.run(with_client(script))


@pytest.fixture
def run_new(server: TelegramServer) -> Callable[[Script], Any]:
    """Runs a script with a client that the server does not know yet."""

    async def with_client(script: Script) -> Any:
        async with connected(connect(server)) as client:
            return await script(client)

    return lambda script: asyncio.run(with_client(script))


async def ids(client: Any, entity: Any = "chemed", **options: Any) -> list[int]:
    # Telethon pauses a second between pages unless it is told not to.
    return [message.id async for message in client.iter_messages(entity, wait_time=0, **options)]


def post_many(channel: FakeChannel, count: int) -> None:
    for number in range(count):
        channel.post(f"post {number + 1}", date=START + timedelta(hours=number))


# --- Logging in ------------------------------------------------------------------------------------------------------


def test_a_new_client_logs_in_with_the_code_and_its_session_can_be_used_again(
    server: TelegramServer, account: Account, run_new: Callable[[Script], Any]
) -> None:
    async def log_in(client: Any) -> str:
        assert not await client.is_user_authorized()
        await client.send_code_request(account.phone)
        me = await client.sign_in(account.phone, "12345")
        assert (me.id, me.username, me.is_self) == (account.user_id, "abebe", True)
        return str(client.session.save())

    async def come_back(session: str) -> None:
        async with connected(connect(server, session)) as client:
            assert (await client.get_me()).id == account.user_id

    asyncio.run(come_back(run_new(log_in)))


def test_a_wrong_code_and_an_unknown_phone_are_refused(account: Account, run_new: Callable[[Script], Any]) -> None:
    async def script(client: Any) -> None:
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("+251911999999")
        await client.send_code_request(account.phone)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(account.phone, "54321")
        assert not await client.is_user_authorized()

    run_new(script)


def test_an_account_with_a_two_step_password_needs_it(world: World, run_new: Callable[[Script], Any]) -> None:
    careful = world.add_account(phone="+251911000002", code="777", password="ሚስጥር 1")

    async def script(client: Any) -> None:
        await client.send_code_request(careful.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(careful.phone, "777")
        assert not await client.is_user_authorized()
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="wrong")
        assert (await client.sign_in(password="ሚስጥር 1")).id == careful.user_id

    run_new(script)


def test_a_bot_logs_in_with_its_token_and_may_not_read_history(
    world: World, channel: FakeChannel, run_new: Callable[[Script], Any]
) -> None:
    bot = world.add_account(phone="", username="helper_bot", is_bot=True)

    async def script(client: Any) -> None:
        with pytest.raises(errors.AccessTokenInvalidError):
            await client.sign_in(bot_token="1:wrong")
        assert (await client.sign_in(bot_token=bot.bot_token)).bot
        with pytest.raises(errors.BotMethodInvalidError):
            await ids(client)

    run_new(script)


def test_without_a_login_and_after_a_logout_nothing_is_told(
    channel: FakeChannel, run: Callable[[Script], Any], run_new: Callable[[Script], Any]
) -> None:
    async def too_early(client: Any) -> None:
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(functions.contacts.ResolveUsernameRequest("chemed"))

    async def too_late(client: Any) -> None:
        await client(functions.auth.LogOutRequest())
        await too_early(client)

    run_new(too_early)
    run(too_late)


def test_a_revoked_session_is_told_so(world: World, account: Account, run: Callable[[Script], Any]) -> None:
    async def script(client: Any) -> None:
        world.revoke(account)
        with pytest.raises(errors.SessionRevokedError):
            await client(functions.updates.GetStateRequest())

    run(script)


def test_a_session_of_another_server_is_not_known(server: TelegramServer, account: Account) -> None:
    elsewhere = World()
    foreign = elsewhere.session_string(elsewhere.add_account(phone="1"), server)

    async def script() -> None:
        client = connect(server, foreign)
        with pytest.raises(errors.AuthKeyNotFound):
            await client.connect()
        await client.disconnect()

    asyncio.run(script())


def test_a_client_that_does_not_trust_the_key_gets_no_connection(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script() -> None:
        client = connect(server, connection_retries=0)
        monkeypatch.setattr(telethon_rsa, "_server_keys", {})
        with pytest.raises(ConnectionError):
            await client.connect()
        await client.disconnect()

    asyncio.run(script())


def test_both_forms_of_the_public_key_hold_the_same_key(server: TelegramServer) -> None:
    plain = rsa.PublicKey.load_pkcs1(server.public_key.read_bytes())
    assert rsa.PublicKey.load_pkcs1_openssl_pem(server.public_key_spki.read_bytes()) == plain
    assert plain.n.bit_length() == 2048


# --- Channels --------------------------------------------------------------------------------------------------------


def test_a_name_resolves_to_its_channel_whatever_its_case(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    async def script(client: Any) -> None:
        found = await client.get_entity("CheMed")
        assert (found.id, found.title, found.access_hash) == (channel.id, "CheMed", channel.access_hash)
        full = await client(functions.channels.GetFullChannelRequest(found))
        assert (full.full_chat.about, full.full_chat.participants_count) == ("A pharmacy", 1234)
        with pytest.raises(errors.UsernameInvalidError):
            await client(functions.contacts.ResolveUsernameRequest("1x"))
        with pytest.raises(errors.UsernameNotOccupiedError):
            await client(functions.contacts.ResolveUsernameRequest("nobody_here"))
        assert (await client.get_entity("abebe")).is_self

    run(script)


def test_a_renamed_channel_keeps_its_id(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    channel.rename(title="New", username="new_name")

    async def script(client: Any) -> None:
        found = await client.get_entity("new_name")
        assert (found.id, found.title) == (channel.id, "New")
        with pytest.raises(ValueError, match="chemed"):
            await client.get_entity("chemed")

    run(script)


@pytest.mark.parametrize(
    ("close", "error", "resolves"),
    [
        (FakeChannel.become_private, errors.ChannelPrivateError, False),
        (FakeChannel.ban, errors.UserBannedInChannelError, True),
        (FakeChannel.disappear, errors.ChannelInvalidError, False),
    ],
)
def test_a_closed_channel_answers_with_its_error(
    channel: FakeChannel,
    run: Callable[[Script], Any],
    close: Callable[[FakeChannel], None],
    error: type[Exception],
    resolves: bool,
) -> None:
    async def script(client: Any) -> None:
        entity = await client.get_input_entity("chemed")
        close(channel)
        with pytest.raises(error):
            await ids(client, entity)
        with pytest.raises(error):
            await client(functions.channels.GetFullChannelRequest(entity))
        with pytest.raises(error):
            await client.get_messages(entity, ids=[1])
        assert [dialog async for dialog in client.iter_dialogs()] == []
        if resolves:
            await client(functions.contacts.ResolveUsernameRequest("chemed"))
        else:
            with pytest.raises(errors.UsernameNotOccupiedError):
                await client(functions.contacts.ResolveUsernameRequest("chemed"))

    run(script)


def test_a_channel_cannot_be_read_with_a_wrong_access_hash(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    async def script(client: Any) -> None:
        with pytest.raises(errors.ChannelInvalidError):
            await ids(client, types.InputPeerChannel(channel.id, channel.access_hash + 1))

    run(script)


def test_a_private_link_leads_to_the_channel_once_it_was_followed(world: World, run: Callable[[Script], Any]) -> None:
    private = world.add_channel(None, title="Wholesale")
    stranger = world.add_channel(None, title="Strangers", joined=False)
    world.add_invite("Joined", private)
    world.add_invite("NotJoined", stranger, joined=False)
    world.add_invite("TooOld", private, expired=True)
    private.post("for members")

    async def script(client: Any) -> None:
        entity = await client.get_entity("https://t.me/+Joined")
        assert [message.message async for message in client.iter_messages(entity)] == ["for members"]
        preview = await client(functions.messages.CheckChatInviteRequest("NotJoined"))
        assert (type(preview), preview.title) == (types.ChatInvite, "Strangers")
        with pytest.raises(errors.InviteHashInvalidError):
            await client(functions.messages.CheckChatInviteRequest("Unknown"))
        with pytest.raises(errors.InviteHashExpiredError):
            await client(functions.messages.CheckChatInviteRequest("TooOld"))
        with pytest.raises(errors.ChannelPrivateError):
            await ids(client, types.InputPeerChannel(stranger.id, stranger.access_hash))

    run(script)


def test_dialogs_are_the_joined_channels_newest_first_over_several_pages(
    world: World, run: Callable[[Script], Any]
) -> None:
    for number in range(230):
        world.add_channel(f"shop_{number}").post(date=START + timedelta(minutes=number))
    world.add_channel("silent_shop")
    world.add_channel("other_shop", joined=False).post()

    async def script(client: Any) -> None:
        names = [dialog.entity.username async for dialog in client.iter_dialogs()]
        assert names == [f"shop_{number}" for number in reversed(range(230))] + ["silent_shop"]

    run(script)


def test_a_search_finds_public_channels_by_name_and_title(world: World, run: Callable[[Script], Any]) -> None:
    ours = world.add_channel("abc_pharmacy")
    other = world.add_channel("xyz_shop", title="The PHARMACY", joined=False)
    world.add_channel(None, title="pharmacy in private")

    async def script(client: Any) -> None:
        found = await client(functions.contacts.SearchRequest("Pharmacy", limit=10))
        assert (found.my_results, found.results) == ([ours.peer], [other.peer])
        assert {chat.id for chat in found.chats} == {ours.id, other.id}

    run(script)


# --- Messages --------------------------------------------------------------------------------------------------------


def test_history_is_read_in_pages_from_either_end(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    post_many(channel, 250)

    async def script(client: Any) -> None:
        everything = list(range(1, 251))
        assert await ids(client) == everything[::-1]
        assert await ids(client, reverse=True) == everything
        assert await ids(client, reverse=True, min_id=99) == everything[99:]
        assert await ids(client, reverse=True, min_id=249) == [250]
        assert await ids(client, reverse=True, min_id=250) == []
        assert await ids(client, min_id=240, max_id=245) == [244, 243, 242, 241]
        assert await ids(client, reverse=True, min_id=100, max_id=104) == [101, 102, 103]
        assert await ids(client, limit=3, offset_id=100) == [99, 98, 97]

    run(script)


def test_history_begins_at_a_date(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    post_many(channel, 250)

    async def script(client: Any) -> None:
        date = START + timedelta(hours=120)  # The date of message 121.
        assert await ids(client, offset_date=date, limit=2) == [120, 119]
        assert await ids(client, offset_date=date, limit=2, reverse=True) == [121, 122]
        assert await ids(client, offset_date=date, reverse=True) == list(range(121, 251))

    run(script)


def test_an_added_offset_skips_messages(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    post_many(channel, 250)
    channel.delete(200)

    async def script(client: Any) -> None:
        assert await ids(client, add_offset=10, limit=1) == [240]
        assert await ids(client, add_offset=200, limit=1) == [49]
        assert await ids(client, add_offset=249, limit=1) == []
        peer = await client.get_input_entity("chemed")

        async def window(**options: int) -> list[int]:
            blank = {"offset_id": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
            page = await client(GET_HISTORY(peer=peer, offset_date=None, **{**blank, **options}))
            assert page.count == 249
            return [message.id for message in page.messages]

        # What would lie before the newest message is cut off: the window does not slide.
        assert await window(offset_id=249, add_offset=-5, limit=5) == [250, 249]
        assert await window(offset_id=100, add_offset=-2, limit=4) == [101, 100, 99, 98]
        # The bounds apply to the window.
        assert await window(max_id=50) == []
        assert await window(max_id=248, min_id=245) == [247, 246]
        assert len(await window(limit=1000)) == 100

    run(script)


def test_a_deleted_message_is_gone_from_history_and_empty_by_id(
    channel: FakeChannel, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 5)

    async def script(client: Any) -> None:
        channel.delete(2, 5)
        assert await ids(client) == [4, 3, 1]
        found = await client.get_messages("chemed", ids=[1, 2, 5, 99])
        assert [message and message.id for message in found] == [1, None, None, None]
        channel.post("later")
        assert await ids(client, limit=1) == [6]

    run(script)


def test_a_message_arrives_with_all_that_it_was_posted_with(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    channel.post("first")
    channel.post(
        "Ask @shop",
        date=START,
        views=10,
        forwards=1,
        entities=[types.MessageEntityMention(offset=4, length=5)],
        grouped_id=77,
        reply_to=1,
        fwd_from=types.MessageFwdHeader(date=START, from_name="Sara"),
        reactions={"👍": 3},
        replies=5,
        post_author="Abebe",
        pinned=True,
        edit_date=START + timedelta(hours=1),
    )
    channel.service(types.MessageActionPinMessage())

    async def script(client: Any) -> None:
        pinned, message, _ = await client.get_messages("chemed", limit=10)
        assert isinstance(pinned.action, types.MessageActionPinMessage)
        assert (message.text, message.date, message.views, message.forwards) == ("Ask @shop", START, 10, 1)
        assert message.get_entities_text()[0][1] == "@shop"
        assert (message.grouped_id, message.reply_to.reply_to_msg_id, message.post_author) == (77, 1, "Abebe")
        assert message.fwd_from.from_name == "Sara"
        assert [(each.reaction.emoticon, each.count) for each in message.reactions.results] == [("👍", 3)]
        assert (message.replies.replies, message.pinned, message.post) == (5, True, True)
        assert message.edit_date == START + timedelta(hours=1)
        channel.edit(2, text="Sold out", views=99, reactions={"👎": 1}, photo=PHOTO, edit_date=START)
        message = await client.get_messages("chemed", ids=2)
        assert (message.text, message.views, message.edit_date) == ("Sold out", 99, START)
        assert await client.download_media(message, bytes) == PHOTO

    run(script)


# --- Files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dc_id", [2, 4])
def test_a_photo_downloads_from_its_data_centre(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any], dc_id: int
) -> None:
    channel.post(photo=PHOTO, dc_id=dc_id)

    async def script(client: Any) -> None:
        message = await client.get_messages("chemed", ids=1)
        assert message.photo.dc_id == dc_id
        assert message.file.size == len(PHOTO)
        assert await client.download_media(message, bytes) == PHOTO
        assert await client.download_media(message, bytes, thumb=1) == PHOTO[: len(PHOTO) // 4]

    run(script)
    assert server.count(functions.auth.ImportAuthorizationRequest) == (dc_id != 2)
    assert server.sent_bytes > len(PHOTO)


def test_the_wrong_data_centre_names_the_right_one(channel: FakeChannel, run: Callable[[Script], Any]) -> None:
    channel.post(photo=PHOTO, dc_id=4)

    async def script(client: Any) -> None:
        photo = (await client.get_messages("chemed", ids=1)).photo
        location = types.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, "y")
        with pytest.raises(errors.FileMigrateError) as caught:
            await client(GET_FILE(location, offset=0, limit=4096))
        assert caught.value.new_dc == 4

    run(script)


def test_documents_and_videos_download_with_their_type_and_name(
    channel: FakeChannel, run: Callable[[Script], Any]
) -> None:
    channel.post(document=(PHOTO, "image/png", "price list.png"))
    channel.post(video=PHOTO[:5000])

    async def script(client: Any) -> None:
        video, document = await client.get_messages("chemed", limit=2)
        assert (document.file.name, document.file.mime_type, document.file.width) == (
            "price list.png",
            "image/png",
            1280,
        )
        assert await client.download_media(document, bytes) == PHOTO
        assert video.video.mime_type == "video/mp4"
        assert await client.download_media(video, bytes) == PHOTO[:5000]

    run(script)


def test_a_truncated_download_is_short_once(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    channel.post(photo=PHOTO[:20_000])
    server.truncate_files()

    async def script(client: Any) -> None:
        message = await client.get_messages("chemed", ids=1)
        assert await client.download_media(message, bytes) == PHOTO[:10_000]
        assert await client.download_media(message, bytes) == PHOTO[:20_000]

    run(script)


def test_an_expired_file_reference_is_renewed_with_its_message(
    world: World, channel: FakeChannel, run: Callable[[Script], Any]
) -> None:
    channel.post(photo=PHOTO)

    async def script(client: Any) -> None:
        message = await client.get_messages("chemed", ids=1)
        world.expire_file_references()
        with pytest.raises(errors.FileReferenceExpiredError):
            await client.download_media(message, bytes)
        message = await client.get_messages("chemed", ids=1)
        assert await client.download_media(message, bytes) == PHOTO

    run(script)


# --- Faults ----------------------------------------------------------------------------------------------------------


def test_a_flood_error_reaches_the_caller_and_passes(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 1)
    server.fail(GET_HISTORY, "FLOOD_WAIT_1", code=420, after=1)

    async def script(client: Any) -> None:
        assert await ids(client) == [1]
        with pytest.raises(errors.FloodWaitError) as caught:
            await ids(client)
        assert caught.value.seconds == 1
        assert await ids(client) == [1]

    run(script)
    assert server.count(GET_HISTORY) == 3


def test_a_fault_may_be_for_some_requests_only(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 1)
    server.fail(GET_HISTORY, "CHANNEL_PRIVATE", when=lambda request: request.limit == 7)

    async def script(client: Any) -> None:
        assert await ids(client) == [1]
        with pytest.raises(errors.ChannelPrivateError):
            await ids(client, limit=7)

    run(script)


def test_the_client_recovers_from_a_dropped_connection(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 250)
    server.drop_connections(after=1, request=GET_HISTORY)
    assert run(ids) == list(range(250, 0, -1))


@pytest.mark.parametrize("after_accepting", [False, True])
def test_a_server_that_refuses_connections_is_gone_until_it_comes_back(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any], after_accepting: bool
) -> None:
    post_many(channel, 3)

    async def no_answer(client: Any) -> None:
        with pytest.raises((ConnectionError, asyncio.TimeoutError)):
            await asyncio.wait_for(ids(client), 0.5)

    async def script(client: Any) -> None:
        assert await ids(client) == [3, 2, 1]
        server.refuse(True, after_accepting=after_accepting)
        await no_answer(client)
        await no_answer(client)
        server.refuse(False)
        await client.connect()
        assert await ids(client) == [3, 2, 1]

    run(script)


def test_nobody_listens_while_the_server_refuses(server: TelegramServer) -> None:
    server.refuse(True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=10)
    server.refuse(False)
    socket.create_connection((server.host, server.port), timeout=10).close()


def test_a_client_that_comes_while_the_server_goes_leaves_no_open_socket(world: World) -> None:
    """A socket that is forgotten warns when it is collected, and warnings are errors."""
    for _ in range(50):
        with TelegramServer(world) as server, socket.create_connection((server.host, server.port), timeout=10):
            pass
    gc.collect()


def test_a_request_that_hangs_does_not_hold_up_the_next(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 3)
    server.hang(GET_HISTORY)

    async def script(client: Any) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ids(client), 0.2)
        assert await ids(client) == [3, 2, 1]

    run(script)


def test_the_world_can_change_in_the_middle_of_a_request(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    post_many(channel, 2)

    def act(request: Any) -> None:
        if isinstance(request, GET_HISTORY) and request.offset_id == 0:
            channel.delete(1)

    server.on_request = act
    assert run(ids) == [2]


def test_requests_under_a_delay_wait_side_by_side(
    channel: FakeChannel, server: TelegramServer, run: Callable[[Script], Any]
) -> None:
    channel.post(photo=PHOTO[:4096])

    async def script(client: Any) -> float:
        message = await client.get_messages("chemed", ids=1)
        server.delay = 0.3
        begin = time.monotonic()
        await asyncio.gather(*(client.download_media(message, bytes) for _ in range(10)))
        return time.monotonic() - begin

    assert run(script) >= 0.3
    assert server.max_parallel_files == 10


def test_an_error_of_the_server_itself_fails_the_test(world: World, account: Account) -> None:
    def stumble(_: Any) -> None:
        raise LookupError("a bug in the test")

    async def script(server: TelegramServer) -> None:
        async with connected(connect(server, world.session_string(account, server))) as client:
            server.on_request = stumble
            with pytest.raises(errors.BadRequestError):
                await client(functions.updates.GetStateRequest())

    with pytest.raises(LookupError), TelegramServer(world) as server:
        asyncio.run(script(server))


def test_an_unknown_request_is_recorded_and_refused(server: TelegramServer, run: Callable[[Script], Any]) -> None:
    async def script(client: Any) -> None:
        with pytest.raises(errors.MethodInvalidError):
            await client(functions.account.GetAuthorizationsRequest())

    run(script)
    assert isinstance(server.requests[-1], functions.account.GetAuthorizationsRequest)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", packet(b"\0" * 20 + b"junk", 0), packet(b"\1" * 9, 0)])
def test_a_visitor_who_speaks_no_telegram_does_no_harm(
    server: TelegramServer, channel: FakeChannel, run: Callable[[Script], Any], sent: bytes
) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as visitor:
        visitor.sendall(sent)
        assert run(ids) == []


# --- A server of its own ---------------------------------------------------------------------------------------------


def test_a_generated_channel_of_a_million_messages_is_read_without_holding_them(
    world: World, run: Callable[[Script], Any]
) -> None:
    big = world.add_generated_channel("big_channel", messages=1_000_000, photo_share=0.5, photo_bytes=3000)

    async def script(client: Any) -> None:
        assert await ids(client, "big_channel", limit=3) == [1_000_000, 999_999, 999_998]
        assert await ids(client, "big_channel", limit=2, reverse=True, min_id=500_000) == [500_001, 500_002]
        assert await ids(client, "big_channel", add_offset=999_999, limit=1) == [1]
        date = (await client.get_messages("big_channel", ids=123_456)).date
        assert await ids(client, "big_channel", offset_date=date, limit=1) == [123_455]
        page = await client.get_messages("big_channel", limit=100)
        with_photo = [message for message in page if message.photo]
        assert 25 < len(with_photo) < 75
        photo = await client.download_media(with_photo[0], bytes)
        assert (photo[:3], len(photo)) == (b"\xff\xd8\xff", 3000)
        assert photo == await client.download_media(with_photo[0], bytes)
        big.grow(1)
        assert await ids(client, "big_channel", limit=1) == [1_000_001]

    run(script)


def test_the_server_runs_as_a_program(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "telegram_server", "--messages", "300", "--photos", "1", "--photo-bytes", "5000"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen([*command, "--ready-file", ready], env=environment) as process:
        try:
            deadline = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            facts = json.loads(ready.read_text("utf-8"))
            assert facts["dc"].startswith("2:127.0.0.1:")
            assert b"BEGIN RSA PUBLIC KEY" in Path(facts["public_key"]).read_bytes()

            async def script() -> None:
                TelegramClient._config = None
                async with connected(TelegramClient(StringSession(facts["session"]), 1, "hash")) as client:
                    assert len(await ids(client, "big_channel")) == 300
                    message = await client.get_messages("big_channel", ids=1)
                    assert len(await client.download_media(message, bytes)) == 5000

            asyncio.run(script())
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert len(base64.urlsafe_b64decode(facts["session"][1:])) == 263
