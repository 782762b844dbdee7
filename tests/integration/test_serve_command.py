"""`mtw serve` and `mtw api-key`: what is printed, what is refused, and how they end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import PROJECT, Database, free_port
from medical_telegram_warehouse.api.edge.keys import digest_of
from medical_telegram_warehouse.records import ApiKey
from waiting import wait_for

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested
MTW = [sys.executable, "-m", "medical_telegram_warehouse.cli"]


@pytest.fixture
def environment(database: Database, tmp_path: Path) -> dict[str, str]:
    """Of a service over the test's own database, which was migrated and never built."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("API_", "POSTGRES_"))}
    return {
        **kept,
        "PROJECT_DIR": str(PROJECT),
        "DATA_DIR": str(tmp_path / "data"),
        "POSTGRES_HOST": database.host,
        "POSTGRES_PORT": str(database.port),
        "POSTGRES_DB": database.dbname,
        "POSTGRES_USER": database.user,
        "POSTGRES_PASSWORD": database.password,
        "API_PORT": str(free_port()),
    }


@contextmanager
def running(environment: dict[str, str], *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [*MTW, "serve", *arguments]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def answers(environment: dict[str, str], path: str = "/health", **headers: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{environment['API_PORT']}{path}", headers=headers, timeout=10).status_code
    except httpx.TransportError:
        return 0


def refusal(environment: dict[str, str], *arguments: str) -> str:
    result = subprocess.run([*MTW, "serve", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_it_serves_until_it_is_interrupted(environment: dict[str, str]) -> None:
    with running(environment) as process:
        wait_for(lambda: answers(environment) == 200)
        assert process.stdout is not None
        assert f"dashboard: http://127.0.0.1:{environment['API_PORT']}" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert answers(environment) == 0


def test_it_ends_with_the_process_that_holds_its_input(environment: dict[str, str]) -> None:
    """`mtw dev` starts it so: however Dagster ends, no server is left behind."""
    with running(environment, "--until-stdin-closes", stdin=subprocess.PIPE) as process:
        wait_for(lambda: answers(environment) == 200)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_beyond_this_machine_it_does_not_listen_without_keys(environment: dict[str, str]) -> None:
    message = refusal(environment, "--host", EVERYWHERE)
    assert "mtw api-key" in message
    assert answers(environment) == 0


def test_beyond_this_machine_a_key_is_asked_for(environment: dict[str, str]) -> None:
    made = subprocess.run([*MTW, "api-key", "analyst"], env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"(mtw_\S+)\n.*: (analyst:\S+)", made.stdout)
    assert found is not None
    key, line = found.groups()
    assert ApiKey.parse(line).digest == digest_of(key)
    with running({**environment, "API_KEYS": line}, "--host", EVERYWHERE):
        wait_for(lambda: answers(environment, **{"X-API-Key": key}) == 200)
        assert answers(environment) == 401


def test_a_key_that_was_required_without_any_is_refused(environment: dict[str, str]) -> None:
    assert "there are no API_KEYS" in refusal({**environment, "API_REQUIRE_KEY": "true"})


def test_a_key_that_was_set_instead_of_its_hash_is_not_printed(environment: dict[str, str]) -> None:
    message = refusal({**environment, "API_KEYS": "mtw_a-secret-key"})
    assert "API_KEYS" in message
    assert "a-secret-key" not in message


def test_names_of_keys_are_checked(environment: dict[str, str]) -> None:
    command = [*MTW, "api-key", "two words"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "cannot be a key's name" in result.stderr


def test_a_port_that_is_taken_is_named(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        message = refusal(environment, "--port", str(taken.getsockname()[1]))
    assert "--port or API_PORT" in message


def test_a_wrong_password_is_an_error_and_not_a_wait(environment: dict[str, str]) -> None:
    assert "refused the password" in refusal({**environment, "POSTGRES_PASSWORD": "wrong"})


def test_a_reader_of_its_own_is_enough(environment: dict[str, str], database: Database) -> None:
    """The owner's password then need not be on that machine."""
    reader = "reader_of_the_api"
    made = subprocess.run(
        [*MTW, "db", "add-user", reader, "--role", "reader"],
        env={**environment, "MTW_NEW_PASSWORD": "a reader's password"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    alone = {
        **environment,
        "POSTGRES_USER": "nobody",
        "POSTGRES_PASSWORD": "",
        "API_DATABASE_USER": reader,
        "API_DATABASE_PASSWORD": "a reader's password",
    }
    try:
        with running(alone):
            wait_for(lambda: answers(environment) == 200)
    finally:
        subprocess.run([*MTW, "db", "drop-user", reader], env=environment, capture_output=True, check=True)


def test_prometheus_reads_the_metrics(service: str) -> None:
    """By its own parser where it is installed, else by that of its client library."""
    metrics = httpx.get(f"{service}/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    assert {"mtw_http_requests", "mtw_http_request_seconds", "mtw_warehouse_rows", "mtw_step_seconds"} <= set(families)
    assert all(family.documentation.endswith(".") for name, family in families.items() if name.startswith("mtw_"))
    promtool = shutil.which("promtool")
    if promtool is not None:
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
