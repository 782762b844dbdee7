"""Puts the service together: FastAPI with every noun's endpoints, within the edge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from medical_telegram_warehouse.api import documents
from medical_telegram_warehouse.api.answers.documented import EVERYWHERE
from medical_telegram_warehouse.api.answers.handlers import add_handlers
from medical_telegram_warehouse.api.channels.endpoints import router as channels
from medical_telegram_warehouse.api.dashboard.errors import render_error
from medical_telegram_warehouse.api.dashboard.routers import PAGES
from medical_telegram_warehouse.api.database.pool import Database
from medical_telegram_warehouse.api.database.version import VersionWatch
from medical_telegram_warehouse.api.edge.admission import Admission
from medical_telegram_warehouse.api.edge.cache import AnswerCache
from medical_telegram_warehouse.api.edge.edge import App, Edge
from medical_telegram_warehouse.api.images.endpoints import router as images
from medical_telegram_warehouse.api.images.files import PhotoFiles
from medical_telegram_warehouse.api.messages.endpoints import router as messages
from medical_telegram_warehouse.api.metrics.endpoints import router as metrics
from medical_telegram_warehouse.api.metrics.gauges import WarehouseGauges
from medical_telegram_warehouse.api.metrics.requests import RequestMetrics
from medical_telegram_warehouse.api.options import ApiOptions
from medical_telegram_warehouse.api.pipeline.endpoints import router as pipeline
from medical_telegram_warehouse.api.products.endpoints import router as products
from medical_telegram_warehouse.api.products.finding import ProductFinder
from medical_telegram_warehouse.api.reports.endpoints import router as reports
from medical_telegram_warehouse.api.topics.endpoints import router as topics

# Messages before channels: `/api/channels/{name}` would take `/api/channels/{name}/messages/1` for a channel's name.
_ROUTERS = (pipeline, reports, products, messages, channels, topics, images, metrics)
_EXPOSED = ["ETag", "X-Next-Cursor", "X-Warehouse-Version", "X-Warehouse-Built-At", "Retry-After"]
_DESCRIPTION = """\
What Ethiopian pharmacies, importers and clinics offer on Telegram: products with prices, channels, messages, photos,
and how the pipeline fares that gathers them. Everything is read from the warehouse's marts.

- **Versions.** Each answer says in `warehouse` which state of the warehouse it tells of. Answers carry an ETag: ask
  again with `If-None-Match`, and an unchanged answer is `304`.
- **Lists** come in pages (`limit`, `next_cursor` as `cursor`), and as files with `format=csv` or `format=parquet`.
- **Keys.** Where the service asks for one, send `Authorization: Bearer KEY` or `X-API-Key: KEY`. Telephone numbers in
  texts are hidden unless the key allows contacts.
- **Errors** have one shape; `error` says what to do.
"""


def create_app(options: ApiOptions) -> App:
    """The service as an ASGI application. It connects when a server starts it, and starts without a database, too."""
    database = Database(options.database, connections=options.connections, statement_seconds=options.statement_seconds)
    cache = AnswerCache(options.cache_bytes)
    watch = VersionWatch(database.connect, cache.clear)
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        watching = asyncio.create_task(watch.run())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await database.close()

    app = FastAPI(
        title="medical-telegram-warehouse",
        version=version("medical-telegram-warehouse"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=EVERYWHERE,
        separate_input_output_schemas=False,
    )
    app.state.options = options
    app.state.database = database
    app.state.finder = ProductFinder()
    app.state.photos = PhotoFiles(options)
    app.state.registry = registry
    app.state.gauges = WarehouseGauges(registry, database, lambda: (len(cache), cache.size))
    for router in (*_ROUTERS, documents.router, *PAGES):
        app.include_router(router)
    add_handlers(app, render_error)
    edge = Edge(
        app,
        options,
        watch=watch,
        cache=cache,
        admission=Admission(options),
        metrics=RequestMetrics(registry),
        render_error=render_error,
    )
    if not options.cors_origins:
        return edge
    return CORSMiddleware(
        edge,
        allow_origins=options.cors_origins,
        allow_methods=["GET", "HEAD"],
        allow_headers=["Authorization", "X-API-Key", "If-None-Match"],
        expose_headers=_EXPOSED,
    )
