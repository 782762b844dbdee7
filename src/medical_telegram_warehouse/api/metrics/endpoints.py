"""`/metrics`."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from medical_telegram_warehouse.api.metrics.gauges import WarehouseGauges

router = APIRouter(tags=["Pipeline"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Metrics in Prometheus's text format, or as OpenMetrics where the client accepts that.",
            "content": {"text/plain": {}, "application/openmetrics-text": {}},
        }
    },
)
async def show_metrics(request: Request) -> Response:
    """How requests, the cache, the pool, the warehouse and its runs fare, for Prometheus."""
    state = request.app.state
    await cast("WarehouseGauges", state.gauges).refresh()
    registry = cast("CollectorRegistry", state.registry)
    # The library's own choice fails on a version that is no number.
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        text = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return Response(text, media_type=openmetrics.CONTENT_TYPE_LATEST)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
