"""Which failures of runs are still open: what makes good for one, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from medical_telegram_warehouse.alerts.facts import RunFact
from medical_telegram_warehouse.alerts.problems import Problem
from medical_telegram_warehouse.alerts.runs import find_failed_runs
from medical_telegram_warehouse.settings import Settings

NIGHT = datetime(2026, 10, 1, 2, tzinfo=UTC)
SETTINGS = Settings(_env_file=None, dagster_url="http://dagster", project_dir=Path("/nowhere"))


def run(number: int, status: str, job: str = "pipeline", steps: tuple[str, ...] = ("scrape", "load")) -> RunFact:
    started = NIGHT + timedelta(hours=number)
    return RunFact(
        run_id=f"run-{number}",
        job=job,
        status=status,
        started_at=started,
        finished_at=started + timedelta(minutes=5),
        steps=steps,
        error=f"error {number}",
    )


def open_problems(*runs: RunFact) -> list[Problem]:
    return list(find_failed_runs(SETTINGS, None, runs).problems)


def test_a_failed_run_is_open_and_links_to_itself() -> None:
    [problem] = open_problems(run(1, "success"), run(2, "failed"))
    assert problem.title == "a run of pipeline failed"
    assert problem.link == "http://dagster/runs/run-2"
    assert problem.error == "error 2"
    assert problem.since == NIGHT + timedelta(hours=2, minutes=5)


def test_failures_in_a_row_are_one_problem_since_the_first_with_the_newest_error() -> None:
    [problem] = open_problems(run(3, "killed"), run(1, "failed"), run(2, "failed"))
    assert problem.title == "a run of pipeline was killed"
    assert problem.since == NIGHT + timedelta(hours=1, minutes=5)
    assert problem.error == "error 3"
    assert "3 runs in a row; the newest began 2026-10-01 05:00 UTC" in problem.rows


@pytest.mark.parametrize(
    ("later", "is_open"),
    [
        (run(2, "success"), False),
        (run(2, "success", steps=("load",)), False),
        (run(2, "success", job="backfill", steps=("scrape", "load", "transform")), False),
        (run(2, "success", job="scrape_only", steps=("scrape",)), True),
        (run(2, "success", job="maintenance", steps=()), True),
        (run(2, "canceled"), True),
        (run(0, "success"), True),
    ],
    ids=[
        "the same job",
        "its failed steps again",
        "a job with all its steps",
        "a part of them",
        "something else",
        "nothing",
        "an earlier run",
    ],
)
def test_what_makes_good_for_a_failed_run(later: RunFact, is_open: bool) -> None:
    assert bool(open_problems(run(1, "failed"), later)) is is_open


def test_a_canceled_run_is_nobodys_alert() -> None:
    assert open_problems(run(1, "canceled")) == []


def test_each_job_has_its_own_problem() -> None:
    problems = open_problems(run(1, "failed"), run(2, "failed", job="maintenance", steps=("vacuum_database",)))
    assert [problem.key for problem in problems] == ["run:pipeline", "run:maintenance"]


def test_without_the_database_nothing_is_said_to_have_ended() -> None:
    assert not find_failed_runs(SETTINGS, None, []).is_whole
