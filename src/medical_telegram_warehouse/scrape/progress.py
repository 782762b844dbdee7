"""How far a scrape has come, as log lines: one every few seconds while channels are read, one at each channel's end.

A terminal may show more: `cli` brings an observer of its own.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

from medical_telegram_warehouse.progress import INTERVAL_SECONDS
from medical_telegram_warehouse.scrape.report import ChannelReport

logger = logging.getLogger(__name__)


class ScrapeObserver(Protocol):
    """Who is told how a scrape goes."""

    def changed(self, channel: ChannelReport) -> None:
        """A page or a photo was stored, or a wait began."""

    def finished(self, channel: ChannelReport) -> None:
        """A channel's turn is over."""


class LogLines:
    """Says it in the log."""

    def __init__(self) -> None:
        self._last_line = time.monotonic()

    def changed(self, channel: ChannelReport) -> None:
        """Log a line, at most once in `INTERVAL_SECONDS`."""
        now = time.monotonic()
        if now - self._last_line >= INTERVAL_SECONDS:
            self._last_line = now
            logger.info("%s: %s so far", channel.name, channel.counts)

    def finished(self, channel: ChannelReport) -> None:
        """Log what became of the channel."""
        level = logging.INFO if channel.status.is_complete else logging.WARNING
        logger.log(level, "%s: %s", channel.name, channel.headline)
