"""Builds and tests the warehouse: runs the dbt project of `warehouse/` inside this process.

    raw.* ──build(MESSAGES)──► staging.*, marts.* ──build(PHOTOS)──► the marts that need scanned photos

`parse_manifest` prepares what Dagster reads of the project, without a database. All SQL lives in the dbt project;
nothing here knows a table. dbt itself is imported when it is needed: that alone takes longer than `mtw --help` may.
"""

from medical_telegram_warehouse.transform.build import (
    PHOTO_MODELS,
    PHOTO_STAGING,
    STEP_ARGUMENTS,
    build,
)
from medical_telegram_warehouse.transform.manifest import parse_manifest
from medical_telegram_warehouse.transform.results import FailedNodesError, NodeResult, TransformStep, TransformSummary

__all__ = [
    "PHOTO_MODELS",
    "PHOTO_STAGING",
    "STEP_ARGUMENTS",
    "FailedNodesError",
    "NodeResult",
    "TransformStep",
    "TransformSummary",
    "build",
    "parse_manifest",
]
