"""`/messages/{message_key}`: one message, what it offers, how it grew and was changed, who else posted it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.charts import Cell, Chart, Point, Series
from medical_telegram_warehouse.api.dashboard.forms import address
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.texts import Piece, difference, pieces
from medical_telegram_warehouse.api.database.pool import Row
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import not_found
from medical_telegram_warehouse.api.messages.repository import message, surroundings

router = APIRouter(include_in_schema=False)
_KEY = re.compile(r"[0-9a-f]{32}")
# Comparing long texts takes some ten milliseconds each.
_MOST_VERSIONS = 10


class Version(NamedTuple):
    """A text that the message had."""

    row: Row
    text: Sequence[Piece]
    is_compared: bool
    """Whether it is marked what differs from the text before."""


@router.get("/messages/{message_key}")
async def show_message(message_key: str, request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    if not _KEY.fullmatch(message_key):
        raise not_found(f"there is no message {message_key}; /messages finds messages by their words")
    found = await message(snapshot, message_key)
    frame = await open_frame(request, snapshot)
    around: dict[str, Any] = await surroundings(snapshot, message_key)
    text = frame.public(found["message_text"] or "")
    return page(
        request,
        "message.html",
        frame,
        message=found,
        text=pieces(text, [(each["span_start"], each["span_end"], each) for each in around["offers"]]),
        offers=around["offers"],
        topics=around["topics"],
        photos=around["photos"],
        reposts=around["reposts"],
        versions=_versions(around["versions"], frame),
        counters=_counters(message_key, around["observations"], frame),
    )


def _versions(rows: Sequence[Row], frame: Frame) -> list[Version]:
    """The texts, the newest first, each with what differs from the one before it."""
    versions = []
    rows = rows[-_MOST_VERSIONS:]
    for former, row in zip([None, *rows], rows, strict=False):
        now = None if row["message_text"] is None else frame.public(row["message_text"])
        before = None if former is None or former["message_text"] is None else frame.public(former["message_text"])
        if now is None:
            versions.append(Version(row, [], is_compared=False))
        elif before is None:
            versions.append(Version(row, [Piece(now)], is_compared=False))
        else:
            versions.append(Version(row, difference(before, now), is_compared=True))
    return versions[::-1]


def _counters(message_key: str, rows: Sequence[Row], frame: Frame) -> Chart:
    # The chart shows times as they come: those of the reports' zone.
    times = [row["observed_at"].astimezone(frame.timezone).replace(tzinfo=None) for row in rows]
    views = [Point(at, row["views"]) for at, row in zip(times, rows, strict=True)]
    columns = ("views", "views_gained", "forwards", "replies", "reaction_count")
    return Chart(
        key="counters",
        title="Views over time",
        kind="line",
        series=[Series("Views", views if len(rows) > 1 else [])],
        columns=["Seen", "Views", "Gained", "Forwards", "Replies", "Reactions"],
        rows=[
            [
                Cell(f"{wording.day(at)}, {at:%H:%M}", is_number=False),
                *(Cell(wording.number(row[column])) for column in columns),
            ]
            for at, row in reversed(list(zip(times, rows, strict=True)))
        ],
        csv=address(f"/api/messages/{message_key}/observations", format="csv", limit=10_000),
        summary=f"Views at {len(rows)} times at which the message was seen.",
        note=f"Each time at which it was seen with other counters; times of {frame.timezone.key}.",
    )
