"""SIGKILL at any step, and `mtw run` once more gives the same tables as an undisturbed run.

Each scenario has a data folder, an embedded server and a port of its own. In a scenario one step after the other is
killed, each in the run that was to complete the one before; so every run but the last meets what a killed one left.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from medical_telegram_warehouse import steps
from warehouse_rows import TIMES_OF_BUILDS

MTW = Path(sys.executable).with_name("mtw")
# Without when a row was loaded, read or built, and without the files' numbers: a server that crashed skips some of
# them. Which file a row came from is compared below.
COMPARED = {
    "raw.telegram_messages": ("first_loaded_at", "loaded_at", "file_id"),
    "raw.telegram_message_observations": ("loaded_at", "file_id"),
    "raw.telegram_channels": ("loaded_at",),
    "raw.rejected_records": ("rejected_at", "rejected_id"),
    "raw.message_genres": ("extracted_at",),
    "raw.message_offers": (),
    "raw.image_scans": ("loaded_at",),
    "raw.yolo_detections": ("loaded_at",),
    "marts.fct_messages": (),
    "marts.fct_images": (),
    "marts.fct_image_detections": (),
    "marts.dim_channels": (),
    "marts.dim_dates": (),
    "marts.dim_products": (),
    "marts.fct_offers": (),
    "marts.fct_product_prices": (),
    "marts.fct_product_availability": (),
}
FILES = """
SELECT concat_ws(' ', channel_name, message_id, observation_id, file_path)
FROM raw.telegram_message_observations JOIN ops.loaded_files USING (file_id)
"""
Tables = dict[str, list[str]]


class Place:
    """A data folder with its own embedded server, and `mtw run` in it."""

    def __init__(self, folder: Path, models_dir: Path) -> None:
        folder.mkdir()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.data = folder / "data"
        self._log = folder / "run.err"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))},
            "DATA_DIR": str(self.data),
            "DAGSTER_HOME": str(folder / "dagster"),
            "MODELS_DIR": str(models_dir),
            "POSTGRES_PORT": str(self.port),
            "TELEGRAM_SOURCE": "sample",
            "SAMPLE_MESSAGES": "150",
            "SAMPLE_DATE": "2026-10-01",
        }

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [str(MTW), *(arguments or ("run",))],
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # its workers are killed with it
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def finish(self, *arguments: str) -> str:
        with self.running(*arguments) as process:
            code = process.wait(timeout=300)
        assert code == 0, self.said()
        return self.said()

    def kill_when(self, condition: Callable[[], bool]) -> None:
        with self.running() as process:
            self.wait_for(condition, process)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL

    def wait_for(self, condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 300
        while not condition():
            assert process.poll() is None, f"it ended too early:\n{self.said()}"
            assert time.monotonic() < deadline, f"the moment did not come:\n{self.said()}"
            time.sleep(0.01)

    def said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    def saying(self, words: str) -> Callable[[], bool]:
        return lambda: words in self.said()

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname="medical_warehouse",
            user="medical_user",
            password="medical_pass",
            autocommit=True,
        )

    def tables(self) -> Tables:
        found: Tables = {}
        with self.connect() as connection:
            for table, ignored in COMPARED.items():
                query = SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} AS t").format(
                    Identifier(*table.split("."))
                )
                found[table] = sorted(row for (row,) in connection.execute(query, [[*ignored, *TIMES_OF_BUILDS]]))
            found["files of observations"] = sorted(row for (row,) in connection.execute(FILES))
        return found

    def kill_while_it_waits_for(self, table: str) -> None:
        """Kill the run in the middle of a transaction: where it wants to write a table that somebody else holds."""
        self.finish("db", "start")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        with self.running() as process, self.connect() as holder, self.connect() as watcher, holder.transaction():
            holder.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(*table.split("."))))
            self.wait_for(lambda: watcher.execute(waiting, [table]).fetchone() == (1,), process)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def undisturbed(place: Place) -> Tables:
    place.finish()
    return place.tables()


def kill_in_the_middle_of(*killed: str) -> Callable[[Place], Tables]:
    """Killed when the step has done a part of its work, run by run, then left alone."""

    def scenario(place: Place) -> Tables:
        for step in killed:
            MIDDLE[step](place)
            assert f"{step} starts" in place.said()
            assert f"{step}: " not in place.said(), "it had ended already"
        place.finish()
        return place.tables()

    return scenario


def _some_photos_are_scanned(place: Place) -> bool:
    try:
        with sqlite3.connect(f"file:{place.data / 'processed' / 'scans.sqlite'}?mode=ro", uri=True) as connection:
            return bool(connection.execute("SELECT count(*) FROM scans").fetchone()[0])
    except sqlite3.Error:
        return False


MIDDLE: dict[str, Callable[[Place], None]] = {
    steps.SCRAPE: lambda place: place.kill_when(place.saying("sample_bulk_wholesale: ")),
    steps.LOAD: lambda place: place.kill_while_it_waits_for("raw.telegram_message_observations"),
    steps.EXTRACT: lambda place: place.kill_while_it_waits_for("raw.message_offers"),
    steps.TRANSFORM: lambda place: place.kill_when(place.saying("marts.fct_messages: ")),
    steps.DETECT: lambda place: place.kill_when(lambda: _some_photos_are_scanned(place)),
    steps.LOAD_DETECTIONS: lambda place: place.kill_while_it_waits_for("raw.yolo_detections"),
    steps.TRANSFORM_PHOTOS: lambda place: place.kill_when(place.saying("marts.fct_images: ")),
}


def kill_the_server_during_load(place: Place) -> Tables:
    """The postmaster dies while the loader is in a transaction. The run tries again by itself, half a minute later."""
    place.finish("db", "start")
    postmaster = int((place.data / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'raw.telegram_messages'::regclass"
    with place.running() as process:
        holder, watcher = place.connect(), place.connect()
        holder.autocommit = False
        holder.execute("LOCK TABLE raw.telegram_messages")
        place.wait_for(lambda: watcher.execute(waiting).fetchone() == (1,), process)
        os.kill(postmaster, signal.SIGKILL)
        holder.close()
        watcher.close()
        process.wait(timeout=300)
    place.finish()
    return place.tables()


# Each needs what the one before brings, so that it has not run yet when its turn comes; photos go beside messages.
KILLED = (
    (steps.SCRAPE, steps.DETECT, steps.LOAD_DETECTIONS, steps.TRANSFORM_PHOTOS),
    (steps.LOAD, steps.EXTRACT, steps.TRANSFORM),
)
SCENARIOS: dict[str, Callable[[Place], Tables]] = {
    "undisturbed": undisturbed,
    # First among the others, because it sleeps while it waits for its retry.
    "server": kill_the_server_during_load,
    **{" and ".join(killed): kill_in_the_middle_of(*killed) for killed in KILLED},
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[dict[str, Future[Any]]]:
    folder = tmp_path_factory.mktemp("kills")

    def play(name: str) -> Tables:
        place = Place(folder / name, models_dir)
        try:
            return SCENARIOS[name](place)
        finally:
            place.finish("db", "stop")

    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(play, name) for name in SCENARIOS}


def test_every_step_is_killed_in_one_of_the_scenarios() -> None:
    assert sorted(step for killed in KILLED for step in killed) == sorted(steps.STEPS)


def test_an_undisturbed_run_fills_every_table_that_is_compared(outcomes: dict[str, Future[Tables]]) -> None:
    """Empty tables would be equal too."""
    tables = outcomes["undisturbed"].result()
    assert {table for table, rows in tables.items() if not rows} <= {"raw.rejected_records"}


@pytest.mark.parametrize("killed", [" and ".join(killed) for killed in KILLED])
def test_runs_killed_during_steps_are_completed_by_the_next(killed: str, outcomes: dict[str, Future[Tables]]) -> None:
    expected, found = outcomes["undisturbed"].result(), outcomes[killed].result()
    assert {table: len(rows) for table, rows in found.items()} == {table: len(rows) for table, rows in expected.items()}
    assert found == expected


def test_a_database_that_is_killed_during_load_loses_and_doubles_nothing(outcomes: dict[str, Future[Tables]]) -> None:
    assert outcomes["server"].result() == outcomes["undisturbed"].result()
