"""Finds products by their names, also by misspelt ones.

The words of all names are few, so they are held in memory, for as long as the warehouse's version stays. A word of the
query stands for every word that begins with it; one that no word begins with stands for the nearest by spelling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.products.repository import names
from medical_telegram_warehouse.offers.folding import fold_words

# Of 1. `paracitamol` is 0.91 from paracetamol, `amoxicilin` 0.91 from amoxicillin; other drugs' names are further off:
# prednisone and prednisolone are 0.83.
_LIKE = 0.8
_SHORTEST = 4


class Found(NamedTuple):
    """What a query stands for."""

    keys: list[str]
    """Products, those with most offers first."""
    corrections: dict[str, str]
    """Words that nothing is called by, and what was taken for them."""


class ProductNames:
    """The names of one version's products."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._products = [(str(row["product_key"]), f" {row['search_text']} ") for row in rows]
        self._words = sorted({word for _, text in self._products for word in text.split() if not word.isdigit()})
        self._text = " " + " ".join(self._words) + " "

    def find(self, query: str) -> Found:
        """The products whose names hold each word of the query, or its beginning."""
        corrections: dict[str, str] = {}
        sought = []
        for word in fold_words(query).split():
            if (nearest := self.correction(word)) is not None:
                corrections[word] = nearest
                sought.append(f" {nearest} ")
            else:
                sought.append(f" {word}")
        if not sought:
            return Found([], {})
        return Found([key for key, text in self._products if all(word in text for word in sought)], corrections)

    def correction(self, word: str) -> str | None:
        """The word of a name that a misspelt one is nearest to; None for one that begins a name's word, or is far off."""
        if len(word) < _SHORTEST or word.isdigit() or f" {word}" in self._text:
            return None
        nearest = process.extractOne(
            word,
            [each for each in self._words if abs(len(each) - len(word)) <= 2],  # noqa: PLR2004
            scorer=OSA.normalized_similarity,
            score_cutoff=_LIKE,
        )
        return str(nearest[0]) if nearest is not None else None


class ProductFinder:
    """The names of the version that was asked for last."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._names = ProductNames(())
        self._lock = asyncio.Lock()

    async def names(self, snapshot: Snapshot) -> ProductNames:
        """The names of a snapshot's version."""
        async with self._lock:
            if self._version != snapshot.version.number or snapshot.version.is_building:
                rows = await names(snapshot)
                self._names = await asyncio.to_thread(ProductNames, rows)
                self._version = snapshot.version.number
        return self._names
