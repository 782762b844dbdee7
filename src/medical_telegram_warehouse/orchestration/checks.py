"""Asset checks of what SQL cannot see, beside dbt's tests, which `dbt` makes checks of their own.

None of them fails a run: they warn, and the person on call is told (see `alerts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, MetadataValue, TableRecord

from medical_telegram_warehouse import inspections, steps
from medical_telegram_warehouse.inspections import Finding
from medical_telegram_warehouse.orchestration.keys import DETECTIONS_FILE, IMAGE_SCANS, LAKE_MESSAGES, RAW_MESSAGES
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.scrape import ChannelStatus
from medical_telegram_warehouse.settings import Settings

CHANNELS = AssetCheckSpec(
    "every_channel_was_read",
    asset=LAKE_MESSAGES,
    description="Each channel was read to its end; one that was not does not fail the step, so it fails this check.",
)
LAKE_FILES = AssetCheckSpec(
    "lake_files_are_whole",
    asset=RAW_MESSAGES,
    description="Each file that was loaded is still in its lake, and no shorter than what was loaded of it.",
)
LAKE_GAPS = AssetCheckSpec(
    "lake_has_no_gap",
    asset=RAW_MESSAGES,
    description="Something was scraped on each day of the last four weeks.",
)
MODEL_VERSION = AssetCheckSpec(
    "one_model_made_all_detections",
    asset=DETECTIONS_FILE,
    description="All photos were scanned with the present model, runtime and threshold.",
)
WEIGHTS = AssetCheckSpec(
    "weights_are_as_recorded",
    asset=DETECTIONS_FILE,
    description="The model's file has the checksum that was recorded when it was made or fetched.",
)
PHOTOS = AssetCheckSpec(
    "photos_are_present",
    asset=IMAGE_SCANS,
    description="The photos that messages of the last four weeks name are in a lake.",
)


def channels_checked(channels: list[dict[str, Any]]) -> AssetCheckResult:
    """Of a scrape."""
    not_read = {
        channel["reference"]: channel["reason"]
        for channel in channels
        if not ChannelStatus(channel["status"]).is_complete
    }
    return AssetCheckResult(
        check_name=CHANNELS.name,
        asset_key=LAKE_MESSAGES,
        passed=not not_read,
        severity=AssetCheckSeverity.WARN,
        metadata={"channels": len(channels), "not_read": MetadataValue.json(not_read)},
    )


def lake_checked(settings: Settings) -> Iterator[AssetCheckResult]:
    """Of a load."""
    with connect(settings.database, application="mtw checks") as connection:
        yield _result(LAKE_FILES, inspections.inspect_lake_files(connection, steps.lakes_of(settings)))
        yield _result(LAKE_GAPS, inspections.inspect_scraped_days(connection))


def model_checked(settings: Settings, outcome: steps.StepOutcome) -> Iterator[AssetCheckResult]:
    """Of a scan of photos."""
    model = steps.model_of(settings)
    details = outcome.details
    yield _result(MODEL_VERSION, inspections.inspect_model_version(details["stale"], details["photos"], model.name))
    yield _result(WEIGHTS, inspections.inspect_weights(model))


def photos_checked(settings: Settings) -> Iterator[AssetCheckResult]:
    """Of a load of detections."""
    with connect(settings.database, application="mtw checks") as connection:
        yield _result(PHOTOS, inspections.inspect_photos(connection, steps.lakes_of(settings)))


def _result(spec: AssetCheckSpec, finding: Finding) -> AssetCheckResult:
    records = [TableRecord(example) for example in finding.examples]
    return AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=finding.is_good,
        severity=AssetCheckSeverity.WARN,
        description=finding.summary,
        metadata={"examples": MetadataValue.table(records)} if records else {},
    )
