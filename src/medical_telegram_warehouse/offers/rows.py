"""Messages in, rows of raw.message_genres and raw.message_offers out, as lines that COPY takes.

Runs in worker processes: the lines are made there too, so that the process that talks to the database only passes
them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from medical_telegram_warehouse.offers.extraction import extractor_version, offers_in, read_post
from medical_telegram_warehouse.offers.folding import Span
from medical_telegram_warehouse.offers.records import MessageOffers, Offer
from medical_telegram_warehouse.offers.reposts import repost_key, repost_text

GENRE_COLUMNS = (
    "channel_name, message_id, genre, genre_confidence, offer_count, text_hash, extractor_version, repost_key"
)
OFFER_COLUMNS = (
    "channel_name, message_id, offer_index, name, name_key, product_name, generic, brand, product_class, link_method,"
    " link_score, strength, product_strength, form, product_form, pack, pack_units, price, prices, currency, old_price,"
    " expiry, seller, availability, span_start, span_end, confidence"
)
_REMEMBERED = 2_000
"""Texts per process. Of real messages 29 % repeat an earlier text, most of them within days."""


class MessageText(NamedTuple):
    """A message to read."""

    channel_name: str
    message_id: int
    text: str
    entities: list[Any] | None
    """Only where they strike something out."""
    text_hash: UUID
    """Of the text and these entities: another one after an edit."""


class Rows(NamedTuple):
    """What became of some messages."""

    keys: list[tuple[str, int]]
    genres: bytes
    offers: bytes
    genre_names: list[str]
    offer_count: int
    priced_count: int


def read_messages(messages: Sequence[MessageText]) -> Rows:
    """Read messages into lines for COPY."""
    version = extractor_version()
    genres: list[str] = []
    offers: list[str] = []
    names: list[str] = []
    priced = 0
    for message in messages:
        read, repost = _read(message.text, struck_spans(message.text, message.entities))
        key = (message.channel_name, message.message_id)
        names.append(read.genre)
        genres.append(_line(*key, read.genre, read.confidence, len(read.offers), message.text_hash, version, repost))
        for index, offer in enumerate(read.offers):
            offers.append(_line(*key, index, *_values(offer)))
            priced += offer.price is not None
    keys = [(message.channel_name, message.message_id) for message in messages]
    return Rows(keys, "".join(genres).encode(), "".join(offers).encode(), names, len(offers), priced)


@lru_cache(maxsize=_REMEMBERED)
def _read(text: str, struck: tuple[Span, ...]) -> tuple[MessageOffers, UUID | None]:
    reading, verdict = read_post(text, struck)
    return offers_in(reading, verdict), repost_key(repost_text(reading, verdict))


def struck_spans(text: str, entities: Sequence[Any] | None) -> tuple[Span, ...]:
    """The spans that entities strike out. Telegram counts in UTF-16 units, we in characters."""
    spans: list[Span] = []
    for entity in entities or ():
        if not isinstance(entity, dict):
            continue
        offset, length = entity.get("offset"), entity.get("length")
        if (
            not str(entity.get("type", "")).startswith("strike")
            or not isinstance(offset, int)
            or not isinstance(length, int)
        ):
            continue
        units = text.encode("utf-16-le")
        start = len(units[: 2 * max(offset, 0)].decode("utf-16-le", "ignore"))
        end = len(units[: 2 * max(offset + length, 0)].decode("utf-16-le", "ignore"))
        spans.append((start, end))
    return tuple(spans)


def _values(offer: Offer) -> tuple[Any, ...]:
    prices = "{" + ",".join(f"{price:.10g}" for price in offer.prices) + "}"
    return (
        offer.name, offer.name_key, offer.product, offer.generic, offer.brand, offer.product_class, offer.link,
        offer.link_score, offer.strength, offer.product_strength, offer.form, offer.product_form, offer.pack,
        offer.pack_units, offer.price, prices, offer.currency, offer.old_price,
        f"{offer.expiry}-01" if offer.expiry else None, offer.seller, offer.availability.value, offer.start, offer.end,
        offer.confidence,
    )  # fmt: skip


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(*values: Any) -> str:
    return "\t".join(_field(value) for value in values) + "\n"


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if "\\" in value or not value.isprintable() else value
    return f"{value:.12g}" if isinstance(value, float) else str(value)
