"""The whole job by command line, on a fresh data folder and again at once: work of the steps, and all around it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.table import Measurement

MOST_SECONDS_AGAIN = 20
MTW = Path(sys.executable).with_name("mtw")


def measure_pipeline(connection: psycopg.Connection, folder: Path) -> Iterator[Measurement]:
    """Yield the figures; `connection` is to the database that the runs use."""
    environment = environment_of(connection, folder)
    subprocess.run([MTW, "detect", "--fetch-weights"], env=environment, check=True, capture_output=True)
    first = _run(environment)
    first_work = _work(connection)
    again = _run(environment)
    again_work = _work(connection)
    yield Measurement("first run", f"{first:.1f} s", 1.0, "baseline")
    yield Measurement("  work of its steps", f"{first_work:.1f} s", first_work / first)
    yield Measurement("  start-up, history, summary", f"{first - first_work:.1f} s", 1 - first_work / first)
    limit = f"under {MOST_SECONDS_AGAIN} s"
    yield Measurement("run again, nothing new", f"{again:.1f} s", again / first, limit, again < MOST_SECONDS_AGAIN)
    yield Measurement("  work of its steps", f"{again_work:.1f} s", again_work / first)
    yield Measurement("  start-up, history, summary", f"{again - again_work:.1f} s", (again - again_work) / first)


def environment_of(connection: psycopg.Connection, folder: Path) -> dict[str, str]:
    """Variables of a run in `folder` on the database of `connection`."""
    info = connection.info
    return {
        **os.environ,
        "DATA_DIR": str(folder),
        "DAGSTER_HOME": str(folder / "dagster"),
        "TELEGRAM_SOURCE": "sample",
        "POSTGRES_HOST": info.host,
        "POSTGRES_PORT": str(info.port),
        "POSTGRES_DB": info.dbname,
        "POSTGRES_USER": info.user,
        "POSTGRES_PASSWORD": info.password,
    }


def _run(environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run([MTW, "run"], env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def _work(connection: psycopg.Connection) -> float:
    """Seconds of the steps of the newest run."""
    row = connection.execute("""
        SELECT extract(epoch FROM sum(finished_at - started_at))
        FROM ops.step_runs
        WHERE run_id = (SELECT run_id FROM ops.step_runs ORDER BY started_at DESC LIMIT 1)
    """).fetchone()
    assert row is not None
    return float(row[0])
