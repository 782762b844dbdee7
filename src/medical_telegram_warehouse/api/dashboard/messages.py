"""`/messages`: search, with what matches marked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from medical_telegram_warehouse.api.answers.answer import PageRequest
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dashboard import repository, wording
from medical_telegram_warehouse.api.dashboard.forms import Form, address, choices
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.texts import pieces
from medical_telegram_warehouse.api.database.pool import Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError
from medical_telegram_warehouse.api.messages import searching
from medical_telegram_warehouse.api.messages.parameters import SearchParameters
from medical_telegram_warehouse.api.products.finding import Finder, ProductNames
from medical_telegram_warehouse.offers.genre import Genre

router = APIRouter(include_in_schema=False)
_ROWS = 25


class MessageFilters(SearchParameters):
    """Of the search."""

    limit: int = Field(default=_ROWS, ge=1, le=100)


@router.get("/messages")
async def show_messages(request: Request, snapshot: MartsSnapshot, finder: Finder) -> Response:
    """The page."""
    frame = await open_frame(request, snapshot)
    form = Form(request, MessageFilters)
    try:
        await require_channel(snapshot, form.asked.channel_name)
    except ApiError as error:
        form.refuse("channel_name", error)
    content: dict[str, Any] = {
        "form": form,
        "genres": [(each, wording.label(each)) for each in choices(Genre)],
        "sorts": (("relevance", "Best match"), ("newest", "Newest")),
    }
    if form.is_usable:
        content |= await _found(snapshot, form, frame, await finder.names(snapshot))
    return page(request, "messages.html", frame, status=form.status, **content)


async def _found(snapshot: Snapshot, form: Form[MessageFilters], frame: Frame, names: ProductNames) -> dict[str, Any]:
    asked = form.asked
    query = await searching.resolve(snapshot, asked, names)
    place = PageRequest(asked, snapshot)
    is_ranked = searching.is_ranked(asked, query)
    where = place.by_offset() if is_ranked else place.by_key(at=int, key=str)
    rows, total = await searching.search(snapshot, asked, query, frame.timezone, where)
    found, cursor = place.cut(rows)
    for row in found:
        # Before the snippet is cut: half a telephone number would not be known as one.
        row["message_text"] = frame.public(row["message_text"])
    await searching.add_snippets(found, query)
    for row in found:
        row["pieces"] = pieces(row["snippet"], [(each["start"], each["end"], True) for each in row["highlights"]])
    return {
        "messages": found,
        "photos": await repository.photos_of(snapshot, [row["message_key"] for row in found if row["has_image"]]),
        "total": min(total, searching.MOST_COUNTED),
        "is_total_exact": total <= searching.MOST_COUNTED,
        "corrections": query.corrections,
        "first": form.link() if asked.cursor is not None else None,
        "next": form.link(cursor=cursor) if cursor is not None else None,
        "csv": address("/api/search/messages", **form.shared("limit"), format="csv", limit=10_000),
    }
