"""Migrations are applied once, in order, and never to a database that is ahead."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from conftest import PROJECT, Database
from factories import DAY, NOW, detections_csv, lake, lake_file, line
from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.load.detections import DetectionLoadSummary, load_detections
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.postgres import migrate as migrate_module
from medical_telegram_warehouse.postgres.migrate import Migration, migrate, migrations
from medical_telegram_warehouse.transform import TransformStep, build

NAMES = [migration.name for migration in migrations()]
PUBLISHED = {
    1: "42198a541b04d4aa",
    2: "bc145e26cf0f0414",
    3: "f8ce0084e676fa2e",
    4: "53a3d10f07a33435",
    5: "1db9c2fefcb9b4ee",
    6: "249d80c6a3cda860",
    7: "7c1514c5e091a816",
    8: "e2575188d852d542",
}
"""What warehouses out there remember of each migration, shortened. Change none of these lines; add new ones."""


def run(database: Database) -> list[str]:
    with database.connect() as connection:
        return migrate(connection)


def applied(database: Database) -> list[int]:
    return [number for (number,) in database.rows("SELECT number FROM public.mtw_migrations ORDER BY number")]


def test_published_migrations_stay_as_they_are() -> None:
    """A warehouse that applied an earlier text would be refused by the next version."""
    assert {each.number: each.checksum[:16] for each in migrations() if each.number in PUBLISHED} == PUBLISHED


def test_each_migration_is_applied_once(empty_database: Database) -> None:
    assert run(empty_database) == NAMES
    assert run(empty_database) == []
    assert applied(empty_database) == list(range(1, len(NAMES) + 1)), "numbers have no gaps"
    assert empty_database.value("SELECT count(*) FROM raw.telegram_messages") == 0


def test_several_that_migrate_at_once_do_it_once(empty_database: Database) -> None:
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(run(empty_database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [[], [], [], NAMES]


def test_a_migration_that_was_edited_later_is_refused(database: Database) -> None:
    database.rows("UPDATE public.mtw_migrations SET checksum = 'x' WHERE number = 1 RETURNING 1")
    with pytest.raises(DatabaseRefusedError, match=f"migration {NAMES[0]} differs from the one that was applied"):
        run(database)


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    database.rows("INSERT INTO public.mtw_migrations VALUES (9999, '9999_later.sql', 'x') RETURNING 1")
    with pytest.raises(DatabaseRefusedError, match=r"newer version of this product \(migration 9999\); update"):
        run(database)
    database.rows("DELETE FROM public.mtw_migrations WHERE number = 9999 RETURNING 1")
    assert run(database) == [], "the refusal holds no lock"


def test_a_migration_that_fails_leaves_nothing_of_itself(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Migration(1, "0001_good.sql", "CREATE TABLE good (a integer);")
    bad = Migration(2, "0002_bad.sql", "CREATE TABLE half (a integer); SELECT 1 / 0;")
    monkeypatch.setattr(migrate_module, "migrations", lambda: [good, bad])
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(empty_database)
    assert applied(empty_database) == [1]
    assert empty_database.value("SELECT to_regclass('half') IS NULL AND to_regclass('good') IS NOT NULL")

    mended = bad._replace(sql="CREATE TABLE half (a integer);")
    monkeypatch.setattr(migrate_module, "migrations", lambda: [good, mended])
    assert run(empty_database) == ["0002_bad.sql"]


def test_a_filled_warehouse_is_migrated_and_keeps_its_rows(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was loaded before is a deletion, and what was not known then is unknown, not false."""
    first, *later = migrations()
    monkeypatch.setattr(migrate_module, "migrations", lambda: [first])
    run(empty_database)
    tables: dict[str, dict[str, Any]] = {
        "telegram_messages": {"message_date": NOW, "message_text": "Zinc", "views": 5, "record": "{}"},
        "telegram_message_observations": {"views": 5, "text_hash": uuid4()},
    }
    message = {"channel_name": "shop", "message_id": 1, "observed_at": NOW, "observation_id": uuid4()}
    with empty_database.connect() as connection:
        for table, facts in tables.items():
            row = facts | message | {"file_id": 1, "file_position": 0}
            values = ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO raw.{table} ({', '.join(row)}) VALUES ({values})", list(row.values()))
        connection.execute("INSERT INTO raw.telegram_channels VALUES ('shop', now(), 'Shop', NULL, 8, 'sample')")
    monkeypatch.undo()

    assert run(empty_database) == [migration.name for migration in later]
    assert empty_database.rows(
        "SELECT message_text, views, deleted_at, forwarded_from_id, forwarded_from_message_id, is_pinned, views_exact"
        " FROM raw.telegram_messages"
    ) == [("Zinc", 5, None, None, None, None, None)]
    assert empty_database.rows("SELECT views, is_deleted FROM raw.telegram_message_observations") == [(5, False)]
    assert empty_database.rows(
        "SELECT title, subscribers, telegram_id, username, telegram_type, is_verified, is_scam, is_fake"
        " FROM raw.telegram_channels"
    ) == [("Shop", 8, None, None, None, None, None, None)]


