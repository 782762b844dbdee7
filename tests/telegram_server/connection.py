"""One client's TCP connection: its packets, its encrypted session, and a task for each request it sends.

Every request is answered in a task of its own, so that a slow one holds up no other.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

from telethon import functions, types
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult

from telegram_server.handlers import unwrap
from telegram_server.handshake import Handshake, HandshakeError
from telegram_server.transport import Envelope, ProtocolError, open_message, packet, read_packet, seal_message
from telegram_server.world import Login, World

_SALT = 0x5A17
_UNKNOWN_KEY = struct.pack("<i", -404)
# From a request to the bytes of its answer. None closes the connection instead.
Answer = Callable[[Login, Any], Awaitable[bytes | None]]


class Connection:
    """Reads until the client leaves or `abort` is called."""

    def __init__(
        self, world: World, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.sent_bytes = 0
        self._world = world
        self._answer = answer
        self._reader = reader
        self._writer = writer
        self._handshake = Handshake()
        self._sessions: dict[int, int] = {}  # How many answers each session has had.
        self._tasks: set[asyncio.Task[None]] = set()
        self._packets = 0
        self._last_id = 0

    async def run(self) -> None:
        """Serves the client until the connection ends."""
        try:
            while True:
                self._receive(await read_packet(self._reader))
        except (asyncio.IncompleteReadError, OSError, ProtocolError, HandshakeError, TypeNotFoundError):
            pass  # The client left, or it is no Telegram client.
        finally:
            self.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    def abort(self) -> None:
        """Closes the connection at once. Requests that are being answered stay without an answer."""
        for task in self._tasks:
            task.cancel()
        self._writer.transport.abort()

    def _receive(self, payload: bytes) -> None:
        key_id = int.from_bytes(payload[:8], "little")
        if key_id == 0:
            self._exchange_keys(payload)
            return
        client = self._world.client(key_id)
        if client is None:
            self._write(_UNKNOWN_KEY)
            return
        key, login = client
        message = open_message(key, payload[8:])
        peer = _Peer(key, payload[:8], login, message.session_id)
        if message.session_id not in self._sessions:
            self._sessions[message.session_id] = 0
            self._send(peer, bytes(types.NewSessionCreated(message.message_id, message.session_id, _SALT)))
        self._process(peer, message.message_id, BinaryReader(message.body).tgread_object())

    def _exchange_keys(self, payload: bytes) -> None:
        body = bytes(self._handshake.answer(BinaryReader(payload[20:]).tgread_object()))
        if self._handshake.key is not None:
            self._world.add_key(self._handshake.key)
            self._handshake = Handshake()
        self._write(struct.pack("<qqi", 0, self._new_id(), len(body)) + body)

    def _process(self, peer: _Peer, message_id: int, content: Any) -> None:
        if isinstance(content, GzipPacked):
            self._process(peer, message_id, BinaryReader(content.data).tgread_object())
        elif isinstance(content, MessageContainer):
            for inner in content.messages:
                self._process(peer, inner.msg_id, inner.obj)
        elif isinstance(content, functions.PingRequest | functions.PingDelayDisconnectRequest):
            self._send(peer, bytes(types.Pong(message_id, content.ping_id)))
        elif not isinstance(content, types.MsgsAck | types.MsgsStateInfo):
            task = asyncio.create_task(self._respond(peer, message_id, unwrap(content)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _respond(self, peer: _Peer, message_id: int, request: Any) -> None:
        body = await self._answer(peer.login, request)
        if body is None:
            self.abort()
            return
        self._send(peer, struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, message_id) + body, is_answer=True)
        await asyncio.gather(self._writer.drain(), return_exceptions=True)

    def _send(self, peer: _Peer, body: bytes, *, is_answer: bool = False) -> None:
        answers = self._sessions[peer.session_id]
        message = Envelope(peer.session_id, self._new_id(is_answer=is_answer), answers * 2 + is_answer, body)
        self._sessions[peer.session_id] += is_answer
        self._write(peer.key_id + seal_message(peer.key, _SALT, message))

    def _write(self, payload: bytes) -> None:
        if self._writer.transport.is_closing():
            return
        framed = packet(payload, self._packets)
        self._packets += 1
        self.sent_bytes += len(framed)
        self._writer.write(framed)

    def _new_id(self, *, is_answer: bool = True) -> int:
        """A message id: the time, always growing, and 1 modulo 4 for an answer or 3 for news."""
        now = int(time.time() * (1 << 32)) & ~3
        self._last_id = max(now, (self._last_id & ~3) + 4)
        return self._last_id | (1 if is_answer else 3)


class _Peer:
    """Who sent a message: the key, what it stands for, and the session within it."""

    def __init__(self, key: bytes, key_id: bytes, login: Login, session_id: int) -> None:
        self.key = key
        self.key_id = key_id
        self.login = login
        self.session_id = session_id
