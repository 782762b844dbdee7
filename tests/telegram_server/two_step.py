"""A two-step password: the server's half of the SRP exchange that `account.getPassword` begins."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Any

from telethon import types
from telethon.password import compute_hash

from telegram_server.faults import RpcFault
from telegram_server.handshake import GENERATOR, SAFE_PRIME

_SIZE = 256


def _wide(number: int) -> bytes:
    return number.to_bytes(_SIZE, "big")


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def _number(*parts: bytes) -> int:
    return int.from_bytes(_hash(*parts), "big")


class TwoStep:
    """One account's password. The server keeps the verifier, as the real one does."""

    def __init__(self, password: str) -> None:
        self._algorithm = _algorithm()
        self._verifier = pow(GENERATOR, int.from_bytes(compute_hash(self._algorithm, password), "big"), SAFE_PRIME)
        self._asked: dict[int, tuple[int, int]] = {}

    def question(self) -> Any:
        """What the client needs to prove that it knows the password."""
        secret = secrets.randbits(2048)
        multiplier = _number(_wide(SAFE_PRIME), _wide(GENERATOR))
        public = (multiplier * self._verifier + pow(GENERATOR, secret, SAFE_PRIME)) % SAFE_PRIME
        question_id = secrets.randbits(62)
        self._asked[question_id] = secret, public
        return no_password(
            has_password=True, current_algo=self._algorithm, srp_B=_wide(public), srp_id=question_id, hint="a hint"
        )

    def accepts(self, proof: Any) -> bool:
        """Whether the proof was made with the password. A question counts once."""
        if proof.srp_id not in self._asked:
            raise RpcFault("SRP_ID_INVALID")
        secret, public = self._asked.pop(proof.srp_id)
        scrambler = _number(proof.A, _wide(public))
        base = int.from_bytes(proof.A, "big") * pow(self._verifier, scrambler, SAFE_PRIME)
        session_key = _hash(_wide(pow(base, secret, SAFE_PRIME)))
        groups = zip(_hash(_wide(SAFE_PRIME)), _hash(_wide(GENERATOR)), strict=True)
        expected = _hash(
            bytes(a ^ b for a, b in groups),
            _hash(self._algorithm.salt1),
            _hash(self._algorithm.salt2),
            proof.A,
            _wide(public),
            session_key,
        )
        return hmac.compare_digest(expected, proof.M1)


def no_password(**known: Any) -> Any:
    """The answer to `account.getPassword` for an account without one."""
    return types.account.Password(
        new_algo=_algorithm(),
        new_secure_algo=types.SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000(salt=secrets.token_bytes(8)),
        secure_random=secrets.token_bytes(16),
        **known,
    )


def _algorithm() -> Any:
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        salt1=secrets.token_bytes(16), salt2=secrets.token_bytes(16), g=GENERATOR, p=_wide(SAFE_PRIME)
    )
