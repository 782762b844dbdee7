"""Each step in a process of its own: what becomes of the run when a step is killed, and of steps when the run is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from dagster import DagsterInstance

from killed_runs import Place
from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration.instance import open_instance

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'raw.telegram_message_observations'::regclass"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("steps") / "place", models_dir)
    place.finish("db", "start")
    yield place
    place.finish("db", "stop")


@pytest.fixture(scope="module")
def history(place: Place) -> Iterator[DagsterInstance]:
    with open_instance(place.history) as instance:
        yield instance


def test_steps_end_when_their_run_is_killed_and_the_next_run_tells_of_it(
    place: Place, history: DagsterInstance
) -> None:
    """Else a step of a run that counts as dead would write beside those of the next."""
    with place.running() as process, place.connect() as holder, place.connect() as watcher, holder.transaction():
        holder.execute("LOCK TABLE raw.telegram_message_observations IN SHARE MODE")
        place.wait_for(lambda: watcher.execute(WAITING).fetchone() == (1,), process)
        family = psutil.Process(process.pid).children(recursive=True)
        assert place.step_process(steps.LOAD) in [each.pid for each in family]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        gone, alive = psutil.wait_procs(family, timeout=30)
    assert [each.cmdline() for each in alive if "postgres" not in " ".join(each.cmdline())] == []
    assert gone
    [killed] = history.get_runs(limit=1)
    with place.connect() as connection:
        assert connection.execute("SELECT status FROM ops.runs").fetchall() == [("started",)]

        place.finish()
        statuses: dict[str, str] = dict(connection.execute("SELECT status, run_id FROM ops.runs").fetchall())
        assert statuses["killed"] == killed.run_id
        assert set(statuses) == {"killed", "success"}
        told = connection.execute("SELECT step, status FROM ops.step_runs WHERE run_id = %s", [killed.run_id])
        assert (steps.LOAD, "failed") in told.fetchall()


def test_a_step_that_is_killed_is_tried_again_and_both_attempts_are_told(
    place: Place, history: DagsterInstance
) -> None:
    """As the kernel does when memory runs out: it costs this step half a minute, and the run nothing."""
    with place.connect() as connection:
        connection.execute("TRUNCATE ops.runs, ops.step_runs")
        (messages,) = connection.execute("SELECT count(*) FROM raw.telegram_messages").fetchone() or (0,)
        connection.execute("DELETE FROM ops.loaded_files")  # so that there is something to load
    with place.running() as process, place.connect() as holder, place.connect() as watcher:
        with holder.transaction():
            holder.execute("LOCK TABLE raw.telegram_message_observations IN SHARE MODE")
            place.wait_for(lambda: watcher.execute(WAITING).fetchone() == (1,), process)
            os.kill(place.step_process(steps.LOAD), signal.SIGKILL)
        assert process.wait(timeout=300) == 0, place.said()
        attempts = watcher.execute(
            "SELECT attempt, status, details ->> 'error' FROM ops.step_runs WHERE step = %s ORDER BY attempt",
            [steps.LOAD],
        ).fetchall()
        assert [(attempt, status) for attempt, status, _ in attempts] == [(1, "failed"), (2, "success")]
        assert "SIGKILL" in attempts[0][2]
        assert watcher.execute("SELECT status FROM ops.runs").fetchall() == [("success",)]
        assert watcher.execute("SELECT count(*) FROM raw.telegram_messages").fetchone() == (messages,)
    assert "(attempt 2)" in place.said()
