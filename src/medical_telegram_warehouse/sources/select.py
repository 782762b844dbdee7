"""Chooses the source that the settings name."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import TelegramAccess
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.reference import require_channels
from medical_telegram_warehouse.sources.sample import SampleSource

SOURCES = ("auto", "telegram", "web", "sample", "lake")
GUIDE = "docs/connecting-telegram.md"


class ExistingLake(NamedTuple):
    """A lake that someone else scraped: read where it lies, never copied and never written."""

    path: Path


class SourceOptions(NamedTuple):
    """What the settings say of where messages come from."""

    name: str
    channels: tuple[str, ...]
    """As users name them; the sample and lakes have their own."""
    access: TelegramAccess | None
    since: datetime | None
    """A channel's first scrape goes back to here, or"""
    max_messages: int | None
    """to this many messages, whichever ends first. None: no such limit."""
    channels_at_once: int
    max_wait_seconds: float
    preview_url: str
    preview_delay_seconds: float
    lake_path: Path | None
    sample_date: date
    sample_seed: int
    sample_messages: int


def resolve_name(options: SourceOptions) -> str:
    """Which source `auto` means: Telegram with its credentials, else the preview of named channels, else the sample.

    Somebody who has set credentials or named channels wants real messages: inventing some instead would fill their
    warehouse with what is not so.

    Raises:
        SourceError: there is no source of that name.
    """
    if options.name not in SOURCES:
        raise SourceError(f"there is no source {options.name!r}; choose {', '.join(SOURCES[:-1])} or {SOURCES[-1]}")
    if options.name != "auto":
        return options.name
    if options.access is not None:
        return "telegram"
    return "web" if options.channels else "sample"


def choose_source(options: SourceOptions) -> MessageSource | ExistingLake:
    """Open the source that the options name.

    Raises:
        SourceError: there is no such source, or it lacks a setting.
    """
    match resolve_name(options):
        case "telegram":
            return _telegram(options)
        case "web":
            return _web_preview(options)
        case "lake":
            if options.lake_path is None:
                raise SourceError(
                    "the source is `lake`, but none is named; give --lake PATH or set SOURCE_LAKE to the folder that "
                    "holds telegram_messages/ and images/"
                )
            return ExistingLake(options.lake_path)
        case _:
            return SampleSource(options.sample_date, seed=options.sample_seed, messages=options.sample_messages)


def _telegram(options: SourceOptions) -> MessageSource:
    if options.access is None:
        raise SourceError(
            "the source is `telegram`, but its credentials are not set: put TELEGRAM_API_ID and TELEGRAM_API_HASH from "
            f"https://my.telegram.org into .env, then run: mtw login ({GUIDE} leads through it). Without an account, "
            "--source web reads channels that have a public preview"
        )
    from medical_telegram_warehouse.sources.telegram.source import TelegramSource

    return TelegramSource(
        options.access,
        options.channels,
        channels_at_once=options.channels_at_once,
        since=options.since,
        max_messages=options.max_messages,
    )


def _web_preview(options: SourceOptions) -> MessageSource:
    require_channels(options.channels)
    from medical_telegram_warehouse.sources.web_preview import WebPreviewSource

    return WebPreviewSource(
        options.channels,
        base_url=options.preview_url,
        delay_seconds=options.preview_delay_seconds,
        scrape_since=options.since,
        max_messages=options.max_messages,
        max_wait_seconds=options.max_wait_seconds,
    )
