"""Every figure that is read from storage: its name, what it means, and which column of which statement holds it.

Figures of the service itself, such as its cache, are not here. `docs/metrics.md` explains what to do with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

STEPS_OF_A_WHOLE_RUN = 7
"""How many steps a whole run has; fewer were asked for by a job or command of some of them."""
MOST_CHANNELS = 200
"""How many channels get a label of their own. Prometheus keeps a series of each for as long as it keeps anything."""
_JOB = ("run_job",)
_STEP = ("step",)


class Kind(Enum):
    """How a column becomes a number."""

    GAUGE = auto()
    COUNTER = auto()
    """Only grows, until old runs are forgotten; Prometheus takes that for a restart."""
    AGE = auto()
    """Seconds since the moment that the column holds, counted when Prometheus asks."""


class Figure(NamedTuple):
    """One metric, or those of its values that share a label."""

    name: str
    column: str
    help: str
    labels: tuple[str, ...] = ()
    """Columns whose values are labels of the same name."""
    kind: Kind = Kind.GAUGE
    fixed: tuple[tuple[str, str], ...] = ()
    """Labels that are the same in all rows."""


class Look(NamedTuple):
    """A statement, and the figures in its rows. A null is no value: what is not known is left out, never 0."""

    statement: str
    figures: tuple[Figure, ...]
    parameters: Mapping[str, Any] = {}


def _by_status(name: str, help_text: str, labels: tuple[str, ...], kind: Kind, **columns: str) -> tuple[Figure, ...]:
    """A figure whose statuses are columns, so that each has a value from the beginning.

    A counter that begins at 1 shows no increase, and an alert on it would miss the first failure.
    """
    return tuple(
        Figure(name, column, help_text, labels, kind, (("status", status),)) for status, column in columns.items()
    )


# What ops says, asked of the database each time: it moves while the marts stay.
BOOKKEEPING = (
    Look(
        "jobs",
        (
            Figure("runs_started", "begun", "Runs that were begun, by job.", _JOB, Kind.COUNTER),
            *_by_status(
                "runs",
                "Runs that ended, by job and how they did.",
                _JOB,
                Kind.COUNTER,
                success="succeeded",
                failed="failed",
                canceled="canceled",
                killed="killed",
            ),
            *_by_status(
                "last_run_status",
                "How each job's last run ended: 1 beside its status, 0 beside the others.",
                _JOB,
                Kind.GAUGE,
                success="last_succeeded",
                failed="last_failed",
                canceled="last_canceled",
                killed="last_killed",
            ),
            Figure("last_run_timestamp_seconds", "last_begun_at", "When each job's last run began.", _JOB),
            Figure("last_success_timestamp_seconds", "last_success_at", "When each job last ended well.", _JOB),
            Figure("last_killed_timestamp_seconds", "last_killed_at", "When a run of each job was last killed.", _JOB),
        ),
    ),
    Look(
        "runs",
        (
            Figure("run_active", "active", "Runs that have begun and not ended: 0 or 1."),
            Figure("run_active_since_timestamp_seconds", "active_since", "When the run began that has not ended."),
            Figure(
                "seconds_since_success",
                "succeeded_at",
                "Seconds since a run of all steps ended well; missing before the first one.",
                kind=Kind.AGE,
            ),
        ),
        {"steps": STEPS_OF_A_WHOLE_RUN},
    ),
    Look(
        "steps",
        (
            *_by_status(
                "step_attempts",
                "Attempts of each step, by how they ended.",
                _STEP,
                Kind.COUNTER,
                success="succeeded",
                failed="failed",
            ),
            Figure("step_retries", "retries", "Attempts of each step after its first in a run.", _STEP, Kind.COUNTER),
            Figure("step_seconds", "last_seconds", "Seconds of each step's last attempt.", _STEP),
            Figure("step_usual_seconds", "usual_seconds", "Median seconds of each step's successes in a month.", _STEP),
            Figure("step_succeeded", "last_succeeded", "Whether each step's last attempt succeeded.", _STEP),
            Figure("step_rows", "new_rows", "What each step's last success brought that was not there before.", _STEP),
        ),
    ),
    Look(
        "last_step",
        (Figure("last_run_finished_timestamp_seconds", "finished_at", "When the last run's last step ended."),),
    ),
    Look(
        "scan",
        (
            Figure("photos_per_second", "photos_per_second", "Photos a second in the last scan that had any."),
            Figure("last_scan_timestamp_seconds", "finished_at", "When the last scan ended that had photos."),
        ),
    ),
)

# What the marts say. It stays as it is until the next build ends, and is asked once for each.
MARTS = (
    Look("rows", (Figure("warehouse_rows", "rows", "Rows of the warehouse by what they are.", ("what",)),)),
    Look(
        "rejected", (Figure("rejected_records", "records", "Records that could not be used, by reason.", ("reason",)),)
    ),
    Look(
        "newest",
        (
            Figure(
                "newest_message_age_seconds", "newest", "Seconds since the newest message was posted.", kind=Kind.AGE
            ),
        ),
    ),
    Look(
        "channels",
        (
            Figure(
                "channel_newest_message_timestamp_seconds",
                "newest",
                f"When the newest message of a channel was posted; of the {MOST_CHANNELS} that posted last.",
                ("channel",),
            ),
        ),
        {"channels": MOST_CHANNELS},
    ),
    Look("photos", (Figure("photos", "photos", "Photos by what became of their files.", ("status",)),)),
    Look(
        "detection",
        (
            Figure("detection_rate", "detection_rate", "Share of readable photos on which an object was found."),
            Figure("photos_waiting", "waiting", "Photos that messages name and no scan has met yet."),
        ),
    ),
)
