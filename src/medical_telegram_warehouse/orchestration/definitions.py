"""Everything that Dagster shall know, from the settings. Tests build it with settings and retries of their own."""

from __future__ import annotations

from dagster import Backoff, Definitions, JobDefinition, RetryPolicy

from medical_telegram_warehouse.orchestration import jobs
from medical_telegram_warehouse.orchestration.alerting import build_alerts_sensor
from medical_telegram_warehouse.orchestration.assets import CHANNEL_LIST_SPEC, build_step_assets
from medical_telegram_warehouse.orchestration.dbt import build_dbt_steps
from medical_telegram_warehouse.orchestration.schedules import build_schedules
from medical_telegram_warehouse.orchestration.sensors import build_sensors
from medical_telegram_warehouse.orchestration.step_processes import build_executor
from medical_telegram_warehouse.settings import Settings

# Two retries, 30 and 60 seconds apart: what a restarting database or a lost network usually needs.
RETRIES = RetryPolicy(max_retries=2, delay=30, backoff=Backoff.LINEAR)


def build_definitions(settings: Settings, *, retry_policy: RetryPolicy = RETRIES) -> Definitions:
    """Assemble assets, jobs, schedules and sensors.

    The settings are a plain object among the resources, not a configurable one: Dagster shows a resource's
    configuration in its UI and keeps it in its history, and the database's password shall be in neither.

    Raises:
        TransformError: the dbt project is missing or does not parse.
        SettingsError: SCHEDULE_CRON is no schedule.
    """
    executor = build_executor(settings)
    built = jobs.build_jobs(settings, executor)
    return Definitions(
        assets=[CHANNEL_LIST_SPEC, *build_step_assets(retry_policy), *build_dbt_steps(settings, retry_policy)],
        jobs=built,
        schedules=build_schedules(settings),
        sensors=[*build_sensors(settings, built), build_alerts_sensor(settings)],
        executor=executor,
        resources={"settings": settings},
    )


def pipeline_job(definitions: Definitions) -> JobDefinition:
    """The pipeline's job, ready to execute."""
    return definitions.resolve_job_def(jobs.PIPELINE)
