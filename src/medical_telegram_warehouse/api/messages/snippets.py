"""The part of a text that matches best, and what matches in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from medical_telegram_warehouse.api.messages.query import Resolved
from medical_telegram_warehouse.offers.folding import Span, fold, fold_words

_WIDTH = 240
_BEFORE = 60
_LETTER = r"[^\W_]"
_REST_OF_WORD = f"{_LETTER}*"
# Ethiopic letters that sound alike, as one, like in everything that is searched.
_SOUNDS = {code: fold_words(chr(code)) or chr(code) for code in range(0x1200, 0x1380)}
_ETHIOPIC = re.compile("[\u1200-\u137f]")
_BLANKS = re.compile(r"\s")


class Snippet(NamedTuple):
    """A part of a text, with the spans in it that match."""

    text: str
    highlights: list[Span]


class Highlighter:
    """Finds a query's words in texts.

    Args:
        words: what the query's terms stand for, without those that are excluded.
    """

    def __init__(self, words: Iterable[Resolved]) -> None:
        patterns = set()
        for word in words:
            patterns.add(re.escape(word.word) + (_REST_OF_WORD if word.is_prefix else ""))
            patterns.update(re.escape(other) for other in word.others)
        longest_first = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
        self._pattern = re.compile(rf"(?<!{_LETTER})(?:{'|'.join(longest_first)})(?!{_LETTER})") if patterns else None

    def snippet(self, text: str) -> Snippet:
        """The part of a text with most different matches; its beginning where nothing matches."""
        spans = self._spans(text)
        start = _best_start(text, spans)
        end = min(len(text), start + _WIDTH)
        shown = _BLANKS.sub(" ", text[start:end])
        before, after = "… " if start else "", " …" if end < len(text) else ""
        shift = len(before) - start
        inside = [(begin + shift, stop + shift) for begin, stop in spans if begin >= start and stop <= end]
        return Snippet(f"{before}{shown}{after}", inside)

    def _spans(self, text: str) -> list[Span]:
        if self._pattern is None or not text:
            return []
        folded = fold(text)
        searched = folded.lower.translate(_SOUNDS) if _ETHIOPIC.search(folded.lower) else folded.lower
        return [folded.original(*found.span()) for found in self._pattern.finditer(searched)]


def _best_start(text: str, spans: Sequence[Span]) -> int:
    """Where the snippet begins: a little before the match from which most others are within reach."""
    if not spans or len(text) <= _WIDTH:
        return 0
    reach = _WIDTH - _BEFORE
    best, most = spans[0][0], 0
    for number, (begin, _) in enumerate(spans):
        near = {text[start:stop].lower() for start, stop in spans[number : number + 50] if stop <= begin + reach}
        if len(near) > most:
            best, most = begin, len(near)
    start = max(0, min(best - _BEFORE, len(text) - _WIDTH))
    # Not in the middle of a word.
    blank = _BLANKS.search(text, start, best)
    return blank.end() if start and blank is not None else start
