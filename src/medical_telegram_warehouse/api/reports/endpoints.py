"""`/api/reports/top-products` and `/api/reports/visual-content`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from medical_telegram_warehouse.api.answers.answer import RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import invalid
from medical_telegram_warehouse.api.reports import repository
from medical_telegram_warehouse.api.reports.parameters import Kind, TopProductParameters, VisualContentParameters
from medical_telegram_warehouse.api.reports.schemas import TopProducts, VisualContent

router = APIRouter(prefix="/api/reports", tags=["Reports"])


@router.get("/top-products", response_model=TopProducts, responses=FILES | NOT_FOUND)
async def top_products(
    asked: Annotated[TopProductParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """What is offered most, with its range of prices; in a channel or some months, if asked."""
    await require_channel(snapshot, asked.channel_name)
    if asked.kind is Kind.TERMS:
        _refuse_filters_of_terms(asked)
        rows, total = await repository.top_terms(snapshot, asked.asked())
    else:
        rows, total = await repository.top_products(snapshot, asked.asked())
    return await answers.rows(
        TopProducts,
        snapshot,
        rows,
        into="products",
        format=asked.format,
        name=f"top_{asked.kind.value}",
        limit=asked.limit,
        total_found=total,
        kind=asked.kind.value,
    )


def _refuse_filters_of_terms(asked: TopProductParameters) -> None:
    """Terms are counted over everything; a filter that does nothing would be a lie."""
    for name in ("channel_name", "from_date", "to_date", "product_class"):
        if getattr(asked, name) is not None:
            raise invalid(
                name, "terms are counted over the whole history and all channels; leave it out, or kind=terms"
            )


@router.get("/visual-content", response_model=VisualContent, responses=NOT_FOUND)
async def visual_content(
    asked: Annotated[VisualContentParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """What photos show, in all channels or in one, and what posts with such photos earn."""
    await require_channel(snapshot, asked.channel_name)
    stats = await repository.visual_stats(snapshot, asked.channel_name)
    return answers.envelope(VisualContent, snapshot, channel_name=asked.channel_name, stats=stats)
