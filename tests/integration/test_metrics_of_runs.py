"""Runs and steps as Prometheus sees them: read from storage, so that nothing is lost with the process that knew it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from api_service import serving
from conftest import Database
from dashboard_service import options_over
from medical_telegram_warehouse.orchestration import run_records
from medical_telegram_warehouse.postgres.queries import statement
from waiting import wait_for

PIPELINE = "medical_telegram_warehouse_pipeline"
NOW = datetime.now(UTC)
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Bookkeeping:
    """What orchestration writes, and what `/metrics` then says."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self.url = url

    def run(self, run_id: str, ago: timedelta, status: str, *, job: str = PIPELINE, steps: int = 7) -> None:
        begun: dict[str, Any] = {
            "run_id": run_id,
            "job": job,
            "launched_by": "command",
            "started_at": NOW - ago,
            "steps": [f"step_{number}" for number in range(steps)],
        }
        with self._database.connect() as connection:
            connection.execute(statement("begin_run"), begun)
            if status != "started":
                end = {"status": status, "finished_at": NOW - ago + timedelta(minutes=5), "error": None}
                connection.execute(statement("end_run"), begun | end)

    def step(self, run_id: str, ago: timedelta, status: str, *, attempt: int = 1, **more: Any) -> None:
        row = {
            "run_id": run_id,
            "step": more.get("step", "load_raw_to_postgres"),
            "attempt": attempt,
            "status": status,
            "started_at": NOW - ago,
            "finished_at": NOW - ago + timedelta(seconds=more.get("seconds", 10)),
            "new_rows": more.get("new_rows"),
            "details": Jsonb(more.get("details", {})),
        }
        with self._database.connect() as connection:
            connection.execute(statement("add_step_run"), row)

    def values(self) -> Values:
        text = httpx.get(f"{self.url}/metrics", headers=OPENMETRICS).text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        return self.values().get((f"mtw_{name}", frozenset(labels.items())))


@pytest.fixture
def bookkeeping(database: Database, tmp_path: Path) -> Iterator[Bookkeeping]:
    with serving(options_over(database.address, tmp_path)) as url:
        wait_for(lambda: httpx.get(f"{url}/health").status_code == 200)
        yield Bookkeeping(database, url)


def test_a_run_that_was_killed_counts_although_it_could_not_say_so(bookkeeping: Bookkeeping) -> None:
    """It is under way for as long as nobody knows better; then it was killed, and no service was told."""
    bookkeeping.run("dies", timedelta(hours=1), "started")
    assert bookkeeping.value("run_active") == 1
    assert bookkeeping.value("runs_total", run_job=PIPELINE, status="killed") == 0
    bookkeeping.run("dies", timedelta(hours=1), "killed")
    assert bookkeeping.value("run_active") == 0
    assert bookkeeping.value("run_active_since_timestamp_seconds") is None
    assert bookkeeping.value("runs_started_total", run_job=PIPELINE) == 1
    assert bookkeeping.value("runs_total", run_job=PIPELINE, status="killed") == 1
    assert bookkeeping.value("last_run_status", run_job=PIPELINE, status="killed") == 1
    assert bookkeeping.value("last_run_status", run_job=PIPELINE, status="success") == 0
    killed = (NOW - timedelta(minutes=55)).timestamp()
    assert bookkeeping.value("last_killed_timestamp_seconds", run_job=PIPELINE) == pytest.approx(killed)
    assert bookkeeping.value("last_success_timestamp_seconds", run_job=PIPELINE) is None


def test_each_way_to_end_has_a_counter_from_the_first_run_on(bookkeeping: Bookkeeping) -> None:
    """Prometheus sees an increase only from a value that was there before."""
    bookkeeping.run("only", timedelta(hours=1), "success")
    found = {status: bookkeeping.value("runs_total", run_job=PIPELINE, status=status) for status in ENDS}
    assert found == {"success": 1, "failed": 0, "canceled": 0, "killed": 0}


def test_the_last_run_is_the_one_that_began_last_and_has_ended(bookkeeping: Bookkeeping) -> None:
    bookkeeping.run("old", timedelta(days=2), "success")
    bookkeeping.run("new", timedelta(days=1), "failed")
    bookkeeping.run("now", timedelta(minutes=1), "started")
    statuses = {status: bookkeeping.value("last_run_status", run_job=PIPELINE, status=status) for status in ENDS}
    assert statuses == {"success": 0, "failed": 1, "canceled": 0, "killed": 0}
    began = (NOW - timedelta(minutes=1)).timestamp()
    assert bookkeeping.value("last_run_timestamp_seconds", run_job=PIPELINE) == pytest.approx(began)
    assert bookkeeping.value("run_active_since_timestamp_seconds") == pytest.approx(began)


