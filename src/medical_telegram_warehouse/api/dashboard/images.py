"""`/images`: photos by what they show, each or every picture once; and what each kind earns."""

from __future__ import annotations

from typing import Any, Self

from fastapi import APIRouter, Request, Response
from pydantic import Field, field_validator, model_validator

from medical_telegram_warehouse.api.answers.answer import PageRequest
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.channels.repository import channel_key, require_channel
from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.forms import Form, address, choices
from medical_telegram_warehouse.api.dashboard.photo_charts import by_channel, engagement
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.repository import content_by_channel
from medical_telegram_warehouse.api.database.pool import Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError
from medical_telegram_warehouse.api.images import repository
from medical_telegram_warehouse.api.images.parameters import ImageParameters, ImageSort
from medical_telegram_warehouse.api.images.schemas import ImageStatus
from medical_telegram_warehouse.api.reports.repository import visual_stats
from medical_telegram_warehouse.records import ImageCategory

router = APIRouter(include_in_schema=False)
_ROWS = 48
# Filters that the figures know, and what changes nothing about them.
_OF_FIGURES = {"channel_name", "sort"}
_SORTS = ((ImageSort.NEWEST, "Newest"), (ImageSort.MOST_USED, "Most used"))
_STATUSES = (
    (ImageStatus.OK, "Readable"),
    (ImageStatus.UNREADABLE, "Unreadable"),
    (ImageStatus.MISSING, "Gone since"),
    (ImageStatus.ABSENT, "Never had"),
)


class ImageFilters(ImageParameters):
    """Of the gallery: those of the API's list."""

    limit: int = Field(default=_ROWS, ge=1, le=200)

    @field_validator("detected_class", "image_group")
    @classmethod
    def _storable(cls, value: str | None) -> str | None:
        if value is not None and "\0" in value:
            message = "a NUL character cannot be searched for"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _dates_need_messages(self) -> Self:
        if not self.has_message and (self.from_date or self.to_date):
            message = "from_date and to_date cannot be used here: photos without a message have no date"
            raise ValueError(message)
        return self


@router.get("/images")
async def show_images(request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    frame = await open_frame(request, snapshot)
    form = Form(request, ImageFilters)
    try:
        await require_channel(snapshot, form.asked.channel_name)
    except ApiError as error:
        form.refuse("channel_name", error)
    content: dict[str, Any] = {
        "form": form,
        "categories": [(each, wording.label(each)) for each in choices(ImageCategory)],
        "classes": [(each, each.capitalize()) for each in await _classes(snapshot, form.value("detected_class"))],
        "statuses": _STATUSES,
        "sorts": _SORTS,
        "is_by_picture": form.asked.sort is ImageSort.MOST_USED,
        "by_channel": None,
    }
    if not form.is_usable:
        return page(request, "images.html", frame, status=form.status, **content)
    content |= await _photos(snapshot, form, frame)
    # Whoever looks for certain photos wants those, and the figures are of all.
    if not set(form.typed) - _OF_FIGURES:
        content |= await _figures(snapshot, frame, form.asked.channel_name)
    return page(request, "images.html", frame, **content)


async def _classes(snapshot: Snapshot, asked: str) -> list[str]:
    """Kinds of objects that were found, and the one that is asked for: it may be of another state of the warehouse."""
    return sorted({*await repository.classes(snapshot), *([asked] if asked else [])})


async def _photos(snapshot: Snapshot, form: Form[ImageFilters], frame: Frame) -> dict[str, Any]:
    asked = form.asked
    place = PageRequest(asked, snapshot)
    filters = {
        **asked.asked(),
        "channel_key": channel_key(asked.channel_name),
        **moments(asked.from_date, asked.to_date, frame.timezone),
    }
    if asked.sort is ImageSort.MOST_USED:
        rows = await repository.most_used(snapshot, filters, place.by_offset())
    else:
        rows = await repository.newest(snapshot, filters, place.by_key(at=int, key=str))
    shown, cursor = place.cut(rows)
    return {
        "images": shown,
        "first": form.link() if asked.cursor is not None else None,
        "next": form.link(cursor=cursor) if cursor is not None else None,
        "csv": address("/api/images", **form.shared("limit"), format="csv", limit=10_000),
    }


async def _figures(snapshot: Snapshot, frame: Frame, channel_name: str | None) -> dict[str, Any]:
    stats = await visual_stats(snapshot, channel_name)
    return {
        "stats": stats,
        "by_channel": by_channel(await content_by_channel(snapshot, None), frame),
        "engagement": engagement(stats["engagement_by_content"], frame, channel_name),
    }
