"""From a request to its answer: unwrapping, who may ask it, and which handler answers it.

Handlers live in `login_requests`, `channel_requests` and `file_requests`. Each takes a `Call` and returns a TL object
or raises `RpcFault`. Whoever calls `answer` holds the world's lock until the answer is in bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon import functions, types

from telegram_server.call import Call
from telegram_server.channel_requests import CHANNEL_HANDLERS
from telegram_server.faults import RpcFault
from telegram_server.file_requests import FILE_HANDLERS
from telegram_server.login_requests import LOGIN_HANDLERS, OPEN_TO_ALL

_WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
)
_CLOSED_TO_BOTS = (
    functions.messages.GetHistoryRequest,
    functions.messages.GetDialogsRequest,
    functions.messages.CheckChatInviteRequest,
    functions.contacts.SearchRequest,
)
_VECTOR = 0x1CB5C415
_DC_IDS = range(1, 6)
# Fields of the configuration that nobody reads here, but that must be numbers.
_NUMBERS = (
    "chat_size_max",
    "megagroup_size_max",
    "forwarded_count_max",
    "online_update_period_ms",
    "offline_blur_timeout_ms",
    "offline_idle_timeout_ms",
    "online_cloud_timeout_ms",
    "notify_cloud_delay_ms",
    "notify_default_delay_ms",
    "push_chat_period_ms",
    "push_chat_limit",
    "edit_time_limit",
    "revoke_time_limit",
    "revoke_pm_time_limit",
    "rating_e_decay",
    "stickers_recent_limit",
    "channels_read_media_period",
    "call_receive_timeout_ms",
    "call_ring_timeout_ms",
    "call_connect_timeout_ms",
    "call_packet_timeout_ms",
    "caption_length_max",
    "message_length_max",
)


def unwrap(request: Any) -> Any:
    """The request inside the wrappers that tell the server about the client."""
    while isinstance(request, _WRAPPERS):
        request = request.query
    return request


def answer(call: Call) -> Any:
    """The answer to a request, or the `RpcFault` that it gets."""
    kind = type(call.request)
    account = call.login.account
    if kind not in OPEN_TO_ALL and kind is not functions.help.GetConfigRequest:
        if account is None:
            raise RpcFault(call.login.revoked or "AUTH_KEY_UNREGISTERED", 401)
        if account.is_bot and isinstance(call.request, _CLOSED_TO_BOTS):
            raise RpcFault("BOT_METHOD_INVALID")
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise RpcFault("METHOD_INVALID")
    return handler(call)


def serialise(result: Any) -> bytes:
    """The bytes of an answer, which may be a list."""
    if isinstance(result, list):
        return struct.pack("<Ii", _VECTOR, len(result)) + b"".join(bytes(each) for each in result)
    return bytes(result)


def _config(call: Call) -> Any:
    now = datetime.now(UTC)
    return types.Config(
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=call.login.dc_id,
        # One server is every data centre.
        dc_options=[types.DcOption(dc_id, call.host, call.port) for dc_id in _DC_IDS],
        dc_txt_domain_name="",
        me_url_prefix="https://t.me/",
        webfile_dc_id=4,
        **dict.fromkeys(_NUMBERS, 1000),
    )


def _state(_: Call) -> Any:
    return types.updates.State(pts=1, qts=0, date=datetime.now(UTC), seq=1, unread_count=0)


def _no_difference(_: Call) -> Any:
    return types.updates.DifferenceEmpty(date=datetime.now(UTC), seq=1)


_HANDLERS: dict[Any, Callable[[Call], Any]] = {
    functions.help.GetConfigRequest: _config,
    functions.updates.GetStateRequest: _state,
    # Telethon asks for it after each login.
    functions.updates.GetDifferenceRequest: _no_difference,
    **LOGIN_HANDLERS,
    **CHANNEL_HANDLERS,
    **FILE_HANDLERS,
}
