"""What no query can see: files and models, compared with what the database remembers of them.

    lake on disk, model on disk  ─┐
    ops.loaded_files, raw.*      ─┴─► findings, which orchestration shows as asset checks

An inspection looks and tells; it changes nothing, and a finding fails no step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from medical_telegram_warehouse.lake.layout import photo_file
from medical_telegram_warehouse.lake.photos import PHOTO_SUFFIXES
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.vision.models.model_files import ModelFile, recorded_checksums, sha256_of

_WEEKS = timedelta(days=28)
_NEWEST_PHOTOS = 10_000
_EXAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an inspection found."""

    is_good: bool
    summary: str
    examples: list[dict[str, Any]] = field(default_factory=list)
    """At most twenty."""


def inspect_lake_files(connection: psycopg.Connection, lakes: Iterable[Lake]) -> Finding:
    """Whether every file that was loaded is still there, and no shorter than what was read of it."""
    roots = {lake.name: lake.root for lake in lakes if lake.is_reachable}
    lost = []
    files = 0
    for lake, file_path, loaded_bytes in connection.execute(statement("loaded_file_sizes")):
        if lake in roots:
            files += 1
            size = _size_of(roots[lake] / file_path)
            if size < loaded_bytes:
                lost.append({"lake": lake, "file": file_path, "loaded_bytes": loaded_bytes, "bytes": size})
    summary = f"{len(lost):,} of {files:,} files are gone or shorter than what was loaded of them"
    return Finding(
        is_good=not lost,
        summary=summary if lost else f"all {files:,} loaded files are there, and whole",
        examples=lost[:_EXAMPLES],
    )


def inspect_scraped_days(connection: psycopg.Connection, now: datetime | None = None) -> Finding:
    """Whether anything was scraped on each day of the last four weeks, since the first of them with something."""
    now = now or datetime.now(UTC)
    days = [day for (day,) in connection.execute(statement("scraped_days"), {"since": now - _WEEKS})]
    gaps = [
        {"after": before.isoformat(), "before": after.isoformat(), "days": (after - before).days - 1}
        for before, after in pairwise(days)
        if (after - before).days > 1
    ]
    missing = sum(int(gap["days"]) for gap in gaps)
    return Finding(
        is_good=not gaps,
        summary=f"nothing was scraped on {missing} days of the last four weeks" if gaps else "no day is missing",
        examples=gaps[:_EXAMPLES],
    )


def inspect_photos(connection: psycopg.Connection, lakes: Iterable[Lake], now: datetime | None = None) -> Finding:
    """Whether the photos that the newest messages name are in a lake."""
    roots = [lake.root for lake in lakes if lake.is_reachable]
    asked = {"since": (now or datetime.now(UTC)) - _WEEKS, "limit": _NEWEST_PHOTOS}
    rows = connection.execute(statement("newest_photos"), asked).fetchall()
    absent = [
        {"channel_name": channel, "message_id": number, "image_path": named}
        for channel, number, named in rows
        if not any(_has_photo(root, channel, number) for root in roots)
    ]
    summary = f"{len(absent):,} of the {len(rows):,} photos that messages of the last four weeks name are not there"
    return Finding(
        is_good=not absent,
        summary=summary if absent else f"all {len(rows):,} photos of the last four weeks are there",
        examples=absent[:_EXAMPLES],
    )


def inspect_weights(model: ModelFile) -> Finding:
    """Whether the model's file is the one that was checked when it was made or fetched."""
    found = sha256_of(model.path)
    try:
        recorded = recorded_checksums(model.path)[0]
    except (OSError, IndexError):
        return Finding(
            is_good=True,
            summary=f"{model.name} is a file of your own, without a record to compare it with; sha256 {found}",
        )
    return Finding(
        is_good=found == recorded,
        summary=f"sha256 {found}" if found == recorded else f"sha256 is {found}, recorded was {recorded}",
    )


def inspect_model_version(stale: int, scanned: int, model: str) -> Finding:
    """Whether all detections come from one model with one set of settings."""
    summary = f"{stale:,} of {scanned:,} contents were scanned with another model, runtime or threshold than {model}"
    return Finding(
        is_good=not stale,
        summary=f"{summary}; `mtw detect --rescan` renews them" if stale else f"all {scanned:,} by {model}",
    )


def _has_photo(root: Path, channel_name: str, message_id: int) -> bool:
    usual = photo_file(root, channel_name, message_id)
    return usual.is_file() or any(usual.with_suffix(suffix).is_file() for suffix in PHOTO_SUFFIXES)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
