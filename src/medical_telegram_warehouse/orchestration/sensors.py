"""What starts jobs without a clock: new files in a lake, and changed seeds, models, rules or weights.

Each has a cursor, so that what it has seen once starts nothing twice, and each waits while a run is active: what that
run does not take up is still there at the next look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.load.messages import list_pending_files
from medical_telegram_warehouse.offers.extraction import extractor_version
from medical_telegram_warehouse.orchestration import jobs
from medical_telegram_warehouse.orchestration.schedules import active_run
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.transform.manifest import project_fingerprint
from medical_telegram_warehouse.vision.models.model_files import sha256_of

NEW_FILES = "new_lake_files_sensor"
CHANGED_DEFINITIONS = "changed_definitions_sensor"
_SECONDS = 60


def build_sensors(settings: Settings, built: Sequence[jobs.AnyJob]) -> list[SensorDefinition]:
    """All sensors that start jobs."""
    return [_build_new_files(settings), _build_changed_definitions(settings, built)]


def _build_new_files(settings: Settings) -> SensorDefinition:
    @sensor(
        name=NEW_FILES,
        job_name=jobs.AFTER_SCRAPING,
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Files of a lake that are not loaded yet, from an import or another scraper, start every step "
        "after scraping.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SensorResult | SkipReason:
        if (active := active_run(context.instance, settings)) is not None:
            return SkipReason(f"run {active} over the same data folder is active; it may be loading them")
        try:
            with connect(settings.database, application="mtw sensor") as connection:
                pending = list_pending_files(connection, steps.lakes_of(settings))
        except WarehouseError as error:
            return SkipReason(f"cannot tell which files are loaded: {error}")
        if not pending:
            return SkipReason("every file of the lakes is loaded")
        seen = hashlib.sha256("\n".join(sorted(pending)).encode()).hexdigest()[:16]
        if context.cursor == seen:
            return SkipReason(f"{len(pending):,} files are not loaded, but a run was started for them already")
        request = RunRequest(run_key=f"{NEW_FILES}:{seen}", tags={"new_files": str(len(pending))})
        return SensorResult(run_requests=[request], cursor=seen)

    return look


def _build_changed_definitions(settings: Settings, built: Sequence[jobs.AnyJob]) -> SensorDefinition:
    @sensor(
        name=CHANGED_DEFINITIONS,
        jobs=[job for job in built if job.name in (jobs.TRANSFORM_ONLY, jobs.DETECTION_ONLY)],
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="A changed seed, dbt model or rule of offers starts the transformations; changed weights or "
        "settings of detection start the detection.",
    )
    def look(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        now = {jobs.TRANSFORM_ONLY: _transformed_with(settings), jobs.DETECTION_ONLY: _detected_with(settings)}
        if context.cursor is None:
            return SensorResult(skip_reason="remembered what there is", cursor=json.dumps(now))
        before = json.loads(context.cursor)
        changed = [name for name, value in now.items() if before.get(name) != value]
        if not changed:
            return SkipReason("nothing has changed")
        if (active := active_run(context.instance, settings)) is not None:
            return SkipReason(f"run {active} over the same data folder is active; this waits for its end")
        requests = [RunRequest(job_name=name, run_key=f"{name}:{now[name]}") for name in changed]
        return SensorResult(run_requests=requests, cursor=json.dumps(now))

    return look


def _transformed_with(settings: Settings) -> str:
    """What decides what the marts hold, beside what is loaded."""
    parts = (project_fingerprint(settings.project_dir), extractor_version(), settings.report_timezone)
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def _detected_with(settings: Settings) -> str:
    """What decides what a photo shows, beside the photo."""
    parts = [settings.yolo_model, settings.yolo_runtime.value, f"{settings.yolo_confidence_threshold:g}"]
    try:
        parts.append(sha256_of(steps.model_of(settings).path))
    except (WarehouseError, OSError) as error:
        parts.append(type(error).__name__)
    if settings.yolo_categories is not None and settings.yolo_categories.is_file():
        parts.append(sha256_of(settings.yolo_categories))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
