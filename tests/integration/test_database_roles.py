"""Logins of others may do what their role says and no more, and nobody else's login is ever touched."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, QueryCanceled, ReadOnlySqlTransaction
from psycopg.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from conftest import Database
from factories import NOW, lake, lake_file, line
from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.postgres import migrate as migrate_module
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.groups import Role
from medical_telegram_warehouse.postgres.migrate import Migration, migrate, migrations
from medical_telegram_warehouse.postgres.roles import add_login, drop_login, hand_over, logins
from medical_telegram_warehouse.records import DatabaseAddress

MTW = Path(sys.executable).with_name("mtw")
PASSWORD = "q7-unguessable-but-known"
GROUPS = [role.group for role in Role]
ODD_NAME = 'o\'dd "name"; DROP ROLE x; --% ዚንክ'
AddLogin = Callable[..., Database]


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def mtw(address: DatabaseAddress, *arguments: str, **environment: str) -> Result:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))}
    place = {
        "POSTGRES_HOST": address.host,
        "POSTGRES_PORT": str(address.port),
        "POSTGRES_DB": address.database,
        "POSTGRES_USER": address.user,
        "POSTGRES_PASSWORD": address.password.get_secret_value(),
    }
    done = subprocess.run(
        [str(MTW), *arguments],
        capture_output=True,
        text=True,
        env={**kept, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", **place, **environment},
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def as_user(database: Database, name: str, password: str = PASSWORD) -> Database:
    return database._replace(user=name, password=password)


def run(database: Database, command: str) -> None:
    with database.connect() as connection:
        connection.execute(SQL(command))


@pytest.fixture
def made(database: Database) -> Iterator[list[str]]:
    """Names of logins that are dropped when the test is over: they would outlive its database."""
    names: list[str] = []
    yield names
    with database.connect() as connection:
        for name in names:
            # Of a failed test, too, which may have left anything.
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(SQL("DROP OWNED BY {} CASCADE").format(Identifier(name)))
                connection.execute(SQL("DROP ROLE {}").format(Identifier(name)))


@pytest.fixture
def add(database: Database, made: list[str]) -> AddLogin:
    """Makes a login, and returns the database as that login sees it."""

    def add(name: str, role: Role, **options: int) -> Database:
        made.append(name)
        with database.connect() as connection:
            add_login(connection, name, role, SecretStr(PASSWORD), **options)
        return as_user(database, name)

    return add


@pytest.fixture
def foreign(database: Database, made: list[str]) -> Callable[[str], Database]:
    """Makes a login as an administrator would, without any of our groups."""

    def make(definition: str, name: str = "somebody_else") -> Database:
        made.append(name)
        with database.connect() as connection:
            create = SQL("CREATE ROLE {} LOGIN PASSWORD {} " + definition)
            connection.execute(create.format(Identifier(name), Literal(PASSWORD)))
        return as_user(database, name)

    return make


@pytest.fixture
def no_groups(server: DatabaseAddress) -> Iterator[None]:
    """The cluster before the first migration: the groups that other tests' databases use are called otherwise."""
    with connect(server._replace(database="postgres")) as connection:
        for name in GROUPS:
            connection.execute(f"ALTER ROLE {name} RENAME TO {name}_away")
        yield
        for name in GROUPS:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(f"DROP ROLE {name}")
            connection.execute(f"ALTER ROLE {name}_away RENAME TO {name}")


