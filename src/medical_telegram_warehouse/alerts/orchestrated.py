"""Checks that fail, and schedules and sensors whose ticks fail: as the orchestrator says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from medical_telegram_warehouse.alerts.facts import CheckFact, OrchestratorFacts, TickFact
from medical_telegram_warehouse.alerts.problems import Found, Kind, Problem, Severity
from medical_telegram_warehouse.settings import Settings

# A sensor is asked each minute, and what fails now and then is one problem.
_TICKS_SETTLE_AFTER = timedelta(minutes=10)


def find(settings: Settings, facts: OrchestratorFacts, now: datetime) -> Iterator[Found]:
    """All of it; where the orchestrator cannot be asked, that is the problem, and everything else stays as it was."""
    if facts.error is None:
        yield Found(source="orchestrator")
        yield _failed_checks(settings, facts.checks)
        yield _failed_ticks(settings, facts.ticks)
        return
    problem = Problem(
        key="orchestrator",
        kind=Kind.ORCHESTRATOR,
        severity=Severity.ERROR,
        title="Dagster cannot be asked, and may start nothing",
        since=now,
        error=facts.error,
        advice="mend what the error says: Dagster's daemon most likely meets the same",
    )
    yield Found(source="orchestrator", problems=[problem])


def _failed_checks(settings: Settings, facts: Sequence[CheckFact]) -> Found:
    """A problem for each check whose newest evaluation failed."""
    problems = [
        Problem(
            key=f"check:{fact.asset}:{fact.name}",
            kind=Kind.CHECK,
            severity=Severity.ERROR if fact.is_error else Severity.WARNING,
            title=f"check {fact.name} of {fact.asset} failed",
            since=fact.since,
            rows=(*((fact.summary,) if fact.summary else ()), *fact.rows),
            link=f"{settings.dagster_url.rstrip('/')}/assets/{fact.asset}?view=checks",
        )
        for fact in facts
    ]
    return Found(source="checks", problems=problems)


def _failed_ticks(settings: Settings, facts: Sequence[TickFact]) -> Found:
    """A problem for each schedule or sensor that cannot be evaluated: what it starts does not start."""
    problems = [
        Problem(
            key=f"tick:{fact.name}",
            kind=Kind.TICK,
            severity=Severity.ERROR,
            title=f"the {fact.kind} {fact.name} fails",
            since=fact.since,
            error=fact.error,
            link=f"{settings.dagster_url.rstrip('/')}/automation",
            advice="what it starts does not start until this is mended",
            settles_after=_TICKS_SETTLE_AFTER,
        )
        for fact in facts
    ]
    return Found(source="ticks", problems=problems)
