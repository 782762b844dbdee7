"""What a dbt step did, node by node, and what its failures mean."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from medical_telegram_warehouse.errors import (
    DatabaseUnavailableError,
    TransformError,
    TransientError,
    WarehouseError,
)

logger = logging.getLogger(__name__)

CONNECTION_LOST = re.compile(
    r"server closed the connection|terminating connection|connection to server at|connection already closed"
    r"|SSL connection has been closed|could not receive data from server|database system is (starting up|shutting down)"
)
_LOST_A_RACE = re.compile(r"deadlock detected|could not serialize access|tuple concurrently updated")
_MESSAGE_LINES = 12
DONE = ("success", "pass", "warn")
_FAILED = ("error", "fail", "runtime error")
_WITH_ROWS = ("table", "incremental")


class TransformStep(StrEnum):
    """The parts that the warehouse is built in."""

    MESSAGES = "messages"
    """Everything that messages alone tell. The pipeline's `run_dbt_transformations`."""
    PHOTOS = "photos"
    """What needs the scanned photos, and what they change of the rest. `run_dbt_yolo_model`."""


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    resource_type: str
    status: str
    """dbt's word: success, pass, warn, fail, error, skipped, …"""
    seconds: float
    rows: int | None
    """Rows just written into a table; None for views and tests."""
    is_whole: bool
    """Whether these are all of its rows; of an incremental model they are those that were added or changed."""
    failures: int | None
    """Rows that a test objected to; None for models."""
    message: str

    @property
    def name(self) -> str:
        """The node's name without dbt's package and hash."""
        parts = self.unique_id.split(".")
        return parts[2] if len(parts) > 2 else self.unique_id  # noqa: PLR2004


@dataclass(frozen=True, kw_only=True)
class TransformSummary:
    """What one step built and tested. It succeeded: failures raise."""

    step: TransformStep
    is_whole: bool
    """Everything was built anew, because the models or the time zone are not those of the build before."""
    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def models(self) -> int:
        """How many models and seeds were built."""
        return sum(node.resource_type in ("model", "seed") and node.status == "success" for node in self.nodes)

    @property
    def tests(self) -> int:
        """How many tests ran."""
        return sum(node.resource_type == "test" and node.status != "skipped" for node in self.nodes)

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Tests that found something a person should look at."""
        return tuple(node for node in self.nodes if node.status == "warn")

    @property
    def skipped(self) -> int:
        """How many nodes did not run."""
        return sum(node.status == "skipped" for node in self.nodes)

    @property
    def rows(self) -> dict[str, int]:
        """Rows written into each table, by its name."""
        return {node.name: node.rows for node in self.nodes if node.rows is not None}


class FailedNodesError(TransformError):
    """Some nodes failed; `nodes` are all, so that what was built and tested is told as well."""

    def __init__(self, message: str, nodes: tuple[NodeResult, ...]) -> None:
        super().__init__(message)
        self.nodes = nodes


def node_result(result: Any, *, is_full_refresh: bool) -> NodeResult:
    """What dbt tells of one node."""
    rows = result.adapter_response.get("rows_affected") if result.adapter_response else None
    materialized = "table" if result.node.resource_type == "seed" else result.node.config.materialized
    return NodeResult(
        unique_id=result.node.unique_id,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        seconds=result.execution_time,
        rows=rows if materialized in _WITH_ROWS and isinstance(rows, int) and rows >= 0 else None,
        is_whole=materialized == "table" or is_full_refresh,
        failures=result.failures,
        message=(result.message or "").strip(),
    )


def failure(step: TransformStep, nodes: Collection[NodeResult]) -> WarehouseError | None:
    """The error that a step's failed nodes amount to, logged line by line; None where none failed."""
    failed = [node for node in nodes if node.status in _FAILED]
    if not failed:
        return None
    lines = [f"dbt could not build the {step} part of the warehouse: {len(failed)} of {len(nodes)} nodes failed"]
    for node in failed:
        message = "\n      ".join(node.message.splitlines()[:_MESSAGE_LINES])
        lines.append(f"  {node.resource_type} {node.name}: {message}")
    skipped = sum(node.status == "skipped" for node in nodes)
    if skipped:
        lines.append(f"  {skipped} nodes that depend on them did not run")
    text = "\n".join(lines)
    for line in lines:
        logger.error("%s", line)
    messages = " ".join(node.message for node in failed)
    if CONNECTION_LOST.search(messages):
        return DatabaseUnavailableError(text)
    if _LOST_A_RACE.search(messages):
        return TransientError(text)
    return FailedNodesError(text, tuple(nodes))
