"""How often each caller may ask: a bucket of requests that fills again, a minute's worth at most."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from medical_telegram_warehouse.api.errors import ApiError, ErrorCode

_SECONDS = 60.0
# Beyond this the callers that asked longest ago are forgotten: a flood of addresses must not fill the memory.
_MOST_CALLERS = 10_000


class RateLimit:
    """Counts requests per caller.

    Args:
        per_minute: how many each may make; 0 for any number.
        clock: seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request.

        Raises:
            ApiError: 429; this caller has asked too often, and is told when to ask again.
        """
        if not self._capacity:
            return
        now = self._clock()
        left, then = self._buckets.get(caller, (float(self._capacity), now))
        left = min(self._capacity, left + (now - then) * self._capacity / _SECONDS)
        if left < 1:
            wait = math.ceil((1 - left) * _SECONDS / self._capacity)
            raise ApiError(
                HTTPStatus.TOO_MANY_REQUESTS,
                ErrorCode.TOO_MANY_REQUESTS,
                f"more than {self._capacity:,} requests within a minute; ask again in {wait} s",
                headers={"Retry-After": str(wait)},
            )
        self._buckets[caller] = (left - 1, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
