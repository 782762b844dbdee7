"""A backup holds everything or is none; a restore brings everything back, or leaves things as they were."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from conftest import Database
from factories import NOW, lake, lake_file, line
from medical_telegram_warehouse.errors import DatabaseRefusedError, WarehouseError
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.postgres import backup as backup_module
from medical_telegram_warehouse.postgres import migrate as migrate_module
from medical_telegram_warehouse.postgres.archives import (
    BackupError,
    Programs,
    connection_argument,
    fitting_programs,
    installed_programs,
)
from medical_telegram_warehouse.postgres.backup import Backup, back_up
from medical_telegram_warehouse.postgres.backup_record import record_path
from medical_telegram_warehouse.postgres.groups import Role
from medical_telegram_warehouse.postgres.migrate import migrate, migrations
from medical_telegram_warehouse.postgres.replacing import draft_name, kept_name
from medical_telegram_warehouse.postgres.restore import restore
from medical_telegram_warehouse.postgres.roles import add_login, drop_login

MTW = Path(sys.executable).with_name("mtw")
PASSWORD = "q7-unguessable-but-known"
# As dbt makes them, and a few that are hard to write down.
MARTS = """
CREATE TABLE marts.fct_messages AS
SELECT n AS message_id, md5(n::text) AS message_key, CASE WHEN n % 3 > 0 THEN n * 1.5 END AS price,
    timestamptz '2026-01-01 00:00:00.123456+03' + n * interval '1 hour' AS posted_at, array[n, NULL] AS numbers,
    jsonb_build_object('a', n, 'ቁልፍ', E'tab\\t and \\\\ and line\\n') AS facts, (n % 2 = 0) AS is_even
FROM generate_series(1, 500) AS n;
ALTER TABLE marts.fct_messages ADD PRIMARY KEY (message_id);
COMMENT ON COLUMN marts.fct_messages.price IS 'It''s in birr.';
CREATE TABLE marts."a ""table"" of, odd name" (a text);
INSERT INTO marts."a ""table"" of, odd name" VALUES (NULL), (''), ('\\N'), ('\\.');
CREATE TABLE marts.empty (a integer);
CREATE VIEW staging.stg_messages AS SELECT channel_name, message_id FROM raw.telegram_messages;
"""


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def command(database: Database, *arguments: str | Path) -> tuple[list[str], dict[str, str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))}
    place = {
        "POSTGRES_HOST": database.host,
        "POSTGRES_PORT": str(database.port),
        "POSTGRES_DB": database.dbname,
        "POSTGRES_USER": database.user,
        "POSTGRES_PASSWORD": database.password,
    }
    return [str(MTW), *map(str, arguments)], {**kept, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "300", **place}


def mtw(database: Database, *arguments: str | Path, **environment: str) -> Result:
    words, place = command(database, *arguments)
    done = subprocess.run(words, capture_output=True, text=True, env={**place, **environment}, timeout=100, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    assert database.password not in done.stdout + done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def run(database: Database, text: str) -> None:
    with database.connect() as connection:
        connection.execute(SQL(text))


def add_big_table(database: Database, rows: int) -> None:
    """What takes a while to dump."""
    query = SQL(
        "CREATE TABLE marts.big AS SELECT md5(g::text) || md5((-g)::text) AS a FROM generate_series(1, {}) AS g"
    )
    with database.connect() as connection:
        connection.execute(query.format(rows))


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table and view."""
    relations = database.rows(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema IN ('raw', 'ops', 'staging', 'marts', 'seeds', 'public')"
    )
    found = {}
    with database.connect() as connection:
        for schema, name in sorted(relations):
            rows = connection.execute(SQL("SELECT t::text FROM {} AS t").format(Identifier(schema, name))).fetchall()
            found[f"{schema}.{name}"] = sorted(row[0] for row in rows)
    return found


def databases(database: Database) -> list[str]:
    """The databases that were made of this one."""
    names = database._replace(dbname="postgres").rows(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1", f"{database.dbname}_"
    )
    return [name for (name,) in names]


def refusal(database: Database, path: Path, kind: type[WarehouseError] = BackupError, **options: Any) -> str:
    """What is said of a restore that is refused; the database stays as it was, and nothing is left beside it."""
    before = everything(database)
    with pytest.raises(kind) as caught:
        restore(database.address, path, **options)
    assert everything(database) == before
    assert databases(database) == []
    return str(caught.value)


