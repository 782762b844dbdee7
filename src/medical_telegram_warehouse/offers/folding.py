"""Makes a post's text comparable, and remembers where each character stood in the original.

Posts decorate letters (fullwidth, mathematical bold), mix in look-alike letters of other scripts, hide direction marks
between characters, and carry Markdown marks where another scraper wrote them. All of it goes before anything is read;
`Folded.original` turns a position in the folded text back into one in the post.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import NamedTuple

Span = tuple[int, int]

# Letters of other scripts that look like Latin ones, in pairs. A reader cannot tell them apart, so a post that uses
# them means the Latin letter. Lower-case Greek is left alone: µ and β are units and names.
_LOOK_ALIKES = (
    "АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ЅS ІI ЈJ аa еe оo рp сc уy хx ѕs іi јj ԁd ԛq ԝw "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo"
)
_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\ufe0e\ufe0f\t"
)
_MICRO = "\u00b5\u03bc"
# Not characters that a reader sees: direction marks, joiners, byte order marks, soft hyphens.
_HIDDEN = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_REMOVED = re.compile(rf"[{_HIDDEN}]+|\ufe0f?\u20e3|\*\*+|(?<!_)__(?!_)|~~|`{{3}}")
_NEEDS_REMOVAL = re.compile(rf"[{_HIDDEN}\u20e3]|\*\*|__|~~|```")


def is_within(position: int, spans: Sequence[Span]) -> bool:
    """Whether a position lies in one of many spans, which are in order."""
    before = bisect_right(spans, (position, sys.maxsize)) - 1
    return before >= 0 and spans[before][0] <= position < spans[before][1]


class _Letters(dict[int, int | str]):
    """One character for each character, worked out when it is first met."""

    def __missing__(self, code: int) -> int | str:
        plain = unicodedata.normalize("NFKC", chr(code))
        self[code] = plain if len(plain) == 1 else code
        return self[code]


_LETTERS = _Letters({ord(pair[0]): pair[1] for pair in _LOOK_ALIKES.split()})
_LETTERS.update(dict.fromkeys(map(ord, _SPACES), " "))
_LETTERS.update(dict.fromkeys(map(ord, _MICRO), "u"))
_LETTERS.update({ord("\u2044"): "/", ord("\u2215"): "/", ord("\u00d7"): "x", ord("\u2715"): "x", ord("\u2716"): "x"})
_LETTERS.update(dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4"), "'"))
_LETTERS.update(dict.fromkeys(map(ord, "\u2010\u2011\u2012"), "-"))
_LETTERS.update(dict.fromkeys(map(ord, "\u2028\u2029\x0b\x0c\x85\r"), "\n"))


class Folded(NamedTuple):
    """A text as it is read. Same length as the original unless `offsets` is given."""

    text: str
    lower: str
    """The same in lower case, character by character."""
    offsets: Sequence[int] | None
    """For each character of `text` its position in the original, and one more for the end."""
    struck: tuple[Span, ...]
    """Spans of `text` that the post strikes out, in order."""

    def struck_between(self, start: int, end: int) -> list[Span]:
        """The struck spans that reach into a stretch."""
        if not self.struck:
            return []
        first = max(0, bisect_right(self.struck, (start, -1)) - 1)
        return [
            span for span in takewhile(lambda span: span[0] < end, islice(self.struck, first, None)) if span[1] > start
        ]

    def original(self, start: int, end: int) -> Span:
        """The span of the original text."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1 if end > start else self.offsets[start]


def fold(text: str, struck: Sequence[Span] = ()) -> Folded:
    """Fold a post's text.

    Args:
        text: as the lake has it.
        struck: spans of it that Telegram's entities strike out.
    """
    offsets: list[int] | None = None
    marked: list[Span] = []
    if _NEEDS_REMOVAL.search(text):
        text, offsets, marked = _without_marks(text)
    if not text.isascii():
        text = text.translate(_LETTERS)
    elif "\r" in text or "\t" in text:
        text = text.replace("\r", "\n").replace("\t", " ")
    lower = text.lower()
    if len(lower) != len(text):  # a few letters, such as İ, have a longer small form
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    if struck and offsets is not None:
        places = {place: position for position, place in enumerate(offsets)}
        struck = [(places[start], places[end]) for start, end in struck if start in places and end in places]
    return Folded(text, lower, offsets, tuple(sorted((*struck, *marked))))


def _without_marks(text: str) -> tuple[str, list[int], list[Span]]:
    kept: list[str] = []
    offsets: list[int] = []
    struck: list[Span] = []
    opened: int | None = None
    position = 0
    for mark in _REMOVED.finditer(text):
        kept.append(text[position : mark.start()])
        offsets.extend(range(position, mark.start()))
        position = mark.end()
        if mark[0] == "~~":
            if opened is None:
                opened = len(offsets)
            else:
                struck.append((opened, len(offsets)))
                opened = None
    kept.append(text[position:])
    offsets.extend(range(position, len(text) + 1))
    return "".join(kept), offsets, struck


_HOMOPHONES = str.maketrans(
    "ሐሑሒሓሔሕሖኀኁኂኃኄኅኆኸኹኺኻኼኽኾሃሠሡሢሣሤሥሦዐዑዒዓዔዕዖኣፀፁፂፃፄፅፆ",
    "ሀሁሂሀሄህሆሀሁሂሀሄህሆሀሁሂሀሄህሆሀሰሱሲሳሴስሶአኡኢአኤእኦአጸጹጺጻጼጽጾ",
)
_NOT_WORD = re.compile("[^a-z0-9\u00df-\u024f\u1200-\u135f\u1380-\u138f\u2d80-\u2ddf]+")


def fold_words(text: str) -> str:
    """The text as words are compared: exactly what the macro `fold_words` of the dbt project makes of it."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text.lower()).strip()
    plain = unicodedata.normalize("NFKC", text)
    # The one letter whose small form Python writes as two, and PostgreSQL as one.
    return _NOT_WORD.sub(" ", plain.replace("İ", "i").lower().translate(_HOMOPHONES)).strip()
