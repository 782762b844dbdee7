"""Texts of strangers in pieces, so that templates mark parts of them and escape all of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Comparing takes time with the square of the words; longer texts are shown whole.
_MOST_WORDS = 2500


class Piece(NamedTuple):
    """A part of a text."""

    text: str
    mark: Any = None
    """What it is; None for what is not marked."""


def pieces(text: str, spans: Iterable[tuple[int, int, Any]]) -> list[Piece]:
    """A text cut at spans; of spans that overlap the first is taken."""
    cut: list[Piece] = []
    place = 0
    for start, end, mark in sorted(spans, key=lambda span: span[:2]):
        if start < place or end <= start or end > len(text):
            continue
        if start > place:
            cut.append(Piece(text[place:start]))
        cut.append(Piece(text[start:end], mark))
        place = end
    if place < len(text):
        cut.append(Piece(text[place:]))
    return cut


def difference(before: str, after: str) -> list[Piece]:
    """The later text with what was taken out (`removed`) and put in (`added`), word by word."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        return [Piece(before, "removed"), Piece(after, "added")]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    told: list[Piece] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            told.append(Piece(_joined(new, new_from, new_to)))
            continue
        if old_to > old_from:
            told.append(Piece(_joined(old, old_from, old_to), "removed"))
        if new_to > new_from:
            told.append(Piece(_joined(new, new_from, new_to), "added"))
    return told


def _joined(words: Sequence[str], start: int, end: int) -> str:
    return "".join(words[start:end])
