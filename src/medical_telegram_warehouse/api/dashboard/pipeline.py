"""`/pipeline`: how fresh the data is, how the runs went, what the data lacks.

Never kept, because runs are written down while the marts stay as they are. It works before the marts do: where the
first run failed, this is where to read why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.runs import ShownRun, duration_chart, shown_runs
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.dependencies import LiveSnapshot, Options
from medical_telegram_warehouse.api.facts import facts_of
from medical_telegram_warehouse.api.options import ApiOptions
from medical_telegram_warehouse.api.pipeline import repository

router = APIRouter(include_in_schema=False)
_statement = statements(__package__)
_RUNS = 20
_REJECTED = 20
_ANOMALIES = 20
# A run a day, and as much time as one may take.
_STALE = timedelta(hours=26)
_FRESHNESS = {"dim_channels", "rpt_message_search"}
_TABLES = sorted({*_FRESHNESS, "rpt_data_quality", "rpt_rejected_records", "rpt_volume_anomalies"})
_NO_TIMES = {"from_time": None, "to_time": None}
# What a check counts, where a page lists it.
_LISTS = {
    "channels_silent": "/channels",
    "unclassified_channels": "/channels",
    "unusual_days": "#anomalies",
    "photos_without_message": "/images?has_message=false",
    "photos_absent": "/images?image_status=absent",
    "photos_missing": "/images?image_status=missing",
    "photos_unreadable": "/images?image_status=unreadable",
}


class Verdict(NamedTuple):
    """How it stands, in a word and a sentence."""

    kind: str
    """Of its badge."""
    word: str
    sentence: str
    href: str | None = None
    """Where to read what went wrong."""


@router.get("/pipeline")
async def show_pipeline(request: Request, snapshot: LiveSnapshot, options: Options) -> Response:
    """The page."""
    built = {row["table_name"] for row in await snapshot.rows(_statement("built_tables"), {"tables": _TABLES})}
    frame = await _frame(request, snapshot, options, built)
    rows = await repository.runs(snapshot, _NO_TIMES, {"offset": 0, "rows": _RUNS}, options.dagster_url)
    runs = shown_runs(rows, frame.timezone)
    fresh = await repository.freshness(snapshot) if built >= _FRESHNESS else None
    return page(
        request,
        "pipeline.html",
        frame,
        verdict=_verdict(runs, fresh, datetime.now(UTC)),
        fresh=fresh,
        runs=runs,
        most_runs=_RUNS,
        most_rejected=_REJECTED,
        whole=repository.PIPELINE_STEPS,
        durations=duration_chart(runs),
        checks=await _checks(snapshot, frame) if "rpt_data_quality" in built else None,
        rejected=await _rejected(snapshot) if "rpt_rejected_records" in built else None,
        anomalies=await repository.anomalies(snapshot, _ANOMALIES) if "rpt_volume_anomalies" in built else None,
    )


async def _frame(request: Request, snapshot: Snapshot, options: ApiOptions, built: set[str]) -> Frame:
    if "dim_channels" in built:
        return await open_frame(request, snapshot)
    return Frame(
        version=snapshot.version,
        channels={},
        allows_contacts=facts_of(request).caller.allows_contacts,
        timezone=options.timezone,
        today=datetime.now(options.timezone).date(),
        dagster_url=options.dagster_url.rstrip("/"),
    )


async def _checks(snapshot: Snapshot, frame: Frame) -> list[Row]:
    return [row | {"href": _list_of(row, frame)} for row in await repository.quality(snapshot)]


async def _rejected(snapshot: Snapshot) -> list[Row]:
    return await repository.rejected(snapshot, {**_NO_TIMES, "reason": None}, {"after_id": None, "rows": _REJECTED})


def _list_of(check: Row, frame: Frame) -> str | None:
    """Where what a check counts is listed; None where no page or file lists it, or it counts nothing."""
    if not check["issue_count"]:
        return None
    match check["check_name"]:
        case "rejected_records":
            return address("/api/pipeline/rejected-records", reason=check["detail"], format="csv", limit=10_000)
        case "messages_from_the_future":
            return address("/messages", from_date=frame.today + timedelta(days=1))
        case name:
            return _LISTS.get(name)


def _verdict(runs: Sequence[ShownRun], fresh: Row | None, now: datetime) -> Verdict | None:
    """None before the first run. A run that is going on says nothing yet; the one before does."""
    if not runs:
        return None
    last = next((run for run in runs if not run.is_running), None)
    if last is None:
        return Verdict("accent", "Running", "The first run is going on.")
    if last.status in ("failed", "killed"):
        return _broken(last)
    success: datetime | None = fresh["last_success_at"] if fresh is not None else None
    if success is None:
        return Verdict("warn", "Incomplete", "No run has done all steps yet; `mtw run` does them.")
    if now - success > _STALE:
        return Verdict("warn", "Old", f"No run has done all steps for {_span(now - success)}; `mtw run` does them.")
    return Verdict("success", "Fresh", "A run did all steps within the last day.")


def _broken(run: ShownRun) -> Verdict:
    if run.status == "killed":
        sentence = "The last run was killed. Nothing is lost: the next `mtw run` goes on where it was."
        return Verdict("failed", "Killed", sentence, run.href)
    steps = ", ".join(wording.label(step) for step in run.failed) or wording.label(run.told["job"])
    sentence = f"The last run failed at: {steps}. What was built before it still stands."
    return Verdict("failed", "Failed", sentence, run.href)


def _span(age: timedelta) -> str:
    return (
        wording.plural(age.days, "day") if age.days > 1 else wording.plural(round(age.total_seconds() / 3600), "hour")
    )
