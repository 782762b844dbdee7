"""Decides which numbers of a line are prices: only those with a sign of money, and none that pays for something else.

The signs are a banknote or price word before the number, a currency word after it, an equals sign or a dotted leader,
and the last column of a table whose rows all end in a number. Measured on real posts, a rule of this kind was right
for 92 of 100 prices, where price parsers for shops' web pages found none (docs/offers.md).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from medical_telegram_warehouse.offers.numbers import amount
from medical_telegram_warehouse.offers.tokens import MONEY_MARKS, Token, TokenKind

CURRENCY_WORD = r"(?:birrs?|bir|brr|br|etb|ብር)(?![a-z])"
PRICE_WORD = r"(?<![a-z])(?:prices?|prcies?|prise|pirce|cash|cost)(?![a-z])|ዋጋ\w{0,3}"


class Sign(StrEnum):
    """Why a number is a price."""

    MARK = "a sign or word of money stands before it"
    CURRENCY = "a currency stands after it"
    EQUALS = "an equals sign stands before it"
    LEADER = "a dotted leader stands before it"
    COLUMN = "the rows of this list end in their prices"


class Price(NamedTuple):
    """An amount of money in a line."""

    start: int
    """Where its sign begins, so that everything before is something else."""
    end: int
    """After the currency word, if any."""
    value: float
    sign: Sign
    number: int
    """Where the number itself begins."""


# What else money is paid for. Before the number anywhere in the line; after it only close by, and not where it is free.
_OTHER_PURPOSE = re.compile(
    r"(?P<delivery>deliver|transport|shipping|courier|ትራንስፖርት|ማድረሻ|ዴሊቪሪ)"
    r"|(?P<salary>salar|ደመ[ወዎው]ዝ|allowance|በወር|payment)"
    r"|(?P<rent>(?<![a-z])rent(?![a-z])|ኪራይ|deposit)"
    r"|(?P<fee>(?<![a-z])fees?(?![a-z])|ክፍያ|regist|ምዝገባ|(?<![a-z])ceus?(?![a-z])|certificat|(?<![a-z])cpd(?![a-z]))"
    r"|(?P<condition>minimum|above|more than|ከበላይ|at least|up to)"
    r"|(?P<saving>(?<![a-z])save(?![a-z])|discount of|(?<![a-z])win(?![a-z])|prize|reward|ሽልማት|bonus)"
    r"|(?P<subscription>premium|subscri|membership|(?<![a-z])usdt)"
)
_WHY_NOT = {
    "delivery": "it pays for delivery",
    "salary": "it is a salary or payment",
    "rent": "it is a rent or deposit",
    "fee": "it is a fee",
    "condition": "it is a condition of the order",
    "saving": "it is a saving or a prize",
    "subscription": "it pays for a subscription",
}
NO_AMOUNT = "it is 0, or too much to be a price"
OTHER_PURPOSES = frozenset(_WHY_NOT.values())
_CLOSE_AFTER = 14
_CLOSE_BEFORE = 8
_OF_NEXT = 20
_NEAREST = 4
"""So many such words are looked at on each side: a line can hold thousands."""
_FREE = re.compile(r"free|ነጻ|በነጽ")
_LOOK_BACK = 34
_MARK_BEFORE = re.compile(
    rf"(?P<mark>[{MONEY_MARKS}]|{PRICE_WORD}|(?<![a-z\d])(?<!\d )(?:etb|birr|br)(?![a-z])\.?|(?<!\d)(?<!\d )ብር)"
    rf"(?:[ :=\-\u2013\u2014>.~*|'\"(\[\u2022\U0001f449\u27a1\u2705\U0001f525{MONEY_MARKS}]"
    rf"|(?:only|is|cash|prices?|etb|birr|br|now|new|of|for|ነው|ብር)(?![a-z])){{0,14}}$"
)
_CURRENCY_AFTER = re.compile(rf" {{0,2}}(?:/=|/-|\.-|=|-)? {{0,2}}{CURRENCY_WORD}|/[\-=](?![\w/])")
_LEADER_BEFORE = re.compile(r"(?:\.{2,}|\u2026+\.*|_{2,}|-{2,}|\u2014{2,}|\u2013{2,}|={2,}) *$")
_ROW_END = re.compile(r"[\s.,;/\-]*(?:ነው)?[^\w]*$")
_SPLIT_DIGITS = re.compile(
    rf"(?:(?:=|[{MONEY_MARKS}])[ \ufe0f]?(\d{{1,2}}) (\d{{2,3}})|=(\d) (\d|\d{{4}}))(?: ?{CURRENCY_WORD})?[^\w]*$"
)
"""`=4 65` is 465, and `💵 1 200` is 1,200."""


class Judged(NamedTuple):
    """What became of the numbers of one line."""

    prices: list[Price]
    refused: list[tuple[Token, str]]
    """Numbers that are no prices, with the reason."""


def judge(lower: str, found: list[Token], *, column: bool = False) -> Judged:
    """Find the prices of a line.

    Args:
        lower: the line in lower case.
        found: its tokens.
        column: a number that ends the line is its price.
    """
    prices: list[Price] = []
    refused: list[tuple[Token, str]] = []
    if split := _SPLIT_DIGITS.search(lower):
        value = amount("".join(digits for digits in split.groups() if digits))
        if value is not None:
            price = Price(split.start(), split.end(), value, Sign.EQUALS, split.start() + 1)
            return Judged([price], refused)
    amounts = [token for token in found if token.kind in (TokenKind.RANGE, TokenKind.NUMBER)]
    purposes = list(_OTHER_PURPOSE.finditer(lower)) if amounts else []
    for token, following in zip_longest(amounts, amounts[1:]):
        others = _other_purpose(lower, token, purposes, following.start if following else len(lower))
        if token.kind is TokenKind.RANGE:
            refused.append((token, others or "it is a range of amounts"))
        else:
            verdict = _verdict(lower, token, others, column=column)
            if isinstance(verdict, Price):
                prices.append(verdict)
            else:
                refused.append((token, verdict))
    return Judged(prices, refused)


def _verdict(lower: str, token: Token, other_purpose: str | None, *, column: bool) -> Price | str:
    start, end = token.start, token.end
    sign, sign_start, price_end = _sign(lower, start, end)
    if sign is None and column and _ROW_END.match(lower, end) and start and not lower[start - 1].isalnum():
        sign, sign_start = Sign.COLUMN, start
    if sign is None:
        return "no sign of money stands beside it"
    value = amount(lower[start:end])
    if value is None:
        return NO_AMOUNT
    if other_purpose:
        return other_purpose
    return Price(sign_start, price_end, value, sign, start)


def _sign(lower: str, start: int, end: int) -> tuple[Sign | None, int, int]:
    before = lower[max(0, start - _LOOK_BACK) : start]
    after = _CURRENCY_AFTER.match(lower, end)
    price_end = after.end() if after else end
    if mark := _MARK_BEFORE.search(before):
        return Sign.MARK, start - len(before) + mark.start(), price_end
    leader = _LEADER_BEFORE.search(before)
    if after:
        return Sign.CURRENCY, start - len(before) + leader.start() if leader else start, price_end
    if leader and leader.end() > leader.start():
        return Sign.LEADER, start - len(before) + leader.start(), price_end
    bare = before.rstrip(" ")
    if bare.endswith("="):
        return Sign.EQUALS, start - len(before) + len(bare) - 1, price_end
    return None, start, price_end


def _other_purpose(lower: str, token: Token, purposes: list[re.Match[str]], following: int) -> str | None:
    """What else an amount pays for, by the words before it in the line and close behind it.

    Args:
        lower: the line.
        token: the amount.
        purposes: everything else that money is paid for, in order.
        following: where the next amount begins: words right before that one speak of it.
    """
    behind = bisect_left(purposes, token.start, key=lambda found: found.start())
    for found in purposes[max(0, behind - _NEAREST) : behind]:
        kind = str(found.lastgroup)
        between = lower[found.end() : token.start]
        if kind == "condition" and any(letter.isdigit() for letter in between):
            continue  # "above 10 packs 85 birr" is a price
        if kind != "delivery" or not _FREE.search(lower, max(0, found.start() - _CLOSE_BEFORE), found.start()):
            return _WHY_NOT[kind]
    for found in purposes[behind : behind + _NEAREST]:
        # "450 birr and above" is a price; so is "450 birr, free delivery", and "90 birr, delivery 100 birr".
        if found.start() >= min(token.end + _CLOSE_AFTER, following - _OF_NEXT):
            break
        if found.lastgroup != "condition" and not _FREE.search(lower, token.end, found.start() + 1):
            return _WHY_NOT[str(found.lastgroup)]
    return None
