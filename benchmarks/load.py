"""Loading 100,000 messages, against a plain COPY of the same rows and against one INSERT … ON CONFLICT a row.

The plain COPY starts from rows that are already parsed, in memory, and fills both tables that the load fills, with
their primary keys. It checks nothing and can be run once.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.table import Measurement
from medical_telegram_warehouse.lake.parse import ParsedRecord
from medical_telegram_warehouse.lake.reader import list_message_files, read_records
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.copying import Row, incoming_row
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.scrape import scrape
from medical_telegram_warehouse.sources.sample import SampleSource

MESSAGES = 100_000
# Row by row is slow: a tenth of the rows is measured, and its rate compared.
ROW_BY_ROW = MESSAGES // 10
# Baseline and load in turn: the machine's speed drifts, a ratio of neighbours less so. Medians are printed.
ROUNDS = 5
LEAST_SHARE_OF_COPY = 0.6
MOST_SHARE_OF_FIRST_LOAD = 1 / 20
# A row's values in the order of each table's columns.
_OBSERVATION_COLUMNS = (0, 1, 23, 22, 7, 8, 9, 10, 11, 24, 27, 28, 21, 20, 5)
_MESSAGE_COLUMNS = (*range(15), 17, 18, 22, 23, *range(25, 29), 15, 16, 19, 20)
_COPY_MESSAGES = "COPY plain_messages FROM STDIN"
_COPY_OBSERVATIONS = "COPY plain_observations FROM STDIN"
CREATE_PLAIN = """
    CREATE TABLE plain_messages (LIKE raw.telegram_messages INCLUDING INDEXES);
    ALTER TABLE plain_messages DROP COLUMN first_loaded_at, DROP COLUMN loaded_at, DROP COLUMN deleted_at;
    CREATE TABLE plain_observations (LIKE raw.telegram_message_observations INCLUDING INDEXES);
    ALTER TABLE plain_observations DROP COLUMN loaded_at;
"""
_EMPTY = """
    TRUNCATE plain_messages, plain_observations, raw.telegram_messages, raw.telegram_message_observations,
        raw.telegram_channels, ops.loaded_files
"""
# Otherwise each would pay for writing the pages that the one before left in memory.
_SETTLE = "CHECKPOINT"
_INSERT_MESSAGE = f"""
    INSERT INTO plain_messages VALUES ({", ".join(["%s"] * len(_MESSAGE_COLUMNS))})
    ON CONFLICT (channel_name, message_id) DO UPDATE SET views = EXCLUDED.views
"""
_INSERT_OBSERVATION = f"""
    INSERT INTO plain_observations VALUES ({", ".join(["%s"] * len(_OBSERVATION_COLUMNS))}) ON CONFLICT DO NOTHING
"""


def measure_load(connection: psycopg.Connection, folder: Path) -> Iterator[Measurement]:
    """Yield the figures, measured on a migrated database without rows."""
    lake = Lake("own", folder / "raw")
    scrape(SampleSource(date(2026, 10, 1), messages=MESSAGES, photos=False), lake_root=lake.root, relative_to=folder)
    rows = list(parsed(lake))
    gc.freeze()  # these millions of objects exist for the baseline alone: no collection shall walk them meanwhile
    connection.execute(CREATE_PLAIN)
    firsts, agains, plains = [], [], []
    for _ in range(ROUNDS):
        connection.execute(_EMPTY)
        connection.execute(_SETTLE)
        plains.append(_seconds(lambda: plain_copy(connection, rows)))
        connection.execute(_SETTLE)
        firsts.append(_seconds(lambda: _load(connection, lake, expected=len(rows))))
        agains.append(_seconds(lambda: _load(connection, lake, expected=0)))
    connection.execute(_EMPTY)
    by_row = _seconds(lambda: _row_by_row(connection, rows[:ROW_BY_ROW])) * len(rows) / ROW_BY_ROW
    plain, first, again = median(plains), median(firsts), median(agains)
    share = median(plain / first for plain, first in zip(plains, firsts, strict=True))
    repeat = median(again / first for again, first in zip(agains, firsts, strict=True))
    yield Measurement("plain COPY of the same rows", _rate(rows, plain), 1.0, "baseline")
    yield Measurement("first load", _rate(rows, first), share, "at least 0.600", share >= LEAST_SHARE_OF_COPY)
    yield Measurement("one INSERT … ON CONFLICT a row", _rate(rows, by_row), plain / by_row, "for comparison")
    yield Measurement(
        "load again, nothing new (ratio to first)",
        f"{again:.3f} s",
        repeat,
        f"under {MOST_SHARE_OF_FIRST_LOAD:.3f}",
        repeat < MOST_SHARE_OF_FIRST_LOAD,
    )


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rate(rows: list[Row], seconds: float) -> str:
    return f"{len(rows) / seconds:,.0f} rows/s"


def _load(connection: psycopg.Connection, lake: Lake, *, expected: int) -> None:
    summary = load_messages(connection, [lake])
    assert summary.new_messages == summary.new_observations == expected, summary


def parsed(lake: Lake) -> Iterator[Row]:
    """Every row of the lake, its hashes written as PostgreSQL reads them."""
    for source in list_message_files(lake)[0]:
        with source.path.open("rb") as file:
            for _, record in read_records(source, file, 0, sha256(), datetime.now(UTC)):
                assert isinstance(record, ParsedRecord)
                row = incoming_row(record, source, 1)
                yield tuple(value.hex() if isinstance(value, bytes) else value for value in row)


def plain_copy(connection: psycopg.Connection, rows: list[Row]) -> None:
    """Fill both tables that `CREATE_PLAIN` makes, without any check."""
    with connection.transaction():
        with connection.cursor().copy(_COPY_MESSAGES) as copy:
            for row in rows:
                copy.write_row([row[column] for column in _MESSAGE_COLUMNS])
        with connection.cursor().copy(_COPY_OBSERVATIONS) as copy:
            for row in rows:
                copy.write_row([row[column] for column in _OBSERVATION_COLUMNS])


def _row_by_row(connection: psycopg.Connection, rows: list[Row]) -> None:
    with connection.transaction():
        for row in rows:
            connection.execute(_INSERT_MESSAGE, [row[column] for column in _MESSAGE_COLUMNS])
            connection.execute(_INSERT_OBSERVATION, [row[column] for column in _OBSERVATION_COLUMNS])
