"""Migrations are applied once, in order, and never to a database that is ahead."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from conftest import Database
from factories import NOW
from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.postgres import migrate as migrate_module
from medical_telegram_warehouse.postgres.migrate import Migration, migrate, migrations

NAMES = [migration.name for migration in migrations()]


def run(database: Database) -> list[str]:
    with database.connect() as connection:
        return migrate(connection)


def applied(database: Database) -> list[int]:
    return [number for (number,) in database.rows("SELECT number FROM public.mtw_migrations ORDER BY number")]


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
