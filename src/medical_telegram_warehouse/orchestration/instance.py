"""The persistent Dagster instance in the project's folder: where the history of runs is kept."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

logger = logging.getLogger(__name__)
# Two data folders may share one instance: each run says which one it works on.
DATA_FOLDER_TAG = "data_folder"
_STARTED = (
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
_TIME_TO_START = timedelta(minutes=10)
# Only what differs from Dagster's defaults. Telemetry would contact another host at each run.
_DAGSTER_YAML = """\
# Written once by `mtw`; edit as you like. See https://docs.dagster.io for what can stand here.
telemetry:
  enabled: false
# The invitation to a newsletter that the UI would open with.
nux:
  enabled: false
"""


def open_instance(dagster_home: Path) -> DagsterInstance:
    """Open the instance, making its folder and configuration on first use. Close it, or use it in `with`."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    configuration = dagster_home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(_DAGSTER_YAML, encoding="utf-8")
    return DagsterInstance.from_config(str(dagster_home))


def close_killed_runs(instance: DagsterInstance, data_dir: Path) -> list[str]:
    """Mark runs over `data_dir` as failed that count as active although no process works on them.

    Call it only while holding the data folder (`exclusive.claim_data_folder`): then nobody else can be running. A
    run that has not started yet does not hold the folder, so it is given some time.
    """
    young = datetime.now(UTC) - _TIME_TO_START
    killed = []
    for record in instance.get_run_records(RunsFilter(tags={DATA_FOLDER_TAG: str(data_dir)}, statuses=list(_STARTED))):
        run = record.dagster_run
        if run.status is DagsterRunStatus.STARTED or record.update_timestamp < young:
            instance.report_run_failed(run, "The process of this run ended without a word: it was killed, or crashed.")
            logger.warning("run %s was killed earlier; it is marked as failed", run.run_id)
            killed.append(run.run_id)
    return killed
