"""Runs of the job on a persistent Dagster instance and a real database, and what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, RetryPolicy
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.orchestration.exclusive import release_data_folder
from medical_telegram_warehouse.orchestration.runs import RunReport, StepReport
from medical_telegram_warehouse.records import DatabaseAddress, DataCenter
from medical_telegram_warehouse.settings import Settings
from warehouse_rows import contents

PROJECT = Path(__file__).resolve().parents[1]
LAKE_ASSETS = [AssetKey(["lake", "telegram_messages"]), AssetKey(["lake", "images"])]
# Each attempt after the first comes at once; there are enough of them for a slow machine.
EAGER_RETRIES = RetryPolicy(max_retries=200, delay=0.1)


def connect(settings: Settings) -> psycopg.Connection:
    address = settings.database
    return psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.database,
        user=address.user,
        password=address.password.get_secret_value(),
        autocommit=True,
    )


class TwoRuns(NamedTuple):
    """A first run and one right after it, and what the warehouse held after each."""

    settings: Settings
    first: RunReport
    second: RunReport
    after_first: dict[str, dict[str, list[Any]]]
    after_second: dict[str, dict[str, list[Any]]]


def settings_with_database(
    name: str, server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, **more: Any
) -> Settings:
    """Settings of folders and a database of that name, which is made."""
    folder = tmp_path_factory.mktemp(name)
    with psycopg.connect(
        host=server.host,
        port=server.port,
        dbname="postgres",
        user=server.user,
        password=server.password.get_secret_value(),
        autocommit=True,
    ) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    values: dict[str, Any] = {
        "project_dir": PROJECT,
        "data_dir": folder / "data",
        "dagster_home": folder / "dagster",
        "postgres_host": server.host,
        "postgres_port": server.port,
        "postgres_db": name,
        "postgres_user": server.user,
        "postgres_password": server.password,
    }
    return Settings(_env_file=None, **values, **more)


_RUN_AND_REPORT = """
import dataclasses, json, sys
from medical_telegram_warehouse.orchestration.runs import run_job
from medical_telegram_warehouse.settings import load_settings

report = run_job(load_settings(), *json.loads(sys.argv[1]))
print(json.dumps(dataclasses.asdict(report)))
"""


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that make another process read the same settings."""
    ours = {name.upper() for name in Settings.model_fields}
    found = {name: value for name, value in os.environ.items() if name not in ours}
    for name in sorted(settings.model_fields_set):
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, DataCenter):
            value = f"{value.number}:{value.host}:{value.port}"
        if value is not None:
            found[name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
    return found


def run_once(settings: Settings, *arguments: Any) -> RunReport:
    """Execute a job as a command does: in a process of its own, whose steps have theirs."""
    command = [sys.executable, "-c", _RUN_AND_REPORT, json.dumps(arguments)]
    done = subprocess.run(command, env=environment_of(settings), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    return RunReport(**{**report, "steps": tuple(StepReport(**step) for step in report["steps"])})


def run_twice(settings: Settings, *, between: Callable[[], None]) -> TwoRuns:
    reports, states = [], []
    for number in range(2):
        if number:
            between()
        reports.append(run_once(settings))
        with connect(settings) as connection:
            states.append({schema: contents(connection, schema) for schema in ("raw", "marts")})
    return TwoRuns(settings, reports[0], reports[1], states[0], states[1])


class Execution(NamedTuple):
    """What became of an execution with retries of the test's own."""

    result: ExecuteInProcessResult
    ran: set[str]
    failed: dict[str, str]
    """The description of each failed step."""
    retried: set[str]


def execute(
    settings: Settings, instance: DagsterInstance, assets: list[AssetKey] | None = None, **options: Any
) -> Execution:
    policy = options.pop("retry_policy", RetryPolicy(max_retries=2, delay=0))
    job = pipeline_job(build_definitions(settings, retry_policy=policy))
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    try:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=assets, run_config={**quiet, **options}
        )
    finally:
        release_data_folder(settings.data_dir)
    failed = {}
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            data = event.step_failure_data
            failed[event.step_key] = (data.user_failure_data and data.user_failure_data.description) or str(data.error)
    started = {event.step_key for event in result.all_events if event.is_step_start and event.step_key}
    retried = {event.step_key for event in result.all_events if event.is_step_up_for_retry and event.step_key}
    return Execution(result, started, failed, retried)


def recorded(database: Any) -> dict[tuple[str, int], str]:
    rows = database.rows("SELECT step, attempt, status FROM ops.step_runs")
    return {(step, attempt): status for step, attempt, status in rows}


def assert_secret_free(folder: Path, *secrets: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    contents = {path: path.read_bytes() for path in files}
    assert [path for path, content in contents.items() if any(secret.encode() in content for secret in secrets)] == []
