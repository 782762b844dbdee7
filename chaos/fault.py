"""What a fault is, and what came of it."""

from __future__ import annotations

import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from killed_runs import Place, Tables

LONGEST_RUN = 400
"""Seconds, on a busy machine and with the waits for a step's next attempts."""
_EXAMPLES = 3


class Arena(NamedTuple):
    """Where faults are injected."""

    folder: Path
    models_dir: Path

    @contextmanager
    def place(self, name: str, **environment: str) -> Iterator[Place]:
        """A data folder and a server of its own, stopped and deleted at the end."""
        folder = self.folder / re.sub(r"\W+", "-", name)
        place = Place(folder, self.models_dir, **environment)
        try:
            yield place
        finally:
            place.finish("db", "stop")
            shutil.rmtree(folder, ignore_errors=True)


class ImpossibleHereError(Exception):
    """This machine does not let the fault be injected."""


class Injection(NamedTuple):
    """What a fault did."""

    injected: int
    seconds: float
    """From the injection until a run had succeeded, or the service answered."""
    found: Tables
    expected: Tables


@dataclass(frozen=True)
class Fault:
    """A way to break things."""

    name: str
    inject: Callable[[Arena, str, Tables], Injection]
    """Given the arena, this fault's name, and the tables of an undisturbed run."""
    is_short: bool = False
    """Whether it is part of the short form."""


@dataclass(frozen=True)
class Outcome:
    """What came of one fault."""

    name: str
    injected: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0
    error: str = ""
    """What stopped it, or some of the rows that were lost or doubled."""
    is_possible: bool = True
    """Whether this machine lets it be injected."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, nothing doubled, and a run succeeded."""
        return not self.is_possible or (bool(self.injected) and not self.lost and not self.doubled and not self.error)


def outcome_of(fault: Fault, arena: Arena, undisturbed: Tables) -> Outcome:
    """Inject a fault, and compare."""
    try:
        injection = fault.inject(arena, fault.name, undisturbed)
    except ImpossibleHereError as error:
        return Outcome(fault.name, error=str(error), is_possible=False)
    except Exception as error:  # noqa: BLE001 - one fault that goes wrong must not hide what came of the others
        return Outcome(fault.name, error=f"{type(error).__name__}: {error}")
    lost: list[str] = []
    doubled: list[str] = []
    for table in injection.expected | injection.found:
        wanted, found = Counter(injection.expected.get(table, [])), Counter(injection.found.get(table, []))
        lost += (f"lost from {table}: {row}" for row in (wanted - found).elements())
        doubled += (f"doubled in {table}: {row}" for row in (found - wanted).elements())
    examples = "\n".join([*lost[:_EXAMPLES], *doubled[:_EXAMPLES]])
    return Outcome(fault.name, injection.injected, len(lost), len(doubled), injection.seconds, examples)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self._since
