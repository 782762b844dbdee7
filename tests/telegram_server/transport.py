"""Bytes on the wire: the "full" TCP framing, and MTProto 2.0 encryption around each message.

Nothing here keeps state. `connection` reads packets, opens them to `Envelope`s, and seals its answers.
"""

from __future__ import annotations

import os
import struct
from asyncio import StreamReader
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from telethon.crypto import AES

_FRAME = 12  # Length, number and checksum.
_HEAD = struct.Struct("<qqqii")  # Salt, session, message id, sequence number, length.
MAX_PACKET = 1 << 24


class ProtocolError(Exception):
    """The client sent bytes that are no packet, or no message under its key."""


class Envelope(NamedTuple):
    """A decrypted message."""

    session_id: int
    message_id: int
    sequence: int
    body: bytes


async def read_packet(reader: StreamReader) -> bytes:
    """The payload of the next packet."""
    head = await reader.readexactly(8)
    (length,) = struct.unpack_from("<i", head)
    if not _FRAME <= length <= MAX_PACKET:
        raise ProtocolError(f"packet of {length} bytes")
    rest = await reader.readexactly(length - 8)
    if crc32(head + rest[:-4]) != int.from_bytes(rest[-4:], "little"):
        raise ProtocolError("wrong checksum")
    return rest[:-4]


def packet(payload: bytes, number: int) -> bytes:
    """A packet around a payload. Numbers count up from 0 on each connection."""
    framed = struct.pack("<ii", len(payload) + _FRAME, number) + payload
    return framed + struct.pack("<I", crc32(framed))


def open_message(key: bytes, payload: bytes) -> Envelope:
    """Decrypts what a client sent, without the 8 bytes of the key's id."""
    message_key = payload[:16]
    plain = AES.decrypt_ige(payload[16:], *_cipher(key, message_key, 0))
    if sha256(key[88:120] + plain).digest()[8:24] != message_key:
        raise ProtocolError("wrong message key")
    _, session_id, message_id, sequence, length = _HEAD.unpack_from(plain)
    return Envelope(session_id, message_id, sequence, plain[_HEAD.size : _HEAD.size + length])


def seal_message(key: bytes, salt: int, message: Envelope) -> bytes:
    """Encrypts what the server sends, without the 8 bytes of the key's id."""
    head = _HEAD.pack(salt, message.session_id, message.message_id, message.sequence, len(message.body))
    plain = head + message.body
    plain += os.urandom(12 + -(len(plain) + 12) % 16)
    message_key = sha256(key[96:128] + plain).digest()[8:24]
    return message_key + bytes(AES.encrypt_ige(plain, *_cipher(key, message_key, 8)))


def _cipher(key: bytes, message_key: bytes, x: int) -> tuple[bytes, bytes]:
    """The AES key and vector of one message. `x` is 0 for messages of the client, 8 for those of the server."""
    a = sha256(message_key + key[x : x + 36]).digest()
    b = sha256(key[x + 40 : x + 76] + message_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]
