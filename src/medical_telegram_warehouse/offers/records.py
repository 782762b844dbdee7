"""What the extractor makes of a post."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Availability(StrEnum):
    """Whether a product can be had."""

    OFFERED = "offered"
    STOCK_OUT = "stock_out"
    PRICE_WITHHELD = "price_withheld"
    """Offered, with an empty place where the price would stand."""


class Offer(NamedTuple):
    """One product that a post says is for sale. Prices are in `currency`, positions in characters of the text."""

    name: str
    """As written, without bullet, strength, pack and price."""
    alternatives: tuple[str, ...]
    """Other names that the post gives it: in brackets, on the next line."""
    name_key: str
    """The name as names are compared: `fold_words`."""
    product: str
    """The canonical name; the folded name where no dictionary knows it."""
    generic: str | None
    brand: str | None
    product_class: str
    link: str
    """How the product was found: exact, normalised, fuzzy or none."""
    link_score: float
    strength: str | None
    product_strength: str | None
    form: str | None
    product_form: str | None
    pack: str | None
    pack_units: int | None
    price: float | None
    prices: tuple[float, ...]
    """Every current price: one, or one per tier."""
    currency: str
    old_price: float | None
    expiry: str | None
    """YYYY-MM."""
    seller: str | None
    availability: Availability
    start: int
    end: int
    confidence: float


class MessageOffers(NamedTuple):
    """What one message is and offers."""

    genre: str
    confidence: float
    offers: tuple[Offer, ...]
