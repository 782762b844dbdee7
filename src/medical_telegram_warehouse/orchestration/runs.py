"""Runs the whole pipeline in this process, on the persistent instance, and tells what became of each step."""

from __future__ import annotations

from dataclasses import dataclass

from dagster import DagsterEvent, DagsterInstance, ExecuteInProcessResult

from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.orchestration.exclusive import claim_data_folder, release_data_folder
from medical_telegram_warehouse.orchestration.instance import close_killed_runs, open_instance
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import STEPS


@dataclass(frozen=True)
class StepReport:
    """How one step went: `status` is success, failed or not run."""

    step: str
    status: str
    seconds: float
    attempts: int
    error: str | None = None


@dataclass(frozen=True)
class RunReport:
    """How a run went, step by step."""

    run_id: str
    is_success: bool
    steps: tuple[StepReport, ...]


def run_pipeline(settings: Settings) -> RunReport:
    """Execute the job once.

    Raises:
        RunActiveError: another run is working on this data folder.
        TransformError: the dbt project is missing or does not parse.
    """
    claim_data_folder(settings.data_dir)
    try:
        job = pipeline_job(build_definitions(settings))
        with open_instance(settings.dagster_home) as instance:
            close_killed_runs(instance, settings.data_dir)
            result = job.execute_in_process(
                instance=instance,
                # Our own lines go to the terminal; Dagster's go to its event log.
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={"launched_by": "mtw run"},
                raise_on_error=False,
            )
            return _report(instance, result)
    finally:
        release_data_folder(settings.data_dir)


def _report(instance: DagsterInstance, result: ExecuteInProcessResult) -> RunReport:
    stats = {stat.step_key: stat for stat in instance.get_run_step_stats(result.run_id)}
    errors = {event.step_key: _error(event) for event in result.all_events if event.is_step_failure}
    reports = []
    for step in STEPS:
        stat = stats.get(step)
        if stat is None or stat.start_time is None:
            reports.append(StepReport(step, "not run", 0.0, 0))
            continue
        seconds = (stat.end_time or stat.start_time) - stat.start_time
        status = "failed" if step in errors else "success"
        reports.append(StepReport(step, status, seconds, max(1, stat.attempts or 1), errors.get(step)))
    return RunReport(result.run_id, result.success, tuple(reports))


def _error(event: DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "failed"
