"""What clients may choose of messages."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import (
    MOST_ROWS,
    MOST_ROWS_OF_FILES,
    ChannelFilter,
    DateFilter,
    Page,
)
from medical_telegram_warehouse.offers.genre import Genre


class ObservationParameters(Page, DateFilter):
    """Of a message's counters. The dates are those on which it was seen."""


class SearchSort(StrEnum):
    """Orders of messages."""

    RELEVANCE = "relevance"
    NEWEST = "newest"


class SearchParameters(Page, ChannelFilter, DateFilter):
    """Of `/api/search/messages`."""

    query: str = Field(
        default="",
        max_length=300,
        description="Words in any script. A word also matches where it begins another one, and an Amharic word where "
        'it stands inside one; `"two words"` is a phrase, `*part*` any part of a word, `-word` excludes. A misspelt '
        "drug also finds the nearest product's name. Without a query: all messages, newest first.",
        examples=["amoxicillin"],
    )
    limit: int = Field(
        default=20,
        ge=1,
        le=MOST_ROWS_OF_FILES,
        description=f"How many messages: up to {MOST_ROWS:,} as JSON, up to {MOST_ROWS_OF_FILES:,} as a file.",
    )
    genre: Genre | None = Field(default=None, description="Only texts of this kind.")
    has_price: bool | None = Field(default=None, description="Only messages that offer something at a price, or none.")
    has_image: bool | None = Field(default=None, description="Only messages with a photo, or without.")
    is_original_post: bool | None = Field(
        default=None,
        description="Only messages that are neither forwarded nor a further photo of an album: those whose views are "
        "averaged; or only the others.",
    )
    sort: SearchSort = Field(
        default=SearchSort.RELEVANCE,
        description="`relevance`: the newest 300 matches by how often and how near to each other the words stand, "
        "in how short a text, and how long ago, then older ones, up to 1,000; `newest`: all matches.",
    )
