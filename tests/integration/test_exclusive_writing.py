"""Loads, extractions and builds at once: who must not see the other half-way waits, and nothing is lost by it.

Each test stops one of them in its middle by a lock of its own session, sees in the server's own lists that the others
wait, and lets it go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import PROJECT, Database
from factories import DAY, NOW, detections_csv, lake, lake_file, line
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.detections import DetectionLoadSummary, load_detections
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.offers.step import ExtractionSummary, extract_message_offers
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.locks import BUILD_LOCK, EXTRACT_LOCK, LOAD_LOCK
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.transform import TransformStep, TransformSummary, build
from warehouse_rows import records

MESSAGES = 300
CHUNK = 50
LATE = 240
"""A message of a chunk that is neither the first nor the last."""
WAITING = (
    "SELECT application_name, (classid::bigint << 32) | objid::bigint"
    " FROM pg_locks INNER JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
)
BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = %s AND datname = %s"
)
WHEN_AND_WHERE = ("loaded_at", "first_loaded_at", "rejected_at", "rejected_id", "file_id", "lake_id")


def load(database: Database, *lakes: Lake, application: str = "loader") -> LoadSummary:
    with connect(database.address, application=application) as connection:
        return load_messages(connection, lakes, now=NOW, chunk_rows=CHUNK)


def extract(database: Database) -> ExtractionSummary:
    with connect(database.address, application="extractor") as writer, connect(database.address) as reader:
        return extract_message_offers(writer, reader, workers=1)


def load_photos(database: Database, csv: Path) -> DetectionLoadSummary:
    with connect(database.address, application="photo loader") as connection:
        return load_detections(connection, csv)


def wait_for(condition: Callable[[], bool], *running: Future[Any]) -> None:
    """Look until it is so. Whoever should be waiting then, and has ended instead, fails the test at once."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        for each in running:
            assert not each.done(), each.exception() or each.result()
        time.sleep(0.02)


def waiting(database: Database) -> set[tuple[str, int]]:
    """Who waits for which of the product's locks."""
    return set(database.rows(WAITING))


def is_blocked(database: Database, application: str) -> bool:
    """Whether one of its sessions waits for a lock of any kind."""
    return bool(database.value(BLOCKED, application, database.dbname))


