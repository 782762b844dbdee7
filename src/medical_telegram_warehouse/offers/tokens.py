"""Finds in one line everything that is written with numbers or signs: contacts, dates, strengths, packs, amounts.

One regular expression reads a line from left to right, so a character belongs to one token at most. It looks at lower
case text. Every repetition in it is bounded and starts at a number's first digit: time grows with the text, whatever
the text is.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from medical_telegram_warehouse.offers.numbers import NUMBER


class TokenKind(StrEnum):
    """What a piece of a line is."""

    CONTACT = "contact"
    """A phone number, link, user name or mail address."""
    EXPIRY = "expiry"
    DATE = "date"
    CARTON = "carton"
    """How many packs a carton holds, or how many there are: not what one price buys."""
    STRENGTH = "strength"
    PACK = "pack"
    """What one price buys: 10x10, of 25, 60 gummies."""
    VOLUME = "volume"
    """Volume or weight: the pack of a syrup or cream, and part of a bag's or bottle's name."""
    SIZE = "size"
    """Part of a name: 3cc, 18G, 2/0, 12.5*5."""
    RANGE = "range"
    """Two amounts with a dash between, as fees are written."""
    NUMBER = "number"
    STRUCK = "struck"
    """A number that the post strikes out."""
    VOID = "void"
    """A number beside a sign of money that is no amount: 0, or more than anything costs."""


class Token(NamedTuple):
    """A piece of a line; positions count from the line's start."""

    kind: TokenKind
    start: int
    end: int


