"""The persistent Dagster instance in the project's folder: where the history of runs is kept."""

from __future__ import annotations

import logging
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

logger = logging.getLogger(__name__)
# Only what differs from Dagster's defaults. Telemetry would contact another host at each run.
_DAGSTER_YAML = """\
# Written once by `mtw`; edit as you like. See https://docs.dagster.io for what can stand here.
telemetry:
  enabled: false
"""


def open_instance(dagster_home: Path) -> DagsterInstance:
    """Open the instance, making its folder and configuration on first use. Close it, or use it in `with`."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    configuration = dagster_home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(_DAGSTER_YAML, encoding="utf-8")
    return DagsterInstance.from_config(str(dagster_home))


def close_killed_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed that count as running although none is.

    Call it only while holding the data folder (`exclusive.claim_data_folder`): then nobody else can be running.
    """
    killed = []
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])):
        instance.report_run_failed(run, "The process of this run ended without a word: it was killed, or crashed.")
        logger.warning("run %s was killed earlier; it is marked as failed, and this run continues its work", run.run_id)
        killed.append(run.run_id)
    return killed
