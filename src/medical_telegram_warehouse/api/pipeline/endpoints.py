"""`/health` and `/api/pipeline`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.dependencies import LiveSnapshot, MartsSnapshot, Options
from medical_telegram_warehouse.api.pipeline import repository
from medical_telegram_warehouse.api.pipeline.parameters import QualityParameters, RejectedParameters, RunParameters
from medical_telegram_warehouse.api.pipeline.schemas import (
    Freshness,
    Health,
    QualityReport,
    RejectedRecordList,
    RunList,
)

router = APIRouter(tags=["Pipeline"])


@router.get("/health", response_model=Health)
async def show_health(snapshot: LiveSnapshot, answers: RequestAnswers) -> Response:
    """Whether the service and its database work; 503 while the database is away."""
    return answers.envelope(Health, snapshot, status="healthy", database="connected")


@router.get("/api/pipeline/runs", response_model=RunList, responses=FILES)
async def list_runs(
    asked: Annotated[RunParameters, Query()], snapshot: LiveSnapshot, answers: RequestAnswers, options: Options
) -> Response:
    """The pipeline's runs with their steps, newest first."""
    page = PageRequest(asked, snapshot)
    filters = moments(asked.from_date, asked.to_date, options.timezone)
    rows = await repository.runs(snapshot, filters, page.by_offset(), options.dagster_url)
    return await answers.page(RunList, snapshot, page, rows, into="runs", name="runs")


@router.get("/api/pipeline/freshness", response_model=Freshness)
async def show_freshness(snapshot: LiveSnapshot, answers: RequestAnswers) -> Response:
    """How old what the warehouse tells is."""
    return answers.envelope(Freshness, snapshot, **await repository.freshness(snapshot))


@router.get("/api/pipeline/quality", response_model=QualityReport, responses=FILES)
async def show_quality(
    asked: Annotated[QualityParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """What the data lacks: rejected, repaired, orphaned, unreadable, stale."""
    rows = await repository.quality(snapshot)
    return await answers.rows(QualityReport, snapshot, rows, into="checks", format=asked.format, name="quality")


@router.get("/api/pipeline/rejected-records", response_model=RejectedRecordList, responses=FILES)
async def list_rejected_records(
    asked: Annotated[RejectedParameters, Query()], snapshot: LiveSnapshot, answers: RequestAnswers, options: Options
) -> Response:
    """Records that could not be used: where they stand, and why. Their text is in raw.rejected_records."""
    page = PageRequest(asked, snapshot)
    filters = {**asked.asked(), **moments(asked.from_date, asked.to_date, options.timezone)}
    rows = await repository.rejected(snapshot, filters, page.by_key(id=int))
    return await answers.page(
        RejectedRecordList, snapshot, page, rows, into="rejected_records", name="rejected_records"
    )
