"""The exchange that gives a new client its authorisation key, from the server's side.

A `Handshake` belongs to one connection. It answers the three plain requests in their order; after the last one
`key` holds the bytes that both sides have agreed on.
"""

from __future__ import annotations

import secrets
import time
from hashlib import sha1
from typing import Any

from telethon import functions, helpers, types
from telethon.crypto import AES, AuthKey
from telethon.crypto.rsa import _compute_fingerprint, get_byte_array
from telethon.extensions import BinaryReader

from telegram_server.keys import server_key

# The prime that Telegram itself uses. Clients accept it without a long primality check; two-step passwords use it too.
SAFE_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac92513"
    "9543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc4988"
    "0708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4"
    "b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
GENERATOR = 3
# Small primes: clients must find them again, which takes long for large ones.
_PQ = 1000003 * 1000033


class HandshakeError(Exception):
    """The client sent what does not belong to the exchange."""


class Handshake:
    """The state of one exchange."""

    def __init__(self) -> None:
        self.key: bytes | None = None
        self._nonce = 0
        self._server_nonce = int.from_bytes(secrets.token_bytes(16), "little", signed=True)
        self._new_nonce = 0
        self._secret = int.from_bytes(secrets.token_bytes(32), "big") | 1 << 255

    def answer(self, request: Any) -> Any:
        """The answer to one plain request."""
        if isinstance(request, functions.ReqPqMultiRequest):
            self._nonce = request.nonce
            fingerprint = _compute_fingerprint(server_key())
            return types.ResPQ(self._nonce, self._server_nonce, _PQ.to_bytes(8, "big"), [fingerprint])
        if (request.nonce, request.server_nonce) != (self._nonce, self._server_nonce):
            raise HandshakeError("wrong nonce")
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._offer(request)
        if isinstance(request, functions.SetClientDHParamsRequest):
            return self._agree(request)
        raise HandshakeError(f"{type(request).__name__} is no part of the exchange")

    def _offer(self, request: Any) -> Any:
        if int.from_bytes(request.p, "big") * int.from_bytes(request.q, "big") != _PQ:
            raise HandshakeError("wrong factors")
        key = server_key()
        block = pow(int.from_bytes(request.encrypted_data, "big"), key.d, key.n).to_bytes(255, "big")
        inner = _checked_object(block)
        if not isinstance(inner, types.PQInnerData) or inner.nonce != self._nonce:
            raise HandshakeError("wrong inner data")
        self._new_nonce = inner.new_nonce
        offer = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=GENERATOR,
                dh_prime=get_byte_array(SAFE_PRIME),
                g_a=get_byte_array(pow(GENERATOR, self._secret, SAFE_PRIME)),
                server_time=int(time.time()),
            )
        )
        sealed = AES.encrypt_ige(sha1(offer, usedforsecurity=False).digest() + offer, *self._temporary_key())
        return types.ServerDHParamsOk(self._nonce, self._server_nonce, sealed)

    def _agree(self, request: Any) -> Any:
        inner = _checked_object(AES.decrypt_ige(request.encrypted_data, *self._temporary_key()))
        if not isinstance(inner, types.ClientDHInnerData) or inner.nonce != self._nonce:
            raise HandshakeError("wrong inner data")
        shared = pow(int.from_bytes(inner.g_b, "big"), self._secret, SAFE_PRIME)
        # Without leading zeros, because the client drops them too.
        self.key = bytes(get_byte_array(shared))
        proof = AuthKey(self.key).calc_new_nonce_hash(self._new_nonce, 1)
        return types.DhGenOk(self._nonce, self._server_nonce, proof)

    def _temporary_key(self) -> tuple[bytes, bytes]:
        key, iv = helpers.generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        return key, iv


def _checked_object(block: bytes) -> Any:
    """The object after a SHA-1 of itself. Padding may follow."""
    reader = BinaryReader(block[20:])
    found = reader.tgread_object()
    if sha1(block[20 : 20 + reader.tell_position()], usedforsecurity=False).digest() != block[:20]:
        raise HandshakeError("wrong hash")
    return found