@pytest.fixture
def databases(server: DatabaseAddress, no_groups: None) -> Iterator[list[DatabaseAddress]]:
    """Several empty databases of a cluster without the groups, gone before the groups are."""
    names = [f"at_once_{number}" for number in range(4)]
    with connect(server._replace(database="postgres")) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield [server._replace(database=name) for name in names]
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class TestReaders:
    def test_a_reader_reads_what_is_published_and_what_is_published_later(
        self, database: Database, add: AddLogin
    ) -> None:
        run(database, "CREATE TABLE marts.before AS SELECT 1 AS a")
        reader = add("reads_marts", Role.READER)
        run(database, "CREATE TABLE marts.later AS SELECT 2 AS a")
        run(database, "CREATE TABLE seeds.later AS SELECT 3 AS a")
        run(database, "CREATE VIEW marts.over_raw AS SELECT count(*) AS a FROM raw.telegram_messages")
        run(database, "CREATE TABLE ops.later AS SELECT 5 AS a")
        # As dbt replaces a table.
        run(database, "CREATE TABLE marts.draft AS SELECT 4 AS a")
        run(database, "ALTER TABLE marts.before RENAME TO was; ALTER TABLE marts.draft RENAME TO before")
        query = "SELECT array[(SELECT a FROM marts.before), (SELECT a FROM marts.later), (SELECT a FROM seeds.later)]"
        assert reader.value(query) == [4, 2, 3]
        assert reader.value("SELECT a FROM marts.over_raw") == 0
        assert reader.value("SELECT count(*) FROM ops.step_runs") == 0
        assert reader.value("SELECT a FROM ops.later") == 5

    @pytest.mark.parametrize("table", ["raw.telegram_messages", "raw.rejected_records", "staging.s", "intermediate.i"])
    def test_a_reader_sees_no_whole_records_and_no_half_made_ones(
        self, database: Database, add: AddLogin, table: str
    ) -> None:
        run(database, "CREATE TABLE staging.s (a integer); CREATE TABLE intermediate.i (a integer)")
        reader = add("reads_no_raw", Role.READER)
        with pytest.raises(InsufficientPrivilege):
            reader.rows(f"SELECT * FROM {table}")

    @pytest.mark.parametrize(
        "command",
        [
            "INSERT INTO marts.m VALUES (1)",
            "UPDATE marts.m SET a = 1",
            "DELETE FROM ops.step_runs",
            "TRUNCATE marts.m",
            "CREATE TABLE marts.mine (a integer)",
            "CREATE TABLE public.mine (a integer)",
            "CREATE SCHEMA mine",
            "DROP TABLE marts.m",
        ],
    )
    def test_a_reader_writes_nothing_even_when_it_asks_to(
        self, database: Database, add: AddLogin, command: str
    ) -> None:
        run(database, "CREATE TABLE marts.m (a integer)")
        reader = add("writes_nothing", Role.READER)
        with pytest.raises(ReadOnlySqlTransaction):
            run(reader, command)
        with reader.connect() as connection:
            connection.execute("SET default_transaction_read_only = off")
            with pytest.raises(InsufficientPrivilege):
                connection.execute(command)

    def test_a_readers_statement_is_cancelled_when_its_time_is_up(self, database: Database, add: AddLogin) -> None:
        assert add("patient", Role.READER).value("SHOW statement_timeout") == "30s"
        hasty = add("hasty", Role.READER, statement_timeout=1)
        with pytest.raises(QueryCanceled, match="statement timeout"):
            hasty.rows("SELECT pg_sleep(20)")
        assert hasty.value("SHOW idle_in_transaction_session_timeout") == "1min"
        assert add("hasty", Role.READER, statement_timeout=0).value("SHOW statement_timeout") == "0"

    def test_a_reader_who_starts_the_pipeline_is_told_what_it_takes(self, database: Database, add: AddLogin) -> None:
        reader = add("starts_it", Role.READER)
        with reader.connect() as connection, pytest.raises(DatabaseRefusedError, match="may not read which migrations"):
            migrate(connection)


