"""The job and its daily schedule. Names that users rely on: never rename them."""

from __future__ import annotations

from pathlib import Path

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from medical_telegram_warehouse.orchestration.exclusive import (
    RunActiveError,
    claim_data_folder,
    release_data_folder,
)
from medical_telegram_warehouse.orchestration.instance import DATA_FOLDER_TAG, close_killed_runs

JOB_NAME = "medical_telegram_warehouse_pipeline"
SCHEDULE_NAME = "daily_pipeline_schedule"
ACTIVE = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)


def build_job(data_dir: Path) -> UnresolvedAssetJobDefinition:
    """All steps, in one process: starting Dagster and dbt anew for each step takes longer than most steps do."""
    return define_asset_job(
        JOB_NAME,
        selection=AssetSelection.all(),
        executor_def=in_process_executor,
        tags={DATA_FOLDER_TAG: str(data_dir)},
        description="Scrape, load, extract offers, transform, detect objects on photos, load those, and join them in.",
    )


def build_schedule(job: UnresolvedAssetJobDefinition, data_dir: Path) -> ScheduleDefinition:
    """Every day at 02:00 UTC, on by default; skipped while a run is active, which a run key does not prevent."""

    @schedule(
        job=job,
        name=SCHEDULE_NAME,
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Runs the whole pipeline every night.",
    )
    def daily_pipeline_schedule(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        _close_killed_runs(context.instance, data_dir)
        active = context.instance.get_run_records(
            RunsFilter(job_name=JOB_NAME, tags={DATA_FOLDER_TAG: str(data_dir)}, statuses=list(ACTIVE)), limit=1
        )
        if active:
            return SkipReason(f"run {active[0].dagster_run.run_id} of the same job is still active")
        scheduled = context.scheduled_execution_time.isoformat()
        return RunRequest(
            run_key=f"{SCHEDULE_NAME}:{scheduled}",
            tags={"scheduled": "true", "schedule_type": "daily", "execution_time": scheduled},
        )

    return daily_pipeline_schedule


def _close_killed_runs(instance: DagsterInstance, data_dir: Path) -> None:
    """One killed run, which counts as active for ever, would otherwise stop every later night."""
    try:
        claim_data_folder(data_dir)
    except RunActiveError:
        return
    try:
        close_killed_runs(instance, data_dir)
    finally:
        release_data_folder(data_dir)
