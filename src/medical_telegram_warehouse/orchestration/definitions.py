"""Everything that Dagster shall know, from the settings. Tests build it with settings and retries of their own."""

from __future__ import annotations

from dagster import Backoff, Definitions, JobDefinition, RetryPolicy

from medical_telegram_warehouse.orchestration.assets import build_step_assets
from medical_telegram_warehouse.orchestration.dbt import build_dbt_steps
from medical_telegram_warehouse.orchestration.job import JOB_NAME, build_job, build_schedule
from medical_telegram_warehouse.settings import Settings

# Two retries, 30 and 60 seconds apart: what a restarting database or a lost network usually needs.
RETRIES = RetryPolicy(max_retries=2, delay=30, backoff=Backoff.LINEAR)


def build_definitions(settings: Settings, *, retry_policy: RetryPolicy = RETRIES) -> Definitions:
    """Assemble assets, job and schedule.

    The settings are a plain object among the resources, not a configurable one: Dagster shows a resource's
    configuration in its UI and keeps it in its history, and the database's password shall be in neither.

    Raises:
        TransformError: the dbt project is missing or does not parse.
    """
    job = build_job(settings.data_dir)
    return Definitions(
        assets=[*build_step_assets(retry_policy), *build_dbt_steps(settings.project_dir, retry_policy)],
        jobs=[job],
        schedules=[build_schedule(job, settings.data_dir)],
        resources={"settings": settings},
    )


def pipeline_job(definitions: Definitions) -> JobDefinition:
    """The pipeline's job, ready to execute."""
    return definitions.resolve_job_def(JOB_NAME)
