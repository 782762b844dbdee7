"""Channel descriptions of a lake -> raw.telegram_channels."""

from __future__ import annotations

import msgspec
import psycopg

from medical_telegram_warehouse.lake.lines import RawRecord
from medical_telegram_warehouse.lake.parse import RejectedRecord, reject
from medical_telegram_warehouse.lake.reader import list_channel_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.text import storable


def load_channels(connection: psycopg.Connection, lake: Lake) -> tuple[int, list[tuple[str, RejectedRecord]]]:
    """Load the descriptions written since the newest that is stored.

    One line a channel and scrape: small enough to read the files of the last stored day again.

    Returns:
        How many are new, and the lines that cannot be used with the paths of their files.
    """
    row = connection.execute("SELECT (max(observed_at) AT TIME ZONE 'UTC')::date FROM raw.telegram_channels").fetchone()
    newest = row[0].isoformat() if row and row[0] else ""
    added = 0
    unreadable: list[tuple[str, RejectedRecord]] = []
    for path in list_channel_files(lake):
        if path.stem < newest:
            continue
        position = 0
        with path.open("rb") as file:
            for line in file:
                try:
                    channel = msgspec.json.decode(line, type=Channel)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    problem = reject(RawRecord(position, line, 0), "channel_unreadable", str(error))
                    unreadable.append((path.relative_to(lake.root).as_posix(), problem))
                else:
                    added += connection.execute(statement("add_channel"), _values(channel)).rowcount
                position += len(line)
    return added, unreadable


def _values(channel: Channel) -> dict[str, object]:
    return {
        "channel_name": storable(channel.channel_name),
        "observed_at": channel.scraped_at,
        "title": channel.title and storable(channel.title),
        "description": channel.description and storable(channel.description),
        "subscribers": channel.subscribers,
        "source": storable(channel.source),
    }
