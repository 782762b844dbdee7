"""A product as its post names it, with the details that lines say of it. Still in the post's own words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from medical_telegram_warehouse.offers import fields
from medical_telegram_warehouse.offers.folding import Span, is_within
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.names import keeps_sizes, weight_is_strength
from medical_telegram_warehouse.offers.numbers import amount
from medical_telegram_warehouse.offers.prices import Price
from medical_telegram_warehouse.offers.tokens import Token, TokenKind

_OLD = re.compile(r"(?<![a-z])(?:old|was|before|instead of)\W{0,4}(?:price)?\W{0,4}$|(?:የነበረው?|በፊት)\W{0,4}$")
_SUPERSEDED = re.compile(r"\W{0,3}(?:➡|→|⇒|❌|ወደ|now(?![a-z]))")
_BARE_STRENGTH = re.compile(r"(?:^|(?<=\s)|(?<=[a-z]))(\d{2,4}(?:\.\d{1,2})?)$")
_GLUED_STRENGTH = re.compile(r"(?<=[a-z]{4})(125|250|500|625|1000)(?=\W|$)")
_OLD_BEFORE = 16
_UNIT_PACK = re.compile(r"[(\[](\d{1,4})[)\]]")


@dataclass(slots=True)
class Found:
    """A product as the post names it, with whatever its lines say."""

    name: str
    alternatives: list[str]
    line: Line
    start: int
    """Of its span in the folded text."""
    end: int
    strengths: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    cartons: list[str] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)
    signs: list[Price] = field(default_factory=list)
    old_price: float | None = None
    expiry: str | None = None
    form: str | None = None
    brand: str | None = None
    is_withheld: bool = False
    is_stock_out: bool = False
    is_inherited: bool = False
    """The name stands in a heading above."""

    @property
    def product_class(self) -> str | None:
        """The class of the first dictionary entry that its line names."""
        return self.line.matches[0].spelling.entry.product_class if self.line.matches else None

    def add_price(self, line: Line, price: Price, struck: Sequence[Span]) -> None:
        """Take a price, or the old one where the post strikes it out or says so."""
        is_struck = bool(struck) and is_within(line.start + price.number, struck)
        if is_struck or _is_former(line, price):
            self.old_price = self.old_price or price.value
        elif price.value not in self.prices:
            self.prices.append(price.value)
            self.signs.append(price)
        self.end = max(self.end, line.start + price.end)

    def read(self, line: Line, start: int, end: int) -> None:
        """Take the details from a stretch of a line."""
        composition: list[str] = []
        for token in line.between(start, end):
            if start < token.end <= end:
                self._read_token(line, token, composition)
        if composition:
            self._add_strengths(line, composition)
        if self.form is None:
            self.form = fields.form(line.lower[start:end])

    def _read_token(self, line: Line, token: Token, composition: list[str]) -> None:
        written = line.text[token.start : token.end].strip()
        lower = line.lower[token.start : token.end]
        is_weight = token.kind is TokenKind.VOLUME and weight_is_strength(line, token)
        if token.kind is TokenKind.STRENGTH or is_weight:
            composition.append(fields.strength(lower))
        elif token.kind is TokenKind.EXPIRY:
            self.expiry = self.expiry or fields.expiry(lower)
        elif token.kind is TokenKind.STRUCK:
            self.old_price = self.old_price or amount(lower)
        elif token.kind is TokenKind.CARTON:
            self.cartons.extend(carton for carton in [written.lstrip("\U0001f4e6 :=-")] if carton)
        elif token.kind is TokenKind.PACK:
            # Of a bandage or a paper, 10*5 is the size.
            if "of" in lower or not re.search(r"[x*]", lower) or not keeps_sizes(line):
                self.packs.append(written)
        elif token.kind is TokenKind.VOLUME and not keeps_sizes(line):
            self.packs.append(written)

    def _add_strengths(self, line: Line, read: list[str]) -> None:
        if len(read) > 1 and "+" in line.lower and not self.strengths:
            read = ["+".join(read)]
        known = self.strengths
        if not known or line is self.line:
            known.extend(value for value in read if value not in known)

    def move_strength_out_of_name(self) -> None:
        """`Augmentin 156.25` and `AZITHRAA500` state a strength without its unit."""
        if self.strengths or self.product_class not in (None, "medicine"):
            return
        lower = self.name.lower()
        if bare := _BARE_STRENGTH.search(lower):
            if self.product_class == "medicine" and bare.start():
                self.strengths.append(bare[1])
                self.name = self.name[: bare.start()].rstrip(" -,")
        elif glued := _GLUED_STRENGTH.search(lower):
            self.strengths.append(f"{glued[1]}mg")
            self.alternatives.append((self.name[: glued.start()] + self.name[glued.end() :]).strip())

    def counted_in_brackets(self) -> str | None:
        """`HBsAg cassette (25)`: how many tests a box holds."""
        start = max(0, self.start - self.line.start)
        bracketed = _UNIT_PACK.search(self.line.lower, start, max(start, self.end - self.line.start))
        return bracketed[1] if bracketed and self.product_class in ("test", "supply") else None


def _is_former(line: Line, price: Price) -> bool:
    """Whether words call a price the old one: `was 600`, `የነበረ ዋጋ 600`, `600 ➡ 530`."""
    place = bisect_left(line.prices, price.start, key=lambda other: other.start)
    begin = line.prices[place - 1].end if place else 0
    if _OLD.search(line.lower, max(begin, price.start - _OLD_BEFORE), price.start):
        return True
    is_last = place + 1 >= len(line.prices)
    return not is_last and bool(_SUPERSEDED.match(line.lower, price.end))
