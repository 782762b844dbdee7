"""Takes a post apart into lines, and each line into its bullet, its tokens, its prices and the name that is left.

What a line means for the lines around it - a product, a heading, a detail of the product above - is decided in `roles`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Any

from medical_telegram_warehouse.offers.dictionary import Match, dictionary
from medical_telegram_warehouse.offers.folding import Folded, Span, fold_words, is_within
from medical_telegram_warehouse.offers.numbers import NUMBER, amount
from medical_telegram_warehouse.offers.prices import CURRENCY_WORD, NO_AMOUNT, PRICE_WORD, Judged, Price, Sign, judge
from medical_telegram_warehouse.offers.tokens import MONEY_MARKS, Token, TokenKind, tokens

NUMBERED = "1."
"""The bullet of numbered lines."""
REMEMBERED_LINES = 10_000
"""Per process, about 25 MB. Of real offer lines 73 % repeat an earlier one."""

_LEAD = re.compile(r"[^\w(\[\"'%#]*")
_NUMBERING = re.compile(r"\(?(\d{1,3})(?:\s?[.),\-:]+|\s?\))(?:\s*(?=[^\d\s])|\s+(?=\d))")
_GLUED_NUMBER = re.compile(r"(\d{1,2})\s?(?=[^\W\d]{3})")
_KEY = re.compile(
    r"(?P<key>name|product|brand|model|materials?|sizes?|colou?r|origin|country|made|manufactur\w*|batch|lot|indications?"
    r"|dos(?:e|age)|usage|uses?|active(?: ingredients?)?|ingredients?|compositions?|contains?|weight|volume|net|pack\w*"
    r"|ctn\.?(?: ?size)?|carton(?: ?size)?|quantity|qty|bottles?|stock|storage|forms?|dosage form|strengths?"
    r"|generic(?: name)?|company|type|importer|supplier|warranty|condition|status|benefits?)"
    r"(?: ?(?:[:=\u2013\U0001f449\u27a1]|- )| {3,})[\ufe0f ]*"
)
# Each repetition is bounded, here and below: a run of a thousand signs must cost no more than its length.
_WITHHELD = re.compile(
    rf"(?<![{MONEY_MARKS}])[{MONEY_MARKS}]\W{{0,30}}(?=$|[^\W\d])"
    rf"|(?:{PRICE_WORD})[\s:=.\-\u2013*_?]{{0,12}}(?=$|[^\d\s:=.\-\u2013*_?])"
    rf"|(?<=[\w%])[ )\]]{{0,3}}={{1,3}}[^\w=]{{0,12}}$|: {{0,5}}(?:etb|birr)? {{0,5}}$"
)
_STOCK_OUT = re.compile(r"stock ?out|out ?of ?stock|sold ?out|finished|(?<![a-z])sold[\W_]{0,10}$|አልቋል|አለቀ|ያለቀ|የለም")
_MAX_NUMBER_GAP = 12
"""Lists leave numbers out, but a line that begins with 100 after the sixth is not numbered."""
_SEPARATOR = re.compile(r"[\W_]*$")
_DETAILS = frozenset({TokenKind.STRENGTH, TokenKind.PACK, TokenKind.EXPIRY, TokenKind.CARTON, TokenKind.VOLUME})
_BARE_AMOUNT = re.compile(rf"\s*({NUMBER})\s*(?:{CURRENCY_WORD})?[\s.]*$")
_ASKS_AMOUNT = re.compile(rf"(?:[{MONEY_MARKS}=]|{PRICE_WORD})[\s:=.\-]{{0,12}}$")


@dataclass(slots=True)
class Known:
    """What was worked out of a line's words before, whatever post it stands in."""

    names: dict[tuple[int, int], Any] = field(default_factory=dict)
    role: Any = None
    keeps_sizes: bool | None = None
    said: str | None = None
    """Its words without contacts, dates and prices, by which reposts are known."""


@dataclass(slots=True)
class Parsed:
    """What a line's words say by themselves. Shops post the same lines again and again: parsed once, kept for later."""

    tokens: list[Token]
    judged: Judged
    key: str | None
    words: list[str]
    matches: list[Match]
    is_withheld: bool
    is_stock_out: bool
    known: Known


@dataclass(slots=True)
class Line:
    """One line of a post. Positions within it count from `start`, which counts from the start of the folded text."""

    start: int
    text: str
    lower: str
    indent: int
    bullet: str
    """The first sign before the words, `NUMBERED`, or nothing."""
    body: int
    """Where the words begin, after the bullet."""
    tokens: list[Token]
    judged: Judged
    after_blank: bool
    key: str | None = None
    words: list[str] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    is_withheld: bool = False
    is_stock_out: bool = False
    known: Known = field(default_factory=Known)

    @property
    def prices(self) -> list[Price]:
        """The line's prices."""
        return self.judged.prices

    @property
    def end(self) -> int:
        """Where the line ends in the folded text."""
        return self.start + len(self.text)

    def has(self, kind: TokenKind) -> bool:
        """Whether a token of this kind stands in the line."""
        return any(token.kind is kind for token in self.tokens)

    def between(self, start: int, end: int) -> Iterator[Token]:
        """The tokens that reach into a stretch; found, not searched, because a line can hold thousands of prices."""
        first = bisect_left(self.tokens, start, key=lambda token: token.end)
        return takewhile(lambda token: token.start < end, islice(self.tokens, first, None))

    def of(self, *kinds: TokenKind) -> list[Token]:
        """The tokens of these kinds."""
        return [token for token in self.tokens if token.kind in kinds]

    @property
    def has_detail(self) -> bool:
        """Whether something is said of a product: its strength, pack, expiry or price."""
        return bool(self.judged.prices) or any(
            token.kind in _DETAILS and token.end - token.start > 1 for token in self.tokens
        )


