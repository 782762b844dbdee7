"""Requests about channels: finding them, their description, the list of dialogs, and their messages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from telethon import functions, types

from telegram_server.call import Call
from telegram_server.channel import Channel
from telegram_server.faults import RpcFault

MAX_PAGE = 100
_USERNAME = re.compile(r"[a-z][a-z0-9_]{3,31}", re.IGNORECASE)
_EPOCH = datetime.fromtimestamp(0, UTC)
# How a request says that it gives no date.
_NO_DATE = (None, _EPOCH)


def _resolve_username(call: Call) -> Any:
    wanted = call.request.username.removeprefix("@")
    if _USERNAME.fullmatch(wanted) is None:
        raise RpcFault("USERNAME_INVALID")
    for channel in call.world.channels.values():
        if channel.findable and (channel.username or "").lower() == wanted.lower():
            return types.contacts.ResolvedPeer(peer=channel.peer, chats=[channel.chat()], users=[])
    for account in call.world.accounts:
        if (account.username or "").lower() == wanted.lower():
            user = account.user(is_self=account is call.login.account)
            return types.contacts.ResolvedPeer(peer=types.PeerUser(user.id), chats=[], users=[user])
    raise RpcFault("USERNAME_NOT_OCCUPIED")


def _check_invite(call: Call) -> Any:
    invite = call.world.invites.get(call.request.hash)
    if invite is None:
        raise RpcFault("INVITE_HASH_INVALID")
    if invite.expired:
        raise RpcFault("INVITE_HASH_EXPIRED")
    channel = invite.channel
    if channel.closed is not None:
        raise RpcFault(channel.closed)
    if invite.joined:
        return types.ChatInviteAlready(chat=channel.chat())
    return types.ChatInvite(
        title=channel.title,
        about=channel.about,
        photo=types.PhotoEmpty(id=0),
        participants_count=channel.subscribers,
        color=0,
        channel=True,
        broadcast=not channel.megagroup,
        megagroup=channel.megagroup,
        public=channel.public,
    )


def _search(call: Call) -> Any:
    query = call.request.q.strip().removeprefix("@").lower()
    if not query:
        raise RpcFault("SEARCH_QUERY_EMPTY")
    found = [
        channel
        for channel in call.world.channels.values()
        if channel.findable and (query in channel.title.lower() or query in (channel.username or "").lower())
    ][: call.request.limit]
    return types.contacts.Found(
        my_results=[channel.peer for channel in found if channel.listed],
        results=[channel.peer for channel in found if not channel.listed],
        chats=[channel.chat() for channel in found],
        users=[],
    )


def _get_dialogs(call: Call) -> Any:
    request = call.request
    listed = [channel for channel in call.world.channels.values() if channel.listed and not request.folder_id]
    listed.sort(key=_last_date, reverse=True)
    total = len(listed)
    if isinstance(request.offset_peer, types.InputPeerChannel):
        ids = [channel.id for channel in listed]
        if request.offset_peer.channel_id in ids:
            listed = listed[ids.index(request.offset_peer.channel_id) + 1 :]
    elif request.offset_date not in _NO_DATE:
        listed = [channel for channel in listed if _last_date(channel) < request.offset_date]
    page = listed[: max(0, min(request.limit, MAX_PAGE))]
    parts: dict[str, Any] = {
        "dialogs": [channel.dialog() for channel in page],
        "messages": [
            call.world.message(channel, last.id) for channel in page if (last := channel.last_message) is not None
        ],
        "chats": [channel.chat() for channel in page],
        "users": [],
    }
    if len(page) == total:
        return types.messages.Dialogs(**parts)
    return types.messages.DialogsSlice(count=total, **parts)


def _last_date(channel: Channel) -> datetime:
    last: datetime = getattr(channel.last_message, "date", _EPOCH)
    return last


def _get_channels(call: Call) -> Any:
    return types.messages.Chats(chats=[call.world.channel(each).chat() for each in call.request.id])


def _get_full_channel(call: Call) -> Any:
    return call.world.channel(call.request.channel).full()


def _get_history(call: Call) -> Any:
    """A window of the history, newest first.

    The offset is a place in the whole history: the first message older than `offset_id`, or else than `offset_date`.
    `add_offset` moves the window. What lies before the newest message is cut off, it does not slide the window.
    `min_id` and `max_id` then leave out messages of the window.
    """
    request = call.request
    channel = call.world.channel(request.peer)
    ids = channel.ids
    place = 0
    if request.offset_id:
        place = len(ids) - bisect_left(ids, request.offset_id)
    elif request.offset_date not in _NO_DATE:
        place = channel.count_since(request.offset_date)
    begin = place + request.add_offset
    end = min(begin + max(0, min(request.limit, MAX_PAGE)), len(ids))
    begin = max(begin, 0)
    window = [ids[len(ids) - 1 - index] for index in range(begin, end)]
    messages = [
        call.world.message(channel, message_id)
        for message_id in window
        if message_id > request.min_id and (message_id < request.max_id or not request.max_id)
    ]
    return types.messages.ChannelMessages(
        pts=1,
        count=len(ids),
        offset_id_offset=begin,
        messages=messages,
        topics=[],
        chats=_mentioned(call, channel, messages),
        users=[],
    )


def _get_messages(call: Call) -> Any:
    channel = call.world.channel(call.request.channel)
    wanted = [getattr(each, "id", 0) for each in call.request.id]
    if not wanted:
        raise RpcFault("MESSAGE_IDS_EMPTY")
    messages = [
        call.world.message(channel, message_id) or types.MessageEmpty(id=message_id, peer_id=None)
        for message_id in wanted[:MAX_PAGE]
    ]
    chats = _mentioned(call, channel, messages)
    return types.messages.ChannelMessages(
        pts=1, count=len(messages), messages=messages, topics=[], chats=chats, users=[]
    )


def _mentioned(call: Call, channel: Channel, messages: list[Any]) -> list[Any]:
    """The channel itself, and those that messages were forwarded from."""
    origins = (getattr(getattr(message, "fwd_from", None), "from_id", None) for message in messages)
    numbers = {origin.channel_id for origin in origins if isinstance(origin, types.PeerChannel)} - {channel.id}
    return [
        channel.chat(),
        *(call.world.channels[number].chat() for number in numbers if number in call.world.channels),
    ]


CHANNEL_HANDLERS: dict[Any, Callable[[Call], Any]] = {
    functions.contacts.ResolveUsernameRequest: _resolve_username,
    functions.contacts.SearchRequest: _search,
    functions.messages.CheckChatInviteRequest: _check_invite,
    functions.messages.GetDialogsRequest: _get_dialogs,
    functions.messages.GetHistoryRequest: _get_history,
    functions.channels.GetChannelsRequest: _get_channels,
    functions.channels.GetFullChannelRequest: _get_full_channel,
    functions.channels.GetMessagesRequest: _get_messages,
}
