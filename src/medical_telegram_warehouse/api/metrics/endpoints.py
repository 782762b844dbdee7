"""`/metrics`."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from medical_telegram_warehouse.api.metrics.gauges import WarehouseGauges

router = APIRouter(tags=["Pipeline"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Metrics in Prometheus's text format.", "content": {"text/plain": {}}}},
)
async def show_metrics(request: Request) -> Response:
    """How requests, the cache, the pool and the warehouse fare, for Prometheus."""
    state = request.app.state
    await cast("WarehouseGauges", state.gauges).refresh()
    return Response(generate_latest(cast("CollectorRegistry", state.registry)), media_type=CONTENT_TYPE_LATEST)
