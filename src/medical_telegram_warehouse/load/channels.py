"""Channel descriptions of a lake -> raw.telegram_channels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import psycopg

from medical_telegram_warehouse.lake.lines import read_lines
from medical_telegram_warehouse.lake.parse import RejectedRecord, reject
from medical_telegram_warehouse.lake.reader import list_channel_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.records import MAX_BIGINT, Channel
from medical_telegram_warehouse.text import storable


def load_channels(
    connection: psycopg.Connection, lake: Lake, lake_id: int
) -> tuple[int, list[tuple[str, RejectedRecord]]]:
    """Load the descriptions in files that are new or have changed; one line a channel and scrape, so as a whole.

    Returns:
        How many are new, and the lines that cannot be used with the paths of their files.
    """
    rows = connection.execute(statement("loaded_files"), {"lake_id": lake_id})
    known = {path: (size, mtime_ns) for path, size, mtime_ns, *_ in rows}
    added = 0
    unusable: list[tuple[str, RejectedRecord]] = []
    for path in list_channel_files(lake.root):
        file_path = path.relative_to(lake.root).as_posix()
        try:
            stamp = path.stat()
            if known.get(file_path) == (stamp.st_size, stamp.st_mtime_ns):
                continue
            channels, rejections, progress = _read(path)
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


def _read(path: Path) -> tuple[list[Channel], list[RejectedRecord], dict[str, object]]:
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
            out_of_range = _out_of_range(channel)
            if out_of_range is not None:
                rejections.append(reject(record, "channel_unreadable", f"{out_of_range} is out of range"))
                continue
            channels.append(channel)
    progress: dict[str, object] = {
        "loaded_bytes": end,
        "sha256": digest.digest(),
        "records": len(channels) + len(rejections),
        "restarted": True,
    }
    return channels, rejections, progress


def _out_of_range(channel: Channel) -> str | None:
    if channel.subscribers is not None and not 0 <= channel.subscribers <= MAX_BIGINT:
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
