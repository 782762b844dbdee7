"""What a post truly offers: the answers against which anything that reads the posts can be checked.

An offer of the truth is what a careful reader finds in the text that is shown, not what the shop meant: a pack that the
text does not name is not there, and a price with a slip of the finger is the price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Availability = Literal["offered", "stock_out", "price_withheld"]


class SampleOffer(NamedTuple):
    """One product in one size, as a post offers it."""

    product: str
    """The name in `products.csv`."""
    name: str
    """As it is written: may be misspelt, in capitals or Amharic. Without strength and size."""
    alt: tuple[str, ...]
    """Other names that the text gives to it, as the one in brackets after the Amharic name."""
    strength: str | None
    """A dose, in lower case."""
    size: str | None
    """What tells variants apart and is no dose, as written: `3cc`, `18G`, `SPF 50`, `400ml`. To many readers it is
    part of the name."""
    form: str
    """The product's own; most texts do not say it."""
    kind: str
    pack: str | None
    """As written."""
    prices: tuple[int, ...]
    """Every price in birr that is acceptable as the current one; none where it is withheld, not given, or of no use
    because the product is gone."""
    old_price: int | None
    """Struck out."""
    expiry: str | None
    """`YYYY-MM`."""
    availability: Availability

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that this offer may be called."""
        plain = (self.name, *self.alt)
        return plain + tuple(f"{name} {self.size}" for name in plain) if self.size else plain


def once(offers: Iterable[SampleOffer]) -> tuple[SampleOffer, ...]:
    """The offers without repetitions: the same product at the same price again says nothing new."""
    first: dict[tuple[object, ...], SampleOffer] = {}
    for offer in offers:
        first.setdefault((offer.product, offer.strength, offer.size, offer.prices, offer.availability), offer)
    return tuple(first.values())


def sold_out(offers: tuple[SampleOffer, ...]) -> tuple[SampleOffer, ...]:
    """The offers once everything is gone: prices that stand in the text are of no use any more."""
    return tuple(offer._replace(prices=(), availability="stock_out") for offer in offers)