@pytest.fixture(autouse=True)
def others_dropped(database: Database) -> Iterator[None]:
    """What restores made of the test's database goes with it."""
    yield
    with database._replace(dbname="postgres").connect() as connection:
        for name in databases(database):
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Database:
    """A warehouse with something in every schema."""
    lake_file(tmp_path / "lake", b"".join(line(number, views=number) for number in range(1, 40)) + b"no record\n")
    with database.connect() as connection:
        load_messages(connection, [lake(tmp_path / "lake")], now=NOW)
    run(database, MARTS)
    run(database, "INSERT INTO ops.step_runs VALUES ('r', 's', 1, 'success', now(), now(), 5, '{\"a\": [1, null]}')")
    return database


@pytest.fixture
def saved(filled: Database, tmp_path: Path) -> Backup:
    """A backup of it."""
    return back_up(filled.address, tmp_path / "saved.dump")


class TestRoundTrip:
    def test_a_restore_brings_back_every_row_and_keeps_what_was_there_before(
        self, filled: Database, tmp_path: Path
    ) -> None:
        before = everything(filled)
        assert sum(map(len, before.values())) > 600, "there is something to lose"
        written = mtw(filled, "db", "backup", DATA_DIR=str(tmp_path))
        assert written.code == 0, written.err
        [path] = (tmp_path / "backups").glob("*.dump")
        assert path.name.startswith(f"{filled.dbname}-20")
        assert str(path) in written.out
        assert "read back and complete" in written.out

        run(filled, "DELETE FROM raw.telegram_messages WHERE message_id > 5; DROP TABLE marts.fct_messages CASCADE")
        changed = everything(filled)
        restored = mtw(filled, "db", "restore", path)
        assert restored.code == 0, restored.err
        assert everything(filled) == before
        assert "every row counted" in restored.out
        [kept] = databases(filled)
        assert f"what was there before is kept as database {kept}" in restored.out
        assert everything(filled._replace(dbname=kept)) == changed

    def test_a_restored_warehouse_goes_on_where_it_was(self, filled: Database, saved: Backup, tmp_path: Path) -> None:
        """Keys continue, constraints and comments are there, and what was loaded is known to be."""
        run(filled, "INSERT INTO ops.lakes (lake, root) VALUES ('later', 'x'), ('latest', 'y')")
        restore(filled.address, saved.path)
        assert filled.value("INSERT INTO ops.lakes (lake, root) VALUES ('next', 'z') RETURNING lake_id") == 2
        with filled.connect() as connection:
            assert migrate(connection) == []
            assert load_messages(connection, [lake(tmp_path / "lake")], now=NOW).files_unchanged == 1
        assert filled.value("SELECT count(*) FROM pg_constraint WHERE conname = 'fct_messages_pkey'") == 1
        comment = "SELECT col_description('marts.fct_messages'::regclass, 3)"
        assert filled.value(comment) == "It's in birr."
        assert filled.value("SELECT reltuples FROM pg_class WHERE relname = 'fct_messages'") == 500, "analysed"

    def test_logins_can_do_after_a_restore_what_they_could_before(self, filled: Database, tmp_path: Path) -> None:
        with filled.connect() as connection:
            for role in Role:
                add_login(connection, f"restored_{role}", role, SecretStr(PASSWORD))
        reader, loader, owner = (
            filled._replace(user=f"restored_{role}", password=PASSWORD)
            for role in (Role.READER, Role.LOADER, Role.OWNER)
        )
        try:
            saved = back_up(owner.address, tmp_path / "by_an_owner.dump")
            restore(filled.address, saved.path)
            assert reader.value("SELECT count(*) FROM marts.fct_messages") == 500
            run(owner, "ALTER TABLE marts.fct_messages RENAME TO m; CREATE TABLE marts.later AS SELECT 1 AS a")
            assert reader.value("SELECT a FROM marts.later") == 1
            with loader.connect() as connection:
                assert migrate(connection) == []
                connection.execute("DELETE FROM raw.telegram_messages")
        finally:
            with filled.connect() as connection:
                for role in Role:
                    drop_login(connection, f"restored_{role}")

    def test_replace_keeps_nothing(self, filled: Database, saved: Backup) -> None:
        before = everything(filled)
        run(filled, "DELETE FROM raw.telegram_messages")
        done = mtw(filled, "db", "restore", saved.path, "--replace")
        assert done.code == 0, done.err
        assert everything(filled) == before
        assert databases(filled) == []

    @pytest.mark.parametrize("exists", [False, True])
    def test_a_backup_is_restored_where_there_is_nothing_yet(
        self, filled: Database, saved: Backup, exists: bool
    ) -> None:
        fresh = filled._replace(dbname=f'{filled.dbname}_a "fresh" one')
        if exists:
            with filled.connect() as connection:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(fresh.dbname)))
        restored = restore(fresh.address, saved.path)
        assert everything(fresh) == everything(filled)
        assert restored.kept_as is None
        assert databases(filled) == [fresh.dbname]

    def test_into_leaves_the_configured_database_alone(self, filled: Database, saved: Backup) -> None:
        before = everything(filled)
        run(filled, "DELETE FROM raw.telegram_messages")
        changed = everything(filled)
        name = f"{filled.dbname}_copy"
        with filled.connect():  # in use
            done = mtw(filled, "db", "restore", saved.path, "--into", name)
        assert done.code == 0, done.err
        assert f"into database {name}" in done.out
        assert everything(filled._replace(dbname=name)) == before
        assert everything(filled) == changed
        again = mtw(filled, "db", "restore", saved.path, "--into", name)
        assert again.code == 1
        assert f"database {name!r} exists and is not empty" in again.err
        for refused in ("postgres", "template1", "", "a" * 64):
            with pytest.raises(BackupError, match="give a name of your own"):
                restore(filled.address, saved.path, into=refused)
        assert mtw(filled, "db", "restore", saved.path, "--into", "x", "--replace").code == 2

    def test_what_is_written_during_a_backup_is_in_it_as_a_whole_or_not_at_all(
        self, filled: Database, tmp_path: Path
    ) -> None:
        run(filled, "CREATE TABLE marts.a AS SELECT g AS n FROM generate_series(1, 20000) AS g")
        run(filled, "CREATE TABLE marts.z (n integer)")
        done = threading.Event()

        def write() -> None:
            with filled.connect() as connection:
                for number in range(100_000):
                    if done.is_set():
                        return
                    with connection.transaction():
                        connection.execute("INSERT INTO marts.a VALUES (%s)", [-number])
                        connection.execute("INSERT INTO marts.z VALUES (%s)", [number])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            backup = back_up(filled.address, tmp_path / "busy.dump")
        finally:
            done.set()
            writer.join()
        rows = {table.name: table.rows for table in backup.record.tables}
        assert rows["a"] == 20_000 + rows["z"]
        restored = restore(filled.address, backup.path)
        assert restored.rows == sum(rows.values())

    def test_an_older_backup_is_brought_up_to_date(
        self, empty_database: Database, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        *old, last = migrations()
        monkeypatch.setattr(migrate_module, "migrations", lambda: old)
        with empty_database.connect() as connection:
            migrate(connection)
        backup = back_up(empty_database.address, tmp_path / "old.dump")
        monkeypatch.undo()
        assert restore(database.address, backup.path).migrated == [last.name]
        with database.connect() as connection:
            assert migrate(connection) == []


class TestWriting:
    def test_a_backup_and_its_record_are_for_their_owner_alone(self, filled: Database, saved: Backup) -> None:
        """Whole messages, with the telephone numbers of people in them."""
        record = json.loads(record_path(saved.path).read_text("utf-8"))
        rows = {f"{table['schema']}.{table['name']}": table["rows"] for table in record["tables"]}
        assert rows["raw.telegram_messages"] == 39
        assert rows["marts.fct_messages"] == 500
        assert rows["marts.empty"] == 0
        assert record["size"] == saved.path.stat().st_size
        assert record["migrations"] == [migration.number for migration in migrations()]
        assert {path.stat().st_mode & 0o777 for path in saved.path.parent.glob("saved.dump*")} == {0o600}

    def test_a_backup_replaces_no_file(self, filled: Database, saved: Backup) -> None:
        content = saved.path.read_bytes()
        refused = mtw(filled, "db", "backup", saved.path)
        assert refused.code == 1
        assert "saved.dump exists, and a backup replaces nothing" in refused.err
        assert saved.path.read_bytes() == content

    def test_a_folder_gets_a_file_with_the_databases_name(self, filled: Database, tmp_path: Path) -> None:
        folder = tmp_path / "a folder"
        folder.mkdir()
        assert mtw(filled, "db", "backup", folder).code == 0
        [path] = folder.glob(f"{filled.dbname}-*.dump")
        assert sorted(folder.iterdir()) == [path, record_path(path)]

    def test_a_database_without_a_warehouse_is_not_backed_up(self, empty_database: Database, tmp_path: Path) -> None:
        with pytest.raises(DatabaseRefusedError, match="holds no warehouse of this product"):
            back_up(empty_database.address, tmp_path / "empty.dump")
        assert list(tmp_path.iterdir()) == []

    def test_a_login_that_may_not_read_everything_is_told_so(self, filled: Database, tmp_path: Path) -> None:
        with filled.connect() as connection:
            add_login(connection, "backs_up", Role.LOADER, SecretStr(PASSWORD))
            try:
                with pytest.raises(DatabaseRefusedError, match="needs a user who may read every table"):
                    back_up(filled._replace(user="backs_up", password=PASSWORD).address, tmp_path / "x" / "no.dump")
            finally:
                drop_login(connection, "backs_up")
        assert list((tmp_path / "x").iterdir()) == []

    def test_a_backup_waits_for_a_table_that_is_being_replaced(
        self, filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backup_module, "_RETRY_SECONDS", 0.1)
        locked = threading.Event()

        def replace() -> None:
            with filled.connect() as connection, connection.transaction():
                connection.execute("CREATE TABLE marts.draft AS SELECT 7 AS a")
                connection.execute("DROP TABLE marts.empty")
                connection.execute("ALTER TABLE marts.draft RENAME TO empty")
                locked.set()
                time.sleep(1)

        replacing = threading.Thread(target=replace)
        replacing.start()
        locked.wait()
        backup = back_up(filled.address, tmp_path / "waited.dump")
        replacing.join()
        assert backup.seconds > 0.9
        assert {table.rows for table in backup.record.tables if table.name == "empty"} == {1}

    def test_a_kill_in_the_middle_leaves_nothing_under_the_final_name(self, filled: Database, tmp_path: Path) -> None:
        run(
            filled,
            "CREATE TABLE marts.big AS SELECT md5(g::text) || md5((-g)::text) AS a FROM generate_series(1, 600000) g",
        )
        target = tmp_path / "backups" / "killed.dump"
        words, place = command(filled, "db", "backup", target)
        with subprocess.Popen(words, env=place, stderr=subprocess.DEVNULL) as killed:
            while not any(part.stat().st_size for part in (tmp_path / "backups").glob(".*.part")):
                assert killed.poll() is None, "it was killed too late to tell anything"
                time.sleep(0.01)
            killed.send_signal(signal.SIGKILL)
        assert killed.returncode == -signal.SIGKILL
        [part] = target.parent.iterdir()
        assert part.name.endswith(".part")

        # The next one is whole; and once it is certain that nobody writes it any more, the part goes.
        backup = back_up(filled.address, target)
        assert sum(table.rows for table in backup.record.tables if table.name == "big") == 600_000
        past = time.time() - timedelta(hours=2).total_seconds()
        while filled.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mtw pg_dump'"):
            time.sleep(0.1)  # pg_dump goes on by itself
        os.utime(part, (past, past))
        back_up(filled.address, target.with_name("next.dump"))
        assert not part.exists()

    def test_an_interrupt_leaves_nothing_at_all(self, filled: Database, tmp_path: Path) -> None:
        run(
            filled,
            "CREATE TABLE marts.big AS SELECT md5(g::text) || md5((-g)::text) AS a FROM generate_series(1, 600000) g",
        )
        folder = tmp_path / "backups"
        words, place = command(filled, "db", "backup", folder / "interrupted.dump")
        with subprocess.Popen(words, env=place, stderr=subprocess.DEVNULL) as interrupted:
            while not any(part.stat().st_size for part in folder.glob(".*.part")):
                assert interrupted.poll() is None
                time.sleep(0.01)
            interrupted.send_signal(signal.SIGINT)
        assert interrupted.returncode == 130
        assert list(folder.iterdir()) == []
        assert filled.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mtw pg_dump'") == 0

    def test_a_full_disk_is_explained_and_leaves_no_file(self, filled: Database, tmp_path: Path) -> None:
        run(
            filled,
            "CREATE TABLE marts.big AS SELECT md5(g::text) || md5((-g)::text) AS a FROM generate_series(1, 90000) g",
        )
        folder = tmp_path / "small"
        folder.mkdir()
        mount = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a small file system")
        try:
            with pytest.raises(BackupError, match=r"No space left on device.*; free some space, or give a path"):
                back_up(filled.address, folder / "full.dump")
            assert list(folder.iterdir()) == []
        finally:
            subprocess.run([shutil.which("umount") or "umount", str(folder)], check=True)

    def test_a_folder_that_cannot_be_made_is_named(self, filled: Database, tmp_path: Path) -> None:
        (tmp_path / "in the way").write_text("")
        with pytest.raises(BackupError, match=r"cannot write .*in the way/x.dump: .*give a path on another disk"):
            back_up(filled.address, tmp_path / "in the way" / "x.dump")


class TestRefusing:
    def test_a_truncated_file_is_refused(self, filled: Database, saved: Backup) -> None:
        content = saved.path.read_bytes()
        saved.path.write_bytes(content[: len(content) // 2])
        assert "is not whole: it has" in refusal(filled, saved.path)
        assert "is not a backup that can be read here" in refusal(filled, saved.path, without_record=True)
        # With its table of contents whole, the data that is missing tells.
        saved.path.write_bytes(content[:-100])
        assert "is not whole: it has" in refusal(filled, saved.path)
        assert "Nothing was changed: the new database is dropped again" in refusal(
            filled, saved.path, without_record=True
        )

    def test_a_file_that_was_changed_is_refused(self, filled: Database, saved: Backup) -> None:
        content = bytearray(saved.path.read_bytes())
        content[len(content) // 2] ^= 1
        saved.path.write_bytes(content)
        assert "is not what was written: its hash differs" in refusal(filled, saved.path)

    @pytest.mark.parametrize("content", [b"", b"-- PostgreSQL database dump\nSELECT 1;\n", b"\x89PNG\r\n\x1a\n" * 90])
    def test_a_file_of_another_kind_is_refused(self, filled: Database, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "foreign"
        path.write_bytes(content)
        assert "has no record beside it, foreign.json" in refusal(filled, path)
        assert "is not a backup that can be read here" in refusal(filled, path, without_record=True)
        record_path(path).write_bytes(content or b"{}")
        assert "foreign.json is not a backup's record" in refusal(filled, path)

    def test_a_file_that_is_not_there_is_named(self, filled: Database, tmp_path: Path) -> None:
        for without_record in (False, True):
            assert "there is no file" in refusal(filled, tmp_path / "nothing", without_record=without_record)
        assert "there is no file" in refusal(filled, tmp_path, without_record=True), "a folder is none"

    def test_a_dump_of_something_else_is_refused(
        self, filled: Database, empty_database: Database, tmp_path: Path
    ) -> None:
        run(empty_database, "CREATE TABLE blog (post text)")
        path = tmp_path / "blog.dump"
        [programs, *_] = fitting_programs(180_000)
        address = empty_database.address
        subprocess.run(
            [str(programs.dump), "--format=custom", f"--file={path}", connection_argument(address)],
            env={**os.environ, "PGPASSWORD": address.password.get_secret_value()},
            check=True,
        )
        assert "holds no warehouse of this product" in refusal(filled, path, without_record=True)

    def test_a_backup_of_a_newer_schema_is_refused(self, filled: Database, tmp_path: Path) -> None:
        run(filled, "INSERT INTO public.mtw_migrations VALUES (9999, '9999_later.sql', 'x')")
        backup = back_up(filled.address, tmp_path / "newer.dump")
        run(filled, "DELETE FROM public.mtw_migrations WHERE number = 9999")
        for without_record in (False, True):
            said = refusal(filled, backup.path, without_record=without_record)
            assert "made by a newer version of this product (its schema has migration 9999" in said
            assert "update the product" in said

    def test_rows_that_do_not_come_back_are_noticed(self, filled: Database, saved: Backup) -> None:
        """Whatever the reason: the record is of what was there, not of what the file holds."""
        beside = record_path(saved.path)
        record = json.loads(beside.read_text("utf-8"))
        for table in record["tables"]:
            if table["name"] == "telegram_messages":
                table["rows"] += 1
        record["tables"].append({"schema": "marts", "name": "lost", "rows": 3})
        beside.write_text(json.dumps(record), "utf-8")
        said = refusal(filled, saved.path)
        assert "raw.telegram_messages has 39 rows, not 40" in said
        assert "marts.lost has no rows, not 3" in said

    def test_a_database_in_use_is_left_alone_and_its_users_are_named(self, filled: Database, saved: Backup) -> None:
        with filled.connect() as session:
            session.execute("SET application_name = 'Metabase'")
            said = refusal(filled, saved.path, DatabaseRefusedError)
            assert f"database {filled.dbname!r} is in use" in said
            assert f"test_user (Metabase, from 127.0.0.1, process {session.info.backend_pid})" in said
            assert "--into NAME" in said
        restore(filled.address, saved.path)

    def test_a_session_that_comes_during_the_restore_stops_the_exchange(
        self, filled: Database, saved: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sessions = []

        def ensure_roles(*_arguments: object) -> None:
            sessions.append(filled.connect())

        monkeypatch.setattr("medical_telegram_warehouse.postgres.restore.ensure_roles", ensure_roles)
        try:
            assert "is in use, and a restore would take its place" in refusal(filled, saved.path, DatabaseRefusedError)
        finally:
            for session in sessions:
                session.close()

    def test_a_user_who_may_not_create_databases_is_told_before_the_work(self, filled: Database, saved: Backup) -> None:
        with filled.connect() as connection:
            connection.execute(f"CREATE ROLE modest LOGIN PASSWORD '{PASSWORD}'")
            modest = filled._replace(user="modest", password=PASSWORD).address
            try:
                with pytest.raises(DatabaseRefusedError, match="ALTER ROLE modest CREATEDB"):
                    restore(modest, saved.path)
                connection.execute("ALTER ROLE modest CREATEDB")
                with pytest.raises(DatabaseRefusedError, match="which user 'modest' does not own"):
                    restore(modest, saved.path)
            finally:
                connection.execute("DROP ROLE modest")

    def test_a_killed_restore_leaves_the_database_and_the_next_one_cleans_up(
        self, filled: Database, tmp_path: Path
    ) -> None:
        add_big_table(filled, 200_000)
        backup = back_up(filled.address, tmp_path / "big.dump")
        before = everything(filled)
        words, place = command(filled, "db", "restore", backup.path)
        with subprocess.Popen(words, env=place, stderr=subprocess.DEVNULL) as killed:
            while not databases(filled):
                assert killed.poll() is None
                time.sleep(0.01)
            killed.send_signal(signal.SIGKILL)
        [draft] = databases(filled)
        assert draft.startswith(f"{filled.dbname}_restoring_20")
        assert everything(filled) == before
        while filled.value("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", draft):
            time.sleep(0.1)  # pg_restore goes on by itself
        time.sleep(1)  # names are by the second
        restored = restore(filled.address, backup.path)
        assert databases(filled) == [restored.kept_as]
        assert everything(filled) == before

    def test_a_full_disk_of_the_server_is_explained(
        self, filled: Database, saved: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program = tmp_path / "pg_restore"
        answer = 'pg_restore: error: COPY failed: could not extend file "base/1/2": No space left on device'
        program.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit 1\n")
        program.chmod(0o755)

        def broken(programs: Callable[..., Programs]) -> Callable[..., Programs]:
            return lambda *arguments: programs(*arguments)._replace(restore=program)

        from medical_telegram_warehouse.postgres import restore as module

        monkeypatch.setattr(module, "_reading_programs", broken(module._reading_programs))
        said = refusal(filled, saved.path)
        assert "No space left on device; free some space on the server's disk" in said


class TestPrograms:
    def test_the_nearest_version_that_is_not_older_than_the_server_is_taken(self) -> None:
        found = [Programs(version, Path("dump"), Path("restore")) for version in ("16.14", "18.4", "15.2")]
        assert [each.version for each in fitting_programs(160_003, found)] == ["16.14", "18.4"]
        assert [each.version for each in fitting_programs(150_018, found)] == ["15.2", "16.14", "18.4"]
        assert [each.version for each in fitting_programs(170_000, found)] == ["18.4"]

    def test_a_server_newer_than_every_program_says_what_to_install(self) -> None:
        with pytest.raises(BackupError, match=r"PostgreSQL 99.*apt-get install postgresql-client-99") as refused:
            fitting_programs(990_001)
        assert all(each.version in str(refused.value) for each in installed_programs())

    def test_the_password_is_no_argument_and_odd_names_are_quoted(self, database: Database) -> None:
        odd = database.address._replace(database="it's = 'odd'", host="localhost")
        assert database.password not in connection_argument(odd)
        assert connection_argument(odd).startswith("--dbname=")

    @pytest.mark.parametrize("name", ["short", "a" * 63, "ዚ" * 21])
    def test_names_that_are_made_of_a_long_one_keep_their_ending(self, name: str) -> None:
        stamp = "20260101T000000Z"
        for made in (draft_name(name, stamp), kept_name(name, stamp)):
            assert len(made.encode()) <= 63
            assert made.endswith(stamp)
            assert made.startswith(name[:3])
