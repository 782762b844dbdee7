"""While the database is away the service says so, and it recovers by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from api_service import serving
from conftest import free_port
from medical_telegram_warehouse.api import ApiOptions
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress
from waiting import wait_for

ADDRESS = DatabaseAddress("127.0.0.1", 0, "warehouse", "owner", SecretStr("a password of its own"))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedServer, DatabaseAddress]]:
    """A server that may be stopped, with a database that was migrated and never built."""
    address = ADDRESS._replace(port=free_port())
    server = EmbeddedServer(tmp_path_factory.mktemp("away"), address)
    server.ensure()
    with connect(address) as connection:
        migrate(connection)
    try:
        yield server, address
    finally:
        server.stop()


@pytest.fixture(scope="module")
def url(embedded: tuple[EmbeddedServer, DatabaseAddress], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("files")
    options = ApiOptions(embedded[1], ZoneInfo("UTC"), Path(folder), requests_per_minute=0)
    with serving(options) as address:
        wait_for(lambda: httpx.get(f"{address}/health").status_code == 200)
        yield address


def test_a_warehouse_that_was_never_built_is_told_as_such(url: str) -> None:
    response = httpx.get(f"{url}/api/channels")
    assert (response.status_code, response.json()["code"]) == (503, "not_built")
    assert "mtw run" in response.json()["error"]
    assert "mtw_database_up 1.0" in httpx.get(f"{url}/metrics").text


def test_a_database_that_goes_away_and_comes_back(url: str, embedded: tuple[EmbeddedServer, DatabaseAddress]) -> None:
    server, _ = embedded
    server.stop()
    response = httpx.get(f"{url}/health", timeout=30)
    assert (response.status_code, response.json()["code"]) == (503, "database_away")
    assert response.headers["retry-after"]
    assert "owner" not in response.text
    assert str(embedded[1].port) not in response.text
    assert "mtw_database_up 0.0" in httpx.get(f"{url}/metrics", timeout=30).text
    server.ensure()
    wait_for(lambda: httpx.get(f"{url}/health", timeout=30).status_code == 200)
    assert "mtw_database_up 1.0" in httpx.get(f"{url}/metrics", timeout=30).text


def test_the_service_starts_without_a_database() -> None:
    address = ADDRESS._replace(port=free_port())
    with serving(ApiOptions(address, ZoneInfo("UTC"), Path("/nonexistent"), requests_per_minute=0)) as url:
        response = httpx.get(f"{url}/health", timeout=30)
        assert (response.status_code, response.json()["code"]) == (503, "database_away")
