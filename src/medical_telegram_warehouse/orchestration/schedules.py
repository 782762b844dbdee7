"""When jobs start by the clock. The daily schedule's name is what users rely on: never rename it."""

from __future__ import annotations

import threading

from dagster import (
    DagsterInstance,
    DagsterInvalidDefinitionError,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.orchestration import jobs
from medical_telegram_warehouse.orchestration.exclusive import RunActiveError, claim_data_folder, release_data_folder
from medical_telegram_warehouse.orchestration.instance import DATA_FOLDER_TAG, close_killed_runs
from medical_telegram_warehouse.settings import Settings

DAILY = "daily_pipeline_schedule"
WEEKLY_MAINTENANCE = "weekly_maintenance_schedule"
# Long after the night's run has ended, and before anybody works.
_SUNDAYS = "30 4 * * 0"
_ONE_AT_A_TIME = threading.Lock()
ACTIVE = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)


def active_run(instance: DagsterInstance, settings: Settings) -> str | None:
    """The run that works on our data folder, or will. Those that were killed are closed first.

    One killed run, which counts as active for ever, would otherwise stop every later night.
    """
    # A code server evaluates several schedules and sensors at once, and this process counts as one holder.
    with _ONE_AT_A_TIME:
        try:
            claim_data_folder(settings.data_dir)
        except RunActiveError:
            pass
        else:
            try:
                close_killed_runs(instance, settings)
            finally:
                release_data_folder(settings.data_dir)
    ours = RunsFilter(tags={DATA_FOLDER_TAG: str(settings.data_dir)}, statuses=list(ACTIVE))
    records = instance.get_run_records(ours, limit=1)
    return records[0].dagster_run.run_id if records else None


def build_schedules(settings: Settings) -> list[ScheduleDefinition]:
    """The whole pipeline every night, and maintenance every week.

    Raises:
        SettingsError: SCHEDULE_CRON is no schedule.
    """
    try:
        return [
            _build(
                settings,
                DAILY,
                jobs.PIPELINE,
                settings.schedule_cron,
                "daily",
                "Runs the whole pipeline every night, or when SCHEDULE_CRON says.",
            ),
            _build(
                settings,
                WEEKLY_MAINTENANCE,
                jobs.MAINTENANCE,
                _SUNDAYS,
                "weekly",
                "Vacuums the database, and lets go of what the settings say is old.",
            ),
        ]
    except DagsterInvalidDefinitionError as error:
        raise SettingsError(
            f"SCHEDULE_CRON is {settings.schedule_cron!r}: not a schedule in cron's five fields, such as `0 2 * * *` "
            f"for every night at two"
        ) from error


def _build(settings: Settings, name: str, job: str, cron: str, kind: str, description: str) -> ScheduleDefinition:
    """On by default; skipped while a run is active, which a run key does not prevent."""

    @schedule(
        job_name=job,
        name=name,
        cron_schedule=cron,
        execution_timezone=settings.schedule_timezone,
        default_status=DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def tick(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if (active := active_run(context.instance, settings)) is not None:
            return SkipReason(f"run {active} over the same data folder is still active")
        scheduled = context.scheduled_execution_time.isoformat()
        return RunRequest(
            run_key=f"{name}:{scheduled}",
            tags={"scheduled": "true", "schedule_type": kind, "execution_time": scheduled},
        )

    return tick