def test_only_a_run_of_all_steps_makes_the_warehouse_fresh(bookkeeping: Bookkeeping) -> None:
    bookkeeping.run("part", timedelta(hours=1), "success", job="scrape_only", steps=1)
    assert bookkeeping.value("seconds_since_success") is None, "never is no number"
    assert bookkeeping.value("last_success_timestamp_seconds", run_job="scrape_only") is not None
    bookkeeping.run("whole", timedelta(hours=3), "success", job="backfill")
    expected = time.time() - (NOW - timedelta(hours=3) + timedelta(minutes=5)).timestamp()
    assert bookkeeping.value("seconds_since_success") == pytest.approx(expected, abs=5)


def test_steps_tell_attempts_retries_time_and_rows(bookkeeping: Bookkeeping) -> None:
    bookkeeping.step("a", timedelta(hours=2), "success", seconds=10, new_rows=7)
    bookkeeping.step("b", timedelta(hours=1), "failed", seconds=20)
    bookkeeping.step("b", timedelta(minutes=50), "failed", attempt=2, seconds=30)
    step = {"step": "load_raw_to_postgres"}
    assert bookkeeping.value("step_attempts_total", **step, status="success") == 1
    assert bookkeeping.value("step_attempts_total", **step, status="failed") == 2
    assert bookkeeping.value("step_retries_total", **step) == 1
    assert bookkeeping.value("step_seconds", **step) == 30
    assert bookkeeping.value("step_succeeded", **step) == 0
    assert bookkeeping.value("step_rows", **step) == 7, "of the last success"
    finished = (NOW - timedelta(minutes=50) + timedelta(seconds=30)).timestamp()
    assert bookkeeping.value("last_run_finished_timestamp_seconds") == pytest.approx(finished)


def test_what_is_usual_is_the_median_of_enough_earlier_successes(bookkeeping: Bookkeeping) -> None:
    """A first run reads everything there is; the next ones must not pass for usual by comparison with it alone."""
    step = {"step": "load_raw_to_postgres"}
    for day, seconds in enumerate((900, 10, 12, 11, 13), start=1):
        assert bookkeeping.value("step_usual_seconds", **step) is None
        bookkeeping.step(f"run_{day}", timedelta(days=20 - day), "success", seconds=seconds)
    bookkeeping.step("slow", timedelta(hours=1), "success", seconds=600)
    assert bookkeeping.value("step_usual_seconds", **step) == 12
    assert bookkeeping.value("step_seconds", **step) == 600


def test_a_step_whose_process_was_killed_counts_as_a_failed_attempt(
    bookkeeping: Bookkeeping, make_settings: Any
) -> None:
    run_records.add_lost_step(make_settings(), "run", "run_yolo_enrichment", 1, NOW, "killed by signal 9")
    assert bookkeeping.value("step_attempts_total", step="run_yolo_enrichment", status="failed") == 1


def test_the_speed_of_a_scan_is_that_of_the_last_one_that_had_photos(bookkeeping: Bookkeeping) -> None:
    detect: dict[str, Any] = {"step": "run_yolo_enrichment"}
    bookkeeping.step("a", timedelta(hours=2), "success", details={"scanned": 40, "photos_per_second": 12.5}, **detect)
    bookkeeping.step("b", timedelta(hours=1), "success", details={"scanned": 0, "photos_per_second": 0}, **detect)
    assert bookkeeping.value("photos_per_second") == 12.5


def test_an_empty_database_has_no_runs_and_no_steps(bookkeeping: Bookkeeping) -> None:
    names = {name for name, _ in bookkeeping.values()}
    assert {"mtw_database_up", "mtw_run_active", "mtw_warehouse_version"} <= names
    assert not names & {"mtw_runs_total", "mtw_step_seconds", "mtw_seconds_since_success", "mtw_warehouse_rows"}


@pytest.mark.parametrize("accept", ["", "text/plain", "application/openmetrics-text; version=none", "a,b;;,"])
def test_whatever_a_client_accepts_it_gets_metrics(bookkeeping: Bookkeeping, accept: str) -> None:
    response = httpx.get(f"{bookkeeping.url}/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    wanted = "application/openmetrics-text" if "openmetrics" in accept else "text/plain"
    assert response.headers["content-type"].startswith(wanted)
    assert response.text.endswith("# EOF\n") == ("openmetrics" in accept)


ENDS = ("success", "failed", "canceled", "killed")
