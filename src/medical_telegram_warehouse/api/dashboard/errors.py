"""Errors: a page for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from fastapi import Request, Response

from medical_telegram_warehouse.api.answers.handlers import render_json
from medical_telegram_warehouse.api.channels.repository import near
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.dashboard.rendering import NAVIGATION, page
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode

_FOR_PROGRAMS = ("/api", "/health", "/metrics", "/openapi.json", "/static")
_TITLES = {
    ErrorCode.NOT_FOUND: "There is nothing here",
    ErrorCode.KEY_MISSING: "A key is needed",
    ErrorCode.KEY_UNKNOWN: "This key is not known",
    ErrorCode.STALE_CURSOR: "The warehouse was built anew",
    ErrorCode.INVALID_INPUT: "This cannot be asked for",
    ErrorCode.TOO_MANY_REQUESTS: "Too many requests",
    ErrorCode.DATABASE_AWAY: "The database is away",
    ErrorCode.NOT_BUILT: "The warehouse is not built yet",
    ErrorCode.TOO_SLOW: "This takes too long",
    ErrorCode.INTERNAL: "Something went wrong here",
}
# What mends itself: the page asks again by itself until it does.
_PASSING = (ErrorCode.DATABASE_AWAY, ErrorCode.NOT_BUILT, ErrorCode.TOO_MANY_REQUESTS)


class Near(NamedTuple):
    """Something that may have been meant."""

    name: str
    href: str


def render_error(request: Request, error: ApiError) -> Response:
    """The error as whoever asked can read it."""
    path = request.url.path
    if is_for_programs(path, request.headers.get("accept", "")):
        return render_json(request, error)
    answer = error.answer
    response = page(
        request,
        "error.html",
        None,
        status=error.status,
        code=answer.code.value,
        title=_TITLES.get(answer.code, error.status.phrase),
        message=answer.error,
        fields=answer.fields,
        near_matches=_near_matches(path, answer.did_you_mean, answer.code),
        first_page=_first_page(request) if answer.code is ErrorCode.STALE_CURSOR else None,
        retry=int(error.headers.get("Retry-After", "5")) if answer.code in _PASSING else None,
    )
    response.headers.update(error.headers)
    return response


def is_for_programs(path: str, accept: str) -> bool:
    """Whether JSON is wanted: below the API always, elsewhere by a client that would rather have it than HTML."""
    if any(path == each or path.startswith(each + "/") for each in _FOR_PROGRAMS):
        return True
    return _quality(accept, "application/json") > _quality(accept, "text/html")


def _quality(accept: str, media_type: str) -> float:
    """How much a client wants a type, from 0 to 1; `*/*` says nothing about one of them."""
    for each in accept.split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        if name == media_type:
            quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
            try:
                return float(quality)
            except ValueError:
                return 0
    return 0


def _near_matches(path: str, names: Sequence[str], code: ErrorCode) -> list[Near]:
    if names:
        return [Near(name, f"/channels/{quote(name)}") for name in names]
    if code is not ErrorCode.NOT_FOUND:
        return []
    labels = dict(NAVIGATION)
    if path.count("/") > 1:  # below a page: that page
        first = "/" + path.split("/")[1]
        return [Near(labels[first], first)] if first in labels else []
    return [Near(labels[found], found) for found in near(path, [href for href in labels if href != "/"])]


def _first_page(request: Request) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    grouped = {name: [value for each, value in kept if each == name] for name, _ in kept}
    return address(request.url.path, **grouped)
