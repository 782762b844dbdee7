"""One history through the product: loaded, built, built again without anything new, and once more a day later.

dbt's time is that of its models alone, summed over its threads; that with tests and start-up stands beside it. What a
night or the reading of offers leaves time for is done by VACUUM ANALYZE and CHECKPOINT, and not measured.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.fresh_process import Memory, in_fresh_process
from benchmarks.measured_steps import Timed, load, read_offers, transform
from benchmarks.photo_records import add_photo_records
from benchmarks.prepared import Place, Preparation, prepare, settle, working_copy
from benchmarks.stored import History, grown_lake
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
_COUNT = "SELECT count(*) FROM raw.telegram_messages"
_SIZE = "SELECT pg_database_size(current_database())"
_TABLES = """
    SELECT oid::regclass::text, pg_total_relation_size(oid)
    FROM pg_class
    WHERE relkind IN ('r', 'm')
    ORDER BY 2 DESC
"""


class Build(NamedTuple):
    """What both steps of dbt took."""

    models: dict[str, float]
    """Seconds of each model; of one that both steps make, their sum."""
    seconds: float
    """From dbt's import to its last test."""
    memory: Memory

    @property
    def model_seconds(self) -> float:
        """Seconds of all models."""
        return sum(self.models.values())


class Day(NamedTuple):
    """What one day more took."""

    new: int
    """Messages."""
    updated: int
    """Messages that were seen again, with other counters or another text."""
    load_seconds: float
    offers: Timed
    build: Build


class Figures(NamedTuple):
    """What was measured of one history."""

    messages: int
    preparation: Preparation | None
    """None: it was kept from an earlier run."""
    first: Build
    again: Build
    day: Day
    size: int
    """Bytes of the database after the first build."""
    tables: dict[str, int]
    """Bytes of each table and its indexes then, the largest first."""


def measure_history(place: Place, history: History) -> Figures:
    """Make the databases of a history, or use what is kept of it, and measure what follows."""
    preparation = prepare(place, history)
    address = working_copy(place, history)
    state_dir = place.folder / history.name / "dbt"
    shutil.rmtree(state_dir, ignore_errors=True)  # else only a folder's first run would pay for parsing the project
    with connect(address) as connection:
        connection.execute("CHECKPOINT")
        logger.info("%s: first build", history.name)
        first = _build(place, address, state_dir)
        settle(connection)
        messages, size = _number(connection, _COUNT), _number(connection, _SIZE)
        tables = dict(connection.execute(_TABLES).fetchall())
        logger.info("%s: build with nothing new", history.name)
        again = _build(place, address, state_dir)
    return Figures(messages, preparation, first, again, _day(place, address, history, state_dir), size, tables)


def _day(place: Place, address: DatabaseAddress, history: History, state_dir: Path) -> Day:
    lake = grown_lake(place.folder / history.name, history)
    with connect(address) as connection:
        settle(connection)
        logger.info("%s: a day more", history.name)
        (summary, load_seconds), _ = in_fresh_process(place.postmaster, load, address, lake)
        assert summary.new_messages, summary
        offers, _ = in_fresh_process(place.postmaster, read_offers, address)
        # The product does this between dbt's steps. Neither needs to wait for the other.
        add_photo_records(connection)
    build = _build(place, address, state_dir)
    return Day(summary.new_messages, summary.updated_messages, load_seconds, offers, build)


def _build(place: Place, address: DatabaseAddress, state_dir: Path) -> Build:
    summaries, memory = in_fresh_process(place.postmaster, transform, address, state_dir)
    models: dict[str, float] = {}
    for node in (node for summary in summaries for node in summary.nodes if node.resource_type == "model"):
        models[node.name] = models.get(node.name, 0) + node.seconds
    return Build(models, sum(summary.seconds for summary in summaries), memory)


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
