"""Refuses what is too long, and what is asked under a name that is not ours."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from medical_telegram_warehouse.api.errors import ApiError, ErrorCode

Scope = MutableMapping[str, Any]
# Ten channels' names of 256 Ethiopic letters, percent-encoded, are 23,000 bytes.
_MOST_URL_BYTES = 32 << 10
_MOST_BODY_BYTES = 64 << 10


class Hosts:
    """Names under which the service may be asked, with or without a port; `*` for any."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name.lower().encode() for name in names}
        self._any = b"*" in self._names

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Refuse another name.

        Raises:
            ApiError: 400. A page elsewhere may let its own name point to this machine, and read what only this
                machine should (DNS rebinding).
        """
        if self._any:
            return
        host = headers.get(b"host", b"").lower()
        name = host if host.endswith(b"]") else host.rsplit(b":", 1)[0]
        if name not in self._names and host not in self._names:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                ErrorCode.BAD_REQUEST,
                f"this service is not known as {host.decode('latin-1')[:100]!r}; whoever runs it can add the name to "
                f"API_ALLOWED_HOSTS",
            )


def check_size(scope: Scope, headers: dict[bytes, bytes]) -> None:
    """Refuse long addresses and bodies; reading needs neither.

    Raises:
        ApiError: 414 or 413.
    """
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _MOST_URL_BYTES:
        raise ApiError(
            HTTPStatus.REQUEST_URI_TOO_LONG,
            ErrorCode.TOO_LARGE,
            f"the address is longer than {_MOST_URL_BYTES:,} bytes; ask for less at once",
        )
    length = headers.get(b"content-length", b"0")
    is_chunked = b"transfer-encoding" in headers
    if is_chunked or not length.isdigit() or int(length) > _MOST_BODY_BYTES:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            ErrorCode.TOO_LARGE,
            "requests to this service have no body; leave it out",
        )
