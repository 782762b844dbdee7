"""`/api/topics`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.topics import repository
from medical_telegram_warehouse.api.topics.parameters import TopicParameters
from medical_telegram_warehouse.api.topics.schemas import TopicActivity

router = APIRouter(prefix="/api", tags=["Topics"])


@router.get("/topics", response_model=TopicActivity, responses=FILES | NOT_FOUND)
async def list_topics(
    asked: Annotated[TopicParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """How much is posted on each topic, week by week or day by day, over all channels or in one."""
    await require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.topics(snapshot, asked.asked(), page.by_offset())
    return await answers.page(
        TopicActivity, snapshot, page, rows, into="topics", name="topics", interval=asked.interval.value
    )
