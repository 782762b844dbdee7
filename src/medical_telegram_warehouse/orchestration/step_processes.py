"""The executor: each step in a process of its own, several at once.

    run process ──asks──► fork server, which has imported Dagster and our definitions ──forks──► step processes

A step that runs out of memory, or is killed, costs that step alone, and the run tries it again. Starting an
interpreter and importing Dagster and dbt for each step takes longer than most steps do, so they are imported once, in
the fork server, while the run process itself is still being set up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    ExecutorDefinition,
    InitExecutorContext,
    executor,
)
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode
from dagster._core.executor import multiprocess
from dagster._core.executor.base import Executor
from dagster._core.executor.in_process import InProcessExecutor

from medical_telegram_warehouse.orchestration import run_records
from medical_telegram_warehouse.orchestration.exclusive import claim_data_folder, release_data_folder
from medical_telegram_warehouse.orchestration.fork_server import PRELOADED
from medical_telegram_warehouse.orchestration.instance import close_killed_runs
from medical_telegram_warehouse.settings import Settings

_PAUSE_SECONDS = 0.05


def build_executor(settings: Settings) -> ExecutorDefinition:
    """The executor of every job, for the settings of this process.

    A job that no other process could find again, or whose history is in this one's memory, as in the documented
    snippet, has its steps in this process, one after the other.
    """

    @executor(name="step_processes")
    def step_processes(context: InitExecutorContext) -> Executor:
        if context.instance.is_ephemeral or not isinstance(context.job, ReconstructableJob):
            return InProcessExecutor(retries=RetryMode.ENABLED)
        return StepProcesses(settings)

    return step_processes


class _PatientExecution(ActiveExecution):
    """While steps wait for their next attempt, or for a pool, and none works: asks now and then.

    Dagster's loop asks without a pause, which keeps one core busy for the minute and a half of two retries.
    """

    def get_steps_to_execute(self, limit: int | None = None) -> Sequence[ExecutionStep]:
        steps = super().get_steps_to_execute(limit)
        if not steps and not self._in_flight and not self.is_complete:
            time.sleep(_PAUSE_SECONDS)
        return steps


setattr(multiprocess, "ActiveExecution", _PatientExecution)  # noqa: B010 - the executor takes none from outside


class StepProcesses(multiprocess.MultiprocessExecutor):
    """Dagster's executor of processes, which also claims the data folder and keeps ops.runs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            retries=RetryMode.ENABLED,
            max_concurrent=settings.steps_at_once,
            start_method="forkserver",
            explicit_forkserver_preload=PRELOADED,
        )
        self._settings = settings

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        """Run the plan's steps.

        Raises:
            RunActiveError: another run is working on this data folder.
        """
        settings = self._settings
        claim_data_folder(settings.data_dir, plan_context.run_id)
        try:
            close_killed_runs(plan_context.instance, settings, but=plan_context.run_id)
            steps = list(execution_plan.step_keys_to_execute)
            record = run_records.RunRecord.of(plan_context.dagster_run, steps, datetime.now(UTC))
            run_records.begin_run(settings, record)
            yield from self._noted(record, super().execute(plan_context, execution_plan))
        finally:
            release_data_folder(settings.data_dir)

    def _noted(self, record: run_records.RunRecord, events: Iterator[DagsterEvent]) -> Iterator[DagsterEvent]:
        """Pass the events on, and write down what the steps themselves could not: that they were killed; the end."""
        attempts: Counter[str] = Counter()
        began: dict[str, datetime] = {}
        crashes: dict[str, str] = {}
        failed: dict[str, str] = {}
        status = "canceled"
        try:
            for event in events:
                step = event.step_key or ""
                if event.event_type is DagsterEventType.STEP_WORKER_STARTING:
                    attempts[step] += 1
                    began[step] = datetime.now(UTC)
                elif event.is_engine_event and event.engine_event_data.error is not None:
                    crashes[step] = event.message or ""
                elif event.is_step_up_for_retry or event.is_step_failure:
                    error = crashes.pop(step, None) or run_records.error_of(event)
                    started_at = began.get(step, record.started_at)
                    run_records.add_lost_step(self._settings, record.run_id, step, attempts[step], started_at, error)
                    if event.is_step_failure:
                        failed[step] = error
                yield event
            status = "failed" if failed else "success"
        except DagsterExecutionInterruptedError:
            raise
        except Exception:
            status = "failed"
            raise
        finally:
            lines = [f"{step}: {text.strip().splitlines()[0]}" for step, text in failed.items()]
            run_records.end_run(self._settings, record, status, "\n".join(lines) or None)
