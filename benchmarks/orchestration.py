"""What orchestration costs when the steps have nothing to do: each in a process of its own, and all in one.

The baseline is Dagster as it comes: every step in the run's process, one after the other, and Dagster's own event log.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from benchmarks.pipeline import MTW, environment_of
from benchmarks.table import Measurement
from medical_telegram_warehouse.orchestration.instance import open_instance

MOST_SECONDS = 20
_EVENTS = 1000
_IN_ONE_PROCESS = """
from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.settings import load_settings
from dagster import DagsterInstance

settings = load_settings()
job = pipeline_job(build_definitions(settings))
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with DagsterInstance.from_config(str(settings.dagster_home)) as instance:
    assert job.execute_in_process(instance=instance, run_config=quiet).success
"""
_PLAIN = "telemetry: {enabled: false}\n"


def measure_orchestration(connection: psycopg.Connection, folder: Path) -> Iterator[Measurement]:
    """Yield the figures; `connection` is to the database that the runs use."""
    environment = environment_of(connection, folder)
    subprocess.run([MTW, "run"], env=environment, check=True, capture_output=True)
    plain = {**environment, "DAGSTER_HOME": str(folder / "plain")}
    Path(plain["DAGSTER_HOME"]).mkdir()
    Path(plain["DAGSTER_HOME"], "dagster.yaml").write_text(_PLAIN, encoding="utf-8")
    _seconds([sys.executable, "-c", _IN_ONE_PROCESS], plain)  # makes its history's tables
    together = _seconds([sys.executable, "-c", _IN_ONE_PROCESS], plain)
    apart = _seconds([str(MTW), "run"], environment)
    work = _wall_of_steps(connection)
    with (
        open_instance(Path(environment["DAGSTER_HOME"])) as ours,
        DagsterInstance.from_config(plain["DAGSTER_HOME"]) as theirs,
    ):
        starts = _starts(ours)
        events_of_theirs, events_of_ours = _thousand_events(theirs), _thousand_events(ours)
    yield Measurement("all steps in one process", f"{together:.1f} s", 1.0, "baseline")
    limit = f"under {MOST_SECONDS} s"
    yield Measurement("each step in its own", f"{apart:.1f} s", apart / together, limit, apart < MOST_SECONDS)
    yield Measurement("  while a step works", f"{work:.1f} s", work / together)
    yield Measurement("  start-up, history, summary", f"{apart - work:.1f} s", (apart - work) / together)
    yield Measurement("  start of a step's process", f"{statistics.median(starts) * 1000:,.0f} ms")
    yield Measurement("1,000 events, Dagster's log", f"{events_of_theirs:.1f} s", 1.0, "baseline")
    yield Measurement("1,000 events, ours", f"{events_of_ours:.1f} s", events_of_ours / events_of_theirs)


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def _wall_of_steps(connection: psycopg.Connection) -> float:
    """Seconds of the newest run in which at least one step worked."""
    rows = connection.execute("""
        SELECT started_at, finished_at
        FROM ops.step_runs
        WHERE run_id = (SELECT run_id FROM ops.runs ORDER BY started_at DESC LIMIT 1)
        ORDER BY started_at
    """).fetchall()
    total, until = timedelta(), None
    for begun, ended in rows:
        start = begun if until is None else max(begun, until)
        if ended > start:
            total += ended - start
        until = ended if until is None else max(until, ended)
    return total.total_seconds()


def _starts(instance: DagsterInstance) -> list[float]:
    """Seconds from when a step's process was asked for until the step began, of the newest run."""
    [run] = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.SUCCESS]), limit=1)
    asked: dict[str, float] = {}
    waits = []
    for entry in instance.all_logs(run.run_id):
        kind = entry.dagster_event_type.value if entry.dagster_event_type else ""
        if kind == "STEP_WORKER_STARTING":
            asked[entry.step_key or ""] = entry.timestamp
        elif kind == "STEP_START" and entry.step_key in asked:
            waits.append(entry.timestamp - asked[entry.step_key])
    return waits


def _thousand_events(instance: DagsterInstance) -> float:
    """Seconds for writing events of the newest run again, as another run's: as many as it had, scaled to a thousand."""
    [run] = instance.get_runs(limit=1)
    another = str(uuid.uuid4())
    entries = [entry._replace(run_id=another) for entry in instance.all_logs(run.run_id)[:_EVENTS]]
    started = time.perf_counter()
    for entry in entries:
        instance.event_log_storage.store_event(entry)
    return (time.perf_counter() - started) * _EVENTS / len(entries)
