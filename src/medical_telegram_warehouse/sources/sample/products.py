"""What the invented shops sell: generic names and invented brands, with Amharic names and usual misspellings."""

from __future__ import annotations

import csv
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.channels import DATA


class Product(NamedTuple):
    """One product with its sizes; each further size costs more by half of the first one's price."""

    number: int
    name: str
    amharic: str
    misspelling: str
    kind: str
    form: str
    strengths: tuple[str, ...]
    """At least one; empty text where a product has none."""
    pack: str
    price: int
    """In birr, for the first strength, on the first day of the sample's world."""


def _read() -> tuple[Product, ...]:
    text = (DATA / "products.csv").read_text(encoding="utf-8")
    return tuple(
        Product(
            number=number,
            name=row["name"],
            amharic=row["amharic"],
            misspelling=row["misspelling"],
            kind=row["kind"],
            form=row["form"],
            strengths=tuple(row["strengths"].split("|")),
            pack=row["pack"],
            price=int(row["price"]),
        )
        for number, row in enumerate(csv.DictReader(text.splitlines()))
    )


PRODUCTS = _read()


def of_kinds(kinds: tuple[str, ...]) -> tuple[Product, ...]:
    """The assortment of a shop."""
    return tuple(product for product in PRODUCTS if product.kind in kinds)
