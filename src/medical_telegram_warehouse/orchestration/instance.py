"""The persistent Dagster instance in the project's folder: where the history of runs is kept."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from medical_telegram_warehouse.orchestration.run_records import close_killed_run
from medical_telegram_warehouse.settings import Settings

logger = logging.getLogger(__name__)
# Two data folders may share one instance: each run says which one it works on.
DATA_FOLDER_TAG = "data_folder"
_STARTED = (
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
_KILLED = "The process of this run ended without a word: it was killed, or crashed."
_TIME_TO_START = timedelta(minutes=10)
_MARK = "# mtw keeps this file as it should be; remove this line, and it leaves the file alone.\n"
_FORMER = "# Written once by `mtw`; edit as you like. See https://docs.dagster.io for what can stand here.\n"
# Only what differs from Dagster's defaults.
_DAGSTER_YAML = (
    _MARK
    + """\
# https://docs.dagster.io/deployment/oss/dagster-yaml tells what can stand here.
event_log_storage:
  module: medical_telegram_warehouse.orchestration.event_log
  class: KeptConnectionEventLogStorage
  config:
    base_dir: {event_logs}
# Our log lines are events of the run. To copy what else a step prints, Dagster would start four processes for each.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  # A pool's steps wait for each other: those that use every core, and those that write the warehouse.
  pools:
    default_limit: 1
  # A run that is launched while another works on the same data folder waits for it.
  runs:
    tag_concurrency_limits:
      - key: {tag}
        value:
          applyLimitPerUniqueValue: true
        limit: 1
# Marks a run that never started, or that its process left, as failed.
run_monitoring:
  enabled: true
  poll_interval_seconds: 60
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
# Would contact another host at each run.
telemetry:
  enabled: false
# The invitation to a newsletter that the UI would open with.
nux:
  enabled: false
"""
)


def open_instance(dagster_home: Path) -> DagsterInstance:
    """Open the instance, making its folder and configuration on first use. Close it, or use it in `with`."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    # Two that make its tables at once, as a run and its fork server would, get in each other's way.
    with (dagster_home / ".opening.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _configure(dagster_home)
        return DagsterInstance.from_config(str(dagster_home))


def _configure(dagster_home: Path) -> None:
    """Write dagster.yaml where there is none, and again where it is ours and a folder was moved or we were upgraded."""
    configuration = dagster_home / "dagster.yaml"
    event_logs = json.dumps(str(dagster_home / "history" / "runs"))
    content = _DAGSTER_YAML.format(event_logs=event_logs, tag=DATA_FOLDER_TAG)
    present = configuration.read_text(encoding="utf-8") if configuration.exists() else _MARK
    if present != content and present.startswith((_MARK, _FORMER)):
        # Aside first: another process may be reading it.
        aside = configuration.with_suffix(f".{os.getpid()}")
        aside.write_text(content, encoding="utf-8")
        aside.replace(configuration)


def close_killed_runs(instance: DagsterInstance, settings: Settings, *, but: str | None = None) -> None:
    """Mark runs over our data folder as failed that count as active although no process works on them.

    Call it only while holding the data folder (`exclusive.claim_data_folder`): then nobody else can be running. A
    run that has not started yet does not hold the folder, so it is given some time.

    Args:
        instance: where runs are kept.
        settings: of the data folder.
        but: the run of this process.
    """
    young = datetime.now(UTC) - _TIME_TO_START
    tags = {DATA_FOLDER_TAG: str(settings.data_dir)}
    for record in instance.get_run_records(RunsFilter(tags=tags, statuses=list(_STARTED))):
        run = record.dagster_run
        is_ours_alone = run.status is DagsterRunStatus.STARTED or record.update_timestamp < young
        if is_ours_alone and run.run_id != but:
            instance.report_run_failed(run, _KILLED)
            # Without a daemon nobody else gives them back, and every later run would wait for them.
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            close_killed_run(settings, instance, run, _KILLED)
            logger.warning("run %s was killed earlier; it is marked as failed", run.run_id)


def delete_old_history(instance: DagsterInstance, settings: Settings) -> int:
    """Delete runs that ended more than RUN_HISTORY_DAYS ago, with their events; returns how many."""
    before = datetime.now(UTC) - timedelta(days=settings.run_history_days)
    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    old = instance.get_run_ids(RunsFilter(statuses=ended, updated_before=before))
    for run_id in old:
        instance.delete_run(run_id)
    return len(old)
