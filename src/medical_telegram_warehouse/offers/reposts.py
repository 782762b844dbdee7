"""What a post says, whoever posts it and whenever: posts that say the same are reposts of each other.

Shops post the same text again and again with another footer, emoji, date or price. What is left without these is the
normal form; its hash is the repost key. It is made of what was read for the offers anyway: the roles of the lines say
which of them are footers, the tokens which numbers are phones, dates and prices. Strengths, packs and sizes stay,
because they tell products apart.

A line that is left in too much makes a repost pass for a new post; one that is left out too much makes two posts
one. Where a line could be either, it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import md5
from uuid import UUID

from medical_telegram_warehouse.offers.folding import fold_words
from medical_telegram_warehouse.offers.genre import OFFERING, Genre, Reading, Verdict
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.prices import OTHER_PURPOSES
from medical_telegram_warehouse.offers.roles import Role
from medical_telegram_warehouse.offers.tokens import TokenKind
from medical_telegram_warehouse.offers.vocabulary import pattern, words

Edit = tuple[int, int, str]
"""A stretch of a line, and what stands for it."""

_CUT = frozenset(
    {TokenKind.CONTACT, TokenKind.EXPIRY, TokenKind.DATE, TokenKind.STRUCK, TokenKind.VOID, TokenKind.RANGE}
)
_SIZED = frozenset({TokenKind.STRENGTH, TokenKind.PACK, TokenKind.VOLUME, TokenKind.SIZE, TokenKind.CARTON})
_OF_PRODUCTS = frozenset({Role.ITEM, Role.DETAIL})
_FRAME = frozenset({Role.CONTACT, Role.SELLER, Role.HEADING})
_LISTS = frozenset({Genre.PRICE_LIST, Genre.PRODUCT_LIST})
# There a line with `pharmacy` speaks of a workplace or of an illness. Elsewhere it is the shop's name.
_TALK = frozenset({Genre.JOB_AD, Genre.TRAINING_AD, Genre.HEALTH_EDUCATION})
_TAKEN = frozenset({"medicine", "supplement"})
_PASSING_WORDS = words("money") | words("weekday")
_CONTACT = pattern("lines", "contact")
_HEADING = pattern("lines", "heading")
_SELLER = pattern("lines", "seller")
_PLACE = pattern("lines", "place")
_WORKPLACE = pattern("lines", "workplace")
# What captions of photos say, whatever the photo shows: `New arrival`, `Vacancy announcement`.
_STOCK_PHRASES = (
    _HEADING, _CONTACT, pattern("lines", "remark"),
    *(pattern("topics", topic) for topic in ("offer", "job", "training", "news", "greeting")),
)  # fmt: skip
# Dates in folded words. Amharic writes `from` and the like before the month.
_MONTHS = words("month")
_MONTH_WORDS = frozenset(prefix + month for prefix in ("", *"የለበከእ") for month in _MONTHS)
_MONTH = rf"[የለበከእ]?(?:{'|'.join(sorted(_MONTHS))})"
_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_ERA = r"(?:አ ?ም|e ?c|g ?c)(?!\S)"
_DATE = re.compile(
    rf"(?<!\S)(?:{_MONTH} {_DAY}(?: ቀን)?(?: {_YEAR})?|{_DAY} (?:of )?{_MONTH}(?: {_YEAR})?|{_MONTH} {_YEAR}"
    rf"|{_YEAR} [01]?\d [0-3]?\d|(?:0?[1-9]|1[0-2]) 20(?:2[4-9]|3[0-5])|{_YEAR}(?= {_ERA}))(?!\S)(?: {_ERA})?"
)
_SHORTEST_WORD = 3
"""Letters."""
_FEW_WORDS = 2
_SHORT_TEXT = 40
"""Characters. In a longer one some words say more than stock phrases."""
_FEW_WORDS_OF_CONTACTS = 3
"""Names stand beside phone numbers, and are no message."""


def repost_key(said: str | None) -> UUID | None:
    """The key of a normal form; PostgreSQL's `md5(said)::uuid` is the same."""
    return None if said is None else UUID(bytes=md5(said.encode(), usedforsecurity=False).digest())


def repost_text(reading: Reading, verdict: Verdict) -> str | None:
    """The normal form of a post, or None where too little is left to tell posts apart."""
    said = list(_said(reading, verdict))
    told = [words for _, words, tells in said if tells]
    if sum(map(len, told)) <= _SHORT_TEXT:
        text = " ".join(told)
        for phrases in _STOCK_PHRASES:
            text = _without(phrases, text)
        told = [text]
    is_enough = _have_words(told, _FEW_WORDS) or (
        _have_words(told, 1) and any(tells and _names_product(line) for line, _, tells in said)
    )
    return " ".join([words for _, words, _ in said]) if is_enough else None


