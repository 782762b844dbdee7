"""Pipelines that tests kill: each in a data folder with an embedded server and a port of its own."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
from dagster import DagsterEventType
from psycopg.sql import SQL, Identifier

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration.instance import open_instance
from ports import free_port
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


class Middle(NamedTuple):
    """A run in the middle of something."""

    process: subprocess.Popen[bytes]
    release: Callable[[], None]
    """Lets go of what it waits for."""


class Place:
    """A data folder with its own embedded server, and `mtw run` in it."""

    def __init__(self, folder: Path, models_dir: Path, **environment: str) -> None:
        folder.mkdir()
        self.port = free_port()
        self.password = "medical_pass"
        self.data = folder / "data"
        self.history = folder / "dagster"
        self._log = folder / "run.err"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))},
            "DATA_DIR": str(self.data),
            "DAGSTER_HOME": str(self.history),
            "MODELS_DIR": str(models_dir),
            "POSTGRES_PORT": str(self.port),
            "TELEGRAM_SOURCE": "sample",
            "SAMPLE_MESSAGES": "150",
            "SAMPLE_DATE": "2026-10-01",
            **environment,
        }

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [str(MTW), *(arguments or ("run",))],
                stdout=log,
                stderr=log,
                env=self.environment,
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

    def some_photos_are_scanned(self) -> bool:
        """Whether the detector has written down what it saw."""
        scans = self.data / "processed" / "scans.sqlite"
        try:
            with closing(sqlite3.connect(f"file:{scans}?mode=ro", uri=True)) as connection:
                return bool(connection.execute("SELECT count(*) FROM scans").fetchone()[0])
        except sqlite3.Error:
            return False

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname="medical_warehouse",
            user="medical_user",
            password=self.password,
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

    @contextmanager
    def waiting_for(self, table: str) -> Iterator[Middle]:
        """A run in the middle of a transaction: where it wants to write a table, which is held until it is let go."""
        self.finish("db", "start")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        with self.running() as process, ExitStack() as held:
            watcher = held.enter_context(closing(self.connect()))
            holder = held.enter_context(closing(self.connect()))
            holder.autocommit = False
            holder.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(*table.split("."))))
            self.wait_for(lambda: watcher.execute(waiting, [table]).fetchone() == (1,), process)
            yield Middle(process, held.close)

    @contextmanager
    def having(self, condition: Callable[[], bool]) -> Iterator[Middle]:
        """A run that has come as far as the condition says, and stands still until it is let go."""
        with self.running() as process:
            self.wait_for(condition, process)
            run = psutil.Process(process.pid)
            family = [each for each in (run, *run.children(recursive=True)) if each.name() != "postgres"]

            def resume() -> None:
                for each in family:
                    with suppress(psutil.NoSuchProcess):
                        each.resume()

            try:
                for each in family:
                    with suppress(psutil.NoSuchProcess):
                        each.suspend()
                yield Middle(process, resume)
            finally:
                resume()

    def step_process(self, step: str) -> int:
        """The process that a step of the newest run works in."""
        with open_instance(self.history) as history:
            [run] = history.get_runs(limit=1)
            started = [
                entry.dagster_event
                for entry in history.all_logs(run.run_id, of_type=DagsterEventType.STEP_WORKER_STARTED)
                if entry.step_key == step and entry.dagster_event
            ]
        return int(str(started[-1].engine_event_data.metadata["pid"].value))

    @property
    def postmaster(self) -> int:
        """The embedded server's first process."""
        return int((self.data / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def in_the_middle_of(place: Place, step: str) -> AbstractContextManager[Middle]:
    """A run of which the step has done a part of its work. Of a place without data, each step has some."""
    tables = {
        steps.LOAD: "raw.telegram_message_observations",
        steps.EXTRACT: "raw.message_offers",
        steps.LOAD_DETECTIONS: "raw.yolo_detections",
    }
    if step in tables:
        return place.waiting_for(tables[step])
    conditions = {
        steps.SCRAPE: place.saying("sample_bulk_wholesale: "),
        steps.TRANSFORM: place.saying("marts.fct_messages: "),
        steps.DETECT: place.some_photos_are_scanned,
        steps.TRANSFORM_PHOTOS: place.saying("marts.fct_images: "),
    }
    return place.having(conditions[step])
