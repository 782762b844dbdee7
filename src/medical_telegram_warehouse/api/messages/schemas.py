"""Shapes of answers about messages."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope, PageEnvelope
from medical_telegram_warehouse.api.answers.masking import PublicText
from medical_telegram_warehouse.api.answers.types import Price
from medical_telegram_warehouse.offers.genre import Genre


class Highlight(BaseModel):
    """A stretch of a snippet that matches."""

    start: int = Field(description="Where it begins, in characters from 0.")
    end: int = Field(description="Where it ends; the character at this place is no longer part of it.")


class FoundMessage(BaseModel):
    """A message that a search found."""

    message_key: str = Field(description="The message's key: `/api/messages/{message_key}`.")
    message_id: int = Field(description="Its number; unique only within its channel.")
    channel_name: str = Field(description="The channel.")
    message_timestamp: datetime = Field(description="When it was posted.")
    message_text: PublicText = Field(description="Its text, without formatting marks.")
    views: int | None = Field(description="View counter; of a forwarded copy the original's. Null where unknown.")
    forwards: int | None = Field(description="Forward counter; null where unknown.")
    has_image: bool = Field(description="Whether it has a photo.")
    has_price: bool = Field(description="Whether it offers something at a price.")
    genre: Genre | None = Field(description="What kind of text it is; null where it has not been read yet.")
    offer_count: int | None = Field(description="Offers found in it; null where it has not been read yet.")
    is_forward: bool = Field(description="Whether it is a copy of a post made elsewhere.")
    is_original_post: bool = Field(description="Whether it is neither forwarded nor a further photo of an album.")
    is_repost: bool = Field(description="Whether an earlier message says the same.")
    is_deleted: bool = Field(description="Whether it was found gone from its channel.")
    snippet: PublicText = Field(description="The part of the text that matches best.")
    highlights: list[Highlight] = Field(description="What matches in the snippet.")


class SearchResult(PageEnvelope):
    """Messages that match."""

    query: str = Field(description="The query as it was given.")
    total_found: int = Field(description="How many match; counted up to 1,000.")
    is_total_exact: bool = Field(description="False where there are more than were counted.")
    corrections: dict[str, str] = Field(
        description="Words that are no known product's, and the nearest name, which was searched for, too.",
        examples=[{"amoxacilin": "amoxicillin"}],
    )
    messages: list[FoundMessage] = Field(description="The messages.")


class Message(BaseModel):
    """A message in its newest known state."""

    message_key: str = Field(description="Its key.")
    channel_name: str = Field(description="The channel.")
    message_id: int = Field(description="Its number; unique only within its channel.")
    message_timestamp: datetime = Field(description="When it was posted.")
    message_text: PublicText = Field(description="Its text, without formatting marks; empty when it has none.")
    genre: Genre | None = Field(description="What kind of text it is; null where it has not been read yet.")
    offer_count: int | None = Field(description="Offers found in it; null where it has not been read yet.")
    has_image: bool = Field(description="Whether it has a photo.")
    media_type: str | None = Field(description="What is attached, as its source names it.")
    views: int | None = Field(description="View counter; of a forwarded copy the original's. Null where unknown.")
    forwards: int | None = Field(description="Forward counter; null where unknown.")
    replies: int | None = Field(description="Number of replies; null where unknown.")
    is_forward: bool = Field(description="Whether it is a copy of a post made elsewhere.")
    is_repost: bool = Field(description="Whether an earlier message says the same.")
    is_original_post: bool = Field(description="Whether averages of views take it.")
    is_deleted: bool = Field(description="Whether it was found gone from its channel.")
    edit_timestamp: datetime | None = Field(description="When it was last edited; null when never or unknown.")
    deleted_at: datetime | None = Field(description="When it was found gone; null while it is there.")
    source: str | None = Field(description="The kind of source that it came from.")
    source_url: str | None = Field(description="Where it stands in Telegram; null where that is not known.")


class MessageOffer(BaseModel):
    """An offer that was read in a message."""

    offer_index: int = Field(description="Its number within the message.")
    name: PublicText = Field(description="The name as it stands there.")
    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What the product is called.")
    strength: PublicText | None = Field(description="The strength as written.")
    form: PublicText | None = Field(description="The form that the message gives.")
    pack: PublicText | None = Field(description="The pack as written.")
    price: Price | None = Field(description="The price; null without one.")
    currency: str = Field(description="Its currency.")
    expiry_date: date | None = Field(description="First day of the month in which it expires.")
    availability: str = Field(description="`offered`, `price_withheld` or `stock_out`.")
    confidence: float | None = Field(description="How sure the extractor is, 0 to 1.")
    is_price_outlier: bool = Field(description="Whether the price lies far off the product's usual one.")
    span_start: int = Field(description="Where it begins in the text, in characters from 0.")
    span_end: int = Field(description="Where it ends.")


class MessageVersion(BaseModel):
    """A text that an edited message had."""

    version_number: int = Field(description="1 for the first that was seen.")
    message_text: PublicText | None = Field(description="The text; null where it was not kept.")
    first_seen_at: datetime = Field(description="When it was first seen.")
    last_seen_at: datetime | None = Field(description="When it was last seen.")
    is_current: bool = Field(description="Whether it is the newest.")


class Observation(BaseModel):
    """A message's counters when it was seen."""

    observed_at: datetime = Field(description="When.")
    hours_since_post: float | None = Field(description="Hours from the post to then.")
    views: int | None = Field(description="View counter.")
    forwards: int | None = Field(description="Forward counter.")
    replies: int | None = Field(description="Replies.")
    reaction_count: int | None = Field(description="Sum of all reactions.")
    views_gained: int | None = Field(description="Views since the time before.")


class ObservationList(PageEnvelope):
    """A part of a message's counters over time."""

    message_key: str = Field(description="The message.")
    observations: list[Observation] = Field(description="Newest first.")


class MessagePhoto(BaseModel):
    """The message's photo."""

    image_key: str = Field(description="The photo's key: `/api/images/{image_key}`.")
    image_status: str = Field(description="`ok`, `unreadable`, `missing` or `absent`.")
    image_category: str | None = Field(description="What its objects alone say.")
    content_category: str | None = Field(description="What its objects and its post say.")


class MessageReference(BaseModel):
    """Another message."""

    message_key: str = Field(description="Its key.")
    channel_name: str = Field(description="Its channel.")
    message_id: int = Field(description="Its number there.")
    message_timestamp: datetime = Field(description="When it was posted.")
    views: int | None = Field(description="View counter.")


class MessageDetail(Envelope):
    """One message with everything that is known of it."""

    message: Message = Field(description="The message.")
    offers: list[MessageOffer] = Field(description="What it offers, in the order of the text.")
    topics: list[str] = Field(description="What it is about.")
    photos: list[MessagePhoto] = Field(description="Its photo, if it has one.")
    versions: list[MessageVersion] = Field(description="The texts that it had, if it was edited.")
    observations: list[Observation] = Field(description="Its counters over time, oldest first; the newest 200.")
    reposts: list[MessageReference] = Field(description="Messages that say the same, oldest first; 50 at most.")
