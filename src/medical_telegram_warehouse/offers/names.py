"""Cuts a product's name out of a line: what is left without bullets, strengths, packs, dates, prices and remarks."""

from __future__ import annotations

import re
from typing import NamedTuple

from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.tokens import Token, TokenKind
from medical_telegram_warehouse.offers.vocabulary import pattern

_DROPPED = frozenset(TokenKind) - {TokenKind.PACK, TokenKind.VOLUME, TokenKind.SIZE, TokenKind.NUMBER}
_SIZED_CLASSES = frozenset({"device", "supply", "test", "other"})
_WEIGHT = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:gms?|g|grams?|gr)$")
_HEAVIEST_STRENGTH = 5.0
"""Grams. A vial holds up to 5 g; what weighs more is a tube, a tin or a bag."""
_SOLD_BY_WEIGHT = re.compile(
    r"cream|oint|gel|powder|paste|lotion|serum|tube|milk|formula|soap|food|seeds?|honey|cotton|scrub|butter|mask"
)
_REMARKS = pattern("lines", "remark")
_EDGES = " \t.,;:=_-\u2013\u2014~|/\\&+!?*\u2022'\"\u00ae\u2122\u00a9#\u2026>"
_TRAILING_WORDS = frozenset(
    ("", "of", "with", "and", "for", "at", "the", "by", "in", "from", "or", "a", "as", "per", "ከ", "ለ", "በ")
)
_LEADING_WORDS = re.compile(r"^(?:and|or|with|the|also|plus|&)\s+", re.IGNORECASE)
_SIGNS = re.compile(r"[^\w\s()\[\]{}.,;:/+\-\u2013&%'\"*#=|!?@\u00ae\u2122\u2070-\u20ff]+")
_PLAIN = re.compile(r"[A-Za-z0-9 .,+/\-]*")
_EMPTY_BRACKETS = re.compile(r"[(\[{][^\w()\[\]{}]*[)\]}]")
_BRACKETED = re.compile(r"[(\[]([^()\[\]]{2,80})[)\]]?")
_SPACES = re.compile(r"\s+")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_MAX_NAME = 160


class Name(NamedTuple):
    """A product's name in a line."""

    text: str
    """Empty where nothing is left."""
    alternatives: tuple[str, ...]
    """The name without its brackets, and what stands in them."""
    start: int
    end: int
    """In the line: from the name's first character to what follows it."""

    def __bool__(self) -> bool:
        """Whether anything is left that could be a name."""
        return bool(self.text)


def weight_is_strength(line: Line, token: Token) -> bool:
    """Whether a weight in grams is a vial's strength (`Ceftriaxone 1gm`) rather than a tube's size (`cream 15gm`)."""
    weight = _WEIGHT.search(line.lower[token.start : token.end])
    return (
        weight is not None
        and float(weight[1].replace(",", ".")) <= _HEAVIEST_STRENGTH
        and not _SOLD_BY_WEIGHT.search(line.lower)
        and (not line.matches or any(match.spelling.entry.product_class == "medicine" for match in line.matches))
    )


def keeps_sizes(line: Line) -> bool:
    """Whether numbers belong to the name: a 5cc syringe and a 2000ml bag are other products than a 10cc one."""
    if line.known.keeps_sizes is None:
        classes = {match.spelling.entry.product_class for match in line.matches}
        line.known.keeps_sizes = bool(
            classes & _SIZED_CLASSES and "medicine" not in classes and not line.has(TokenKind.STRENGTH)
        )
    return line.known.keeps_sizes


def name_in(line: Line, start: int, end: int) -> Name:
    """The name between two positions of a line."""
    names: dict[tuple[int, int], Name] = line.known.names
    if (start, end) not in names:
        names[start, end] = _cut_name(line, start, end)
    return names[start, end]


def _cut_name(line: Line, start: int, end: int) -> Name:
    sized = keeps_sizes(line)
    kept: list[str] = []
    position = start
    first = last = None
    for token in line.between(start, end):
        if token.start < position:
            # A sign may be the line's bullet and a token's first character, as in `📦 100 packs`.
            position = max(position, token.end) if token.end <= end and token.kind in _DROPPED else position
            continue
        if token.end > end:
            continue
        if not _is_dropped(line, token, sized=sized):
            continue
        kept.append(line.text[position : token.start])
        position = token.end
    kept.append(line.text[position:end])
    text = _tidy(" ".join(kept))
    if not _LETTERS.search(text):
        text = text if sized and any(letter.isdigit() for letter in text) and line.matches else ""
    if not text:
        return Name("", (), start, end)
    first = _find(line.text, text[:4], start, end)
    last = end
    return Name(text[:_MAX_NAME], _alternatives(text), first, max(last, first))


def _find(text: str, beginning: str, start: int, end: int) -> int:
    place = text.find(beginning, start, end)
    return place if place >= 0 else start


def _is_dropped(line: Line, token: Token, *, sized: bool) -> bool:
    if token.kind in _DROPPED:
        return True
    if token.kind is TokenKind.PACK:
        written = line.lower[token.start : token.end]
        return not (sized and ("x" in written or "*" in written) and "of" not in written)
    if token.kind is TokenKind.VOLUME:
        return not sized
    return False


def _tidy(text: str) -> str:
    # Lower case has another length only for letters that no post here uses; the remarks are cut out of the text itself.
    lower = text.lower()
    if len(lower) == len(text):
        pieces = []
        position = 0
        for remark in _REMARKS.finditer(lower):
            pieces.append(text[position : remark.start()])
            position = remark.end()
        pieces.append(text[position:])
        text = " ".join(pieces)
    if not _PLAIN.fullmatch(text):
        text = _SIGNS.sub(" ", text)
        text = _EMPTY_BRACKETS.sub(" ", text)
    text = _SPACES.sub(" ", text).strip(_EDGES)
    text = _LEADING_WORDS.sub("", _without_trailing_words(text)).strip(_EDGES)
    opened, closed = text.count("("), text.count(")")
    if (closed > opened and text.endswith(")")) or (opened > closed and text.endswith("(")):
        text = text[:-1].rstrip(_EDGES)
    return text.lstrip(")]} ").strip()


def _without_trailing_words(text: str) -> str:
    words = text.split(" ")
    while words and words[-1].lower().strip(_EDGES) in _TRAILING_WORDS:
        words.pop()
    return " ".join(words)


def _alternatives(text: str) -> tuple[str, ...]:
    inside = [found[1].strip(_EDGES) for found in _BRACKETED.finditer(text)]
    if not inside:
        return ()
    outside = _SPACES.sub(" ", _BRACKETED.sub(" ", text)).strip(_EDGES)
    return tuple(name for name in (outside, *inside) if _LETTERS.search(name) and name != text)
