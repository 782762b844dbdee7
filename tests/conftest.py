"""Real parts for every test: one embedded PostgreSQL for the session, a fresh migrated database for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from alert_servers import hook, mail
from api_service import api, forgetful, marts, sample_warehouse, service
from factories import PROJECT
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from own_telegram import shop, telegram
from ports import free_port

if TYPE_CHECKING:  # importing Dagster takes seconds, and few tests need it
    from dagster import DagsterInstance

__all__ = [
    "PROJECT", "api", "forgetful", "free_port", "hook", "mail", "marts", "sample_warehouse", "service", "shop",
    "telegram",
]  # fmt: skip  # and fixtures
USER, PASSWORD = "test_user", "a test's password, with 'marks'"
_in_use: set[int] = set()


class Database(NamedTuple):
    """A database of one test."""

    host: str
    port: int
    dbname: str
    user: str
    password: str

    @property
    def address(self) -> DatabaseAddress:
        return DatabaseAddress(self.host, self.port, self.dbname, self.user, SecretStr(self.password))

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(**self._asdict(), autocommit=True, options="-c timezone=UTC")

    def rows(self, query: Any, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query, parameters or None).fetchall()

    def value(self, query: Any, *parameters: Any) -> Any:
        return self.rows(query, *parameters)[0][0]


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive() -> None:
    """A background job of a shell ignores them, and so would what tests start: `mtw` could not be interrupted."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where the default weights are kept between sessions, so that they are fetched once."""
    return Path(os.environ.get("MODELS_DIR", PROJECT / "models"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseAddress]:
    """An embedded server with the database `template_migrated`, stopped at the session's end."""
    address = DatabaseAddress("127.0.0.1", free_port(), "template_migrated", USER, SecretStr(PASSWORD))
    embedded = EmbeddedServer(tmp_path_factory.mktemp("server"), address)
    embedded.ensure()
    try:
        with connect(address) as connection:
            migrate(connection)
        yield address
    finally:
        embedded.stop()
        for folder in (PROJECT / "target").glob(f"127.0.0.1-{address.port}-*"):
            shutil.rmtree(folder)


@pytest.fixture
def empty_database(server: DatabaseAddress) -> Iterator[Database]:
    """A database without any schema of ours."""
    yield from _database(server, "template0")


@pytest.fixture
def database(server: DatabaseAddress) -> Iterator[Database]:
    """A migrated database, cloned from the template."""
    yield from _database(server, server.database)


def _database(server: DatabaseAddress, template: str) -> Iterator[Database]:
    # The name of a database that is gone: what dbt parsed for that one holds for this one, and takes it six seconds.
    number = next(each for each in itertools.count(1) if each not in _in_use)
    _in_use.add(number)
    name = f"test_{number}"
    with connect(server._replace(database="postgres")) as connection:
        create = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        connection.execute(create)
    yield Database(server.host, server.port, name, USER, PASSWORD)
    with connect(server._replace(database="postgres")) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
    _in_use.remove(number)


@pytest.fixture
def make_settings(tmp_path: Path, database: Database, models_dir: Path) -> Callable[..., Settings]:
    """Settings of a small sample in the test's own folder, on the test's own database."""

    def make(**overrides: Any) -> Settings:
        values = {
            "project_dir": PROJECT,
            "data_dir": tmp_path / "data",
            "dagster_home": tmp_path / "dagster",
            "models_dir": models_dir,
            "telegram_source": "sample",
            "sample_messages": 150,
            "sample_date": "2026-10-01",
            "postgres_host": database.host,
            "postgres_port": database.port,
            "postgres_db": database.dbname,
            "postgres_user": database.user,
            "postgres_password": database.password,
        }
        return Settings(_env_file=None, **{**values, **overrides})

    return make


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """Dagster's history of the test's own."""
    from medical_telegram_warehouse.orchestration.instance import open_instance

    with open_instance(tmp_path / "dagster") as instance:
        yield instance
