"""Runs that failed and nothing made good for, and a pipeline that has not succeeded for too long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import psycopg

from medical_telegram_warehouse.alerts.facts import RunFact
from medical_telegram_warehouse.alerts.problems import Found, Kind, Problem, Severity, link_to_run
from medical_telegram_warehouse.alerts.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import PIPELINE_JOB, STEPS

_FAILURES = ("failed", "killed")
_ENDED_RUNS = 500
_ADVICE = "see its log in Dagster (`mtw dev`), mend the cause, and run it again: it does only what is missing"
_StepErrors = dict[str, list[tuple[str, int, str | None]]]


def find_failed_runs(settings: Settings, connection: psycopg.Connection | None, facts: Sequence[RunFact]) -> Found:
    """A problem for each job whose newest failure nothing has made good for.

    Args:
        settings: for links.
        connection: None while the database is away; the facts alone then tell of new failures, but not of their end.
        facts: what the orchestrator knows of runs; of those that both know, the database knows more.
    """
    known = {} if connection is None else {run.run_id: run for run in _recorded_runs(connection)}
    failures = _open_failures({**{run.run_id: run for run in facts}, **known}.values())
    errors = _step_errors(connection, [runs[-1].run_id for runs in failures]) if connection is not None else {}
    problems = [_problem(settings, runs, errors.get(runs[-1].run_id, [])) for runs in failures]
    return Found(source="runs", problems=problems, is_whole=connection is not None)


def find_stale_data(settings: Settings, connection: psycopg.Connection, now: datetime) -> Found:
    """A problem when no run of everything has succeeded for STALE_AFTER_HOURS, even if none was ever started."""
    row = connection.execute(statement("freshness"), {"job": PIPELINE_JOB, "steps": list(STEPS)}).fetchone()
    succeeded_at, made_at, started_at = row or (None, None, None)
    since = succeeded_at or made_at
    if since is None or now - since < timedelta(hours=settings.stale_after_hours):
        return Found(source="stale")
    has_begun = started_at is not None and started_at >= since
    rows = (
        f"last success: {succeeded_at:%Y-%m-%d %H:%M} UTC" if succeeded_at else "no run has ever succeeded",
        f"the newest run began {started_at:%Y-%m-%d %H:%M} UTC" if has_begun else "no run has begun since then",
    )
    problem = Problem(
        key="stale",
        kind=Kind.STALE,
        severity=Severity.ERROR,
        title=f"no successful run for {settings.stale_after_hours:g} hours",
        since=since,
        rows=rows,
        link=f"{settings.dagster_url.rstrip('/')}/runs",
        advice="check that `mtw dev` or Dagster's daemon is up and the schedule is on, or run `mtw run`",
    )
    return Found(source="stale", problems=[problem])


def _recorded_runs(connection: psycopg.Connection) -> list[RunFact]:
    rows = connection.execute(statement("ended_runs"), {"rows": _ENDED_RUNS})
    return [
        RunFact(
            run_id=run_id,
            job=job,
            status=status,
            started_at=started_at,
            finished_at=finished_at,
            steps=tuple(steps),
            error=error,
        )
        for run_id, job, status, started_at, finished_at, steps, error in rows
    ]


def _open_failures(runs: Iterable[RunFact]) -> list[list[RunFact]]:
    """By job, the failures since the last run that made good for them, the newest last."""
    by_job: dict[str, list[RunFact]] = {}
    for run in sorted(runs, key=lambda run: run.started_at):
        if run.status == "success":
            left = {job: [each for each in failed if not _mends(run, each)] for job, failed in by_job.items()}
            by_job = {job: failed for job, failed in left.items() if failed}
        elif run.status in _FAILURES:
            by_job.setdefault(run.job, []).append(run)
    return list(by_job.values())


def _mends(success: RunFact, failure: RunFact) -> bool:
    """The same job, or one that ran every step of it."""
    is_covered = bool(failure.steps) and set(failure.steps) <= set(success.steps)
    return success.job == failure.job or is_covered


def _step_errors(connection: psycopg.Connection, run_ids: list[str]) -> _StepErrors:
    found: _StepErrors = {}
    for run_id, step, attempt, _, error in connection.execute(statement("failed_steps"), {"run_ids": run_ids}):
        found.setdefault(run_id, []).append((step, attempt, error))
    return found


def _problem(settings: Settings, runs: list[RunFact], steps: list[tuple[str, int, str | None]]) -> Problem:
    first, run = runs[0], runs[-1]
    rows = [f"{step} failed" + (f" {attempt} times" if attempt > 1 else "") for step, attempt, _ in steps]
    if len(runs) > 1:
        rows.append(f"{len(runs)} runs in a row; the newest began {run.started_at:%Y-%m-%d %H:%M} UTC")
    errors = [error for _, _, error in steps if error]
    return Problem(
        key=f"run:{run.job}",
        kind=Kind.RUN,
        severity=Severity.ERROR,
        title=f"a run of {run.job} {'was killed' if run.status == 'killed' else 'failed'}",
        since=first.finished_at,
        rows=tuple(rows),
        error=errors[0] if errors else run.error,
        link=link_to_run(settings, run.run_id),
        advice=_ADVICE,
        mark=" ".join(sorted({step for step, _, _ in steps})),
    )
