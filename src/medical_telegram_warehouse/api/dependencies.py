"""What endpoints ask for by type: a snapshot of the warehouse, the service's options."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Request

from medical_telegram_warehouse.api.database.pool import Database, Snapshot
from medical_telegram_warehouse.api.facts import facts_of
from medical_telegram_warehouse.api.options import ApiOptions


def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def _options(request: Request) -> ApiOptions:
    return cast("ApiOptions", request.app.state.options)


async def _live(request: Request) -> AsyncIterator[Snapshot]:
    async with _database(request).snapshot() as snapshot:
        yield snapshot


async def _kept(request: Request) -> AsyncIterator[Snapshot]:
    async with _database(request).snapshot() as snapshot:
        facts_of(request).version = snapshot.version
        yield snapshot


# Given back before the answer is sent, so that a slow client holds no connection.
MartsSnapshot = Annotated[Snapshot, Depends(_kept, scope="function")]
"""For answers that come from the marts alone: they stay true for as long as the version stays, and are kept."""
LiveSnapshot = Annotated[Snapshot, Depends(_live, scope="function")]
"""For answers that also tell of the bookkeeping, which moves while the marts stay: never kept."""
Options = Annotated[ApiOptions, Depends(_options)]
