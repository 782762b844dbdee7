"""Finds products by their names, also by misspelt ones.

The words of all names are few, so they are held in memory, for as long as the warehouse's version stays. A word of the
query stands for every word that begins with it. One that no known product's name begins with also stands for the
nearest name by spelling: shops misspell drugs, too, so what is misspelt may well occur.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, NamedTuple, cast

from fastapi import Depends, Request
from rapidfuzz import process
from rapidfuzz.distance import OSA

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.products.repository import names
from medical_telegram_warehouse.offers.folding import fold_words

# Of 1. `paracitamol` is 0.91 from paracetamol, `amoxacilin` 0.82 from amoxicillin.
_LIKE = 0.8
# Of words that occur, only longer ones are taken for another: `price` is no misspelt `prime`.
_SHORTEST, _SHORTEST_THAT_OCCURS = 4, 6


class Found(NamedTuple):
    """What a query stands for."""

    keys: list[str]
    """Products, those with most offers first."""
    corrections: dict[str, str]
    """Words that are no known product's, and the nearest name, which was searched for, too."""
    left_out: list[str]
    """Words that were not asked for in the end, because no product has all."""


NOTHING = Found([], {}, [])


class ProductNames:
    """The names of one version's products."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._products: list[tuple[str, str]] = []
        known: set[str] = set()
        for row in rows:
            self._products.append((str(row["product_key"]), f" {fold_words(row['called'])} "))
            if row["known_as"] is not None:
                known.update(fold_words(row["known_as"]).split())
        self._known = sorted(word for word in known if len(word) >= _SHORTEST and not word.isdigit())
        self._known_text = f" {' '.join(self._known)} "

    def find(self, query: str) -> Found:
        """The products whose names hold each word of the query, or its beginning.

        Where no product holds all, those with the rarest of the words: `paracetamol syrup` is paracetamol, and no other
        syrup.
        """
        corrections: dict[str, str] = {}
        sought: dict[str, tuple[str, ...]] = {}
        for word in fold_words(query).split():
            nearest = self.correction(word, occurs=any(f" {word}" in text for _, text in self._products))
            if nearest is not None:
                corrections[word] = nearest
            sought[word] = (f" {word}",) if nearest is None else (f" {word}", f" {nearest} ")
        if not sought:
            return NOTHING
        matched = {
            key: [word for word, ways in sought.items() if any(way in text for way in ways)]
            for key, text in self._products
        }
        counts = Counter(word for words in matched.values() for word in words)
        weights = {key: sum(1 / counts[word] for word in words) for key, words in matched.items()}
        most = max(weights.values(), default=0)
        if not most:
            return Found([], corrections, [])
        keys = [key for key, weight in weights.items() if weight == most]
        held = set.intersection(*(set(matched[key]) for key in keys))
        return Found(keys, corrections, [word for word in sought if word not in held])

    def correction(self, word: str, *, occurs: bool) -> str | None:
        """The word of a known product's name that a misspelt one is nearest to.

        Args:
            word: folded.
            occurs: whether anybody writes it, or a word that begins with it.

        Returns:
            None for a word that begins a known name's, for a plural that occurs, and for one that is far off all.
        """
        if len(word) < (_SHORTEST_THAT_OCCURS if occurs else _SHORTEST) or word.isdigit():
            return None
        if f" {word}" in self._known_text:
            return None
        near = [each for each in self._known if abs(len(each) - len(word)) <= 2 and each[0] == word[0]]  # noqa: PLR2004
        found = process.extractOne(word, near, scorer=OSA.normalized_similarity, score_cutoff=_LIKE)
        is_plural = occurs and found is not None and word.startswith(found[0])
        return str(found[0]) if found is not None and not is_plural else None


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


def _finder(request: Request) -> ProductFinder:
    return cast("ProductFinder", request.app.state.finder)


Finder = Annotated[ProductFinder, Depends(_finder)]
