"""What Dagster knows of runs, checks and ticks, told to `alerts`; and the sensor that looks each minute.

The sensor asks for no run. A destination that is down costs its tick nothing: what was to be sent waits in the book.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    Definitions,
    JsonMetadataValue,
    RepositoryDefinition,
    RunRecord,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    TableMetadataValue,
    sensor,
)
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from medical_telegram_warehouse.alerts.facts import CheckFact, OrchestratorFacts, RunFact, TickFact
from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.orchestration.instance import DATA_FOLDER_TAG
from medical_telegram_warehouse.orchestration.run_records import error_of
from medical_telegram_warehouse.orchestration.schedules import ACTIVE, active_run
from medical_telegram_warehouse.settings import Settings

if TYPE_CHECKING:
    from medical_telegram_warehouse.alerts.look import LookReport

ALERTS = "alerts_sensor"
logger = logging.getLogger(__name__)
_SECONDS = 60
_NEWEST_RUNS = 50
_NEWEST_TICKS = 5
_MOST_ROWS = 100
# What a check says beside what it found.
_NO_FINDINGS = {"seconds", "message"}
_ENDED = {
    DagsterRunStatus.SUCCESS: "success",
    DagsterRunStatus.FAILURE: "failed",
    DagsterRunStatus.CANCELED: "canceled",
}
_TICK_HAS_ENDED = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]


def build_alerts_sensor(settings: Settings) -> SensorDefinition:
    """The sensor that looks each minute, and tells what is new."""

    @sensor(
        name=ALERTS,
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Tells whoever ALERT_URLS names of failed runs, checks and ticks, of stale data and silent "
        "channels, and of what the analysts' rules ask for. Starts nothing.",
    )
    def alerts_sensor(context: SensorEvaluationContext) -> SkipReason:
        if not settings.alert_urls:
            close_killed(context.instance, settings)
            return SkipReason("ALERT_URLS is empty: there is nobody to tell (`mtw alerts check` only looks)")
        from medical_telegram_warehouse.alerts.look import look  # and with it apprise, which no run needs

        repository = context.repository_def
        try:
            facts = None if repository is None else _collect_of(settings, context.instance, repository)
            report = look(settings, facts)
        except WarehouseError as error:
            logger.warning("alerts: %s", error)
            return SkipReason(f"could not look: {error}")
        return SkipReason(said_of(report))

    return alerts_sensor


def collect_with(settings: Settings, instance: DagsterInstance, definitions: Definitions) -> OrchestratorFacts:
    """What Dagster knows, for a command line: its look must not depend on Dagster's daemon."""
    return _collect_of(settings, instance, definitions.get_repository_def())


def collect(
    settings: Settings, instance: DagsterInstance, checks: Iterable[AssetCheckKey], names: Iterable[str]
) -> OrchestratorFacts:
    """Close runs that were killed, and say what Dagster knows.

    Args:
        settings: of the data folder.
        instance: where Dagster keeps its history.
        checks: those that there are; what others once found is no longer looked at.
        names: of the schedules and sensors.
    """
    close_killed(instance, settings)
    return OrchestratorFacts(
        runs=tuple(_runs(instance, settings)),
        checks=tuple(_failed_checks(instance, list(checks))),
        ticks=tuple(_failed_ticks(instance, set(names) - {ALERTS})),
    )


def _collect_of(settings: Settings, instance: DagsterInstance, repository: RepositoryDefinition) -> OrchestratorFacts:
    names = [each.name for each in repository.schedule_defs] + [each.name for each in repository.sensor_defs]
    return collect(settings, instance, repository.asset_graph.asset_check_keys, names)


def close_killed(instance: DagsterInstance, settings: Settings) -> None:
    """A run that was killed counts as active until somebody looks for it; without such runs, nobody is disturbed."""
    ours = RunsFilter(tags={DATA_FOLDER_TAG: str(settings.data_dir)}, statuses=list(ACTIVE))
    if instance.get_runs_count(ours):
        active_run(instance, settings)


