"""One size of a product as a shop offers it on a day, and what the truth says of it once it is written down."""

from __future__ import annotations

import re
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.products import Product
from medical_telegram_warehouse.sources.sample.truth import Availability, SampleOffer

EXPIRIES = {
    "Jul-28": "2028-07",
    "10/2028": "2028-10",
    "08-27": "2027-08",
    "Feb28": "2028-02",
    "09/ 2027": "2027-09",
    "2028": None,  # no month: nobody can tell
    "Exp: 03/2029": "2029-03",
    "6/3026": None,  # a typo: 2026 and 2036 are guesses, and a thousand years is no answer
}
"""Dates as shops write them, and what they say."""
_WRITTEN = tuple(EXPIRIES)
_CARTONS = (12, 24, 48, 60, 100, 105, 180, 200, 360)
_DOSED = ("medicine", "supplement", "cosmetic")
_DOSE = re.compile(r"[\d.,/]+(?:mg|mcg|g|iu|%).*")
_POURED = ("medicine", "cosmetic", "baby")
_AMOUNT = re.compile(r"[\d.]+(?:ml|l|gm?)")  # of equipment the same letters are gauges and capacities


class Item(NamedTuple):
    """One size of a product."""

    product: Product
    name: str
    """May be a misspelling."""
    strength: str
    pack: str
    expiry: str
    carton: int
    price: int

    @property
    def title(self) -> str:
        """Name and strength."""
        return f"{self.name} {self.strength}" if self.strength else self.name

    @property
    def full(self) -> str:
        """Name, strength and pack."""
        return f"{self.title} {self.pack}" if self.pack else self.title

    def truth(
        self,
        *prices: int,
        pack: str | int = "",
        dated: bool = False,
        availability: Availability = "offered",
        old_price: int | None = None,
    ) -> SampleOffer:
        """The offer that a text makes of this item.

        Args:
            prices: Those that the text states.
            pack: The one that it states.
            dated: Whether it states the expiry.
            availability: Whether it says that there is none left, or that the price must be asked for.
            old_price: A price that it shows to have been lowered.
        """
        product, written = self.product, self.strength
        strength = size = None
        if written:
            folded = written.lower()
            if product.kind in _DOSED and _DOSE.fullmatch(folded):
                strength = folded
            else:
                size = written
                if not pack and product.kind in _POURED and _AMOUNT.fullmatch(folded):
                    pack = written
        return SampleOffer(
            product.name,
            self.name,
            (),
            strength,
            size,
            product.form,
            product.kind,
            str(pack) or None,
            prices,
            old_price,
            EXPIRIES[self.expiry] if dated else None,
            availability,
        )


def item_of(product: Product, size: int, price: int, *, misspelt: bool, upper_case: bool) -> Item:
    """One size of a product at a price; pack counts and expiries belong to the product."""
    name = product.misspelling if misspelt and product.misspelling else product.name
    strength = product.strengths[size]
    return Item(
        product=product,
        name=name.upper() if upper_case else name,
        strength=strength.upper() if upper_case else strength,
        pack=product.pack.upper() if upper_case else product.pack,
        expiry=_WRITTEN[(product.number + size) % len(_WRITTEN)],
        carton=_CARTONS[product.number % len(_CARTONS)],
        price=price,
    )
