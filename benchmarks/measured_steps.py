"""The steps that the warehouse's benchmark measures, as functions that a process of its own can run.

None of them counts connecting. All of them are the product's own, but for the plain COPY.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.load import CREATE_PLAIN, parsed, plain_copy
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.copying import Row
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform import TransformStep, TransformSummary, build

_PROJECT = Path(__file__).parents[1]
_CHUNK = 50_000
"""Rows of the plain COPY that are in memory at once."""


class Timed(NamedTuple):
    """Seconds of some work on so many messages."""

    messages: int
    seconds: float


def copy_plainly(address: DatabaseAddress, lake: Lake) -> Timed:
    """COPY a lake's rows as text into tables with the same primary keys, in one transaction that checks nothing.

    The rows are parsed by the chunk, because a million of them would need gigabytes, and only what follows is timed:
    each chunk's COPY until the server has taken the last row, and the commit. The server gains a little by that: it
    writes pages to disk while the next chunk is parsed. The tables are gone afterwards.
    """
    messages, parsing = 0, 0.0
    with connect(address) as connection:
        connection.execute(CREATE_PLAIN)
        chunks = _chunks(parsed(lake))
        started = time.perf_counter()
        with connection.transaction():
            while True:
                begun = time.perf_counter()
                rows = next(chunks, None)
                gc.freeze()  # what is parsed already is no part of the COPY, so no collection shall walk it
                parsing += time.perf_counter() - begun
                if rows is None:
                    break
                plain_copy(connection, rows)
                messages += len(rows)
        seconds = time.perf_counter() - started - parsing
        connection.execute("DROP TABLE plain_messages, plain_observations")
    return Timed(messages, seconds)


def load(address: DatabaseAddress, lake: Lake) -> tuple[LoadSummary, float]:
    """The step `load_raw_to_postgres`, and its seconds."""
    with connect(address) as connection:
        started = time.perf_counter()
        summary = load_messages(connection, [lake])
        return summary, time.perf_counter() - started


def read_offers(address: DatabaseAddress) -> Timed:
    """The step `extract_message_offers`, with the dictionary's loading and the workers' start."""
    with connect(address) as writer, connect(address) as reader:
        started = time.perf_counter()
        summary = extract_message_offers(writer, reader, workers=os.cpu_count() or 1)
        return Timed(summary.messages, time.perf_counter() - started)


def transform(address: DatabaseAddress, state_dir: Path) -> list[TransformSummary]:
    """Both steps of dbt; their seconds hold everything, from dbt's import to its last test."""
    return [
        build(step, project_dir=_PROJECT, address=address, report_timezone="Africa/Addis_Ababa", state_dir=state_dir)
        for step in TransformStep
    ]


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
