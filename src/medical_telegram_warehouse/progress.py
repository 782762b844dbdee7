"""Progress of long work, as log lines.

One mechanism serves a terminal, a log file and Dagster's event log: a line every few seconds, with rate and time
left. Short work prints nothing.
"""

from __future__ import annotations

import logging
import time

INTERVAL_SECONDS = 5.0


class Progress:
    """Counts finished items and logs how far the work has come, at most once in `INTERVAL_SECONDS`."""

    def __init__(self, logger: logging.Logger, unit: str, total: int | None = None) -> None:
        self._logger = logger
        self._unit = unit
        self._total = total
        self._done = 0
        self._started = self._last_line = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Add `count` finished items."""
        self._done += count
        now = time.monotonic()
        if now - self._last_line >= INTERVAL_SECONDS:
            self._last_line = now
            self._logger.info(self._line(now - self._started))

    def _line(self, elapsed: float) -> str:
        rate = self._done / elapsed
        if self._total is None:
            return f"{self._done:,} {self._unit} so far, {rate:,.0f} per second"
        left = (self._total - self._done) / rate if rate else 0
        return (
            f"{self._done:,} of {self._total:,} {self._unit} ({self._done / max(self._total, 1):.0%}), "
            f"{rate:,.0f} per second, about {left:,.0f} s left"
        )
