"""What may be wrong, as the finders say it and the book keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from medical_telegram_warehouse.settings import Settings


class Severity(StrEnum):
    """How much it matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def is_repeated(self) -> bool:
        """Whether it is told again while it lasts. What only warns, such as a channel's end, may last for ever."""
        return self is Severity.ERROR


class Kind(StrEnum):
    """What kind of problem or event it is."""

    DATABASE = "database"
    ORCHESTRATOR = "orchestrator"
    RUN = "run"
    STALE = "stale"
    TICK = "tick"
    CHECK = "check"
    SILENT_CHANNEL = "silent channel"
    RULES = "rules"
    VOLUME = "unusual volume"
    PRICE_JUMP = "price jump"
    NEW_PRODUCT = "new product"
    PRODUCT_GONE = "product gone"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is wrong until it is not; told when it begins, now and then while it lasts, and when it ends."""

    key: str
    """The same at each look, so that one problem is told once."""
    kind: Kind
    severity: Severity
    title: str
    since: datetime
    rows: tuple[str, ...] = ()
    """Which rows, channels or steps, a line each."""
    error: str | None = None
    link: str | None = None
    advice: str | None = None
    mark: str = ""
    """What makes it another problem although its key is the same, such as which steps failed: it is told anew then."""
    settles_after: timedelta = timedelta()
    """How long it must be gone before it counts as gone: what comes and goes each minute is one problem."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened once, and is told once."""

    key: str
    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one look at one source found."""

    source: str
    problems: Sequence[Problem] = ()
    is_whole: bool = True
    """Whether a problem of this source that is not among them has gone."""
    events: Sequence[Event] | None = None
    """None where the source could not tell; what it tells first is remembered as known, and not told."""


@dataclass(frozen=True)
class Recovery:
    """A problem that was told, and has gone."""

    title: str
    since: datetime
    ended_at: datetime
    link: str | None = None


@dataclass
class News:
    """What one message is made of."""

    new: list[Problem] = field(default_factory=list)
    again: list[Problem] = field(default_factory=list)
    recovered: list[Recovery] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.new or self.again or self.recovered or self.events)

    @property
    def severity(self) -> Severity | None:
        """Of the worst; None if everything in it is good."""
        found = {problem.severity for problem in (*self.new, *self.again)}
        if self.events:
            found.add(Severity.NOTICE)
        return next((severity for severity in Severity if severity in found), None)


def link_to_run(settings: Settings, run_id: str) -> str:
    """The run's page in Dagster's UI."""
    return f"{settings.dagster_url.rstrip('/')}/runs/{run_id}"
