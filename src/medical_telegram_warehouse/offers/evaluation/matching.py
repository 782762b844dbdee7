"""Which predicted offer is which labelled one: one to one, by the likeness of their names.

The likeness is Dice over the character bigrams of the words, raised where all words of the shorter name stand in the
longer one. Between equally like names, agreement on the price decides, then on the strength.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from medical_telegram_warehouse.offers.evaluation.labels import LabelledOffer, PredictedOffer

SAME_PRODUCT = 0.72
"""The lowest likeness of two names of one product."""
_CONTAINED, _COVERAGE = 0.55, 0.45
"""Likeness of a name whose words all stand in another: a share for that, and one for how much of the other it is."""
_PRICE_AGREES, _STRENGTH_AGREES = 0.2, 0.1
_WORD = re.compile(r"[^\W_]+(?:[.%][^\W_]+)*")
_SPACING = re.compile(r"[\s,]+")


class Pairing(NamedTuple):
    """The offers of one message, sorted out."""

    matched: list[tuple[LabelledOffer, PredictedOffer]]
    missed: list[LabelledOffer]
    false: list[PredictedOffer]


class _Name(NamedTuple):
    words: frozenset[str]
    letters: int
    """Of the words, each counted once."""
    bigrams: Counter[str]
    size: int
    """Number of bigrams."""


def paired(labelled: Sequence[LabelledOffer], predicted: Sequence[PredictedOffer]) -> Pairing:
    """Match the offers of one message, the most alike first."""
    known, found = [_names(offer) for offer in labelled], [_names(offer) for offer in predicted]
    likeness = [
        (likest + _agreement(labelled[i], predicted[j]), i, j)
        for i, names in enumerate(known)
        for j, others in enumerate(found)
        if (likest := _likest(names, others)) >= SAME_PRODUCT
    ]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(likeness, reverse=True):
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    return Pairing(
        matched=[(labelled[i], predicted[j]) for i, j in sorted(partner.items())],
        missed=[offer for i, offer in enumerate(labelled) if i not in partner],
        false=[offer for j, offer in enumerate(predicted) if j not in taken],
    )


def similarity(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1."""
    return _similarity(_described(one), _described(other))


def same_words(one: str | None, other: str | None) -> bool:
    """Whether two strengths, packs or dates are the same but for spacing, case and usual ways to write them."""
    return _plain(one) == _plain(other)


def is_right_price(labelled: LabelledOffer, predicted: PredictedOffer) -> bool:
    """Whether a price was predicted, and is one of the acceptable ones."""
    return predicted.price is not None and predicted.price in labelled.prices


def _names(offer: LabelledOffer | PredictedOffer) -> list[_Name]:
    """Everything that an offer may be called; to some the strength is part of the name."""
    names = [offer.name or "", *offer.alt]
    if offer.strength:
        names += [f"{name} {offer.strength}" for name in names]
    return [_described(name) for name in names]


@lru_cache(maxsize=50_000)
def _described(name: str) -> _Name:
    words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
    different = frozenset(words)
    bigrams = Counter(first + second for word in words for first, second in pairwise(f" {word} "))
    return _Name(different, sum(map(len, different)), bigrams, bigrams.total())


def _likest(names: list[_Name], others: list[_Name]) -> float:
    """The highest likeness of any two names, where it is high enough to matter; 0 or any lower one otherwise."""
    return max((_similarity(one, other) for one in names for other in others if _may_match(one, other)), default=0.0)


def _may_match(one: _Name, other: _Name) -> bool:
    """False if these cannot be one product. Most pairs of a long list are told apart by this alone."""
    if not one.words.isdisjoint(other.words):
        return True
    # The bigrams of the smaller one are the most that both can share.
    smaller, both = min(one.size, other.size), one.size + other.size
    return bool(smaller) and 2 * smaller / both >= SAME_PRODUCT and not one.bigrams.keys().isdisjoint(other.bigrams)


def _similarity(one: _Name, other: _Name) -> float:
    if not one.size or not other.size:
        return 0.0
    small, large = (one.bigrams, other.bigrams) if one.size < other.size else (other.bigrams, one.bigrams)
    shared = sum(min(count, large[bigram]) for bigram, count in small.items() if bigram in large)
    dice = 2 * shared / (one.size + other.size)
    short, long = (one, other) if len(one.words) <= len(other.words) else (other, one)
    if short.words <= long.words:
        return max(dice, _CONTAINED + _COVERAGE * short.letters / long.letters)
    return dice


def _agreement(labelled: LabelledOffer, predicted: PredictedOffer) -> float:
    price, strength = is_right_price(labelled, predicted), same_words(labelled.strength, predicted.strength)
    return _PRICE_AGREES * price + _STRENGTH_AGREES * strength


@lru_cache(maxsize=50_000)
def _plain(value: str | None) -> str:
    folded = _SPACING.sub("", value or "").casefold()
    return folded.replace("gm", "g").replace("×", "x").replace("*", "x")
