"""`/api/search/messages` and `/api/messages`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.answers.types import MessageKey
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dependencies import MartsSnapshot, Options
from medical_telegram_warehouse.api.messages import repository, searching
from medical_telegram_warehouse.api.messages.parameters import ObservationParameters, SearchParameters
from medical_telegram_warehouse.api.messages.schemas import MessageDetail, ObservationList, SearchResult
from medical_telegram_warehouse.api.products.finding import Finder

router = APIRouter(prefix="/api", tags=["Messages"])
MessageId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The message's number within its channel.")]
ChannelName = Annotated[str, Path(min_length=1, max_length=256, description="The channel's name.", examples=["CheMed"])]


@router.get("/search/messages", response_model=SearchResult, responses=FILES | NOT_FOUND)
async def search_messages(
    asked: Annotated[SearchParameters, Query()],
    snapshot: MartsSnapshot,
    answers: RequestAnswers,
    finder: Finder,
    options: Options,
) -> Response:
    """Messages that hold words, in either script; letters that sound alike are the same, a misspelt drug is found."""
    await require_channel(snapshot, asked.channel_name)
    query = await searching.resolve(snapshot, asked, await finder.names(snapshot))
    page = PageRequest(asked, snapshot)
    is_ranked = searching.is_ranked(asked, query)
    place = page.by_offset() if is_ranked else page.by_key(at=int, key=str)
    rows, total = await searching.search(snapshot, asked, query, options.timezone, place)
    await searching.add_snippets(rows, query)
    return await answers.page(
        SearchResult,
        snapshot,
        page,
        rows,
        into="messages",
        name="messages",
        query=asked.query,
        total_found=min(total, searching.MOST_COUNTED),
        is_total_exact=total <= searching.MOST_COUNTED,
        corrections=query.corrections,
    )


@router.get("/messages/{message_key}", response_model=MessageDetail, responses=NOT_FOUND)
async def show_message(
    message_key: Annotated[MessageKey, Path()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """One message: its offers, topics and photo, the texts that it had, its counters over time, who else posted it."""
    found = await repository.message(snapshot, message_key)
    return answers.envelope(
        MessageDetail, snapshot, message=found, **await repository.surroundings(snapshot, message_key)
    )


@router.get("/messages/{message_key}/observations", response_model=ObservationList, responses=FILES | NOT_FOUND)
async def list_observations(
    message_key: Annotated[MessageKey, Path()],
    asked: Annotated[ObservationParameters, Query()],
    snapshot: MartsSnapshot,
    answers: RequestAnswers,
    options: Options,
) -> Response:
    """A message's counters each time it was seen, newest first."""
    await repository.message(snapshot, message_key)
    filters = moments(asked.from_date, asked.to_date, options.timezone)
    page = PageRequest(asked, snapshot)
    rows = await repository.observations(snapshot, message_key, filters, page.by_key(number=int))
    return await answers.page(
        ObservationList,
        snapshot,
        page,
        rows,
        into="observations",
        name=f"observations_{message_key}",
        message_key=message_key,
    )


@router.get("/channels/{channel_name:path}/messages/{message_id}", response_model=MessageDetail, responses=NOT_FOUND)
async def show_message_of_channel(
    channel_name: ChannelName, message_id: MessageId, snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """The same by the channel's name and the message's number there."""
    await require_channel(snapshot, channel_name)
    message_key = await repository.key_of(snapshot, channel_name, message_id)
    return await show_message(message_key, snapshot, answers)
