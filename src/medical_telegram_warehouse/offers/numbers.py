"""Numbers as posts write them: thousands parted by comma, blank, apostrophe or point, and Ethiopic numerals."""

from __future__ import annotations

import re

_ETHIOPIC = {chr(0x1369 + n): n + 1 for n in range(9)} | {chr(0x1372 + n): 10 * (n + 1) for n in range(9)}
_HUNDRED, _TEN_THOUSAND = "\u137b", "\u137c"

NUMBER = (
    r"(?:\d{1,3}(?:[,'\u02bc]\d{3})+(?:\.\d{1,2})?(?!\d)"  # 1,200 and 1,200.50
    r"|\d{1,3}(?:\.\d{3})+(?![\d.])"  # 1.200
    r"|\d+(?:\.\d{1,2}|,\d{2})?(?!\d)"  # 1200, 22.50 and 22,50
    r"|[\u1369-\u137c]+)"  # Ethiopic
)
"""What may be an amount. Whether `1.200` is one thousand two hundred is decided by `amount`."""

_THOUSANDS = re.compile(r"[,' \u02bc]")
_CENTS = re.compile(r"(?<=\d),(\d{2})$")
_POINTS = re.compile(r"\d{1,3}(?:\.\d{3})+")
MAX_AMOUNT = 100_000_000
"""In birr. The dearest machines cost tens of millions; more is a typing error or a phone number."""


def amount(written: str) -> float | None:
    """The value, or None for what is no amount of money: 0, or more than `MAX_AMOUNT`."""
    if "\u1369" <= written[0] <= "\u137c":
        value: float = ethiopic(written)
    else:
        digits = _THOUSANDS.sub("", _CENTS.sub(r".\1", written))
        if _POINTS.fullmatch(digits):
            digits = digits.replace(".", "")
        if len(digits) > 12:  # noqa: PLR2004 - beyond any amount, and float would round it
            return None
        value = float(digits)
    return value if 0 < value <= MAX_AMOUNT else None


def ethiopic(numerals: str) -> int:
    """Read Ethiopic numerals: units and tens, multiplied by the hundred or ten thousand that follows them."""
    total = part = 0
    for numeral in numerals:
        if numeral == _HUNDRED:
            part = (part or 1) * 100
            total, part = total + part, 0
        elif numeral == _TEN_THOUSAND:
            total, part = (total + part or 1) * 10_000, 0
        else:
            part += _ETHIOPIC[numeral]
    return total + part