def said_of(report: LookReport) -> str:
    """A look in one line."""
    failed = [name for name, reason in report.sendings.items() if reason is not None]
    line = f"{len(report.open_problems)} problems, {report.news} news, {len(report.sendings) - len(failed)} sent"
    return f"{line}; could not be sent to {', '.join(failed)}" if failed else line


def _runs(instance: DagsterInstance, settings: Settings) -> Iterator[RunFact]:
    ours = RunsFilter(tags={DATA_FOLDER_TAG: str(settings.data_dir)}, statuses=list(_ENDED))
    seen: set[str] = set()
    for record in instance.get_run_records(ours, limit=_NEWEST_RUNS):
        run = record.dagster_run
        is_newest = run.job_name not in seen
        seen.add(run.job_name)
        started, ended = record.start_time, record.end_time
        created = record.create_timestamp.timestamp()
        is_failure = run.status is DagsterRunStatus.FAILURE
        yield RunFact(
            run_id=run.run_id,
            job=run.job_name,
            status=_ENDED[run.status],
            started_at=_time(started or created),
            finished_at=_time(ended or started or created),
            # Each asks the run's own log, so only for what will be told.
            error=_error(instance, record) if is_failure and is_newest else None,
        )


def _error(instance: DagsterInstance, record: RunRecord) -> str | None:
    """Of the first step that failed, else of the run."""
    run_id = record.dagster_run.run_id
    for kind in (DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE):
        for each in instance.get_records_for_run(run_id, of_type=kind, limit=1).records:
            event = each.event_log_entry.dagster_event
            if event is not None:
                return error_of(event) if event.is_step_failure else event.message
    return None


def _failed_checks(instance: DagsterInstance, keys: list[AssetCheckKey]) -> Iterator[CheckFact]:
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    for key, record in sorted(newest.items()):
        if record.status is AssetCheckExecutionRecordStatus.PLANNED:
            # A run is at it, or ended before it: what was found last still holds.
            ended = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
            former = instance.event_log_storage.get_asset_check_execution_history(key, limit=1, status=ended)
            if not former:
                continue
            record = former[0]  # noqa: PLW2901 - it stands for the one that is planned
        evaluation = record.evaluation
        if record.status is AssetCheckExecutionRecordStatus.FAILED and isinstance(evaluation, AssetCheckEvaluation):
            yield CheckFact(
                asset=key.asset_key.to_user_string(),
                name=key.name,
                is_error=evaluation.severity is AssetCheckSeverity.ERROR,
                summary=evaluation.description or "",
                since=_time(record.create_timestamp),
                rows=tuple(_rows(evaluation)),
            )


def _rows(evaluation: AssetCheckEvaluation) -> Iterator[str]:
    """What the check says of what it found, a line a row or value."""
    for name, value in evaluation.metadata.items():
        if name in _NO_FINDINGS:
            continue
        if isinstance(value, TableMetadataValue):
            for row in value.records[:_MOST_ROWS]:
                yield ", ".join(f"{column}: {cell}" for column, cell in row.data.items())
        elif isinstance(value, JsonMetadataValue) and isinstance(value.data, dict):
            yield from (f"{each}: {reason}" for each, reason in list(value.data.items())[:_MOST_ROWS])
        elif value.value not in (None, ""):
            yield f"{name}: {value.value}"


def _failed_ticks(instance: DagsterInstance, names: set[str]) -> Iterator[TickFact]:
    newest: dict[str, InstigatorTick] = {}
    for state in instance.all_instigator_state():
        if state.instigator_name not in names:
            continue
        ticks = instance.get_ticks(
            state.instigator_origin_id, state.selector_id, limit=_NEWEST_TICKS, statuses=_TICK_HAS_ENDED
        )
        for tick in ticks[:1]:
            former = newest.get(state.instigator_name)
            if former is None or tick.timestamp > former.timestamp:
                newest[state.instigator_name] = tick
    for name, tick in sorted(newest.items()):
        if tick.status is TickStatus.FAILURE:
            error = tick.error
            while error is not None and error.cause is not None:
                error = error.cause
            yield TickFact(
                name=name,
                kind="schedule" if tick.instigator_type.value == "SCHEDULE" else "sensor",
                since=_time(tick.timestamp),
                error=error.message.strip() if error is not None else "",
            )


def _time(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