@contextmanager
def stopped_at_message(database: Database, message_id: int) -> Iterator[None]:
    """Let no load get past this message: an open transaction is about to store it, and never does."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO raw.telegram_messages (channel_name, message_id, message_date, message_text, observed_at,"
            " observation_id, record, file_id, file_position)"
            " VALUES ('shop', %s, now(), '', now(), gen_random_uuid(), '{}', 1, 0)",
            [message_id],
        )
        yield


@pytest.fixture
def large(tmp_path: Path) -> Lake:
    """A lake that loads in several chunks."""
    lake_file(tmp_path / "large", b"".join(line(n) for n in range(1, MESSAGES + 1)))
    return lake(tmp_path / "large", "large")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=6) as threads:
        yield threads


def test_a_build_waits_for_a_load_and_whoever_writes_raw_waits_for_a_build(
    database: Database, tmp_path: Path, large: Lake, pool: ThreadPoolExecutor
) -> None:
    """Half a load in some models and all of it in others: facts without dimensions, totals that do not add up."""

    def run(step: TransformStep) -> TransformSummary:
        return build(
            step,
            project_dir=PROJECT,
            address=database.address,
            report_timezone="Africa/Addis_Ababa",
            state_dir=tmp_path / "dbt",
        )

    with stopped_at_message(database, LATE):
        loading = pool.submit(load, database, large)
        wait_for(lambda: is_blocked(database, "loader"), loading)
        building = pool.submit(run, TransformStep.MESSAGES)
        wait_for(lambda: ("mtw transform", BUILD_LOCK) in waiting(database), loading, building)
        assert 0 < database.value("SELECT count(*) FROM raw.telegram_messages") < MESSAGES
        assert not (tmp_path / "dbt").exists(), "dbt has started"
    assert loading.result().new_messages == MESSAGES
    assert building.result().rows["fct_messages"] == MESSAGES
    in_all = "SELECT sum(total_messages) FROM marts.dim_channels"
    assert database.value(in_all) == MESSAGES

    lake_file(tmp_path / "more", line(1, message_text="edited") + line(MESSAGES + 1), day=DAY + timedelta(days=1))
    csv = detections_csv(tmp_path / "detections.csv", {})
    before = database.rows("SELECT m::text FROM raw.telegram_messages AS m ORDER BY 1")
    with database.connect() as holder:
        with holder.transaction():
            holder.execute("LOCK TABLE raw.image_scans")
            building = pool.submit(run, TransformStep.PHOTOS)
            wait_for(lambda: is_blocked(database, "dbt"), building)
            writers: list[Future[Any]] = [
                pool.submit(load, database, lake(tmp_path / "more", "more")),
                pool.submit(extract, database),
                pool.submit(load_photos, database, csv),
            ]
            names = ("loader", "extractor", "photo loader")
            wait_for(lambda: {(name, BUILD_LOCK) for name in names} <= waiting(database), building, *writers)
            assert database.rows("SELECT m::text FROM raw.telegram_messages AS m ORDER BY 1") == before
            assert database.value("SELECT count(*) FROM raw.message_genres") == 0
        assert building.result().rows["fct_images"] == 0
    for writer in writers:
        writer.result()
    extract(database)
    tables = ("telegram_messages", "message_genres", "telegram_message_texts", "image_scans")
    counts = [database.value(f"SELECT count(*) FROM raw.{table}") for table in tables]
    assert counts == [MESSAGES + 1, MESSAGES + 1, 2, 1]
    assert database.value(in_all) == MESSAGES, "the next build adds what came after this one"


def test_an_extraction_waits_until_a_load_is_done_and_reads_all_of_it(
    database: Database, large: Lake, pool: ThreadPoolExecutor
) -> None:
    """It notes up to when it has read: what a load was still storing then would never be read."""
    with stopped_at_message(database, LATE):
        loading = pool.submit(load, database, large)
        wait_for(lambda: is_blocked(database, "loader"), loading)
        extracting = pool.submit(extract, database)
        wait_for(lambda: ("extractor", LOAD_LOCK) in waiting(database), loading, extracting)
        second = pool.submit(extract, database)
        wait_for(lambda: ("extractor", EXTRACT_LOCK) in waiting(database), loading, extracting, second)
        assert database.value("SELECT count(*) FROM raw.message_genres") == 0
    assert loading.result().new_messages == MESSAGES
    assert sorted([extracting.result().messages, second.result().messages]) == [0, MESSAGES]


def test_two_loads_at_once_give_what_one_after_the_other_gives(
    database: Database, empty_database: Database, tmp_path: Path, large: Lake, pool: ThreadPoolExecutor
) -> None:
    """Two merges into one message at once could keep the older state, or miss a text between them."""
    later = DAY + timedelta(days=1)
    edits = (line(n, message_text=f"edited {n}", views=n) for n in range(1, MESSAGES + 1, 3))
    lake_file(tmp_path / "other", b"".join(edits) + b"broken\n", day=later)
    gone = (line(n, is_deleted=True, message_text="") for n in range(2, MESSAGES + 1, 9))
    lake_file(tmp_path / "other", b"".join(gone), day=later, name="shop-again.jsonl")
    other = lake(tmp_path / "other", "other")
    with stopped_at_message(database, LATE):
        first = pool.submit(load, database, large, application="first")
        wait_for(lambda: is_blocked(database, "first"), first)
        second = pool.submit(load, database, other, large, application="second")
        wait_for(lambda: ("second", LOAD_LOCK) in waiting(database), first, second)
        unedited = "SELECT count(*) FROM raw.telegram_messages WHERE message_text LIKE 'edited%'"
        assert database.value(unedited) == 0
    assert first.result().new_messages == MESSAGES
    assert (second.result().new_messages, second.result().files_unchanged) == (0, 1)

    with empty_database.connect() as connection:
        migrate(connection)
    load(empty_database, other)
    load(empty_database, large)
    assert raw(database) == raw(empty_database)


def test_a_wait_that_is_cancelled_leaves_no_lock_behind(
    database: Database, large: Lake, pool: ThreadPoolExecutor
) -> None:
    """The session of a pool, or of a notebook, goes on after a cancelled statement, and would keep builds away."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s"
    with database.connect() as patient, database.connect() as idle:
        pid = patient.info.backend_pid
        idle.execute("SELECT pg_advisory_lock(%s)", [LOAD_LOCK])
        loading = pool.submit(load_messages, patient, [large], now=NOW)
        wait_for(lambda: database.value(held, pid) == 2, loading)
        database.value("SELECT pg_cancel_backend(%s)", pid)
        with pytest.raises(psycopg.errors.QueryCanceled):
            loading.result()
        assert database.value(held, pid) == 0
        idle.execute("SELECT pg_advisory_unlock(%s)", [LOAD_LOCK])
        assert load_messages(patient, [large], now=NOW).new_messages == MESSAGES


def raw(database: Database) -> dict[str, list[str]]:
    """What the raw tables hold, but for when it was loaded and the numbers of its files."""
    with database.connect() as connection:
        return {
            table: sorted(str({key: value for key, value in row.items() if key not in WHEN_AND_WHERE}) for row in rows)
            for table, rows in records(connection, "raw").items()
        }
