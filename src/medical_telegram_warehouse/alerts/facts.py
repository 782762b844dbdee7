"""What only the orchestrator knows, as plain data: whoever asks for a look hands it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class RunFact:
    """A run that has ended: success, failed, killed or canceled."""

    run_id: str
    job: str
    status: str
    started_at: datetime
    finished_at: datetime
    steps: tuple[str, ...] = ()
    """Those that it was to run; empty where that is not known."""
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckFact:
    """A check whose newest evaluation failed."""

    asset: str
    name: str
    is_error: bool
    summary: str
    since: datetime
    rows: tuple[str, ...] = ()
    """What it found, a line each."""


@dataclass(frozen=True, kw_only=True)
class TickFact:
    """A schedule or sensor whose newest tick failed."""

    name: str
    kind: str
    """`schedule` or `sensor`."""
    since: datetime
    error: str


@dataclass(frozen=True, kw_only=True)
class OrchestratorFacts:
    """All of it; what is not listed here is well."""

    runs: tuple[RunFact, ...] = ()
    """The newest ones: those of a time without a database are in no table of it."""
    checks: tuple[CheckFact, ...] = ()
    ticks: tuple[TickFact, ...] = ()
    error: str | None = None
    """Why none of it can be known."""
