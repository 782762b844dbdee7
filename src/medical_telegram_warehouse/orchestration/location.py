"""Dagster's code location: the definitions for the settings of this process, built once when this is imported.

Every process of Dagster comes here: the UI's and the daemon's code server, each run, and the fork server whose
children run the steps and find it imported.
"""

from __future__ import annotations

from dagster import JobDefinition

from medical_telegram_warehouse.orchestration.definitions import build_definitions
from medical_telegram_warehouse.settings import load_settings

defs = build_definitions(load_settings())


def job_named(name: str) -> JobDefinition:
    """A job, ready to execute; another process finds it again by this function and its name."""
    return defs.resolve_job_def(name)
