"""The commands that the documentation gives, verbatim, from the project's folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dagster_interface import LAUNCH, STATUS, Interface
from medical_telegram_warehouse.steps import STEPS
from ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
JOB = "medical_telegram_warehouse_pipeline"
# The form with a run that is made first; `execute_run` is no public name of Dagster.
TWO_STEPS = """\
from dagster import DagsterInstance
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from pipeline import medical_telegram_warehouse_pipeline

with DagsterInstance.ephemeral() as instance:
    run = instance.create_run_for_job(job_def=medical_telegram_warehouse_pipeline, run_config={})
    result = execute_run(InMemoryJob(medical_telegram_warehouse_pipeline), run, instance)
    print(run.run_id, instance.get_run_by_id(run.run_id).status.value)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[dict[str, str]]:
    """A shell with the virtual environment active, and settings of a small sample."""
    folder = tmp_path_factory.mktemp("commands")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))},
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "DATA_DIR": str(folder / "data"),
        "DAGSTER_HOME": str(folder / "dagster"),
        "MODELS_DIR": str(models_dir),
        "POSTGRES_PORT": str(free_port()),
        "API_PORT": str(free_port()),
        "TELEGRAM_SOURCE": "sample",
        "SAMPLE_MESSAGES": "150",
        "SAMPLE_DATE": "2026-10-01",
    }
    (folder / "dagster").mkdir()
    try:
        yield variables
    finally:
        subprocess.run([str(BIN / "mtw"), "db", "stop"], env=variables, check=True, timeout=120)


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def count(environment: dict[str, str], table: str) -> int:
    address = f"host=127.0.0.1 port={environment['POSTGRES_PORT']} user=medical_user password=medical_pass"
    with psycopg.connect(f"{address} dbname=medical_warehouse") as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def snippet(environment: dict[str, str]) -> str:
    """The README's snippet, which fills the warehouse that the other commands look at."""
    blocks = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text("utf-8"), re.DOTALL)
    [code] = [block for block in blocks if "from pipeline import" in block]
    return run(environment, "python", "-c", code)


def test_the_documented_snippet_runs_the_pipeline(environment: dict[str, str], snippet: str) -> None:
    assert snippet.rsplit(maxsplit=1)[-1] == "True"
    assert count(environment, "raw.telegram_messages") >= 150
    assert count(environment, "marts.fct_image_detections") > 0
    assert count(environment, "ops.step_runs") == len(STEPS)


def test_a_run_that_was_made_first_can_be_executed(environment: dict[str, str], snippet: str) -> None:
    before = count(environment, "raw.telegram_messages")
    assert run(environment, "python", "-c", TWO_STEPS).split()[-1] == "SUCCESS"
    assert count(environment, "raw.telegram_messages") == before


def test_dbt_test_passes(environment: dict[str, str], snippet: str) -> None:
    assert "ERROR=0" in run(environment, "dbt", "test")


def test_dbt_docs_generate_writes_the_documentation(environment: dict[str, str], snippet: str) -> None:
    started = time.time()
    run(environment, "dbt", "docs", "generate")
    catalog = PROJECT / "target" / "catalog.json"
    assert catalog.stat().st_mtime >= started - 1
    nodes = json.loads(catalog.read_bytes())["nodes"]
    assert "model.medical_telegram_warehouse.fct_messages" in nodes


def test_the_definitions_are_valid_to_dagsters_own_check(environment: dict[str, str]) -> None:
    run(environment, "dagster", "definitions", "validate", "-f", "dagster_defs.py")


SCHEDULES = (
    "{ schedulesOrError(repositorySelector: %s) { ... on Schedules { results { name scheduleState { status } } } } }"
)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - ours
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def test_mtw_dev_runs_the_job_that_is_launched_from_dagsters_interface_beside_the_dashboard(
    environment: dict[str, str], snippet: str, tmp_path: Path
) -> None:
    """`mtw dev` becomes `dagster dev -f dagster_defs.py`, so this tests that command, too."""
    port = free_port()
    dashboard = f"http://127.0.0.1:{environment['API_PORT']}/health"
    log = tmp_path / "dev.log"
    with log.open("wb") as output:
        command = ["mtw", "dev", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        interface = Interface(port)

        def wait_for(ask: Any) -> Any:
            deadline = time.monotonic() + 300
            while not (found := ask()):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            return found

        [location] = wait_for(interface.locations)
        repository = {"repositoryLocationName": location, "repositoryName": "__repository__"}
        launched = interface.ask(LAUNCH, selector={**repository, "jobName": JOB})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched

        def finished() -> Any:
            answer = interface.ask(STATUS, id=launched["run"]["runId"])["runOrError"]
            return answer if answer["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

        run_of_ui = wait_for(finished)
        assert run_of_ui["status"] == "SUCCESS", log.read_text()
        tags = {tag["key"]: tag["value"] for tag in run_of_ui["tags"]}
        assert tags["data_folder"] == environment["DATA_DIR"]
        selector = f'{{repositoryLocationName: "{location}", repositoryName: "__repository__"}}'
        schedules = interface.ask(SCHEDULES % selector)["schedulesOrError"]["results"]
        states = {schedule["name"]: schedule["scheduleState"]["status"] for schedule in schedules}
        assert states == {"daily_pipeline_schedule": "RUNNING", "weekly_maintenance_schedule": "RUNNING"}
        wait_for(lambda: answers(dashboard))
    finally:
        stop(process)
    deadline = time.monotonic() + 60
    while answers(dashboard):
        assert time.monotonic() < deadline, "the dashboard outlives Dagster"
        time.sleep(0.2)
    assert count(environment, "ops.step_runs") % len(STEPS) == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End `dagster dev` as Ctrl-C does, and what it started if that is not enough."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
