"""Runs as the API and the Pipeline page tell of them: also one that has just begun, and one that was killed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from api_service import serving
from conftest import Database
from dashboard_service import options_over
from medical_telegram_warehouse.api.pipeline.repository import PIPELINE_STEPS
from waiting import wait_for

PIPELINE = "medical_telegram_warehouse_pipeline"
NOW = datetime.now(UTC)


@pytest.fixture
def service(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    """Over a database in which nothing ran yet."""
    with serving(options_over(database.address, tmp_path)) as url, httpx.Client(base_url=url, timeout=30) as client:
        wait_for(lambda: client.get("/health").status_code == 200)
        yield client


def note(database: Database, run_id: str, status: str, *, minutes_ago: int = 60, **more: Any) -> None:
    finished = None if status == "started" else NOW - timedelta(minutes=minutes_ago - 5)
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps, error)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                run_id,
                more.get("job", PIPELINE),
                more.get("launched_by", "schedule"),
                status,
                NOW - timedelta(minutes=minutes_ago),
                finished,
                more.get("steps", ["scrape_telegram_data"]),
                more.get("error"),
            ],
        )


def end_steps(database: Database, run_id: str, count: int, *, status: str = "success", minutes_ago: int = 60) -> None:
    with database.connect() as connection:
        for number in range(count):
            connection.execute(
                "INSERT INTO ops.step_runs (run_id, step, status, started_at, finished_at, details)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    run_id,
                    f"step_{number}",
                    status,
                    NOW - timedelta(minutes=minutes_ago, seconds=-number),
                    NOW - timedelta(minutes=minutes_ago, seconds=-number - 1),
                    Jsonb({"error": "no disk left"} if status == "failed" else {"headline": "did it"}),
                ],
            )


def runs(service: httpx.Client) -> dict[str, Any]:
    return {run["run_id"]: run for run in service.get("/api/pipeline/runs").json()["runs"]}


def page(service: httpx.Client) -> str:
    text = service.get("/pipeline", headers={"Accept": "text/html"}).text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_run_that_has_just_begun_is_there_before_its_first_step_ends(
    service: httpx.Client, database: Database
) -> None:
    note(database, "young", "started", minutes_ago=2)
    run = runs(service)["young"]
    assert (run["status"], run["finished_at"], run["steps"]) == ("running", None, [])
    so_far = 120 + (datetime.now(UTC) - NOW).total_seconds()
    assert so_far - 60 < run["seconds"] <= so_far
    assert (run["job"], run["launched_by"]) == (PIPELINE, "schedule")
    text = page(service)
    assert "Running The first run is going on." in text
    assert "Whole pipeline by the schedule" in text
    assert "No step has ended yet." in text


def test_a_run_that_was_killed_says_so_and_why(service: httpx.Client, database: Database) -> None:
    note(database, "dead", "killed", error="its process is gone; call 0911234567\nmore")
    end_steps(database, "dead", 2)
    run = runs(service)["dead"]
    assert (run["status"], len(run["steps"])) == ("killed", 2)
    assert run["error"] == "its process is gone; call 0911234567"
    text = page(service)
    assert "Killed The last run was killed." in text
    assert "its process is gone" in text
    assert "0911234567" not in text


def test_a_canceled_run_is_no_failure(service: httpx.Client, database: Database) -> None:
    note(database, "stopped", "canceled")
    assert runs(service)["stopped"]["status"] == "canceled"
    assert "canceled" in page(service)


def test_a_run_of_all_steps_is_a_success_and_one_of_some_is_partial(service: httpx.Client, database: Database) -> None:
    note(database, "all", "success")
    end_steps(database, "all", PIPELINE_STEPS)
    note(database, "some", "success", job="scrape_only", launched_by="command")
    end_steps(database, "some", 1)
    note(database, "upkeep", "success", job="maintenance", steps=["vacuum_database"])
    assert {run_id: run["status"] for run_id, run in runs(service).items()} == {
        "all": "success",
        "some": "partial",
        "upkeep": "success",
    }
    text = page(service)
    assert "some steps" in text
    assert "Scrape only by a command" in text
    assert "No step of the pipeline is written down." in text


def test_a_failed_run_names_the_step(service: httpx.Client, database: Database) -> None:
    note(database, "broken", "failed", error="step_0: no disk left")
    end_steps(database, "broken", 1, status="failed")
    run = runs(service)["broken"]
    assert (run["status"], run["error"]) == ("failed", "step_0: no disk left")
    text = page(service)
    assert "Failed The last run failed at: Step 0." in text
    assert text.count("no disk left") == 1, "its step says it"


def test_a_run_that_goes_on_does_not_hide_how_the_last_one_ended(service: httpx.Client, database: Database) -> None:
    note(database, "broken", "failed", error="x")
    end_steps(database, "broken", 1, status="failed")
    note(database, "young", "started", minutes_ago=1)
    assert "Failed The last run failed at" in page(service)


def test_steps_whose_run_was_not_noted_are_a_run_all_the_same(service: httpx.Client, database: Database) -> None:
    end_steps(database, "unnoted", 2)
    end_steps(database, "unnoted and broken", 1, status="failed", minutes_ago=30)
    found = runs(service)
    assert list(found) == ["unnoted and broken", "unnoted"], "the newest first"
    assert [run["status"] for run in found.values()] == ["failed", "partial"]
    assert found["unnoted"]["job"] is None


def test_runs_are_filtered_paged_and_saved_by_when_they_began(service: httpx.Client, database: Database) -> None:
    for number in range(5):
        note(database, f"run_{number}", "success", minutes_ago=10 + number)
    first = service.get("/api/pipeline/runs", params={"limit": 2}).json()
    second = service.get("/api/pipeline/runs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [run["run_id"] for run in first["runs"] + second["runs"]] == ["run_0", "run_1", "run_2", "run_3"]
    tomorrow = (NOW + timedelta(days=2)).date().isoformat()
    assert service.get("/api/pipeline/runs", params={"from_date": tomorrow}).json()["runs"] == []
    lines = service.get("/api/pipeline/runs", params={"format": "csv"}).text.splitlines()
    assert len(lines) == 6
    assert {"job", "launched_by", "error"} <= set(lines[0].split(","))
