"""Executes a job from the command line, on the persistent instance, and tells what became of each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dagster import DagsterInstance, JobExecutionResult, build_reconstructable_job, execute_job

from medical_telegram_warehouse.orchestration import jobs
from medical_telegram_warehouse.orchestration.exclusive import claim_data_folder, release_data_folder
from medical_telegram_warehouse.orchestration.instance import open_instance
from medical_telegram_warehouse.orchestration.run_records import LAUNCHED_BY_TAG, error_of
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
    seconds: float


def run_job(
    settings: Settings,
    name: str = jobs.PIPELINE,
    ops: Mapping[str, Any] | None = None,
    launched_by: str = "command",
) -> RunReport:
    """Execute a job once.

    The steps' processes read the settings anew, from the environment and .env: what a command line said otherwise
    comes as the configuration of steps.

    Args:
        settings: of this process.
        name: which job.
        ops: configuration by step.
        launched_by: what ops.runs says of it.

    Raises:
        RunActiveError: another run is working on this data folder.
        TransformError: the dbt project is missing or does not parse.
    """
    claim_data_folder(settings.data_dir)
    try:
        from medical_telegram_warehouse.orchestration import location  # builds all definitions

        # By its name, which is how the steps' processes find it again.
        job = build_reconstructable_job(location.__name__, location.job_named.__name__, (name,))
        with open_instance(settings.dagster_home) as instance:
            # Our own lines go to the terminal; Dagster's go to its event log.
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            config = {**quiet, **({"ops": ops} if ops else {})}
            with execute_job(job, instance, run_config=config, tags={LAUNCHED_BY_TAG: launched_by}) as result:
                return _report(instance, result)
    finally:
        release_data_folder(settings.data_dir)


def _report(instance: DagsterInstance, result: JobExecutionResult) -> RunReport:
    """What the history says: a step that was killed could not report itself."""
    stats = {stat.step_key: stat for stat in instance.get_run_step_stats(result.run_id)}
    errors = {event.step_key or "": error_of(event) for event in result.all_events if event.is_step_failure}
    ran = [stat.step_key for stat in sorted(stats.values(), key=lambda stat: stat.start_time or 0)]
    names = STEPS if set(ran) <= set(STEPS) else ran
    reports = []
    for step in names:
        stat = stats.get(step)
        if stat is None or stat.start_time is None:
            reports.append(StepReport(step, "not run", 0.0, 0))
            continue
        seconds = (stat.end_time or stat.start_time) - stat.start_time
        status = "failed" if step in errors else "success"
        reports.append(StepReport(step, status, seconds, max(1, stat.attempts or 1), errors.get(step)))
    record = instance.get_run_record_by_id(result.run_id)
    begun, ended = (record.start_time or 0, record.end_time or 0) if record is not None else (0, 0)
    return RunReport(result.run_id, result.success, tuple(reports), max(0.0, ended - begun))
