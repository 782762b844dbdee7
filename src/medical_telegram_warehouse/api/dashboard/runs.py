"""Runs of the pipeline as its page shows them: when each step began within its run, how long it took, what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.charts import Cell, Chart, Point, Series
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.database.pool import Row

_WHOLE = 100.0
_LATEST = 99.0
_ASKED_BY = {
    "command": "by a command",
    "schedule": "by the schedule",
    "sensor": "by a sensor",
    "backfill": "by a backfill",
    "ui": "in Dagster",
}


class ShownStep(NamedTuple):
    """One attempt of a step."""

    told: Row
    start: float
    """Where its bar begins, in percent of the run."""
    size: float
    """How long its bar is."""


class ShownRun(NamedTuple):
    """One run."""

    told: Row
    name: str
    """When it began, short, and unlike the other runs' names."""
    steps: Sequence[ShownStep]
    done: int
    """How many steps succeeded, at whichever attempt."""
    failed: Sequence[str]
    """Steps that never did."""

    @property
    def status(self) -> str:
        """`running`, `success`, `partial`, `failed`, `canceled` or `killed`."""
        return str(self.told["status"])

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, as far as anybody knows."""
        return self.status == "running"

    @property
    def asked_by(self) -> str | None:
        """Who asked for it; None where that was not written down."""
        return _ASKED_BY.get(self.told["launched_by"])

    @property
    def why(self) -> str | None:
        """Why it did not succeed, where its steps do not say so."""
        return self.told["error"] if self.status in ("canceled", "killed") or not self.steps else None

    @property
    def href(self) -> str:
        """Its place on the page."""
        return f"#run-{self.told['run_id']}"

    def seconds_of(self, step: str) -> float | None:
        """How long a step took, all attempts together; None where it was not begun."""
        attempts = [each["seconds"] for each in self.told["steps"] if each["step"] == step]
        return sum(attempts) if attempts else None


def shown_runs(runs: Sequence[Row], timezone: ZoneInfo) -> list[ShownRun]:
    """Runs as the repository tells them, with their steps' bars."""
    begun = [run["started_at"].astimezone(timezone) for run in runs]
    minutes = Counter(f"{each:%Y%m%d%H%M}" for each in begun)
    shown = []
    for run, local in zip(runs, begun, strict=True):
        clock = f"{local:%H:%M}" if minutes[f"{local:%Y%m%d%H%M}"] == 1 else f"{local:%H:%M:%S}"
        succeeded = {step["step"] for step in run["steps"] if step["status"] == "success"}
        failed = dict.fromkeys(step["step"] for step in run["steps"] if step["step"] not in succeeded)
        steps = [_shown_step(step, run) for step in run["steps"]]
        shown.append(ShownRun(run, f"{local.day} {local:%b}, {clock}", steps, len(succeeded), list(failed)))
    return shown


def _shown_step(step: Row, run: Row) -> ShownStep:
    if not run["seconds"]:
        return ShownStep(step, 0, _WHOLE)
    start = max(0, (step["started_at"] - run["started_at"]).total_seconds() / run["seconds"] * _WHOLE)
    # The last step may have taken no time at all, and is seen all the same.
    return ShownStep(step, round(min(start, _LATEST), 2), round(step["seconds"] / run["seconds"] * _WHOLE, 2))


def duration_chart(all_runs: Sequence[ShownRun]) -> Chart | None:
    """How long each step took in each run, the oldest first; None where no step has ended yet."""
    runs = [run for run in all_runs if run.steps]
    if not runs:
        return None
    # In the order of the run that had most of them.
    ordered = sorted(runs, key=lambda run: len(run.steps), reverse=True)
    steps = list(dict.fromkeys(step.told["step"] for run in ordered for step in run.steps))
    series = [
        Series(
            wording.label(step),
            # Also where it was not begun, so that the runs keep their order.
            [Point(run.name.replace(", ", "\n"), _rounded(run.seconds_of(step)), run.href) for run in reversed(runs)],
        )
        for step in steps
    ]
    return Chart(
        key="durations",
        title="Where the time goes",
        kind="stacked",
        unit="s",
        series=series,
        columns=["Run", *(each.name for each in series), "All"],
        rows=[_cells(run, steps) for run in runs],
        summary=f"Stacked bars of the seconds that each step took in {wording.plural(len(runs), 'run')}.",
        note="Seconds of each step, by run; steps that ran side by side are added up. Each bar leads to its run.",
        csv=address("/api/pipeline/runs", format="csv", limit=1000),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _cells(run: ShownRun, steps: Sequence[str]) -> list[Cell]:
    found = [run.seconds_of(step) for step in steps]
    return [
        Cell(run.name, run.href, is_number=False),
        *(Cell(wording.NOTHING if each is None else wording.duration(each)) for each in found),
        Cell(wording.duration(sum(each or 0 for each in found))),
    ]
