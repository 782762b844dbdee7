"""What no query can see: each inspection finds what it looks for, and is content where there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance

from conftest import Database
from factories import lake_file, line
from medical_telegram_warehouse import inspections, steps
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.vision.models.model_files import save_model
from pipeline_runs import execute

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


def scraped(days_ago: int, message_id: int, **more: object) -> bytes:
    moment = (NOW - timedelta(days=days_ago)).isoformat()
    return line(message_id, message_date=moment, scraped_at=moment, **more)


def load(settings: Settings) -> None:
    steps.load_step(settings)


def test_a_file_that_went_away_or_shrank_is_found(settings: Settings, database: Database) -> None:
    files = [lake_file(settings.lake_root, line(number) + line(9), name=f"shop{number}.jsonl") for number in (1, 2, 3)]
    load(settings)
    with database.connect() as connection:
        assert inspections.inspect_lake_files(connection, steps.lakes_of(settings)).is_good
        files[0].unlink()
        files[1].write_bytes(line(2))
        found = inspections.inspect_lake_files(connection, steps.lakes_of(settings))
    assert not found.is_good
    assert found.summary.startswith("2 of 3 files")
    assert [example["file"].rsplit("/", 1)[1] for example in found.examples] == ["shop1.jsonl", "shop2.jsonl"]


def test_a_lake_that_is_not_mounted_has_lost_nothing(settings: Settings, database: Database) -> None:
    lake_file(settings.lake_root, line(1))
    load(settings)
    settings.lake_root.rename(settings.lake_root.with_name("elsewhere"))
    with database.connect() as connection:
        assert inspections.inspect_lake_files(connection, steps.lakes_of(settings)).is_good


def test_days_without_a_scrape_are_found_between_days_with_one(settings: Settings, database: Database) -> None:
    lake_file(settings.lake_root, b"".join(scraped(days, days) for days in (60, 12, 11, 7, 6)))
    load(settings)
    with database.connect() as connection:
        found = inspections.inspect_scraped_days(connection)
    assert found.summary == "nothing was scraped on 3 days of the last four weeks"
    [gap] = found.examples
    assert gap["days"] == 3
    assert gap["after"] == (TODAY - timedelta(days=11)).isoformat()


def test_photos_that_messages_name_and_no_lake_holds_are_found(settings: Settings, database: Database) -> None:
    lines = [scraped(1, number, has_media=True, image_path=f"data/raw/images/shop/{number}.jpg") for number in (1, 2)]
    old = scraped(50, 3, has_media=True, image_path="data/raw/images/shop/3.jpg")
    lake_file(settings.lake_root, b"".join([*lines, old]))
    photo = settings.lake_root / "images" / "shop" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"x")
    load(settings)
    with database.connect() as connection:
        found = inspections.inspect_photos(connection, steps.lakes_of(settings))
        assert [example["message_id"] for example in found.examples] == [2]
        photo.with_name("2.png").write_bytes(b"x")
        assert inspections.inspect_photos(connection, steps.lakes_of(settings)).is_good


def test_weights_that_are_not_those_that_were_checked_are_found(tmp_path: Path) -> None:
    model = save_model("mine", tmp_path / "mine.onnx", b"weights")
    assert inspections.inspect_weights(model).is_good
    model.path.write_bytes(b"other weights")
    found = inspections.inspect_weights(model)
    assert not found.is_good
    assert model.sha256 in found.summary


def test_detections_of_more_than_one_model_are_found() -> None:
    assert inspections.inspect_model_version(0, 10, "yolov7-tiny").is_good
    found = inspections.inspect_model_version(3, 10, "yolov7-tiny")
    assert not found.is_good
    assert "mtw detect --rescan" in found.summary


def test_they_are_asset_checks_of_a_run_which_a_finding_does_not_fail(
    settings: Settings, instance: DagsterInstance
) -> None:
    file = lake_file(settings.lake_root, line(1) + line(2), name="gone.jsonl")
    load(settings)
    file.unlink()
    done = execute(settings, instance)
    assert done.result.success, done.failed
    checks = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data
        for event in done.result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    assert {
        "every_channel_was_read",
        "lake_files_are_whole",
        "lake_has_no_gap",
        "one_model_made_all_detections",
        "weights_are_as_recorded",
        "photos_are_present",
    } <= set(checks)
    found = checks["lake_files_are_whole"]
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert found.asset_key == AssetKey(["raw", "telegram_messages"])
    assert checks["weights_are_as_recorded"].passed
