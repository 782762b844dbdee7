"""Counters as the site shows them: rounded, such as "12.5K"."""

from __future__ import annotations

import re
from decimal import Decimal

from medical_telegram_warehouse.records import MAX_COUNT

_SEPARATORS = re.compile(r"\s|,(?=[0-9]{3}(?![0-9]))")
_COUNTER = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,6})?)([KMB]?)")
_FACTORS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


def read_counter(text: str) -> int | None:
    """The number that a counter stands for, or None where it is no counter."""
    found = _COUNTER.fullmatch(_SEPARATORS.sub("", text).upper())
    if found is None:
        return None
    number = int(Decimal(found[1]) * _FACTORS[found[2]])
    return number if number <= MAX_COUNT else None