MONEY_MARKS = "\U0001f4b5\U0001f4b4\U0001f4b6\U0001f4b7\U0001f4b0\U0001f4b8\U0001f4b2\U0001f3f7"
_EXPIRY_MARKS = "\u231b\u23f3\u23f0\U0001f5d3\U0001f4c5\U0001f4c6\U0001f570\U0001f550-\U0001f567"
_CARTON_MARKS = "\U0001f4e6"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY_MONTH_YEAR = (
    r"(?:\d{1,2} ?/ ?\d{1,2} ?/ ?|\d{1,2} ?- ?\d{1,2} ?- ?|\d{1,2} ?\. ?\d{1,2} ?\. ?)(?:\d{4}|\d{2})(?!\d)"
)
_MONTH_YEAR = r"\d{1,2}(?: ?[\-\u2013] ?\d{1,2})? ?[/.\-] ?\d{2,4}(?!\d)(?: ?[\-\u2013] ?\d{1,2} ?/ ?\d{2,4})?"
_NAMED_MONTH = rf"{_MONTH}\.?,? ?[\-/' ]? ?\d{{2,4}}(?!\d)"
COUNTED = (
    r"(?:tablets?|tabs?|capsules?|caplets?|caps?|(?:soft|liquid) ?gels?|gumm(?:ies|y)|pcs?|pieces?|pairs?|sachets?"
    r"|vials?|amps?|ampoules?|bottles?|bott|bo|packs?|packets?|pk[st]?|box(?:es)?|rolls?|sheets?|pages?|units?|tubes?"
    r"|strips?|tests?|kits?|sets?|cassettes?|sprays|doses?|wipes|count|ct|bags?|pads?|rings?|lozenges?|bars?|ክኒን|ፍሬ|ፅይ)"
)
_KIND_OF_PIECE = r"(?:(?:chew(?:able|ing)|effervescent|(?:film.)?coated|mini|vegan|veg(?:gie|etarian)?) )?"
_UNIT = r"(?:mg|mcg|ug|i\.?u|miu|mui|meq|mmol|mq)"
_PER = (
    r"(?: {0,2}/ {0,2}(?:\d{1,4}(?:\.\d{1,2})?)? {0,2}(?:ml|mg|m|g|l|tab|dose|puff|spray|drop|vial|amp|hr?)(?![a-z]))"
)
_DECIMAL = r"\d{1,7}(?:[.,]\d{1,3})?"
_TIMES = r" {0,2}[x*] {0,2}"
_CURRENCY = r"(?:birr|etb|br(?![a-z])|ብር)"
_ANY_DATE = rf"(?:\d{{4}} ?[/\-] ?\d{{1,2}}(?!\d)|{_DAY_MONTH_YEAR}|{_MONTH_YEAR}|{_NAMED_MONTH}|\d{{4}}(?!\d))"
_EXPIRY_WORD = (
    r"(?:(?:exp(?:iry|ires?|ired|d)?|ex)(?![a-z])[ .:]{0,3}(?:date|d)?|exp(?:iry)? ?date|expdate|expiration(?: date)?)"
)
# Tokens that begin with a digit or a sign, in the order in which they are tried. None is tried within a number.
_AT_SIGNS: tuple[tuple[TokenKind, str], ...] = (
    (TokenKind.CONTACT, r"@ ?[\w\-.]{3,80}"),
    (TokenKind.CONTACT, r"\+?\(?251\)?[ \-]?\d(?:[ \-]?\d){8}(?!\d)"),
    (TokenKind.CONTACT, r"(?<![.,*x=])0[1-9](?:[ \-]?\d){7,8}(?!\d)"),
    (TokenKind.EXPIRY, rf"[{_EXPIRY_MARKS}] {{0,2}}(?:{_EXPIRY_WORD})?[ .:=\-\u2013]{{0,5}}{_ANY_DATE}"),
    (TokenKind.EXPIRY, r"(?<![/.,x*])(?:0?[1-9]|1[0-2]) ?/ ?(?:20)?(?:2[4-9]|3[0-5])(?![\d/])(?! ?(?:mm|cm|ml|mg))"),
    (TokenKind.EXPIRY, rf"[{_EXPIRY_MARKS}]"),
    (TokenKind.DATE, rf"(?<!/){_DAY_MONTH_YEAR}"),
    (
        TokenKind.CARTON,
        (
            rf"[{_CARTON_MARKS}][ :=\-]{{0,4}}\d{{1,6}}(?: ?/ ?\d{{1,6}})?"
            r"(?: {0,2}[a-z]{1,10}(?:/[a-z]{2,8})?)?(?![\dx*])"
        ),
    ),
    (TokenKind.CARTON, rf"[{_CARTON_MARKS}]"),
    (TokenKind.CARTON, r"\d{1,6} ?[a-z]{1,8}/(?:carton|ctn|crt|case)(?![a-z])"),
    (TokenKind.CARTON, r"\d{1,3}(?: ?ctns?| ?cartons?)(?![a-z])"),
    (
        TokenKind.STRENGTH,
        rf"(?<!\d[.,])(?:{_DECIMAL} ?(?:{_UNIT})?(?: ?[+/] ?)){{1,3}}{_DECIMAL} {{0,2}}{_UNIT}{_PER}?(?![a-z])",
    ),
    (
        TokenKind.STRENGTH,
        rf"(?<!\d[.,]){_DECIMAL} {{0,2}}{_UNIT}{_PER}?(?:(?![a-z])|(?=inj|tab|cap|susp|syr|cream|oint))",
    ),
    (TokenKind.STRENGTH, rf"(?<!\d[.,]){_DECIMAL} ?%(?: ?w/[wv])?(?! ?(?:off|disc))"),
    (TokenKind.STRENGTH, rf"(?<!\d[.,]){_DECIMAL} {{0,2}}(?:g|gm|grams?){_PER}(?![a-z])"),
    (TokenKind.STRENGTH, r"(?<![.,/*x])\d{2,3}/\d{2,3}(?:/\d{2,3})?(?![\d/]| ?(?:mm|cm|ml|birr))"),
    (
        TokenKind.PACK,
        rf"(?<!\d[.,]){_DECIMAL}(?:{_TIMES}\d{{1,4}}){{1,3}}(?:'?s(?![a-z]))?(?: ?(?:ml|mm|cm|m|{COUNTED})(?![a-z]))?",
    ),
    (
        TokenKind.PACK,
        rf"(?<!\d[.,])(?<!/)\d{{1,6}} {{0,2}}{_KIND_OF_PIECE}{COUNTED}(?:/(?:strip|pack|pk|box|bottle))?(?![a-z])",
    ),
    (TokenKind.PACK, r"(?<!\d[.,])(?<!/)\d{1,4}'s(?![a-z])"),
    (
        TokenKind.VOLUME,
        rf"(?<!\d[.,])(?<!/){_DECIMAL} {{0,2}}(?:ml|lit(?:er|re)s?|ltr?|l|kg|gm|gr|g|grams?|oz)(?![a-z])",
    ),
    (
        TokenKind.SIZE,
        rf"(?<!\d[.,])(?<!/){_DECIMAL} {{0,2}}(?:cc|cm|mm|fr|ch|inch|way|holes?|watts?|kva|channels?|lead)(?![a-z])",
    ),
    (TokenKind.SIZE, r"(?<!/)\d{1,2} ?/ ?0(?![\d/])"),
    (
        TokenKind.RANGE,
        rf"(?<![a-z.,/]){NUMBER} ?{_CURRENCY}? ?(?:[\-\u2013\u2014]|to) ?{NUMBER}(?= ?{_CURRENCY})",
    ),
    (TokenKind.NUMBER, rf"(?<!\d\.)(?:\d{{1,2}} \d{{3}}|\d{{1,3}} 000)(?= ?{_CURRENCY})"),
    (TokenKind.NUMBER, rf"(?<!\d\.){NUMBER}"),
)
# Tokens that begin with a word.
_AT_WORDS: tuple[tuple[TokenKind, str], ...] = (
    (TokenKind.CONTACT, r"(?:https?://|www\.)[^\s|]{1,300}"),
    (TokenKind.CONTACT, r"t\.me/[^\s|]{1,100}"),
    (TokenKind.EXPIRY, rf"{_EXPIRY_WORD}[ .:=\-\u2013]{{0,5}}{_ANY_DATE}"),
    (
        TokenKind.CARTON,
        (
            r"(?:carton|ctn|crt|bottles?|pk|pks|quantity|qty|stock|lot|batch)\.?(?: ?(?:size|qty|no))?"
            r"(?: ?[:=\-] ?| (?=\d))\d{1,6}(?: ?[a-z]{1,8})?(?![\dx*])"
        ),
    ),
    (
        TokenKind.PACK,
        (
            rf"(?:(?:box|pack|pk|kit) {{0,2}})?(?<![a-z])of {{0,2}}[(\[]?\d{{1,5}}(?!\d)(?:{_TIMES}\d{{1,4}})?[)\]]?"
            rf"(?: {{0,2}}{COUNTED}(?![a-z]))?(?! ?(?:{_CURRENCY}|year|month|day|%))"
        ),
    ),
    (
        TokenKind.SIZE,
        (
            r"(?:size|no|number|nr)s?[ .#:]{0,3}\d{1,3}(?:\.\d)?(?:(?: ?,{1,2} ?#?| ?& ?#?| and )\d{1,3}(?:\.\d)?){0,8}"
            r"(?![.,]?\d|[a-z%])"
        ),
    ),
    (TokenKind.DATE, rf"{_MONTH} ?\d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"),
)


