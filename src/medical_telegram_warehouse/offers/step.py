"""raw.telegram_messages -> raw.message_genres, raw.message_offers: what is new, edited, or read by an older extractor.

    reader --(messages by the thousand)--> worker processes --(lines for COPY)--> writer

Each chunk is one transaction, and how far everything was read is saved at the end: a killed step begins where it
began before and skips what it had read by its hash.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

import psycopg

from medical_telegram_warehouse.offers.extraction import extractor_version
from medical_telegram_warehouse.offers.rows import GENRE_COLUMNS, OFFER_COLUMNS, MessageText, Rows
from medical_telegram_warehouse.offers.workers import reading
from medical_telegram_warehouse.postgres.locks import EXTRACT_LOCK, LOAD_LOCK, writing_raw
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.progress import Progress

logger = logging.getLogger(__name__)
CHUNK = 1_000
"""Messages a transaction and a worker's task."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class ExtractionSummary:
    """What one extraction did."""

    messages: int = 0
    """Read in this run."""
    offers: int = 0
    priced_offers: int = 0
    genres: Counter[str] = field(default_factory=Counter)
    extractor_version: str = ""
    is_new_version: bool = False
    """Everything was read anew, because the rules or the dictionary changed."""


def extract_message_offers(
    writer: psycopg.Connection, reader: psycopg.Connection, *, workers: int = 2, chunk: int = CHUNK
) -> ExtractionSummary:
    """Read every message that this version of the extractor has not read.

    An extraction waits for another one, and for a build of the marts.

    Args:
        writer: in autocommit mode, to a migrated database.
        reader: another connection to the same; the messages stream through it.
        workers: processes; less than two chunks of messages are read in this one.
        chunk: messages per transaction.

    Raises:
        psycopg.Error: the database failed; what was committed stays, and the next run continues there.
        TransientError: a worker process ended unexpectedly; the same holds.
    """
    with writing_raw(writer, EXTRACT_LOCK):
        return _extract(writer, reader, workers, chunk)


def _extract(writer: psycopg.Connection, reader: psycopg.Connection, workers: int, chunk: int) -> ExtractionSummary:
    version = extractor_version()
    known = writer.execute("SELECT extractor_version, read_up_to FROM ops.offer_extraction").fetchone()
    since = known[1] if known is not None and known[0] == version else _BEGINNING
    summary = ExtractionSummary(extractor_version=version, is_new_version=known is not None and known[0] != version)
    read_up_to = _settled_until(writer)
    progress = Progress(logger, "messages")
    with reader.transaction(), reader.cursor("messages_to_read") as cursor:
        cursor.itersize = chunk
        cursor.execute(statement("messages_to_read"), {"version": version, "since": since})
        chunks = _chunks((MessageText(*row) for row in cursor), chunk)
        with reading(chunks, workers) as results:
            for rows in results:
                _store(writer, rows)
                summary.messages += len(rows.keys)
                summary.offers += rows.offer_count
                summary.priced_offers += rows.priced_count
                summary.genres.update(rows.genre_names)
                progress.advance(len(rows.keys))
    writer.execute(statement("save_extraction"), {"version": version, "read_up_to": read_up_to})
    return summary


def _settled_until(connection: psycopg.Connection) -> datetime:
    """A moment before which no row can appear any more: rows bear the time at which their transaction began."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOAD_LOCK])
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None  # noqa: S101 -- a select without a table has one row
    moment: datetime = row[0]
    return moment


def _chunks(messages: Iterator[MessageText], size: int) -> Iterator[list[MessageText]]:
    while chunk := list(islice(messages, size)):
        yield chunk


def _store(connection: psycopg.Connection, rows: Rows) -> None:
    channels = [channel for channel, _ in rows.keys]
    ids = [message_id for _, message_id in rows.keys]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(statement("delete_read_messages"), {"channels": channels, "ids": ids})
        with cursor.copy(f"COPY raw.message_genres ({GENRE_COLUMNS}) FROM STDIN") as copy:
            copy.write(rows.genres)
        if rows.offers:
            with cursor.copy(f"COPY raw.message_offers ({OFFER_COLUMNS}) FROM STDIN") as copy:
                copy.write(rows.offers)
