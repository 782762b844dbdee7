"""Finds the price column of a list without any sign of money: rows that all end in a number."""

from __future__ import annotations

from medical_telegram_warehouse.offers.lines import Known, Line
from medical_telegram_warehouse.offers.prices import Price, judge
from medical_telegram_warehouse.offers.tokens import TokenKind

_LEAST_ROWS = 3
_SHARE = 0.7
"""Of the rows that say a dose or pack; sizes and models at the ends of other lines are no prices."""
_LEAST_PRICE = 5


def price_last_column(lines: list[Line]) -> None:
    """Take the last numbers of a list's rows for prices, where no line has a price and nearly all rows end in one."""
    if any(line.prices or line.is_withheld for line in lines):
        return
    rows = [line for line in lines if line.has(TokenKind.STRENGTH) or line.has(TokenKind.PACK)]
    if len(rows) < _LEAST_ROWS:
        return
    judged = [(line, judge(line.lower, line.tokens, column=True)) for line in rows]
    priced = [(line, verdict) for line, verdict in judged if _is_row(verdict.prices)]
    if len(priced) >= max(_LEAST_ROWS, _SHARE * len(rows)):
        for line, verdict in priced:
            line.judged = verdict
            line.known = Known()


def _is_row(prices: list[Price]) -> bool:
    return len(prices) == 1 and prices[0].value >= _LEAST_PRICE
