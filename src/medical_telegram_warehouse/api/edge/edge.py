"""The one layer around FastAPI: refuses, answers from the cache, or asks FastAPI and keeps the answer.

size, host, key, rate -> cache -- hit -------------------------------> 304 or bytes
+----- miss -> FastAPI, within the time --> compress, ETag, keep -> bytes
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.requests import Request

from medical_telegram_warehouse.api.answers.handlers import ErrorRenderer, as_api_error, render_json
from medical_telegram_warehouse.api.database.version import VersionWatch
from medical_telegram_warehouse.api.edge.admission import Admission
from medical_telegram_warehouse.api.edge.cache import AnswerCache, CachedAnswer, Headers
from medical_telegram_warehouse.api.edge.security_headers import SECURITY_HEADERS
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode
from medical_telegram_warehouse.api.facts import FACTS, RequestFacts
from medical_telegram_warehouse.api.metrics.requests import RequestMetrics
from medical_telegram_warehouse.api.options import ApiOptions

logger = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
# Whoever runs the service should hear of it.
_SLOW_SECONDS = 1.0
# Below this, compression costs more than it saves.
_LEAST_COMPRESSED = 1024
# Above this, it would hold the loop for longer than a request should wait.
_MOST_COMPRESSED_HERE = 64 << 10
_COMPRESSIBLE = (b"application/json", b"text/", b"application/javascript", b"image/svg")
_REVALIDATE = (b"cache-control", b"private, no-cache")
_VARY = (b"vary", b"Accept-Encoding, Authorization, X-API-Key")


class Collected(NamedTuple):
    """What FastAPI answered."""

    status: int
    headers: Headers
    body: bytes


class Edge:
    """ASGI middleware.

    Args:
        app: FastAPI.
        options: how long a request may take, and whose days the reports count.
        watch: knows the warehouse's version.
        cache: emptied by the watch.
        admission: refuses requests.
        metrics: counts them.
        render_error: JSON for programs, pages for people.
    """

    def __init__(
        self,
        app: App,
        options: ApiOptions,
        *,
        watch: VersionWatch,
        cache: AnswerCache,
        admission: Admission,
        metrics: RequestMetrics,
        render_error: ErrorRenderer = render_json,
    ) -> None:
        self._app = app
        self._timezone = options.timezone
        self._seconds = options.request_seconds
        self._watch = watch
        self._cache = cache
        self._admission = admission
        self._metrics = metrics
        self._render_error = render_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        facts = RequestFacts()
        scope[FACTS] = facts
        try:
            facts.caller = self._admission.admit(scope, headers)
        except ApiError as error:
            await self._refuse(scope, receive, send, error, started)
            return
        # What counts back from today is another answer tomorrow.
        today = datetime.now(self._timezone).date()
        key = (scope["path"], scope["query_string"], facts.caller.allows_contacts, today)
        cached = self._cache.get(key) if self._watch.is_current else None
        if cached is None:
            await self._compute(scope, receive, send, key, started)
            return
        status = await _send_cached(scope, send, headers, cached)
        self._metrics.observe(cached.route, status, time.perf_counter() - started, is_cached=True)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: ApiError, started: float) -> None:
        response = self._render_error(Request(scope), error)
        response.raw_headers.extend(SECURITY_HEADERS)
        await response(scope, receive, send)
        self._metrics.observe("refused", int(error.status), time.perf_counter() - started, is_cached=False)

    async def _compute(self, scope: Scope, receive: Receive, send: Send, key: object, started: float) -> None:
        facts: RequestFacts = scope[FACTS]
        head_only = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head_only else scope
        collected = await self._collect(inner, receive)
        route = getattr(inner.get("route"), "path", "none")
        headers = dict(scope["headers"])
        status, answer_headers, body = collected
        answer_headers = [*answer_headers, *SECURITY_HEADERS]
        if status == HTTPStatus.OK:
            etag = b""
            if facts.version is not None:
                etag = b'"%d-%s"' % (facts.version.number, hashlib.blake2b(body, digest_size=8).hexdigest().encode())
                answer_headers += [_REVALIDATE, (b"etag", etag)]
            answer = await _compressed(CachedAnswer([*answer_headers, _VARY], body, etag, route))
            if facts.version is not None and facts.version == self._watch.current and not facts.version.is_building:
                self._cache.put(key, answer)
            status = await _send_cached(scope, send, headers, answer)
        else:
            await _send(send, status, answer_headers, b"" if head_only else body)
        seconds = time.perf_counter() - started
        self._metrics.observe(route, status, seconds, is_cached=False)
        level = logging.WARNING if seconds > _SLOW_SECONDS else logging.DEBUG
        logger.log(level, "%s %s: %d in %.0f ms", scope["method"], scope["path"], status, seconds * 1000)

    async def _collect(self, scope: Scope, receive: Receive) -> Collected:
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        try:
            async with asyncio.timeout(self._seconds):
                await self._app(scope, receive, collect)
        except TimeoutError:
            return self._collected_error(scope, _too_slow(self._seconds))
        except Exception as error:  # noqa: BLE001 - Starlette has answered it, and raises it again for servers to log
            if not start:
                return self._collected_error(scope, as_api_error(error, scope["path"]))
        return Collected(start["status"], list(start["headers"]), b"".join(parts))

    def _collected_error(self, scope: Scope, error: ApiError) -> Collected:
        response = self._render_error(Request(scope), error)
        return Collected(response.status_code, response.raw_headers, bytes(response.body))


def _too_slow(seconds: float) -> ApiError:
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        ErrorCode.TOO_SLOW,
        f"this request was not answered within {seconds:g} s and was given up; ask for less, or for a shorter time",
        headers={"Retry-After": "5"},
    )


async def _compressed(answer: CachedAnswer) -> CachedAnswer:
    """The answer as it is kept: compressed once, where that is worth it. Nearly all clients take it so."""
    kind = next((value for name, value in answer.headers if name == b"content-type"), b"")
    is_encoded = any(name == b"content-encoding" for name, _ in answer.headers)
    if is_encoded or len(answer.body) < _LEAST_COMPRESSED or not kind.startswith(_COMPRESSIBLE):
        return answer
    if len(answer.body) > _MOST_COMPRESSED_HERE:
        body = await asyncio.to_thread(gzip.compress, answer.body, 5, mtime=0)
    else:
        body = gzip.compress(answer.body, 5, mtime=0)
    headers = [(name, value) for name, value in answer.headers if name != b"content-length"]
    headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
    return answer._replace(headers=headers, body=body)


async def _send_cached(scope: Scope, send: Send, headers: dict[bytes, bytes], answer: CachedAnswer) -> int:
    """Send an answer, or only that it is still the same; returns the status."""
    known = headers.get(b"if-none-match")
    if answer.etag and known is not None and (known == b"*" or answer.etag in known):
        kept = [pair for pair in answer.headers if pair[0] not in (b"content-length", b"content-type")]
        await _send(send, HTTPStatus.NOT_MODIFIED, kept, b"")
        return int(HTTPStatus.NOT_MODIFIED)
    sent, body = answer.headers, answer.body
    is_compressed = (b"content-encoding", b"gzip") in sent
    if is_compressed and b"gzip" not in headers.get(b"accept-encoding", b""):
        body = gzip.decompress(body)
        sent = [pair for pair in sent if pair[0] not in (b"content-encoding", b"content-length")]
        sent.append((b"content-length", str(len(body)).encode()))
    await _send(send, HTTPStatus.OK, sent, b"" if scope["method"] == "HEAD" else body)
    return int(HTTPStatus.OK)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
