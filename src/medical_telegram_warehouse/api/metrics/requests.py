"""Counts requests by endpoint and status, and how long they took."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

# From an answer of the cache to one that is given up.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RequestMetrics:
    """The requests of one service.

    Args:
        registry: where they are read from.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "mtw_http_requests",
            "Requests by endpoint (as declared), status, and whether the answer came from the cache.",
            ("endpoint", "status", "cached"),
            registry=registry,
        )
        self._seconds = Histogram(
            "mtw_http_request_seconds",
            "Seconds from a request's arrival to its last byte.",
            ("endpoint", "cached"),
            buckets=_BUCKETS,
            registry=registry,
        )
        # Looking up labelled children by their strings is most of what counting costs.
        self._counters: dict[tuple[str, int, bool], Counter] = {}
        self._histograms: dict[tuple[str, bool], Histogram] = {}

    def observe(self, endpoint: str, status: int, seconds: float, *, is_cached: bool) -> None:
        """Count one request."""
        counter = self._counters.get((endpoint, status, is_cached))
        if counter is None:
            cached = str(is_cached).lower()
            counter = self._counters[endpoint, status, is_cached] = self._requests.labels(endpoint, str(status), cached)
        counter.inc()
        histogram = self._histograms.get((endpoint, is_cached))
        if histogram is None:
            cached = str(is_cached).lower()
            histogram = self._histograms[endpoint, is_cached] = self._seconds.labels(endpoint, cached)
        histogram.observe(seconds)
