"""`/products`: what is offered, searched, filtered and sorted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import ChannelFilter, DateFilter
from medical_telegram_warehouse.api.answers.types import ProductClass
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dashboard import repository
from medical_telegram_warehouse.api.dashboard.forms import Form, address, choices
from medical_telegram_warehouse.api.dashboard.rendering import Frame, open_frame, page
from medical_telegram_warehouse.api.dashboard.sparklines import price_lines
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError
from medical_telegram_warehouse.api.products.finding import NOTHING, Finder, Found, ProductFinder
from medical_telegram_warehouse.api.products.parameters import ClassFilter, ProductSort
from medical_telegram_warehouse.api.products.repository import list_products, months_of, trends

router = APIRouter(include_in_schema=False)
_ROWS = 50
_TREND_DAYS = 366
_SORTS = (
    (ProductSort.OFFERS, "Most offers"),
    (ProductSort.DISTINCT_OFFERS, "Most different offers"),
    (ProductSort.CHANNELS, "Most channels"),
    (ProductSort.VIEWS, "Most views"),
    (ProductSort.NAME, "Name"),
    (ProductSort.LOWEST_PRICE, "Lowest price"),
    (ProductSort.HIGHEST_PRICE, "Highest price"),
    (ProductSort.LAST_OFFERED, "Newest offer"),
)


class ProductFilters(ChannelFilter, DateFilter, ClassFilter):
    """Of the list of products."""

    query: str | None = Field(default=None, max_length=200)
    sort: ProductSort = ProductSort.OFFERS
    page: int = Field(default=1, ge=1, le=100_000)


@router.get("/products")
async def show_products(request: Request, snapshot: MartsSnapshot, finder: Finder) -> Response:
    """The page."""
    frame = await open_frame(request, snapshot)
    form = Form(request, ProductFilters)
    try:
        await require_channel(snapshot, form.asked.channel_name)
    except ApiError as error:
        form.refuse("channel_name", error)
    content: dict[str, Any] = {"form": form, "classes": choices(ProductClass), "sorts": _SORTS}
    if not form.is_usable:
        return page(request, "products.html", frame, status=form.status, **content)
    return page(request, "products.html", frame, **content, **await _found(snapshot, form, frame, finder))


async def _found(snapshot: Snapshot, form: Form[ProductFilters], frame: Frame, finder: ProductFinder) -> dict[str, Any]:
    asked = form.asked
    found: Found | None = (await finder.names(snapshot)).find(asked.query) if asked.query is not None else None
    keys = found.keys if found is not None else None
    offset = (asked.page - 1) * _ROWS
    filters = asked.asked() | {"min_offers": 1}
    rows = await list_products(snapshot, filters, {"offset": offset, "rows": _ROWS + 1}, keys)
    shown, has_more = rows[:_ROWS], len(rows) > _ROWS
    is_part = bool(asked.channel_name or asked.from_date or asked.to_date)
    total: int | None = offset + len(shown)
    if has_more:
        total = None if is_part else await repository.product_count(snapshot, asked.product_class, keys)
    newest: list[Row] = await trends(
        snapshot, [row["product_key"] for row in shown], frame.today - timedelta(days=_TREND_DAYS)
    )
    return {
        "products": shown,
        "offset": offset,
        "total": total,
        "months": months_of(asked.from_date, asked.to_date),
        "found": found if found is not None else NOTHING,
        "lines": price_lines(newest),
        "first": form.link() if asked.page > 1 else None,
        "previous": form.link(page=asked.page - 1) if asked.page > 1 else None,
        "next": form.link(page=asked.page + 1) if has_more else None,
        "csv": address("/api/products", **form.shared("page"), format="csv", limit=10_000),
    }
