"""Who asks: a key as a bearer token, in X-API-Key, or as the password that a browser asks for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable
from http import HTTPStatus

from medical_telegram_warehouse.api.errors import ApiError, ErrorCode
from medical_telegram_warehouse.api.facts import Caller
from medical_telegram_warehouse.records import ApiKey

# Browsers ask a person only for Basic; programs send what they like.
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="medical-telegram-warehouse", charset="UTF-8"'}
_HOW = "send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY', or as the password that a browser asks for"
_PREFIX = "mtw_"


def new_key(name: str, *, allows_contacts: bool) -> tuple[str, ApiKey]:
    """A key that nobody guesses, and what the settings keep of it."""
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, ApiKey(name, digest_of(key), allows_contacts)


def digest_of(key: str) -> str:
    """What is kept of a key. One round of SHA-256 does: 256 random bits cannot be tried out."""
    return hashlib.sha256(key.encode()).hexdigest()


class KeyRing:
    """The keys that are known.

    Args:
        keys: as the settings have them.
        is_required: whether those without one are refused.
    """

    def __init__(self, keys: Iterable[ApiKey], *, is_required: bool) -> None:
        self._callers = {key.digest: Caller(f"key {key.name}", key.allows_contacts) for key in keys}
        self._is_required = is_required

    def caller(self, headers: dict[bytes, bytes], address: str) -> Caller:
        """Who asks.

        Raises:
            ApiError: 401; no key although one is required, or one that is not known.
        """
        key = _key_of(headers)
        if key is None:
            if self._is_required:
                raise ApiError(
                    HTTPStatus.UNAUTHORIZED, ErrorCode.KEY_MISSING, f"a key is needed; {_HOW}", headers=_CHALLENGE
                )
            return Caller(address, allows_contacts=False)
        found = self._callers.get(digest_of(key))
        if found is None:
            raise ApiError(
                HTTPStatus.UNAUTHORIZED,
                ErrorCode.KEY_UNKNOWN,
                f"this key is not known here; check it with whoever runs the service, and {_HOW}",
                headers=_CHALLENGE,
            )
        return found


def _key_of(headers: dict[bytes, bytes]) -> str | None:
    if (key := headers.get(b"x-api-key")) is not None:
        return key.decode("latin-1").strip()
    authorization = headers.get(b"authorization")
    if authorization is None:
        return None
    scheme, _, credentials = authorization.decode("latin-1").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            try:
                _, _, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return credentials
            return password
        case _:
            return authorization.decode("latin-1")
