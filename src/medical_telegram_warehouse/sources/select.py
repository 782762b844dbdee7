"""Chooses the source that the settings name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.sources.base import MessageSource
from medical_telegram_warehouse.sources.sample import SampleSource


class ExistingLake(NamedTuple):
    """A lake that someone else scraped: read where it lies, never copied and never written."""

    path: Path


def choose_source(
    name: str,
    *,
    has_telegram_credentials: bool,
    lake_path: Path | None,
    sample_date: date,
    sample_seed: int,
    sample_messages: int,
) -> MessageSource | ExistingLake:
    """Open the source called `name`: auto, telegram, sample or lake.

    `auto` is Telegram where its credentials are set, else the sample. Somebody who has set credentials wants real
    messages: inventing some instead would fill their warehouse with what is not so.

    Raises:
        SourceError: the source does not exist in this version, or lacks a setting.
    """
    if name == "telegram" or (name == "auto" and has_telegram_credentials):
        why = "TELEGRAM_API_ID and TELEGRAM_API_HASH are set" if name == "auto" else "TELEGRAM_SOURCE is telegram"
        raise SourceError(
            f"{why}, but this version cannot read Telegram itself yet. Use TELEGRAM_SOURCE=sample for invented "
            f"channels, or --source lake --lake PATH for a lake that another scraper wrote"
        )
    if name == "lake":
        if lake_path is None:
            raise SourceError(
                "the source is `lake`, but none is named; give --lake PATH or set SOURCE_LAKE to the folder that "
                "holds telegram_messages/ and images/"
            )
        return ExistingLake(lake_path)
    if name not in ("auto", "sample"):
        raise SourceError(f"there is no source {name!r}; choose auto, telegram, sample or lake")
    return SampleSource(sample_date, seed=sample_seed, messages=sample_messages)
