"""The dictionary of products: what shops call them, and what they are.

Three files in `data/`, each with its licence in its first line, are read once per process: `substances.csv` (generic
names), `brands.csv` and `goods.csv` (what has no generic name: devices, supplies, tests, cosmetics). Each spelling is
folded into words and filed under its first word, so looking up a line costs its words, not the dictionary's size.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import NamedTuple

from medical_telegram_warehouse.offers.folding import fold_words
from medical_telegram_warehouse.offers.vocabulary import WORDS_FILE

FILES = ("substances.csv", "brands.csv", "goods.csv")
_PREFIXES = "የለበከ"
"""Amharic writes "of", "for", "at" and "from" as a letter before the word."""
_SHORTEST_WORD = 3
_SHORTEST_ALIKE = 5


class EntryKind(StrEnum):
    """Which file an entry comes from."""

    SUBSTANCE = "substance"
    BRAND = "brand"
    GOODS = "goods"


class Entry(NamedTuple):
    """One product of the dictionary."""

    kind: EntryKind
    name: str
    """As its file spells it."""
    product_class: str
    generic: str | None
    form: str | None
    """The usual form where a post names none."""


class Spelling(NamedTuple):
    """One way to write an entry's name."""

    words: tuple[str, ...]
    entry: Entry
    is_canonical: bool


class Match(NamedTuple):
    """An entry found in words `start` to `end` (not included)."""

    start: int
    end: int
    spelling: Spelling


class Dictionary:
    """All spellings, by their first word."""

    def __init__(self, entries: Iterator[tuple[Entry, str, bool]]) -> None:
        self._by_first: dict[str, list[Spelling]] = {}
        self.by_text: dict[str, Spelling] = {}
        """Each spelling by its folded text."""
        for entry, written, is_canonical in entries:
            text = fold_words(written)
            if not text or text in self.by_text:
                continue
            spelling = Spelling(tuple(text.split()), entry, is_canonical)
            self.by_text[text] = spelling
            self._by_first.setdefault(spelling.words[0], []).append(spelling)
        for spellings in self._by_first.values():
            spellings.sort(key=lambda spelling: -len(spelling.words))
        self._single: dict[tuple[str, int], list[str]] = {}
        for text, spelling in self.by_text.items():
            if len(spelling.words) == 1 and len(text) >= _SHORTEST_ALIKE:
                self._single.setdefault((text[0], len(text)), []).append(text)

    def find(self, words: Sequence[str]) -> list[Match]:
        """The entries named in a line's words: from left to right, the longest first, without overlap."""
        found = []
        position, count = 0, len(words)
        while position < count:
            match = self._at(words, position)
            if match is None:
                position += 1
            else:
                found.append(match)
                position = match.end
        return found

    def knows(self, words: Sequence[str]) -> bool:
        """Whether any entry is named."""
        return any(self._at(words, position) for position in range(len(words)))

    def alike(self, word: str) -> list[str]:
        """Single words of about a word's length that begin with the same letter: what a misspelling may mean."""
        lengths = range(len(word) - 2, len(word) + 3)
        return [text for length in lengths for text in self._single.get((word[0], length), ())]

    def _at(self, words: Sequence[str], position: int) -> Match | None:
        word = words[position]
        found = self._beginning(word, words, position)
        if found is None and word[0] in _PREFIXES and len(word) > _SHORTEST_WORD:
            found = self._beginning(word[1:], words, position)
        return found

    def _beginning(self, word: str, words: Sequence[str], position: int) -> Match | None:
        for spelling in self._by_first.get(word, ()):
            length = len(spelling.words)
            if length == 1 or spelling.words[1:] == tuple(words[position + 1 : position + length]):
                return Match(position, position + length, spelling)
        return None


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files(__package__) / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _entries() -> Iterator[tuple[Entry, str, bool]]:
    # Canonical names first: no other entry's spelling may take them.
    read: list[tuple[Entry, dict[str, str]]] = []
    for row in _rows("substances.csv"):
        name = row["name"]
        read.append((Entry(EntryKind.SUBSTANCE, name, row["product_class"], name, row["form"] or None), row))
    for row in _rows("brands.csv"):
        generic = row["generic"] or None
        read.append((Entry(EntryKind.BRAND, row["brand"], row["product_class"], generic, row["form"] or None), row))
    read.extend(
        (Entry(EntryKind.GOODS, row["name"], row["product_class"], None, None), row) for row in _rows("goods.csv")
    )
    for entry, _ in read:
        yield entry, entry.name, True
    for entry, row in read:
        for column in ("spellings", "amharic"):
            for written in (row[column] or "").split("|"):
                yield entry, written, False


@cache
def dictionary() -> Dictionary:
    """The dictionary that ships with the package."""
    return Dictionary(_entries())


@cache
def dictionary_hash() -> str:
    """Changes with every edit of the files: part of the extractor's version."""
    digest = hashlib.sha256()
    for name in (*FILES, WORDS_FILE):
        digest.update((resources.files(__package__) / "data" / name).read_bytes())
    return digest.hexdigest()[:12]
