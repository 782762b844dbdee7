"""Which messages are the same text, posted again: equal or nearly so but for numbers, dates and decoration.

A shop's signature does not make its posts one text: advertisements of different products below ten lines of address and
telephone numbers would all be nearly equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from medical_telegram_warehouse.offers.evaluation.labels import Key

_Words = tuple[str, ...]
_NEARLY_EQUAL = 0.7
"""Jaccard's index of the sequences of `_SHINGLE` words."""
_SHINGLE = 3
_SIGNS = 3
"""A line below so many different first lines is part of a signature."""
# Letters only: digits, emoji, punctuation and white space go. Ethiopic vowels are part of the letter.
_WORDS = re.compile(r"[^\W\d_]+")
# What is left of dates without their digits.
_DATES = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|መስከረም|ጥቅምት|ኅዳር|ህዳር|ታህሳስ|ታኅሣሥ|ጥር|የካቲት|መጋቢት|ሚያዝያ|ግንቦት|ሰኔ|ሐምሌ|ሀምሌ|ነሐሴ|ነሀሴ|ጳጉሜ|ጳጉሜን|ቀን|ዓም"
)


def clusters_of(keys: Iterable[Key], texts: Mapping[Key, str]) -> list[list[Key]]:
    """Groups of messages of one text; a message whose text is not known is a group of its own.

    All messages without words are one text.
    """
    lines = {key: _lines(texts[key]) if key in texts else None for key in keys}
    signatures = _signatures(lines)
    equal: dict[str | Key, list[Key]] = {}
    shingles: list[frozenset[_Words]] = []
    for key, own in lines.items():
        same = equal.setdefault(key if own is None else "".join(word for line in own for word in line), [])
        if not same:
            shingles.append(_shingles(_signed_off(key.channel_name, own or [], signatures)))
        same.append(key)
    clusters: dict[int, list[Key]] = {}
    for root, members in zip(_linked(shingles), equal.values(), strict=True):
        clusters.setdefault(root, []).extend(members)
    return list(clusters.values())


def _lines(text: str) -> list[_Words]:
    """The words that stay when a text is posted again with another date, price and decoration, line by line."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    lines = (tuple(word for word in _WORDS.findall(line) if not _DATES.fullmatch(word)) for line in folded.split("\n"))
    return [line for line in lines if line]


def _signatures(lines: Mapping[Key, list[_Words] | None]) -> set[tuple[str, _Words]]:
    """Lines that stand in a channel below several different first lines."""
    heads: defaultdict[tuple[str, _Words], set[_Words]] = defaultdict(set)
    for key, own in lines.items():
        for line in (own or [])[1:]:
            heads[key.channel_name, line].add((own or [])[0])
    return {line for line, above in heads.items() if len(above) >= _SIGNS}


def _signed_off(channel_name: str, lines: list[_Words], signatures: set[tuple[str, _Words]]) -> _Words:
    """The words above the signature."""
    end = len(lines)
    while end > 1 and (channel_name, lines[end - 1]) in signatures:
        end -= 1
    return tuple(word for line in lines[:end] for word in line)


def _shingles(words: _Words) -> frozenset[_Words]:
    """All sequences of three words; a shorter text is one sequence."""
    if len(words) <= _SHINGLE:
        return frozenset([words] if words else [])
    return frozenset(words[start : start + _SHINGLE] for start in range(len(words) - _SHINGLE + 1))


def _linked(shingles: list[frozenset[_Words]]) -> list[int]:
    """For each text the first one that it hangs together with, over any number of nearly equal ones."""
    parents = list(range(len(shingles)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    holders: defaultdict[_Words, list[int]] = defaultdict(list)
    for place, own in enumerate(shingles):
        # Only texts with something in common are compared: most have nothing.
        shared = Counter(other for shingle in own for other in holders[shingle])
        for other, common in shared.items():
            if common >= _NEARLY_EQUAL * (len(own) + len(shingles[other]) - common):
                first, second = sorted((root(place), root(other)))
                parents[second] = first
        for shingle in own:
            holders[shingle].append(place)
    return [root(place) for place in range(len(shingles))]
