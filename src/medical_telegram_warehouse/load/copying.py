"""The rows of the temporary table `incoming`, and their COPY.

In binary: the server then parses no numbers and dates, and copies in half the time. JSON goes as the text that it is
in the lake, which the server parses while the next rows are on their way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import msgspec
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from medical_telegram_warehouse.lake.parse import ParsedRecord
from medical_telegram_warehouse.lake.reader import MessageFile

_json = msgspec.json.Encoder(order="sorted").encode
Row = tuple[Any, ...]
# Where columns of a row stand; the first are channel and number of its message.
MESSAGE_KEY = slice(2)
IS_DELETED = 21
PAYLOAD, FILE_ID, POSITION = -3, -2, -1
_COPY = "COPY incoming FROM STDIN (FORMAT BINARY)"
_TYPES = (
    *("text", "int8", "timestamptz", "text", "bool", "text", "text", "int8", "int8", "int8", "jsonb", "timestamptz"),
    *("int8", "int8", "text", "int8", "int8", "text", "text", "bool", "bool", "bool", "timestamptz", "uuid", "uuid"),
    *("text[]", "jsonb", "int4", "int8"),
)


class _RawUuidDumper(Dumper):
    """Sends 16 bytes as they are: making a UUID object of each hash took a fifth of the reading's time."""

    format = Format.BINARY
    oid = psycopg.adapters.types["uuid"].oid

    def dump(self, obj: bytes) -> Buffer | None:
        return obj


class _RawJsonDumper(Dumper):
    """Sends text that is JSON already; psycopg's own dumper would make a JSON string of it."""

    format = Format.BINARY
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: str) -> Buffer | None:
        return b"\x01" + obj.encode()  # the version of jsonb's binary format


def incoming_row(record: ParsedRecord, source: MessageFile, file_id: int) -> Row:
    """Lay a record out in the order of `incoming`'s columns.

    `observation_id` hashes what was observed and when, not where it was read. An observation without a scrape time
    gets the start of its folder's date, else the message's own date: both stay the same however often it is read.
    The hash of what is no deletion must never change: stored observations would be added a second time.
    """
    m = record.message
    if m.scraped_at is not None:
        observed_at = m.scraped_at if m.scraped_at.tzinfo else m.scraped_at.replace(tzinfo=UTC)
    elif source.scrape_date is not None:
        observed_at = datetime.combine(source.scrape_date, datetime.min.time(), UTC)
    else:
        observed_at = m.message_date
    reactions = _json(m.reactions).decode() if m.reactions else None
    text_hash = md5(m.message_text.encode(), usedforsecurity=False).digest()
    observed = (
        f"{observed_at.timestamp()}|{m.views}|{m.forwards}|{m.replies}|{reactions}|{m.edit_date}|{text_hash.hex()}"
    )
    if m.is_deleted:
        observed += "|deleted"
    return (
        m.channel_name,
        m.message_id,
        m.message_date,
        m.message_text,
        m.has_media,
        m.image_path,
        m.media_type,
        m.views,
        m.forwards,
        m.replies,
        reactions,
        m.edit_date,
        m.reply_to_message_id,
        m.grouped_id,
        m.forwarded_from,
        m.forwarded_from_id,
        m.forwarded_from_message_id,
        m.post_author,
        m.source,
        m.is_pinned,
        m.views_exact,
        m.is_deleted is True,
        observed_at,
        md5(observed.encode(), usedforsecurity=False).digest(),
        text_hash,
        list(record.repairs) or None,
        record.payload,
        file_id,
        record.position,
    )


def copy_rows(connection: psycopg.Connection, rows: list[Row]) -> None:
    """Copy rows into `incoming`.

    Raises:
        psycopg.DataError: a value does not fit its column.
    """
    cursor = connection.cursor()
    cursor.adapters.register_dumper(None, _RawJsonDumper)
    cursor.adapters.register_dumper(None, _RawUuidDumper)
    with cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)