def _alternatives(patterns: tuple[tuple[TokenKind, str], ...], prefix: str) -> str:
    return "|".join(f"(?P<{kind.name}_{prefix}{number}>{text})" for number, (kind, text) in enumerate(patterns))


# What a token can begin with is asked first: most characters of a text begin none.
_TOKENS = re.compile(
    rf"(?:(?=\d)(?<!\d)|(?=[+@{_EXPIRY_MARKS}{_CARTON_MARKS}\u1369-\u137c]))(?:{_alternatives(_AT_SIGNS, 'S')})"
    rf"|(?=[hwtecbpkqslonjfmad])(?<![a-z])(?=http|www|t\.me|exp?|c[art]|bo[tx]|p[ak]|k|q|s|lo|of|n[ou]|[jfmasond])"
    rf"(?:{_alternatives(_AT_WORDS, 'W')})"
)
_INTERESTING = re.compile(rf"[\d@{_EXPIRY_MARKS}{_CARTON_MARKS}\u1369-\u137c]|www\.|t\.me")
_KINDS = {name: TokenKind[name.rsplit("_", 1)[0]] for name in _TOKENS.groupindex}


def tokens(lower: str) -> list[Token]:
    """The tokens of one line of lower case text, in order."""
    if not _INTERESTING.search(lower):
        return []
    return [Token(_KINDS[str(found.lastgroup)], found.start(), found.end()) for found in _TOKENS.finditer(lower)]