class TestLoaders:
    def test_a_loader_loads_a_lake_and_changes_no_table(
        self, database: Database, add: AddLogin, tmp_path: Path
    ) -> None:
        lake_file(tmp_path / "lake", line(1) + line(2) + b"no record\n")
        run(database, "CREATE TABLE marts.m AS SELECT 1 AS a")
        loader = add("loads", Role.LOADER)
        with connect(loader.address) as connection:
            assert migrate(connection) == []
            summary = load_messages(connection, [lake(tmp_path / "lake")], now=NOW)
            assert (summary.new_messages, sum(summary.rejected.values())) == (2, 1)
            # A second load continues, and one that rewrites takes rows away.
            lake_file(tmp_path / "lake", line(1, message_text="changed") + line(3))
            assert load_messages(connection, [lake(tmp_path / "lake")], now=NOW).new_messages == 1
            for command in (
                "CREATE TABLE raw.mine (a integer)",
                "CREATE SCHEMA mine",
                "ALTER TABLE raw.telegram_messages ADD COLUMN mine integer",
                "DROP TABLE raw.telegram_messages",
                "SELECT * FROM marts.m",
                "DELETE FROM public.mtw_migrations",
            ):
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(command)
        assert loader.value("SHOW statement_timeout") == "0"

    def test_tables_and_sequences_of_later_migrations_are_the_loaders_too(
        self, database: Database, add: AddLogin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loader = add("loads_later", Role.LOADER)
        later = Migration(
            9999, "9999_later.sql", "CREATE TABLE raw.later (a integer GENERATED ALWAYS AS IDENTITY, b text)"
        )
        monkeypatch.setattr(migrate_module, "migrations", lambda: [*migrations(), later])
        with loader.connect() as connection, pytest.raises(DatabaseRefusedError) as refused:
            migrate(connection)
        assert "migration 9999_later.sql must be applied" in str(refused.value)
        assert "user 'loads_later' may not" in str(refused.value)
        assert "`mtw db start` once with the user who owns the schemas" in str(refused.value)
        with database.connect() as connection:
            assert migrate(connection) == ["9999_later.sql"]
        with loader.connect() as connection:
            assert migrate(connection) == []
            connection.execute("INSERT INTO raw.later (b) VALUES ('x')")
            connection.execute("TRUNCATE raw.later")


class TestOwners:
    def test_an_owner_rebuilds_and_migrates_what_others_made(
        self, database: Database, add: AddLogin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(database, "CREATE TABLE marts.m AS SELECT 1 AS a; CREATE VIEW staging.v AS SELECT 1 AS a")
        first, second = add("owns_a", Role.OWNER), add("owns_b", Role.OWNER)
        reader = add("reads_owners", Role.READER)
        later = Migration(9999, "9999_later.sql", "ALTER TABLE raw.telegram_messages ADD COLUMN later integer")
        monkeypatch.setattr(migrate_module, "migrations", lambda: [*migrations(), later])
        with connect(first.address) as connection:
            assert migrate(connection) == ["9999_later.sql"]
            connection.execute("CREATE TABLE marts.draft AS SELECT 2 AS a")
            connection.execute("DROP TABLE marts.m")
            connection.execute("ALTER TABLE marts.draft RENAME TO m")
            connection.execute("CREATE OR REPLACE VIEW staging.v AS SELECT 2 AS a")
            connection.execute("CREATE SCHEMA IF NOT EXISTS marts")
        assert reader.value("SELECT a FROM marts.m") == 2
        with second.connect() as connection:
            assert migrate(connection) == []
            connection.execute("DROP TABLE marts.m; DROP VIEW staging.v")
        assert not database.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'owns_a'")
        with pytest.raises(InsufficientPrivilege):
            run(first, "CREATE ROLE mine")

    def test_handing_over_again_takes_what_was_made_since(self, database: Database, add: AddLogin) -> None:
        owner = add("owns_late", Role.OWNER)
        run(database, "CREATE TABLE marts.m (a integer GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE raw.s")
        with pytest.raises(InsufficientPrivilege):
            run(owner, "ALTER TABLE marts.m RENAME TO n")
        with database.connect() as connection:
            hand_over(connection)
            hand_over(connection)
        run(owner, "ALTER TABLE marts.m RENAME TO n; ALTER SEQUENCE raw.s RENAME TO t")


class TestChanging:
    def test_a_login_that_is_added_again_has_the_new_role_password_and_limit_alone(
        self, database: Database, add: AddLogin
    ) -> None:
        run(database, "CREATE TABLE marts.m AS SELECT 1 AS a")
        changed = add("changed", Role.READER)
        assert changed.value("SELECT a FROM marts.m") == 1
        with database.connect() as connection:
            assert not add_login(connection, "changed", Role.LOADER, SecretStr("another password"))
            assert [(login.name, login.roles) for login in logins(connection) if login.name == "changed"] == [
                ("changed", (Role.LOADER,))
            ]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            changed.rows("SELECT 1")
        changed = as_user(database, "changed", "another password")
        with pytest.raises(InsufficientPrivilege):
            changed.rows("SELECT a FROM marts.m")
        assert changed.value("SHOW default_transaction_read_only") == "off"
        assert changed.value("SHOW statement_timeout") == "0"
        assert changed.rows("SELECT * FROM raw.telegram_messages") == []

    @pytest.mark.parametrize("name", [ODD_NAME, "Upper", "a" * 63, "%s {} $1"])
    def test_a_name_is_taken_as_it_is_written(self, database: Database, add: AddLogin, name: str) -> None:
        odd = add(name, Role.READER)
        assert odd.value("SELECT current_user::text") == name
        with database.connect() as connection:
            assert name in [login.name for login in logins(connection)]
            drop_login(connection, name)
            assert name not in [login.name for login in logins(connection)]

    @pytest.mark.parametrize("name", ["", " ", "a" * 64, "ዚ" * 22, "nul\0", "pg_mine", "public", "none"])
    def test_a_name_that_postgresql_does_not_take_is_refused(self, database: Database, name: str) -> None:
        with database.connect() as connection, pytest.raises(DatabaseRefusedError, match=r"name|reserved"):
            add_login(connection, name, Role.READER, SecretStr(PASSWORD))

    def test_a_short_password_is_refused(self, database: Database) -> None:
        with (
            database.connect() as connection,
            pytest.raises(DatabaseRefusedError, match="at least 12 characters") as no,
        ):
            add_login(connection, "short", Role.READER, SecretStr("hunter2"))
        assert "hunter2" not in str(no.value)

    def test_a_dropped_login_is_disconnected_and_cannot_come_back(self, database: Database, add: AddLogin) -> None:
        leaver = add("leaver", Role.READER)
        with leaver.connect() as session, database.connect() as connection:
            assert [login.sessions for login in logins(connection) if login.name == "leaver"] == [1]
            assert drop_login(connection, "leaver") == 1
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT pg_sleep(5)")
        with pytest.raises(psycopg.OperationalError):
            leaver.rows("SELECT 1")

    def test_a_login_that_owns_something_stays_and_the_error_says_what(self, database: Database, add: AddLogin) -> None:
        add("keeper", Role.LOADER)
        run(database, "CREATE SCHEMA kept AUTHORIZATION keeper")
        with database.connect() as connection, pytest.raises(DatabaseRefusedError, match="owner of schema kept") as no:
            drop_login(connection, "keeper")
        assert "REASSIGN OWNED BY" in str(no.value)


class TestForeignLogins:
    @pytest.mark.parametrize(
        "definition", ["", "SUPERUSER", "CREATEROLE IN ROLE mtw_reader", "IN ROLE mtw_reader CREATEDB"]
    )
    def test_a_login_that_somebody_else_made_is_neither_changed_nor_dropped(
        self, database: Database, foreign: Callable[[str], Database], definition: str
    ) -> None:
        theirs = foreign(definition)
        with database.connect() as connection:
            attempts: list[Callable[[], object]] = [
                lambda: add_login(connection, theirs.user, Role.READER, SecretStr("another password")),
                lambda: drop_login(connection, theirs.user),
            ]
            for attempt in attempts:
                with pytest.raises(
                    DatabaseRefusedError, match="'somebody_else' is a role that `mtw db add-user` did not"
                ):
                    attempt()
        assert theirs.value("SELECT 1") == 1, "with its own password"

    def test_nobody_drops_the_user_who_asks_or_a_group(self, database: Database) -> None:
        with database.connect() as connection:
            for name in (database.user, *GROUPS, "pg_monitor"):
                with pytest.raises(DatabaseRefusedError, match="stays as it is"):
                    drop_login(connection, name)
            with pytest.raises(DatabaseRefusedError, match="there is no login 'nobody_at_all'"):
                drop_login(connection, "nobody_at_all")

    def test_a_login_by_hand_in_a_group_is_one_of_ours(
        self, database: Database, foreign: Callable[[str], Database]
    ) -> None:
        """What an administrator ran because the product's user may not create roles."""
        run(database, "CREATE TABLE marts.m AS SELECT 1 AS a")
        theirs = foreign("IN ROLE mtw_reader")
        assert theirs.value("SELECT a FROM marts.m") == 1
        with database.connect() as connection:
            assert drop_login(connection, theirs.user) == 0


class TestMigratingRoles:
    def test_databases_of_one_cluster_that_migrate_at_once_share_the_groups(
        self, databases: list[DatabaseAddress]
    ) -> None:
        start, done = threading.Barrier(len(databases)), []

        def go(address: DatabaseAddress) -> None:
            with connect(address) as connection:
                start.wait()
                done.append(migrate(connection))

        threads = [threading.Thread(target=go, args=[address]) for address in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [[migration.name for migration in migrations()]] * len(databases)
        for address in databases:
            with connect(address) as connection:
                row = connection.execute(
                    "SELECT bool_and(has_schema_privilege('mtw_reader', name, 'USAGE'))"
                    " FROM unnest(array['marts', 'seeds', 'ops']) AS name"
                ).fetchone()
                assert row == (True,)
                settings = connection.execute("SELECT rolconfig FROM pg_roles WHERE rolname = 'mtw_reader'").fetchone()
                assert settings is not None
                assert len(settings[0]) == 3

    def test_a_user_who_may_not_create_roles_migrates_is_warned_and_can_load(
        self,
        databases: list[DatabaseAddress],
        server: DatabaseAddress,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        [address, *_] = databases
        with connect(server) as connection:
            connection.execute(f"CREATE ROLE plain_user LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(f"ALTER DATABASE {address.database} OWNER TO plain_user")
        plain = address._replace(user="plain_user", password=SecretStr(PASSWORD))
        try:
            with connect(plain) as connection, caplog.at_level(logging.WARNING):
                assert migrate(connection) == [migration.name for migration in migrations()]
                [warning] = caplog.messages
                assert "user plain_user may not create roles" in warning
                assert (
                    "CREATE ROLE mtw_owner NOLOGIN; CREATE ROLE mtw_loader NOLOGIN; CREATE ROLE mtw_reader" in warning
                )
                lake_file(tmp_path, line(1))
                assert load_messages(connection, [lake(tmp_path)], now=NOW).new_messages == 1

                with pytest.raises(DatabaseRefusedError) as refused:
                    add_login(connection, "wanted", Role.READER, SecretStr(PASSWORD))
                assert "ALTER ROLE plain_user CREATEROLE" in str(refused.value)
                assert 'CREATE ROLE "wanted" LOGIN PASSWORD \'...\'; GRANT mtw_reader TO "wanted"' in str(refused.value)
                assert PASSWORD not in str(refused.value)

                # What the warning says, and what the error says; the grants come with the next attempt.
                with connect(server) as administrator:
                    for name in GROUPS:
                        administrator.execute(f"CREATE ROLE {name} NOLOGIN")
                connection.execute("CREATE TABLE marts.m AS SELECT 1 AS a")
                with pytest.raises(DatabaseRefusedError):
                    add_login(connection, "wanted", Role.READER, SecretStr(PASSWORD))
                with connect(server) as administrator:
                    administrator.execute(f"CREATE ROLE wanted LOGIN PASSWORD '{PASSWORD}' IN ROLE mtw_reader")
            with connect(address._replace(user="wanted", password=SecretStr(PASSWORD))) as reader:
                assert reader.execute("SELECT a FROM marts.m").fetchone() == (1,)
        finally:
            with connect(address) as connection:
                connection.execute("DROP ROLE IF EXISTS wanted")
                connection.execute(f"REASSIGN OWNED BY plain_user TO {address.user}")
                connection.execute("DROP OWNED BY plain_user")
                connection.execute("DROP ROLE plain_user")

    def test_a_user_who_may_create_roles_but_is_no_superuser_makes_every_kind_of_login(
        self, databases: list[DatabaseAddress], server: DatabaseAddress, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As on a managed server: who creates a role there administers it, and is no member of it."""
        [address, *_] = databases
        with connect(server) as connection:
            connection.execute(f"CREATE ROLE maker LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            connection.execute(f"ALTER DATABASE {address.database} OWNER TO maker")
        maker = address._replace(user="maker", password=SecretStr(PASSWORD))
        names = [f"made_{role}" for role in Role]
        try:
            with connect(maker) as connection, caplog.at_level(logging.WARNING):
                migrate(connection)
                connection.execute("CREATE TABLE marts.m AS SELECT 1 AS a")
                assert logins(connection) == []
                for role, name in zip(Role, names, strict=True):
                    assert add_login(connection, name, role, SecretStr(PASSWORD))
                assert caplog.messages == []
                assert set(names) <= {login.name for login in logins(connection)}
                with pytest.raises(DatabaseRefusedError, match="'maker' is a role that"):
                    drop_login(connection, "maker")
            with connect(maker._replace(user="made_owner")) as owner:
                assert migrate(owner) == []
                owner.execute("ALTER TABLE marts.m RENAME TO n; CREATE TABLE marts.m AS SELECT 2 AS a")
            with connect(maker._replace(user="made_reader")) as reader:
                assert reader.execute("SELECT a FROM marts.m").fetchone() == (2,)
            with connect(maker) as connection:
                connection.execute("DROP TABLE marts.n")
                for name in names:
                    drop_login(connection, name)
        finally:
            with connect(address) as connection:
                for name in names:
                    connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(name)))
                connection.execute(f"REASSIGN OWNED BY maker TO {address.user}")
                connection.execute("DROP OWNED BY maker CASCADE")
                for name in GROUPS:
                    connection.execute(f"DROP OWNED BY {name}")
            with connect(server._replace(database="postgres")) as connection:
                for name in (address.database, *[each.database for each in databases]):
                    connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                for name in GROUPS:
                    connection.execute(f"DROP ROLE IF EXISTS {name}")
                connection.execute("DROP ROLE maker")
                connection.execute(f"CREATE DATABASE {address.database}")
                for each in databases[1:]:
                    connection.execute(f"CREATE DATABASE {each.database}")


class TestCommands:
    def test_a_login_is_made_listed_used_and_dropped(self, database: Database, made: list[str]) -> None:
        made.append("bi [bold]")
        run(database, "CREATE TABLE marts.m AS SELECT 1 AS a")
        assert "no logins yet" in mtw(database.address, "db", "users").out
        added = mtw(database.address, "db", "add-user", "bi [bold]", "--role", "reader", "--statement-timeout", "120")
        assert added.code == 0, added.err
        assert "login bi [bold] made; as reader it reads the schemas marts, seeds and ops" in added.out
        assert f"host {database.host}  port {database.port}  database {database.dbname}  user bi [bold]" in added.out
        [password] = [each.split()[1] for each in added.out.splitlines() if each.startswith("password ")]
        assert len(password) >= 24
        reader = as_user(database, "bi [bold]", password)
        assert reader.value("SELECT a FROM marts.m") == 1
        listed = mtw(database.address, "db", "users").out
        assert ["bi", "[bold]", "reader", "120s", "0"] in [each.split() for each in listed.splitlines()]
        assert password not in listed
        again = mtw(database.address, "db", "add-user", "bi [bold]", "--role", "loader")
        assert "login bi [bold] changed; as loader" in again.out
        assert password not in again.out, "another one"
        assert "login bi [bold] dropped" in mtw(database.address, "db", "drop-user", "bi [bold]").out
        gone = mtw(database.address, "db", "drop-user", "bi [bold]")
        assert gone.code == 1
        assert "there is no login 'bi [bold]'" in gone.err

    def test_a_given_password_is_printed_nowhere_and_reaches_no_log(
        self, database: Database, server: DatabaseAddress, made: list[str]
    ) -> None:
        made.append("given")
        run(database, f"ALTER DATABASE {database.dbname} SET log_statement = 'all'")
        added = mtw(
            database.address,
            *("db", "add-user", "given", "--role", "reader"),
            MTW_NEW_PASSWORD=PASSWORD,
            LOG_LEVEL="DEBUG",
        )
        assert added.code == 0, added.err
        assert PASSWORD not in added.out + added.err
        assert "MTW_NEW_PASSWORD" in added.out
        assert as_user(database, "given").value("SELECT current_user::text") == "given"
        log = Path(database.value("SELECT current_setting('data_directory')")).with_name("server.log").read_text()
        assert 'CREATE ROLE "given" LOGIN PASSWORD' in log
        assert PASSWORD not in log

    def test_a_password_as_an_argument_is_refused(self, database: Database) -> None:
        refused = mtw(database.address, "db", "add-user", "given", "--role", "reader", "--new-password", PASSWORD)
        assert refused.code == 2
        assert "set MTW_NEW_PASSWORD" in " ".join(refused.err.replace("│", " ").split())
        assert PASSWORD not in refused.out + refused.err

    def test_the_administrator_is_not_dropped(self, database: Database) -> None:
        refused = mtw(database.address, "db", "drop-user", database.user)
        assert refused.code == 1
        assert "is a role that `mtw db add-user` did not make, and stays as it is" in refused.err

    def test_a_loader_runs_the_load_command(self, database: Database, add: AddLogin, tmp_path: Path) -> None:
        lake_file(tmp_path / "raw", line(1) + line(2))
        loader = add("loads_by_command", Role.LOADER)
        done = mtw(loader.address, "load", "messages", DATA_DIR=str(tmp_path))
        assert done.code == 0, done.err
        assert "2 new messages" in done.out

    @pytest.mark.parametrize("role", Role)
    def test_a_login_that_may_not_make_others_is_told_what_it_takes(
        self, database: Database, add: AddLogin, role: Role
    ) -> None:
        limited = add("limited", role)
        refused = mtw(limited.address, "db", "add-user", "another", "--role", "reader")
        assert refused.code == 1
        assert "POSTGRES_USER" in refused.err or "ALTER ROLE limited CREATEROLE" in refused.err