def read_lines(folded: Folded) -> list[Line]:
    """The lines of a post that hold letters, digits or signs with a meaning."""
    lines: list[Line] = []
    start = 0
    blank = True
    number = 0
    for raw in folded.text.split("\n"):
        end = start + len(raw)
        if _SEPARATOR.match(raw) and not _has_meaning(raw):
            blank = True
        else:
            for piece_start, piece_end in _pieces(folded, start, end):
                line, number = _read_line(folded, piece_start, piece_end, number, after_blank=blank)
                _join_amount(lines, line)
                lines.append(line)
                blank = False
        start = end + 1
    return lines


def _join_amount(lines: list[Line], line: Line) -> None:
    """A price that slipped to the next line: `Prolene 3/0 💵` and below it `4000`."""
    if not lines or line.prices or line.after_blank or not _ASKS_AMOUNT.search(lines[-1].lower):
        return
    bare = _BARE_AMOUNT.match(line.lower)
    value = amount(bare[1]) if bare else None
    if bare and value is not None:
        line.known = Known()
        line.judged = Judged([Price(0, bare.end(), value, Sign.MARK, bare.start(1))], [])


def _has_meaning(raw: str) -> bool:
    return any(sign in raw for sign in "\U0001f4b5\U0001f4b4\U0001f4b6\U0001f4b0\U0001f4b8\U0001f4b2")


_BULLETS = re.compile(
    r"[\u2022\u25aa\u25cf\u25e6\u2660-\u2667\u2705\u2714\u274e\u2747\u2733\u2b50\U0001f539\U0001f538\U0001f7e2\U0001f534\U0001f48a\U0001f449\U0001f4cc]"
)


def _pieces(folded: Folded, start: int, end: int) -> Sequence[tuple[int, int]]:
    """Cut a line in which the same bullet comes again: each piece is a line of its own."""
    bullets = [found.start() for found in _BULLETS.finditer(folded.text, start, end)]
    if len(bullets) < 2:  # noqa: PLR2004
        return ((start, end),)
    sign = folded.text[bullets[0]]
    same = [position for position in bullets if folded.text[position] == sign]
    cuts = [
        position
        for position in same
        if position > start
        and sum(letter.isalnum() for letter in folded.text[max(start, position - 24) : position]) > 3  # noqa: PLR2004
    ]
    if not cuts or not any(letter.isalnum() for letter in folded.text[cuts[-1] : end]):
        return ((start, end),)
    edges = [start, *cuts, end]
    return list(pairwise(edges))


def _read_line(folded: Folded, start: int, end: int, number: int, *, after_blank: bool) -> tuple[Line, int]:
    text, lower = folded.text[start:end], folded.lower[start:end]
    stripped = text.lstrip(" ")
    indent = len(text) - len(stripped)
    bullet, body, number = _bullet(text, lower, number)
    struck = [(first - start, last - start) for first, last in folded.struck_between(start, end)]
    parsed = _parse_struck(text, lower, body, struck) if struck else _parse(text, lower, bullet, body)
    line = Line(
        start, text, lower, indent, bullet, body, parsed.tokens, parsed.judged, after_blank, parsed.key, parsed.words,
        parsed.matches, parsed.is_withheld, parsed.is_stock_out, parsed.known,
    )  # fmt: skip
    return line, number


@lru_cache(maxsize=REMEMBERED_LINES)
def _parse(text: str, lower: str, bullet: str, body: int) -> Parsed:  # noqa: ARG001 -- a line's role depends on its bullet
    return _parsed(text, lower, body, tokens(lower))


def _parse_struck(text: str, lower: str, body: int, struck: list[Span]) -> Parsed:
    """A line in which something is struck out: its bare numbers are no part of the name."""
    found = tokens(lower)
    prices = {price.number for price in judge(lower, found).prices}
    found = [
        token._replace(kind=TokenKind.STRUCK)
        if token.kind is TokenKind.NUMBER and token.start not in prices and is_within(token.start, struck)
        else token
        for token in found
    ]
    return _parsed(text, lower, body, found)


def _parsed(text: str, lower: str, body: int, found: list[Token]) -> Parsed:
    judged = judge(lower, found)
    void = {token for token, reason in judged.refused if reason == NO_AMOUNT}
    if void:
        found = [token._replace(kind=TokenKind.VOID) if token in void else token for token in found]
    key = _KEY.match(lower, body)
    words = fold_words(text[body:]).split()
    return Parsed(
        tokens=found,
        judged=judged,
        key=key["key"] if key else None,
        words=words,
        matches=dictionary().find(words),
        is_withheld=not judged.prices and bool(_WITHHELD.search(lower)),
        is_stock_out=bool(_STOCK_OUT.search(lower)),
        known=Known(),
    )


def _bullet(text: str, lower: str, number: int) -> tuple[str, int, int]:
    lead = _LEAD.match(text)
    assert lead is not None  # noqa: S101 -- the pattern matches nothing, too
    body = lead.end()
    sign = lead[0].strip()[:1]
    if (numbering := _NUMBERING.match(text, body)) and int(numbering[1]) <= number + _MAX_NUMBER_GAP:
        return sign or NUMBERED, numbering.end(), int(numbering[1])
    if (glued := _GLUED_NUMBER.match(lower, body)) and number < int(glued[1]) <= number + 3:
        return sign or NUMBERED, glued.end(), int(glued[1])
    if text.startswith("#", body):
        return "#", body + 1, number
    return sign, body, number
