"""How a step runs inside Dagster: its log lines, its errors, its record in the database.

Lines of our own loggers become events of the run. A transient error is raised as it is, so that the retry policy
applies; a permanent one, and any mistake of our own, fails the step at once with its whole context.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dagster import AssetExecutionContext, Failure, MetadataValue

from medical_telegram_warehouse import logs
from medical_telegram_warehouse.errors import TransientError, WarehouseError
from medical_telegram_warehouse.orchestration.exclusive import join_run
from medical_telegram_warehouse.orchestration.fork_server import end_with_run, is_step_process
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import STEP_FUNCTIONS, StepOutcome, ensure_data_folder, open_database

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Attempt:
    run_id: str
    step: str
    number: int
    started_at: datetime


def run_step(
    context: AssetExecutionContext,
    settings: Settings,
    work: Callable[[Settings], StepOutcome] | None = None,
) -> StepOutcome:
    """Run the step that `context` is of.

    Args:
        context: of the step's op.
        settings: of this run.
        work: what to do, where that is not what the step always does.

    Raises:
        TransientError: tried again by the retry policy.
        Failure: not tried again.
    """
    op = context.op_execution_context
    if is_step_process():
        end_with_run()
        logs.configure_logging(settings.log_level_number, settings.log_format, settings.secrets)
    attempt = _Attempt(op.run_id, op.op_def.name, op.retry_number + 1, datetime.now(UTC))
    with logs.about(run_id=attempt.run_id, step=attempt.step), _logging_to(context, settings):
        logger.info("%s starts (attempt %d)", attempt.step, attempt.number)
        try:
            ensure_data_folder(settings)
            join_run(settings.data_dir, attempt.run_id)
            outcome = (work or STEP_FUNCTIONS[attempt.step])(settings)
        except TransientError as error:
            # A terminal shows no tracebacks, so the line itself says why.
            logger.exception("%s failed, and may succeed when tried again: %s", attempt.step, error)  # noqa: TRY401
            _record(settings, attempt, "failed", details={"error": str(error), "is_transient": True})
            raise
        except Exception as error:
            logger.exception("%s failed: %s", attempt.step, error)  # noqa: TRY401
            _record(settings, attempt, "failed", details={"error": str(error), "is_transient": False})
            raise _failure(error, settings) from error
        logger.info("%s: %s", attempt.step, outcome.headline)
        _record(settings, attempt, "success", outcome.new_rows, {"headline": outcome.headline, **outcome.details})
    return replace(outcome, seconds=(datetime.now(UTC) - attempt.started_at).total_seconds())


def _failure(error: Exception, settings: Settings) -> Failure:
    """A step failure with what is needed to understand it; secrets are no part of the settings' text."""
    is_expected = isinstance(error, WarehouseError)
    return Failure(
        description=str(error) if is_expected else f"{type(error).__name__}: {error}",
        metadata={
            "error": MetadataValue.text(type(error).__name__),
            "traceback": MetadataValue.md(f"```\n{''.join(traceback.format_exception(error))}\n```"),
            "database": MetadataValue.text(str(settings.database)),
            "data_folder": MetadataValue.path(str(settings.data_dir)),
        },
        allow_retries=False,
    )


def _record(
    settings: Settings, attempt: _Attempt, status: str, new_rows: int | None = None, details: object = None
) -> None:
    """Write ops.step_runs. The run's own history has it too, so a database that is away only costs a warning here."""
    try:
        with open_database(settings) as connection:
            values = {
                "run_id": attempt.run_id,
                "step": attempt.step,
                "attempt": attempt.number,
                "status": status,
                "started_at": attempt.started_at,
                "finished_at": datetime.now(UTC),
                "new_rows": new_rows,
                "details": json.dumps(details, default=str),
            }
            connection.execute(statement("add_step_run"), values)
    except WarehouseError as error:
        logger.warning("this step is not recorded in ops.step_runs: %s", error)


class _EventHandler(logging.Handler):
    """Passes log records on to the run's event log."""

    def __init__(self, context: AssetExecutionContext) -> None:
        super().__init__()
        self._log = context.log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, logs.redacted(self.format(record)))


@contextmanager
def _logging_to(context: AssetExecutionContext, settings: Settings) -> Iterator[None]:
    package_logger = logging.getLogger(logs.PACKAGE)
    handler = _EventHandler(context)
    level = package_logger.level
    package_logger.setLevel(settings.log_level_number)
    package_logger.addHandler(handler)
    try:
        yield
    finally:
        package_logger.removeHandler(handler)
        package_logger.setLevel(level)
