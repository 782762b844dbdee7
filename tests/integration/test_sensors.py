"""What starts a job without a clock, and that nothing is started twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunRequest, SensorDefinition, build_sensor_context

from factories import NOW, copied_project, lake_file, line
from medical_telegram_warehouse import steps
from medical_telegram_warehouse.lake.registry import connect_lake
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.orchestration import jobs, sensors
from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.settings import Settings

MakeSettings = Callable[..., Settings]


class Watched:
    """A sensor that is asked again and again, as the daemon does."""

    def __init__(self, settings: Settings, name: str, instance: DagsterInstance) -> None:
        definitions = build_definitions(settings)
        self._sensor: SensorDefinition = definitions.resolve_sensor_def(name)
        self._instance = instance
        self._cursor: str | None = None
        self.reason = ""

    def look(self) -> list[RunRequest]:
        context = build_sensor_context(instance=self._instance, cursor=self._cursor)
        found = self._sensor.evaluate_tick(context)
        self._cursor = found.cursor
        self.reason = found.skip_message or ""
        return list(found.run_requests or [])


@pytest.fixture
def new_files(make_settings: MakeSettings, instance: DagsterInstance) -> tuple[Settings, Watched]:
    settings = make_settings()
    return settings, Watched(settings, sensors.NEW_FILES, instance)


def test_files_that_another_scraper_brought_start_everything_after_scraping_once(
    new_files: tuple[Settings, Watched], tmp_path: Path
) -> None:
    settings, watched = new_files
    assert watched.look() == []
    assert "every file" in watched.reason

    lake_file(tmp_path / "other", line(1))
    connect_lake(settings.data_dir, settings.lake_root, tmp_path / "other")
    [request] = watched.look()
    assert request.tags["new_files"] == "1"
    assert watched.look() == []
    assert "a run was started for them already" in watched.reason

    steps.load_step(settings)
    assert watched.look() == []
    assert "every file" in watched.reason

    lake_file(tmp_path / "other", line(1) + line(2))
    [another] = watched.look()
    assert another.run_key != request.run_key


def test_messages_that_a_slow_clock_rejected_start_it_too(new_files: tuple[Settings, Watched]) -> None:
    settings, watched = new_files
    lake_file(settings.lake_root, line(1, message_date=(NOW - timedelta(days=1)).isoformat()))
    with connect(settings.database) as connection:
        load_messages(connection, steps.lakes_of(settings), now=NOW - timedelta(days=30))
    assert len(watched.look()) == 1
    steps.load_step(settings)
    assert watched.look() == []
    assert "every file" in watched.reason


def test_new_files_wait_while_a_run_is_active(new_files: tuple[Settings, Watched], instance: DagsterInstance) -> None:
    """It may be scraping them itself."""
    settings, watched = new_files
    lake_file(settings.lake_root, line(1))
    job = pipeline_job(build_definitions(settings))
    run = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTING, tags=job.run_tags)
    assert watched.look() == []
    assert run.run_id in watched.reason
    instance.report_run_canceled(run)
    assert len(watched.look()) == 1


def test_a_database_that_is_away_is_said_and_starts_nothing(
    make_settings: MakeSettings, instance: DagsterInstance
) -> None:
    settings = make_settings(postgres_port=9, postgres_password="secret-4711")
    watched = Watched(settings, sensors.NEW_FILES, instance)
    lake_file(settings.lake_root, line(1))
    assert watched.look() == []
    assert "cannot tell which files are loaded" in watched.reason
    assert "secret-4711" not in watched.reason


def test_a_changed_seed_starts_the_transformations_and_a_changed_threshold_the_detection(
    make_settings: MakeSettings, instance: DagsterInstance, tmp_path: Path
) -> None:
    settings = make_settings(project_dir=copied_project(tmp_path / "project"))
    watched = Watched(settings, sensors.CHANGED_DEFINITIONS, instance)
    assert watched.look() == [], "what there is at the first look was built with it, or the next run does"
    assert watched.look() == []
    assert watched.reason == "nothing has changed"

    seed = settings.project_dir / "warehouse" / "seeds" / "channel_types.csv"
    seed.write_text(seed.read_text(encoding="utf-8") + "newshop,pharmacy\n", encoding="utf-8")
    assert [request.job_name for request in watched.look()] == [jobs.TRANSFORM_ONLY]
    assert watched.look() == []

    settings.yolo_confidence_threshold = 0.5
    assert [request.job_name for request in watched.look()] == [jobs.DETECTION_ONLY]
    assert watched.look() == []


def test_a_change_during_a_run_is_taken_up_after_it(make_settings: MakeSettings, instance: DagsterInstance) -> None:
    settings = make_settings()
    watched = Watched(settings, sensors.CHANGED_DEFINITIONS, instance)
    watched.look()
    job = pipeline_job(build_definitions(settings))
    run = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTING, tags=job.run_tags)
    settings.yolo_confidence_threshold = 0.5
    assert watched.look() == []
    assert run.run_id in watched.reason
    instance.report_run_canceled(run)
    requests: list[Any] = watched.look()
    assert [request.job_name for request in requests] == [jobs.DETECTION_ONLY]
