"""Channel descriptions of a lake -> raw.telegram_channels."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg

from medical_telegram_warehouse.lake.lines import read_lines
from medical_telegram_warehouse.lake.parse import FIRST_DAY, FUTURE_TOLERANCE, RejectedRecord, reject
from medical_telegram_warehouse.lake.reader import list_channel_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_CHANNEL_NAME, MAX_COUNT, Channel
from medical_telegram_warehouse.text import storable


def load_channels(
    connection: psycopg.Connection, lake: Lake, lake_id: int, now: datetime
) -> tuple[int, list[tuple[str, RejectedRecord]]]:
    """Load the descriptions in files that are new or have changed; one line a channel and scrape, so as a whole.

    Args:
        connection: in autocommit mode, to a migrated database.
        lake: where the files lie.
        lake_id: its number in the database.
        now: what was seen more than a day later cannot be.

    Returns:
        How many are new, and the lines that cannot be used with the paths of their files.
    """
    rows = connection.execute(statement("loaded_files"), {"lake_id": lake_id, "now": now})
    known = {path: (size, mtime_ns) for _, path, size, mtime_ns, *_ in rows}
    added = 0
    unusable: list[tuple[str, RejectedRecord]] = []
    for path in list_channel_files(lake.root):
        file_path = path.relative_to(lake.root).as_posix()
        try:
            stamp = _stamp(path)
            if known.get(file_path) == (stamp.st_size, stamp.st_mtime_ns):
                continue
            channels, rejections, progress = _read(path, now)
        except OSError as error:
            problem = RejectedRecord(None, "unreadable_file", f"{error.strerror}; the next load tries again", "")
            unusable.append((file_path, problem))
            continue
        with connection.transaction():
            file = {"lake_id": lake_id, "file_path": file_path}
            (file_id,) = connection.execute(statement("register_file"), file).fetchone() or (None,)
            connection.execute(statement("forget_rejections"), {**file, "start": 0})
            for channel in channels:
                added += connection.execute(statement("add_channel"), _values(channel)).rowcount
            progress |= {"file_id": file_id, "file_size": stamp.st_size, "file_mtime_ns": stamp.st_mtime_ns}
            connection.execute(statement("save_file_progress"), progress)
        unusable += [(file_path, rejection) for rejection in rejections]
    return added, unusable


def _stamp(path: Path) -> os.stat_result:
    stamp = path.stat()
    if not stat.S_ISREG(stamp.st_mode):  # a pipe would be waited for without end
        raise OSError(errno.EINVAL, "not a regular file")
    return stamp


def _read(path: Path, now: datetime) -> tuple[list[Channel], list[RejectedRecord], dict[str, object]]:
    channels: list[Channel] = []
    rejections: list[RejectedRecord] = []
    digest, end = hashlib.sha256(), 0
    with path.open("rb") as file:
        for record in read_lines(file, 0, digest):
            end = record.end
            if record.problem:
                rejections.append(reject(record, record.problem, "the line is too long, or its end is missing"))
                continue
            try:
                channel = msgspec.json.decode(record.payload, type=Channel)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                rejections.append(reject(record, "channel_unreadable", str(error)))
                continue
            if (fault := _fault(channel, now)) is not None:
                rejections.append(reject(record, *fault))
                continue
            channels.append(channel)
    progress: dict[str, object] = {
        "loaded_bytes": end,
        "sha256": digest.digest(),
        "records": len(channels) + len(rejections),
        "restarted": True,
    }
    return channels, rejections, progress


def _fault(channel: Channel, now: datetime) -> tuple[str, str] | None:
    """Why a description cannot be used: the reason and its detail."""
    seen = channel.scraped_at if channel.scraped_at.tzinfo else channel.scraped_at.replace(tzinfo=UTC)
    if seen > now + FUTURE_TOLERANCE:
        return "scraped_at_in_future", f"{seen.isoformat()} is more than a day ahead of now"
    field = _out_of_range(channel, seen)
    return ("channel_unreadable", f"{field} is out of range") if field else None


def _out_of_range(channel: Channel, seen: datetime) -> str | None:
    if not 0 < len(channel.channel_name.strip()) <= len(channel.channel_name) <= MAX_CHANNEL_NAME:
        return "channel_name"
    if seen < FIRST_DAY:
        return "scraped_at"
    if channel.subscribers is not None and not 0 <= channel.subscribers <= MAX_COUNT:
        return "subscribers"
    if channel.telegram_id is not None and not -MAX_BIGINT <= channel.telegram_id <= MAX_BIGINT:
        return "telegram_id"
    return None


def _values(channel: Channel) -> dict[str, object]:
    return {
        "channel_name": storable(channel.channel_name),
        "observed_at": channel.scraped_at,
        "title": channel.title and storable(channel.title),
        "description": channel.description and storable(channel.description),
        "subscribers": channel.subscribers,
        "source": storable(channel.source),
        "telegram_id": channel.telegram_id,
        "username": channel.username and storable(channel.username),
        "telegram_type": channel.telegram_type and storable(channel.telegram_type),
        "is_verified": channel.is_verified,
        "is_scam": channel.is_scam,
        "is_fake": channel.is_fake,
    }
