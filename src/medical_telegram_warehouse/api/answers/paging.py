"""Cursors: where the next page of a list begins.

A cursor is opaque to clients. It holds the place after the last row, a fingerprint of the list's filters, and the
warehouse's version. Lists that are sorted by what never changes (time, key) go on from that row in any version; others
count rows, and would repeat or lose some once the warehouse is built anew, so their cursors end with their version.
"""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import Any

import msgspec

from medical_telegram_warehouse.api.errors import ApiError, ErrorCode, invalid

_MOST_OFFSET = 10_000_000


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where a page begins."""

    filters: str
    version: int
    after: tuple[str | int, ...]


def fingerprint(parameters: dict[str, Any]) -> str:
    """A short hash of what a list was asked for, but for its place and size."""
    asked = {name: value for name, value in parameters.items() if name not in ("cursor", "limit", "format")}
    return hashlib.blake2b(msgspec.json.encode(sorted(asked.items())), digest_size=6).hexdigest()


def encode(place: Place) -> str:
    """The cursor that clients get."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode(cursor: str, filters: str) -> Place:
    """What a client's cursor says.

    Raises:
        ApiError: 422; it is none of ours, or was made for other filters.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(raw, type=Place)
    except (ValueError, msgspec.MsgspecError) as error:
        raise invalid("cursor", "this is no cursor of this service; take next_cursor as it was given") from error
    if place.filters != filters:
        raise invalid("cursor", "it belongs to a list with other filters or another order; begin without a cursor")
    return place


def offset_of(cursor: str | None, filters: str, version: int) -> int:
    """How many rows come before the page.

    Raises:
        ApiError: 422 as `decode`; 409 where the warehouse was built anew since.
    """
    if cursor is None:
        return 0
    place = decode(cursor, filters)
    match place.after:
        case (int(offset),) if 0 <= offset <= _MOST_OFFSET:
            if place.version != version:
                raise ApiError(
                    HTTPStatus.CONFLICT,
                    ErrorCode.STALE_CURSOR,
                    f"this cursor is of warehouse version {place.version}, and it is {version} now: the next page "
                    f"would repeat or lose rows; begin without a cursor",
                )
            return offset
        case _:
            raise invalid("cursor", "this is no cursor of this list; take next_cursor as it was given")


def key_of(cursor: str | None, filters: str, *kinds: type) -> tuple[Any, ...] | None:
    """The key of the row that the page follows: one value of each kind; None for the first page.

    Raises:
        ApiError: 422 as `decode`.
    """
    if cursor is None:
        return None
    place = decode(cursor, filters)
    if len(place.after) != len(kinds) or any(
        type(value) is not kind for value, kind in zip(place.after, kinds, strict=True)
    ):
        raise invalid("cursor", "this is no cursor of this list; take next_cursor as it was given")
    return place.after
