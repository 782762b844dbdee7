"""`/images`: photos by what they show, each or every picture once; and what each kind earns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from medical_telegram_warehouse.api.answers.answer import PageRequest
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.answers.types import ImageCategory
from medical_telegram_warehouse.api.channels.repository import channel_key, require_channel
from medical_telegram_warehouse.api.dashboard import wording
from medical_telegram_warehouse.api.dashboard.charts import Cell, Chart, Point, Series
from medical_telegram_warehouse.api.dashboard.forms import Form, address, choices
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.repository import content_by_channel
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError
from medical_telegram_warehouse.api.images import repository
from medical_telegram_warehouse.api.images.parameters import ImageParameters, ImageSort
from medical_telegram_warehouse.api.images.schemas import ImageStatus
from medical_telegram_warehouse.api.reports.repository import visual_stats

router = APIRouter(include_in_schema=False)
_ROWS = 48
# More bars than these have no room for their names.
_MOST_BARS = 12
# Filters that the figures know, and what changes nothing about them.
_OF_FIGURES = {"channel_name", "sort"}
_SORTS = ((ImageSort.NEWEST, "Newest photo"), (ImageSort.MOST_USED, "Most used picture"))
_STATUSES = (
    (ImageStatus.OK, "Readable"),
    (ImageStatus.UNREADABLE, "Unreadable"),
    (ImageStatus.MISSING, "Gone since"),
    (ImageStatus.ABSENT, "Never had"),
)


class ImageFilters(ImageParameters):
    """Of the gallery: those of the API's list."""

    limit: int = Field(default=_ROWS, ge=1, le=200)

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
        "classes": [(each, each.capitalize()) for each in await repository.classes(snapshot)],
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
        "by_channel": _by_channel(await content_by_channel(snapshot, None), frame),
        "engagement": _engagement(stats["engagement_by_content"], frame, channel_name),
    }


def _by_channel(rows: Sequence[Row], frame: Frame) -> Chart:
    """What the photos of each channel show, those with most photos first."""
    counts = {(row["channel_name"], row["content_category"]): row["photo_count"] for row in rows}
    totals: dict[str, int] = {row["channel_name"]: row["channel_photo_count"] for row in rows}
    names = list(totals)
    titles = Counter(frame.title_of(name) for name in names)
    # Bars of one name would be one bar.
    bars = {name: title if titles[title := frame.title_of(name)] == 1 else f"{title} ({name})" for name in names}
    categories = choices(ImageCategory)

    def link(name: str, category: str | None) -> str:
        return address("/images", channel_name=name, content_category=category)

    series = [
        Series(
            wording.label(category),
            [Point(bars[name], counts.get((name, category), 0), link(name, category)) for name in names[:_MOST_BARS]],
        )
        for category in categories
    ]
    return Chart(
        key="by-channel",
        title="What photos show, by channel",
        kind="stacked",
        is_horizontal=True,
        unit="photos",
        series=series if names else [],
        columns=["Channel", *(each.name for each in series), "All"],
        rows=[
            [
                Cell(bars[name], f"/channels/{quote(name)}", is_number=False),
                *(Cell(wording.number(counts.get((name, each), 0)), link(name, each)) for each in categories),
                Cell(wording.number(totals[name]), link(name, None)),
            ]
            for name in names
        ],
        summary=f"Stacked bars of {sum(totals.values()):,} photos in {wording.plural(len(names), 'channel')}.",
        note="Readable photos of all times, judged by their objects and their posts."
        + (f" The {_MOST_BARS} channels with most photos; the table has all." if len(names) > _MOST_BARS else ""),
    )


def _engagement(rows: Sequence[Row], frame: Frame, channel_name: str | None) -> Chart:
    """What posts with photos of each kind earn; a mean of few posts says so below its bar."""
    found = {row["category"]: row for row in rows}
    ordered = [found[each] for each in choices(ImageCategory) if each in found]

    def link(row: Row) -> str:
        return address("/images", channel_name=channel_name, content_category=row["category"])

    bars = [
        Point(
            f"{wording.label(row['category'])}\n{wording.plural(row['original_post_count'], 'post')}",
            row["avg_views"],
            link(row),
        )
        for row in ordered
    ]
    posts = sum(row["original_post_count"] for row in ordered)
    whose = "all channels" if channel_name is None else frame.title_of(channel_name)
    return Chart(
        key="engagement",
        title="Mean views of posts, by what their photos show",
        kind="bar",
        is_horizontal=True,
        unit="views",
        series=[Series("Mean views", bars)],
        columns=["Category", "Original posts", "Mean views", "All views", "Photos"],
        rows=[
            [
                Cell(wording.label(row["category"]), is_number=False),
                Cell(wording.number(row["original_post_count"])),
                Cell(wording.number(row["avg_views"])),
                Cell(wording.number(row["total_views"])),
                Cell(wording.number(row["photo_count"]), link(row)),
            ]
            for row in ordered
        ],
        summary=f"Bars of the mean views of {posts:,} original posts by category.",
        note=f"Original posts of {whose}, of all times: forwarded copies are left out, an album counts once in each "
        f"category that it shows.",
    )