def copy_into_first_version(newest: Database, first: Database) -> None:
    """Give a database of the first version the rows that it would hold, as far as it has columns for them."""
    tables = first.rows(
        "SELECT table_schema, table_name, array_agg(column_name::text),"
        " min(column_name) FILTER (WHERE is_identity = 'YES')"
        " FROM information_schema.columns WHERE table_schema IN ('raw', 'ops') GROUP BY 1, 2"
    )
    with newest.connect() as source, first.connect() as target, target.transaction():
        target.execute("SET LOCAL session_replication_role = replica")  # foreign keys, in whatever order tables come
        for schema, table, names, identity in tables:
            columns = SQL(", ").join(map(Identifier, names))
            read = SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns, Identifier(schema, table))
            write = SQL("COPY {} ({}) FROM STDIN").format(Identifier(schema, table), columns)
            with source.cursor().copy(read) as rows, target.cursor().copy(write) as copied:
                for row in rows:
                    copied.write(row)
            if identity:
                numbers = SQL("SELECT setval(pg_get_serial_sequence(%s, %s), max({})) FROM {}")
                go_on = numbers.format(Identifier(identity), Identifier(schema, table))
                target.execute(go_on, [f"{schema}.{table}", identity])


def test_a_warehouse_of_the_first_version_goes_on_with_every_step_of_the_newest(
    database: Database, empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Years of somebody's history are in it: an upgrade must neither read it twice nor leave a step that cannot run."""
    own = lake(tmp_path / "lake", "own")
    lake_file(own.root, line(1, message_text="Amoxicillin 500mg 10x10 💵530") + b"broken\n" + line(2), day=DAY)
    csv = detections_csv(tmp_path / "detections.csv", {})
    with database.connect() as connection:
        load_messages(connection, [own], now=NOW)
        load_detections(connection, csv)
    first, *later = migrations()
    monkeypatch.setattr(migrate_module, "migrations", lambda: [first])
    run(empty_database)
    copy_into_first_version(database, empty_database)
    monkeypatch.undo()

    assert run(empty_database) == [migration.name for migration in later]
    edited = line(1, message_text="Amoxicillin 500mg 10x10 💵560", views=25)
    lake_file(own.root, edited + line(3), day=DAY + timedelta(days=1))
    with empty_database.connect() as connection, empty_database.connect() as reader:
        loaded = load_messages(connection, [own], now=NOW)
        assert (loaded.files_read, loaded.records, loaded.rejected) == (2, 5, {"invalid_json": 1})
        assert (loaded.new_messages, loaded.updated_messages, loaded.new_observations) == (1, 1, 2)
        assert load_detections(connection, csv) == DetectionLoadSummary(is_unchanged=True)
        assert extract_message_offers(connection, reader, workers=1).messages == 3
    for step in TransformStep:
        build(step, project_dir=PROJECT, address=empty_database.address, report_timezone="Africa/Addis_Ababa")

    expected = {
        "SELECT message_id, views FROM marts.fct_messages ORDER BY 1": [(1, 25), (2, 10), (3, 10)],
        "SELECT message_id, version_number, right(message_text, 3) FROM marts.fct_message_versions ORDER BY 1, 2": [
            (1, 1, "530"),
            (1, 2, "560"),
        ],
        "SELECT message_id, observation_number, views_gained FROM marts.fct_message_engagement ORDER BY 1, 2": [
            (1, 1, None),
            (1, 2, 15),
            (2, 1, None),
            (3, 1, None),
        ],
        "SELECT message_id, product_name, price FROM marts.fct_offers WHERE price IS NOT NULL": [
            (1, "amoxicillin", 560)
        ],
        "SELECT message_id, image_status, image_category FROM marts.fct_images": [(1, "ok", "product_display")],
        "SELECT message_id, detected_class FROM marts.fct_image_detections": [(1, "bottle")],
        "SELECT detail, issue_count FROM marts.rpt_data_quality WHERE check_name = 'rejected_records'": [
            ("invalid_json", 1)
        ],
    }
    assert {query: empty_database.rows(query) for query in expected} == expected
