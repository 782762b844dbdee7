"""The jobs: the whole pipeline, and parts of it. The first one's name is what users rely on: never rename it.

Each works on one data folder, one at a time, with its steps in processes of their own. Dagster reads the annotations
of the ops here, so they cannot be postponed.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from dagster import (
    AssetSelection,
    ExecutorDefinition,
    In,
    JobDefinition,
    Nothing,
    OpExecutionContext,
    ResourceParam,
    define_asset_job,
    job,
    op,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from medical_telegram_warehouse import steps, upkeep
from medical_telegram_warehouse.orchestration.instance import DATA_FOLDER_TAG, delete_old_history
from medical_telegram_warehouse.orchestration.keys import STEP_TAG, WAREHOUSE_POOL
from medical_telegram_warehouse.settings import Settings

PIPELINE = steps.PIPELINE_JOB
SCRAPE_ONLY = "scrape_only"
AFTER_SCRAPING = "after_scraping"
TRANSFORM_ONLY = "transform_only"
DETECTION_ONLY = "detection_only"
FULL_REFRESH = "full_refresh"
BACKFILL = "backfill"
MAINTENANCE = "maintenance"
AnyJob = UnresolvedAssetJobDefinition | JobDefinition
_NOT_A_DAY = "YYYY-MM-DD"


def build_jobs(settings: Settings, executor: ExecutorDefinition) -> list[AnyJob]:
    """All jobs."""
    whole = {name: {"config": {"full_refresh": True}} for name in (steps.TRANSFORM, steps.TRANSFORM_PHOTOS)}
    asked = {"backfill_from": _NOT_A_DAY, "backfill_to": _NOT_A_DAY, "backfill_channels": ["CheMed"]}

    def assets_job(
        name: str, selection: AssetSelection, description: str, ops: Mapping[str, Any] | None = None
    ) -> UnresolvedAssetJobDefinition:
        return define_asset_job(
            name,
            selection=selection,
            executor_def=executor,
            tags={DATA_FOLDER_TAG: str(settings.data_dir)},
            description=description,
            config={"ops": ops} if ops else None,
        )

    return [
        assets_job(
            PIPELINE,
            AssetSelection.all(),
            "Scrape, load, extract offers, transform, detect objects on photos, load those, and join them in.",
        ),
        assets_job(SCRAPE_ONLY, _made_by(steps.SCRAPE), "Bring what is new into the lake, and do nothing with it."),
        assets_job(
            AFTER_SCRAPING,
            _made_by(*(step for step in steps.STEPS if step != steps.SCRAPE)),
            "Everything but scraping: for a lake that somebody else fills.",
        ),
        assets_job(
            TRANSFORM_ONLY,
            _made_by(steps.EXTRACT, steps.TRANSFORM, steps.TRANSFORM_PHOTOS),
            "Read the offers of messages and build the marts from what is loaded.",
        ),
        assets_job(
            DETECTION_ONLY,
            _made_by(steps.DETECT, steps.LOAD_DETECTIONS, steps.TRANSFORM_PHOTOS),
            "Detect objects on the lake's photos, load them, and join them in.",
        ),
        assets_job(
            FULL_REFRESH,
            _made_by(steps.TRANSFORM, steps.TRANSFORM_PHOTOS),
            "Build every table of the marts anew from what is loaded.",
            whole,
        ),
        assets_job(
            BACKFILL,
            AssetSelection.all(),
            "Read the messages of some days of some channels once more, and everything after that. Say in the "
            "Launchpad which days, and which channels; an empty list means all.",
            {steps.SCRAPE: {"config": asked}},
        ),
        _build_maintenance(settings, executor),
    ]


def _made_by(*names: str) -> AssetSelection:
    return reduce(or_, (AssetSelection.tag(STEP_TAG, name) for name in names))


def _build_maintenance(settings: Settings, executor: ExecutorDefinition) -> JobDefinition:
    @op(pool=WAREHOUSE_POOL)
    def delete_old_raw_history(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
        _say(context, upkeep.delete_old_observations(settings))

    @op
    def delete_old_previews(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
        _say(context, upkeep.delete_old_previews(settings))

    @op
    def delete_old_run_history(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
        _say(context, upkeep.delete_old_runs(settings))
        deleted = delete_old_history(context.instance, settings)
        context.log.info(f"{deleted:,} runs deleted from Dagster's history")

    @op(ins={"start": In(Nothing)}, pool=WAREHOUSE_POOL)
    def vacuum_database(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
        _say(context, upkeep.vacuum(settings))

    @job(
        name=MAINTENANCE,
        executor_def=executor,
        tags={DATA_FOLDER_TAG: str(settings.data_dir)},
        description="Let go of what the settings say is old (RAW_HISTORY_DAYS, PREVIEW_DAYS, RUN_HISTORY_DAYS), and "
        "vacuum the database.",
    )
    def maintenance() -> None:
        vacuum_database([delete_old_raw_history(), delete_old_previews(), delete_old_run_history()])

    return maintenance


def _say(context: OpExecutionContext, outcome: upkeep.UpkeepOutcome) -> None:
    context.log.info(f"{outcome.part}: {outcome.headline}")
    context.add_output_metadata({"summary": outcome.headline, **outcome.details})
