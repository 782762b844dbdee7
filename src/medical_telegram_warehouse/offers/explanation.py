"""Why a post was read as it was: each line's role, and for each number what it is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from medical_telegram_warehouse.offers.extraction import read_post
from medical_telegram_warehouse.offers.genre import OFFERING, Verdict
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.reposts import repost_text
from medical_telegram_warehouse.offers.roles import Role
from medical_telegram_warehouse.offers.tokens import TokenKind

_TAKEN_FOR = {
    TokenKind.CONTACT: "a phone number, link or user name",
    TokenKind.EXPIRY: "an expiry",
    TokenKind.DATE: "a date",
    TokenKind.CARTON: "how many a carton holds, or how many there are",
    TokenKind.STRENGTH: "a strength",
    TokenKind.PACK: "a pack: what one price buys",
    TokenKind.VOLUME: "a volume or weight",
    TokenKind.SIZE: "a size: part of the name",
}


class Number(NamedTuple):
    """One number of a line."""

    text: str
    is_price: bool
    why: str


class ExplainedLine(NamedTuple):
    """One line of the post."""

    text: str
    role: Role
    numbers: tuple[Number, ...]


class Explanation(NamedTuple):
    """A post's genre with its reason, and its lines."""

    verdict: Verdict
    offers_are_read: bool
    """False where the genre keeps every number from being a price."""
    lines: tuple[ExplainedLine, ...]
    repost_text: str | None
    """What its repost key is made of; None where too little is said."""


def explain(text: str) -> Explanation:
    """Explain how a text is read."""
    reading, verdict = read_post(text)
    lines = tuple(
        ExplainedLine(line.text.strip(), role, tuple(_numbers(line)))
        for line, role in zip(reading.lines, reading.roles, strict=True)
    )
    return Explanation(verdict, verdict.genre in OFFERING, lines, repost_text(reading, verdict))


def _numbers(line: Line) -> Iterator[Number]:
    prices = {price.number: price for price in line.prices}
    refused = {token.start: reason for token, reason in line.judged.refused}
    for token in line.tokens:
        written = line.text[token.start : token.end].strip()
        if not any(letter.isdigit() for letter in written):
            continue
        if token.start in prices:
            yield Number(written, is_price=True, why=prices[token.start].sign.value)
        elif token.start < line.body and token.kind is TokenKind.NUMBER:
            yield Number(written, is_price=False, why="it numbers the line")
        else:
            why = refused.get(token.start) or f"it is {_TAKEN_FOR.get(token.kind, 'no price')}"
            yield Number(written, is_price=False, why=why)
