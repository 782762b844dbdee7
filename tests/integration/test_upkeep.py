"""Maintenance: what is let go of, what stays, and that the marts fit together afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance

from conftest import Database
from factories import DAY, NOW, lake_file, line
from medical_telegram_warehouse import steps, upkeep
from medical_telegram_warehouse.orchestration.instance import delete_old_history
from medical_telegram_warehouse.settings import Settings
from pipeline_runs import execute

MakeSettings = Callable[..., Settings]


def observed(message_id: int, days_ago: int, views: int) -> bytes:
    return line(message_id, views=views, scraped_at=(NOW - timedelta(days=days_ago)).isoformat())


def views(database: Database) -> list[tuple[int, int]]:
    query = "SELECT message_id, views FROM raw.telegram_message_observations ORDER BY message_id, observed_at"
    return [(message, views) for message, views in database.rows(query)]


def test_old_observations_between_the_first_and_the_newest_are_forgotten(
    make_settings: MakeSettings, database: Database
) -> None:
    settings = make_settings(raw_history_days=30)
    lake_file(
        settings.lake_root,
        b"".join(
            [
                *(observed(1, days, 100 - days) for days in (90, 80, 70)),  # all old
                *(observed(2, days, 100 - days) for days in (90, 80, 70, 5, 4)),  # some old
                observed(3, 90, 10),  # one
            ]
        ),
        day=DAY,
    )
    steps.load_step(settings)
    steps.extract_step(settings)
    steps.transform_step(settings)
    outcome = upkeep.delete_old_observations(settings, now=NOW)
    assert outcome.details == {"deleted_observations": 3}
    assert views(database) == [(1, 10), (1, 30), (2, 10), (2, 95), (2, 96), (3, 10)]

    again = upkeep.delete_old_observations(settings, now=NOW)
    assert again.headline == "no observation is old enough"
    built = steps.transform_step(settings)
    assert "all built whole" in built.headline
    numbers = "SELECT message_id, count(*) FROM marts.fct_message_engagement GROUP BY 1 ORDER BY 1"
    assert database.rows(numbers) == [(1, 2), (2, 3), (3, 1)]
    assert "all built whole" not in steps.transform_step(settings).headline


def test_nothing_is_forgotten_unless_a_setting_says_so(make_settings: MakeSettings, database: Database) -> None:
    settings = make_settings()
    lake_file(settings.lake_root, observed(1, 900, 1) + observed(1, 800, 2) + observed(1, 700, 3))
    steps.load_step(settings)
    assert "RAW_HISTORY_DAYS is 0" in upkeep.delete_old_observations(settings).headline
    assert "PREVIEW_DAYS is 0" in upkeep.delete_old_previews(settings).headline
    assert len(views(database)) == 3


def test_old_previews_are_deleted_and_nothing_else_in_their_folder(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(preview_days=10)
    folder = settings.processed_dir / "previews" / "ab"
    folder.mkdir(parents=True)
    names = [f"ab{number:062x}.thumb.webp" for number in range(3)]
    for name, days in zip([*names, "notes.txt"], (20, 11, 9, 99), strict=True):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, ((NOW - timedelta(days=days)).timestamp(),) * 2)
    assert upkeep.delete_old_previews(settings, now=NOW).details == {"deleted_files": 2}
    assert sorted(path.name for path in folder.iterdir()) == sorted([names[2], "notes.txt"])
    kept = upkeep.delete_old_previews(make_settings(preview_days=10, yolo_previews=True), now=NOW)
    assert "YOLO_PREVIEWS" in kept.headline


def test_old_runs_are_forgotten_in_the_database_and_in_dagster(
    make_settings: MakeSettings, database: Database, instance: DagsterInstance
) -> None:
    settings = make_settings(telegram_source="telegram", run_history_days=100)
    run = execute(settings, instance).result.run_id
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps)"
            " SELECT run_id, 'job', 'ui', 'failed', started_at, finished_at, '{}' FROM ops.step_runs"
        )
    upkeep.delete_old_runs(settings)
    assert delete_old_history(instance, settings) == 0
    assert database.value("SELECT count(*) FROM ops.runs") == 1
    later = NOW + timedelta(days=10_000)
    upkeep.delete_old_runs(settings, now=later)
    assert database.value("SELECT count(*) FROM ops.runs") == 0
    assert database.value("SELECT count(*) FROM ops.step_runs") == 0
    settings.run_history_days = -10_000
    assert delete_old_history(instance, settings) == 1
    assert instance.get_run_by_id(run) is None


def test_a_vacuum_tells_the_databases_size(make_settings: MakeSettings, database: Database) -> None:
    outcome = upkeep.vacuum(make_settings())
    assert outcome.details["bytes_after"] > 1_000_000
    assert "MB vacuumed" in outcome.headline


def test_history_that_is_shorter_than_refreshing_is_refused(make_settings: MakeSettings) -> None:
    with pytest.raises(ValueError, match=r"RAW_HISTORY_DAYS is 5.*REFRESH_DAYS = 7"):
        make_settings(raw_history_days=5)
