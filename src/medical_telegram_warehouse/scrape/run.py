"""All channels of a source, some at once, and what became of each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from medical_telegram_warehouse.errors import (
    ChannelError,
    SourceError,
    SourceUnavailableError,
    TransientError,
    WaitOrderedError,
)
from medical_telegram_warehouse.lake.layout import find_lake_root
from medical_telegram_warehouse.lake.photos import PhotoStore
from medical_telegram_warehouse.lake.registry import Lake, connect_lake
from medical_telegram_warehouse.lake.writer import open_lake
from medical_telegram_warehouse.logs import about
from medical_telegram_warehouse.scrape.channel import Backfill, ChannelTurn, Workshop
from medical_telegram_warehouse.scrape.progress import LogLines, ScrapeObserver
from medical_telegram_warehouse.scrape.report import ChannelReport, ChannelStatus, ScrapeSummary
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.waits import turn

logger = logging.getLogger(__name__)
# How long counters are watched, and edits and deletions noticed.
REFRESH_WINDOW = timedelta(days=7)
# Telegram's own applications fetch about as many files at once.
PHOTOS_AT_ONCE = 8


def scrape(
    source: MessageSource,
    *,
    lake_root: Path,
    relative_to: Path,
    refresh: timedelta = REFRESH_WINDOW,
    photos_at_once: int = PHOTOS_AT_ONCE,
    observer: ScrapeObserver | None = None,
    backfill: Backfill | None = None,
) -> ScrapeSummary:
    """Write what `source` has and the lake has not.

    One channel that cannot be read does not stop the others; the summary says why.

    Args:
        source: where messages come from.
        lake_root: our own lake.
        relative_to: recorded photo paths start here.
        refresh: messages up to this old are seen again.
        photos_at_once: how many photos may be fetched at the same time.
        observer: is told how it goes; by default the log is.
        backfill: read these messages once more, and nothing else.

    Raises:
        LakeBusyError: another process is writing the lake.
        LakeError: the lake cannot be written.
        SourceError: the source cannot be used as configured, its account is not usable, or no channel can be read.
        SourceUnavailableError: no channel was read, because nobody answered.
    """
    photos = PhotoStore(lake_root, relative_to)

    async def work() -> ScrapeSummary:
        with open_lake(lake_root) as lake:  # first: an account's session must not be used by two processes
            slots = asyncio.Semaphore(photos_at_once)
            workshop = Workshop(source, lake, photos, slots, refresh, observer or LogLines(), backfill)
            return await _scrape(workshop)

    return asyncio.run(work())


async def _scrape(workshop: Workshop) -> ScrapeSummary:
    source = workshop.source
    async with source:
        summary = ScrapeSummary(source.name, [ChannelReport(reference) for reference in _wanted(workshop)])
        turns = _Turns(workshop)
        await turns.take(summary.channels)
        again = [report for report in summary.channels if report.status is ChannelStatus.INTERRUPTED]
        if again:
            logger.warning("once more: %s", ", ".join(report.name for report in again))
            await turns.take(again)
    _require_some(summary)
    return summary


def _wanted(workshop: Workshop) -> Sequence[str]:
    references = workshop.source.references()
    channels = workshop.backfill.channels if workshop.backfill else ()
    wanted = [reference for reference in references if not channels or reference in channels]
    if not wanted and references:
        raise SourceError(
            f"the source {workshop.source.name!r} has no channel {', '.join(sorted(channels))}; "
            f"it has {', '.join(references)}"
        )
    return wanted


class _Turns:
    """Gives each channel its turn, and knows which channels have had one."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._references: dict[str, str] = {}

    async def take(self, reports: Sequence[ChannelReport]) -> None:
        slots = asyncio.Semaphore(self._workshop.source.channels_at_once)

        async def take_turn(report: ChannelReport) -> None:
            async with slots:
                await self._take_one(report)

        try:
            async with asyncio.TaskGroup() as group:
                for report in reports:
                    group.create_task(take_turn(report))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _take_one(self, report: ChannelReport) -> None:
        observer = self._workshop.observer

        def waited(seconds: float) -> None:
            report.seconds_waited += seconds
            observer.changed(report)

        with about(channel=report.name), turn(report.name, waited):
            try:
                await self._read(report)
            except ChannelError as error:
                report.status, report.reason = ChannelStatus.UNREADABLE, str(error)
            except WaitOrderedError as error:
                report.status, report.reason = ChannelStatus.PAUSED, str(error)
            except TransientError as error:
                report.status, report.reason = ChannelStatus.INTERRUPTED, str(error)
            observer.finished(report)

    async def _read(self, report: ChannelReport) -> None:
        described = await self._workshop.source.describe(report.reference)
        channel = self._workshop.lake.settle_name(described)
        report.channel_name = channel.channel_name
        first = self._references.setdefault(channel.channel_name, report.reference)
        if first != report.reference:
            report.status, report.reason = ChannelStatus.REPEATED, f"the same channel as {first!r}"
            return
        await ChannelTurn(self._workshop, channel, report).read()
        report.status, report.reason = ChannelStatus.READ, ""


def _require_some(summary: ScrapeSummary) -> None:
    if any(channel.was_read for channel in summary.channels):
        return
    reasons = "".join(f"\n  {channel.name}: {channel.reason}" for channel in summary.channels)
    message = f"none of the {len(summary.channels)} channels could be read:{reasons}"
    if any(channel.status is ChannelStatus.INTERRUPTED for channel in summary.channels):
        raise SourceUnavailableError(message)
    raise SourceError(message)


def connect_existing_lake(path: Path, *, data_dir: Path, lake_root: Path) -> tuple[Lake, bool]:
    """Remember someone else's lake, so that every later step reads it; returns it and whether it is new here.

    Raises:
        LakeError: there is no lake at `path`.
    """
    return connect_lake(data_dir, lake_root, find_lake_root(path))
