"""Links a name as written to a product: exactly, then without what is not the name, then by likeness.

A medicine's product is its substance: brands and spellings of one substance meet, and strength and form, which the
offer carries, tell its products apart. What has no substance keeps the words that distinguish it: a 5cc syringe is
not a 10cc one, one brand's serum is not its shampoo, and one shop's unknown eye drops are not another's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from medical_telegram_warehouse.offers.dictionary import Entry, EntryKind, Match, Spelling, dictionary
from medical_telegram_warehouse.offers.folding import fold_words
from medical_telegram_warehouse.offers.vocabulary import words as listed_words

_DIGITS = re.compile(r"\d")
_UNIT_APART = re.compile(r"(?<![a-z\d])(\d+) (cc|ml|mg|mcg|g|l|mm|cm|fr)(?![a-z\d])")
_LIKE = 86.0
"""Of 100. Below it, real but different drugs are as alike: `prednisone` and `prednisolone` are 87 and both known."""
_SHORTEST_FUZZY = 6
_CACHED = 50_000
_FORM_WORDS = listed_words("form")


_DOSED_CLASSES = frozenset({"medicine", "supplement", "cosmetic"})
_REMEDIES = frozenset({"medicine", "supplement"})
_SKIN_FORMS = frozenset({"cream", "ointment", "gel", "shampoo"})
_DOSAGE_FORMS = _SKIN_FORMS | {
    *("tablet", "capsule", "syrup", "suspension", "injection", "infusion"),
    *("drops", "inhaler", "suppository", "gummies", "softgel", "spray"),
}


class Link(NamedTuple):
    """What a name was linked to."""

    product: str
    generic: str | None
    brand: str | None
    product_class: str
    form: str | None
    """The product's usual form."""
    method: str
    score: float


@lru_cache(maxsize=_CACHED)
def link(name: str, alternatives: tuple[str, ...] = (), *, has_strength: bool = False, form: str | None = None) -> Link:
    """Link a name, or else one of its alternatives; without any link the name is its own product.

    Args:
        name: as written.
        alternatives: other names that the post gives the product.
        has_strength: a dose makes a medicine likely.
        form: as the post states it. What is only alike must agree with both.
    """
    best: Link | None = None
    for written in (name, *alternatives):
        linked = _link_words(_words(written))
        # Another name says what a medicine is; what tells goods apart stands in their own: `oxygen mask (adult)`.
        if linked is not None and (best is None or (linked.generic and linked.score > best.score)):
            best = linked
            if best.method == "exact":
                break
    if best is not None:
        return best
    linked = _link_by_likeness(_words(name), has_strength=has_strength, form=form)
    if linked is not None:
        return linked
    words = [word for word in fold_words(name).split() if word not in _FORM_WORDS]
    product = " ".join(words) or fold_words(name) or name.strip()
    return Link(product, None, None, "medicine" if has_strength else "other", None, "none", 0.0)


def _words(name: str) -> tuple[str, ...]:
    """A name's words; a number and its unit are one: `5 cc` is `5cc`."""
    return tuple(_UNIT_APART.sub(r"\1\2", fold_words(name)).split())


def _link_words(words: tuple[str, ...]) -> Link | None:
    known = dictionary()
    whole = known.by_text.get(" ".join(words))
    has_size = any(_DIGITS.search(word) for word in words)
    if whole is not None and (whole.is_canonical or whole.entry.generic or not has_size):
        return _linked(whole, [], "exact" if whole.is_canonical else "normalised", 1.0 if whole.is_canonical else 0.98)
    matches = known.find(words)
    if not matches:
        return None
    return _combine(words, matches)


def _combine(words: tuple[str, ...], matches: list[Match]) -> Link:
    substances = [match for match in matches if match.spelling.entry.kind is EntryKind.SUBSTANCE]
    brands = [match for match in matches if match.spelling.entry.kind is EntryKind.BRAND]
    goods = [match for match in matches if match.spelling.entry.kind is EntryKind.GOODS]
    if substances or brands:
        # What a remedy is for says less than what it is: `bimatoprost eye drops`.
        goods = [match for match in goods if match.spelling.entry.product_class not in _REMEDIES]
    score = 0.95
    if len(substances) > 1 and not goods:
        names = sorted({match.spelling.entry.name for match in substances})
        combined = dictionary().by_text.get(fold_words(" ".join(names))) or dictionary().by_text.get(
            fold_words(" ".join(reversed(names)))
        )
        if combined is not None:
            return _linked(combined, [], "normalised", score)
        if len(names) > 1:
            entry = substances[0].spelling.entry
            brand = brands[0].spelling.entry.name if brands else None
            name = " + ".join(names)
            return Link(name, name, brand, entry.product_class, entry.form, "normalised", 0.9)
    # A medicine's brand says more than the substance beside it; what a test tests for is no medicine.
    ordered = [*brands, *substances, *goods] if not goods or brands else [*goods, *substances]
    chosen = (
        max(ordered, key=lambda match: (match.end - match.start, match.spelling.entry.kind is EntryKind.BRAND))
        if goods
        else ordered[0]
    )
    rest = [
        word
        for position, word in enumerate(words)
        # A size belongs to the product also where the dictionary knows a spelling with it.
        if not chosen.start <= position < chosen.end or _DIGITS.search(word)
    ]
    return _linked(chosen.spelling, rest, "normalised", score)


def _linked(spelling: Spelling, rest: list[str], method: str, score: float) -> Link:
    entry = spelling.entry
    brand = entry.name if entry.kind is EntryKind.BRAND else None
    if entry.generic:
        return Link(entry.generic, entry.generic, brand, entry.product_class, entry.form, method, score)
    named = fold_words(entry.name).split()
    told_apart = [
        word for word in rest if word not in named and (word not in _FORM_WORDS or entry.kind is EntryKind.GOODS)
    ]
    product = " ".join([entry.name, *told_apart])
    return Link(product[:160], None, brand, entry.product_class, entry.form, method, score)


def _link_by_likeness(words: tuple[str, ...], *, has_strength: bool, form: str | None) -> Link | None:
    """A misspelling of a known name: alike as a whole, with the same first letter, and of a fitting kind."""
    known = dictionary()
    for position, word in enumerate(words[:3]):
        if len(word) < _SHORTEST_FUZZY or word in _FORM_WORDS or _DIGITS.search(word):
            continue
        candidates = [text for text in known.alike(word) if _agrees(known.by_text[text].entry, has_strength, form)]
        found = process.extractOne(word, candidates, scorer=fuzz.ratio, score_cutoff=_LIKE)
        if found is not None:
            rest = [other for place, other in enumerate(words) if place != position]
            return _linked(known.by_text[found[0]], rest, "fuzzy", round(found[1] / 100, 3))
    return None


def _agrees(entry: Entry, has_strength: bool, form: str | None) -> bool:  # noqa: FBT001
    """Whether an entry can have the dose and the form that a post states: no thermometer has 500 mg."""
    if not has_strength and form not in _DOSAGE_FORMS:
        return True
    if entry.product_class not in _DOSED_CLASSES:
        return False
    # A cream's name is no misspelt tablet; other usual forms say little, many substances come in several.
    return form is None or entry.form not in _SKIN_FORMS or form in _SKIN_FORMS
