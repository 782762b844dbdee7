"""Who may come in: what is too long, not for us, unknown or too often is refused before anything is done for it."""

from __future__ import annotations

from http import HTTPStatus

from medical_telegram_warehouse.api.edge.keys import KeyRing
from medical_telegram_warehouse.api.edge.rate_limit import RateLimit
from medical_telegram_warehouse.api.edge.requests import Hosts, Scope, check_size
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode
from medical_telegram_warehouse.api.facts import Caller
from medical_telegram_warehouse.api.options import ApiOptions

_METHODS = ("GET", "HEAD")
# A page brings a handful of them along; they cost nothing and tell nothing.
_UNCOUNTED = "/static/"


class Admission:
    """Looks at each request.

    Args:
        options: names, keys and limits.
    """

    def __init__(self, options: ApiOptions) -> None:
        self._hosts = Hosts(options.hosts)
        self._keys = KeyRing(options.keys, is_required=options.require_key)
        self._rate_limit = RateLimit(options.requests_per_minute)

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller:
        """Let a request in; returns who asks.

        Raises:
            ApiError: it is refused.
        """
        check_size(scope, headers)
        self._hosts.check(headers)
        client = scope.get("client")
        caller = self._keys.caller(headers, client[0] if client else "unknown")
        if not scope["path"].startswith(_UNCOUNTED):
            self._rate_limit.take(caller.name)
        if scope["method"] not in _METHODS:
            raise ApiError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                ErrorCode.METHOD_NOT_ALLOWED,
                "this service only reads: ask with GET or HEAD",
                headers={"Allow": ", ".join(_METHODS)},
            )
        return caller