def _said(reading: Reading, verdict: Verdict) -> Iterator[tuple[Line, str, bool]]:
    """What each line says that is no footer, and whether it tells posts apart; lines that say nothing are left out."""
    is_offer = verdict.genre in OFFERING
    is_list = verdict.genre in _LISTS
    is_itemised = is_offer and Role.ITEM in reading.roles
    is_talk = verdict.genre in _TALK
    products = [index for index, role in enumerate(reading.roles) if role in _OF_PRODUCTS]
    first, last = (products[0], products[-1]) if products else (0, -1)
    after_contact = is_told = False
    for index, (line, role) in enumerate(zip(reading.lines, reading.roles, strict=True)):
        if role is Role.REMARK:
            if is_list and not first < index < last:
                continue  # a greeting above the products, a name or slogan below them
            if after_contact and _PLACE.search(line.lower):
                role = Role.CONTACT  # noqa: PLW2901 -- `Open Monday to Sunday` among the contacts is one of them
        if role is Role.CONTACT:
            after_contact = True
        elif after_contact and is_told and is_offer and index > last:
            continue
        if role in _FRAME:
            said, tells = _frame_says(line, role, is_itemised=is_itemised, is_talk=is_talk)
        else:
            said, tells = _line_says(line), line.bullet != "#" or not _is_only_tags(line)
        if said and not (is_told and not tells and line.bullet == "#" and _is_only_tags(line)):
            yield line, said, tells
            is_told = is_told or tells


def _frame_says(line: Line, role: Role, *, is_itemised: bool, is_talk: bool) -> tuple[str, bool]:
    """What a heading or a line about the shop says, be it nothing, and whether it tells posts apart."""
    if is_itemised and (role is Role.SELLER or (role is Role.CONTACT and not line.matches)):
        return "", False
    said = _line_says(line)
    if role is Role.CONTACT:
        return _contact_says(line, said, is_itemised=is_itemised)
    if role is Role.HEADING and is_itemised:
        said = _without(_HEADING, said)
    return said, (role is not Role.SELLER or is_talk) and not (line.bullet == "#" and _is_only_tags(line))


def _names_product(line: Line) -> bool:
    """Whether a single word tells a product: `Melatonin`, `Syringe 5cc`, anything with a strength; not `Shampoo`."""
    kinds = {token.kind for token in line.tokens}
    if TokenKind.STRENGTH in kinds:
        return True
    classes = {match.spelling.entry.product_class for match in line.matches}
    return not classes.isdisjoint(_TAKEN) or (not _SIZED.isdisjoint(kinds) and bool(classes - {"cosmetic"}))


def _contact_says(line: Line, said: str, *, is_itemised: bool) -> tuple[str, bool]:
    """What a line with a contact says besides: a product that it names, or a sentence in a post without products."""
    if any(" ".join(line.words[match.start : match.end]) in said for match in line.matches):
        return said, True
    if is_itemised:
        return "", False
    if _PLACE.search(line.lower):
        return (said, True) if _WORKPLACE.search(line.lower) else ("", False)
    rest = _without(_CONTACT, said)
    if not _have_words([rest], _FEW_WORDS_OF_CONTACTS):
        return "", False
    return said, not _SELLER.search(line.lower)


def _without(cues: re.Pattern[str], said: str) -> str:
    return " ".join(cues.sub(" ", said).split())


def _have_words(told: Sequence[str], count: int) -> bool:
    """Whether so many words have letters enough to mean something; `60tablets` is a pack, no word."""
    for said in told:
        for word in said.split():
            count -= not word[0].isdigit() and sum(map(str.isalpha, word)) >= _SHORTEST_WORD
            if count <= 0:
                return True
    return False


def _is_only_tags(line: Line) -> bool:
    """`#skincare #addis`: what a post is found by. One alone is a title."""
    return line.text.count("#") > 1 and all(chunk.startswith("#") for chunk in line.text.split())


def _line_says(line: Line) -> str:
    """The words of a line without its bullet, contacts, dates and prices; kept, because shops repeat their lines."""
    said = line.known.said
    if said is None:
        edits = _edits(line)
        said = line.known.said = _plain(_edited(line, edits) if edits else line.words)
    return said


def _edits(line: Line) -> list[Edit]:
    """What to cut out, and how to write what may be written with blanks or without."""
    edits = [(price.start, price.end, " ") for price in line.judged.prices]
    edits += [(token.start, token.end, " ") for token, reason in line.judged.refused if reason in OTHER_PURPOSES]
    for token in line.tokens:
        if token.kind in _CUT:
            edits.append((token.start, token.end, " "))
        elif token.kind in _SIZED:
            written = line.lower[token.start : token.end]
            if " " in written or "*" in written:
                edits.append((token.start, token.end, f" {written.replace(' ', '').replace('*', 'x')} "))
    edits.sort()
    return edits


def _edited(line: Line, edits: list[Edit]) -> list[str]:
    pieces: list[str] = []
    position = line.body
    for start, end, written in edits:
        if end > position:
            pieces += (line.lower[position:start], written)
            position = end
    pieces.append(line.lower[position:])
    return fold_words("".join(pieces)).split()


def _plain(said: list[str]) -> str:
    """The words that are not about money and dates."""
    if not _PASSING_WORDS.isdisjoint(said):
        said = [word for word in said if word not in _PASSING_WORDS]
    text = " ".join(said)
    # Looking for dates is the dearest part of all this, and most lines hold no year and no month.
    if "20" in text or "19" in text or not _MONTH_WORDS.isdisjoint(said):
        text = _without(_DATE, text)
    return text
