"""The databases that the warehouse's benchmark starts from: loaded, offers read, photos' records there, no dbt yet.

`HISTORY_raw` is that state; it gets its name when it is whole. `HISTORY_run` is what dbt then works on: each run makes
it anew, so a kept `HISTORY_raw` serves any number of runs. A newer product brings it up to date before; where it
refuses it, because a migration was changed after it was applied, it is made anew, from the lake that is kept.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from benchmarks.fresh_process import Memory, in_fresh_process
from benchmarks.measured_steps import Timed, copy_plainly, load, read_offers
from benchmarks.photo_records import add_photo_records
from benchmarks.server import postmaster
from benchmarks.stored import History, first_lake
from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where the server, the lakes and the databases are."""

    folder: Path
    address: DatabaseAddress
    is_kept: bool

    @property
    def postmaster(self) -> int:
        """The server's process."""
        return postmaster(self.folder)

    def database(self, name: str) -> DatabaseAddress:
        """How to connect to one of the databases."""
        return self.address._replace(database=name)


class Preparation(NamedTuple):
    """What it took to make a database ready for dbt."""

    plain: Timed
    load: Timed
    load_memory: Memory
    offers: Timed


def prepare(place: Place, history: History) -> Preparation | None:
    """Make `HISTORY_raw`, or bring a kept one up to date: then nothing is measured, and None returned."""
    finished, draft = f"{history.name}_raw", f"{history.name}_new"
    if _is_kept(place, finished):
        _bring_up_to_date(place, history)
        return None
    with connect(place.address) as connection:
        _create(connection, draft)
    preparation = _prepare(place, history, draft)
    with connect(place.address) as connection:
        _rename(connection, draft, finished)
    return preparation


def working_copy(place: Place, history: History) -> DatabaseAddress:
    """`HISTORY_run`, as `HISTORY_raw` is; where nothing is kept, it is that database itself."""
    source, target = f"{history.name}_raw", f"{history.name}_run"
    with connect(place.address) as connection:
        if place.is_kept:
            logger.info("copying the database %s", source)
            _create(connection, target, template=source)
        else:
            _rename(connection, source, target)
    return place.database(target)


def settle(connection: psycopg.Connection) -> None:
    """Do what autovacuum and the checkpointer would have done by the time that the next step runs."""
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def _prepare(place: Place, history: History, draft: str) -> Preparation:
    lake = first_lake(place.folder / history.name, history)
    address = place.database(draft)
    with connect(address) as connection:
        migrate(connection)
        logger.info("%s: plain COPY", history.name)
        plain, _ = in_fresh_process(place.postmaster, copy_plainly, address, lake)
        connection.execute("CHECKPOINT")
        logger.info("%s: load", history.name)
        (summary, seconds), memory = in_fresh_process(place.postmaster, load, address, lake)
        assert summary.new_messages == summary.new_observations == plain.messages, summary
        add_photo_records(connection)
        settle(connection)
        offers, _ = in_fresh_process(place.postmaster, read_offers, address)
        assert offers.messages == summary.new_messages, offers
        settle(connection)
    return Preparation(plain, Timed(summary.new_messages, seconds), memory, offers)


def _is_kept(place: Place, name: str) -> bool:
    with connect(place.address) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            return False
        try:
            with connect(place.database(name)) as kept:
                migrate(kept)
        except DatabaseRefusedError as error:
            logger.warning("%s is made anew: %s", name, error)
            _drop(connection, name)
            return False
    return True


def _bring_up_to_date(place: Place, history: History) -> None:
    address = place.database(f"{history.name}_raw")
    with connect(address) as connection:
        load_messages(connection, [first_lake(place.folder / history.name, history)])
        add_photo_records(connection)
        read_offers(address)
        settle(connection)


def _create(connection: psycopg.Connection, name: str, *, template: str = "template1") -> None:
    _drop(connection, name)
    # File by file: else all of it would go through the write-ahead log.
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _rename(connection: psycopg.Connection, name: str, other: str) -> None:
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other)))
