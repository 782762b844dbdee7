"""Reads the values of an offer's fields from the tokens of its lines: strength, form, pack, expiry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_REMEMBERED = 10_000
"""Values per process: a channel writes the same few hundred again and again."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(r"(?P<month>[a-z]{3})[a-z]*\W*(?P<year>\d{4}|\d{2})(?!\d)")
_YEAR_MONTH = re.compile(r"(?P<year>20\d{2}) ?[/\-] ?(?P<month>\d{1,2})(?!\d)")
_DAY = re.compile(r"(?P<day>\d{1,2}) ?(?P<sign>[/.\-]) ?(?P<month>\d{1,2}) ?(?P=sign) ?(?P<year>\d{4}|\d{2})(?!\d)")
_MONTH = re.compile(r"(?P<month>\d{1,2})(?: ?[\-\u2013] ?\d{1,2})? ?[/.\-] ?(?P<year>\d{2,4})(?!\d)")
_FIRST_YEAR, _LAST_YEAR = 2015, 2045
"""What an expiry can be. `6/3026` is a typing error, and nobody knows of what."""


def expiry(written: str) -> str | None:
    """The month of an expiry (Gregorian) as `YYYY-MM`; of a range its first month; a year alone is none."""
    for pattern in (_YEAR_MONTH, _DAY, _NAMED, _MONTH):
        found = pattern.search(written)
        if found is None:
            continue
        month = _MONTHS.index(found["month"]) + 1 if pattern is _NAMED and found["month"] in _MONTHS else None
        if month is None:
            if pattern is _NAMED:
                continue
            month = int(found["month"])
        year = int(found["year"])
        year += 2000 if year < 100 else 0  # noqa: PLR2004
        if 1 <= month <= 12 and _FIRST_YEAR <= year <= _LAST_YEAR:  # noqa: PLR2004
            return f"{year}-{month:02d}"
    return None


_STRENGTH_PARTS = (
    (re.compile(r"[\s,]*,[\s,]*(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d),(?=\d)"), "."),
    (re.compile(r"\s+"), ""),
    (re.compile(r"(?<=[\d])(?:gms?|grams?)(?![a-z])"), "g"),
    (re.compile(r"(?<=\d)ug"), "mcg"),
    (re.compile(r"i\.u\.?"), "iu"),
    (re.compile(r"(?<=\d)mui"), "miu"),
    (re.compile(r"(?<=\d)mq"), "meq"),
    (re.compile(r"%w/[wv]"), "%"),
    (re.compile(r"(?<=/)(\d{1,3})m(?![a-z])"), r"\1ml"),
)


@lru_cache(maxsize=_REMEMBERED)
def strength(written: str) -> str:
    """A strength in lower case without blanks: `156.25 mg / 5 ml` is `156.25mg/5ml`."""
    for pattern, replacement in _STRENGTH_PARTS:
        written = pattern.sub(replacement, written)
    return written


_MILLIGRAMS = re.compile(r"(\d+(?:\.\d+)?)(mg|g|mcg)")
_TO_MILLIGRAMS = {"mg": 1.0, "g": 1000.0, "mcg": 0.001}


def product_strength(value: str | None) -> str | None:
    """A strength in one unit, so that 1000mg and 1g are one product: milligrams, unless it has no weight."""
    if value is None:
        return None

    def convert(found: re.Match[str]) -> str:
        return f"{float(found[1]) * _TO_MILLIGRAMS[found[2]]:g}mg"

    return _MILLIGRAMS.sub(convert, value) if "e+" not in value else value


_FORM_WORDS: tuple[tuple[str, str], ...] = (
    ("softgel", r"(?:soft|liquid) ?gels?"),
    ("gummies", r"gumm(?:y|ies)"),
    ("suppository", r"supp(?:ositor(?:y|ies)|s)?|pessar(?:y|ies)|inserts?|vaginal tab\w*"),
    ("shampoo", r"shamp?o+o?|ሻምፖ"),
    ("inhaler", r"inhal\w*|puffs?|mdi|evohaler"),
    ("spray", r"sprays?"),
    ("drops", r"drops?|ophth\w* sol\w*|eye sol\w*|ጠብታ"),
    ("suspension", r"susp(?:ension)?s?|suspention"),
    ("syrup", r"syr(?:up|p|ups)?|oral sol\w*|elixir|solution oral|ሽሮፕ|ሲረፕ"),
    ("injection", r"inj[a-z]*|amp(?:oule)?s?|vials?|መርፌ"),
    ("infusion", r"infusions?|iv fluids?|ግሉኮስ"),
    ("cream", r"creams?|ክሬም"),
    ("ointment", r"oint(?:ment)?s?|ቅባት"),
    ("gel", r"gels?|ጄል"),
    ("capsule", r"caps?(?:ules?)?|caplets?|ካፕሱል"),
    ("tablet", r"tabs?(?:lets?)?|ክኒን|ኪኒን"),
    ("powder", r"powder|sachets?|ዱቄት"),
)
_FORMS = re.compile("|".join(rf"(?P<{name}>(?<![a-z])(?:{words})(?![a-z]))" for name, words in _FORM_WORDS))
_GLUED_FORMS = re.compile(
    r"(?<=[a-z\d])(?:(?P<injection>inje?c?t?i?o?n?)|(?P<tablet>tab(?:let)?s?)|(?P<syrup>syrup)|(?P<cream>cream))$"
)
_INTRAVENOUS = re.compile(r"(?<![a-z])iv(?![a-z])")


@lru_cache(maxsize=_REMEMBERED)
def form(lower: str) -> str | None:
    """The dosage form that a name or line states, or None."""
    found = _FORMS.search(lower)
    if found:
        return str(found.lastgroup)
    if _INTRAVENOUS.search(lower) and "cannula" not in lower and "canula" not in lower:
        return "infusion"
    for word in lower.split():
        if glued := _GLUED_FORMS.search(word):
            return str(glued.lastgroup)
    return None


_LIQUIDS = frozenset({"syrup", "suspension"})
CLASS_FORMS = {"device": "device", "supply": "supply", "test": "test", "baby food": "food", "cosmetic": "cosmetic"}
"""Forms that the labelling guide takes from what a product is."""


def product_form(value: str | None) -> str | None:
    """A form for comparing prices: a syrup and a suspension of one strength are the same to a buyer."""
    return "oral liquid" if value in _LIQUIDS else value


_MULTIPLIED = re.compile(r"\d+(?:\s*[x*]\s*\d+)+")
_COUNT = re.compile(r"\d+")
_MEASURED = re.compile(r"\d ?(?:ml|lit\w*|ltr?|l|kg|gms?|gr|g|grams?|oz|cc|mm|cm|m)(?![a-z])")
_MAX_UNITS = 100_000
_NO_UNITS = re.compile(r"packs?|pk|box|bottle|bott|carton|units?|tubes?(?!\w)|rolls?|sets?|kits?")


def pack_units(packs: Iterable[str]) -> int | None:
    """How many single units one price buys (tablets, tests, gloves), where the pack says so."""
    for pack in packs:
        text = pack.lower()
        if _MEASURED.search(text):
            continue
        if found := _MULTIPLIED.search(text):
            units = 1
            for factor in _COUNT.findall(found[0]):
                units *= int(factor)
        elif (count := _COUNT.search(text)) and not _NO_UNITS.search(text.replace("box of", "").replace("pack of", "")):
            units = int(count[0])
        else:
            continue
        if 1 < units <= _MAX_UNITS:
            return units
    return None
