"""The one product of an advertisement, also where it is named in the middle of sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from medical_telegram_warehouse.offers.found import Found
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.names import name_in
from medical_telegram_warehouse.offers.roles import Role
from medical_telegram_warehouse.offers.tokens import TokenKind
from medical_telegram_warehouse.offers.vocabulary import words

_INTRODUCES = re.compile(
    r"(?:now in stock|now available|available now|new arrival|introducing|new product|just arrived|back in stock"
    r"|get(?: your?)?|try|presenting|we have|buy(?: your?)?|order(?: your?)?|product|name|አዲስ ገብቷል|አለን)"
    r"\s*[:!\-\u2013]?\s+(?P<name>[^\n:!.|]{3,70}?)"
    r"(?=\s*(?:[!|\n:]|\.(?:\s|$)|from |at |for |is |are |\u2014|\u2013 |-{2,}|$))"
)
_FORM = (
    r"(?:syrup|tablets?|capsules?|cream|gel|ointment|suspension|drops?|spray|injection|shampoo|powder|solution|lotion"
    r"|gummies|softgels?)"
)
_TITLED = re.compile(rf"(?<!\w)((?:[^\W\d_][\w\-']{{1,30}} ){{1,3}}{_FORM})(?!\w)", re.IGNORECASE)
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z0-9'&+.\-]*(?: (?:[A-Za-z0-9'&+.\-]+))*")
_STOP = words("idle")
_SHELF_WORDS = words("shelf")
_LONGEST_NAME = 70
_SENTENCE_WORDS = 6
_AMHARIC = re.compile(r"[\u1200-\u135a]{2}")


def choose(lines: list[Line], roles: list[Role], found: list[Found], loose: Found) -> Found | None:
    """The product that a post for one product advertises, with the details of all its lines.

    Args:
        lines: of the post.
        roles: of the lines.
        found: products with the details under them.
        loose: details without a product above them.
    """
    found = [offer for offer in found if offer.prices or not _is_idle(offer.name.lower())]
    named = next((offer for offer in found if offer.line.key in ("name", "product")), None)
    if named is None and len(found) == 1 and not _is_sentence(found[0].name):
        named = found[0]
    if named is None and any(offer.prices for offer in found):
        named = max(found, key=_weight)
    if named is None:
        named = _named_in_words(lines, roles, found)
    if named is None and found:
        named = max(found, key=_weight)
    if named is not None:
        _gather(named, lines, roles, [*found, loose])
        named.is_stock_out = named.is_stock_out or any(line.is_stock_out for line in lines)
    return named


def _is_sentence(name: str) -> bool:
    return len(name) > _LONGEST_NAME or (bool(_AMHARIC.search(name)) and name.count(" ") >= _SENTENCE_WORDS)


def _weight(offer: Found) -> int:
    """How much speaks for a product: the dictionary, then a dose or pack, then a price; not many words."""
    is_measured = bool(offer.strengths or offer.packs)
    is_wordy = offer.name.count(" ") >= _SENTENCE_WORDS - 1
    return 3 * bool(offer.line.matches) + 2 * is_measured + bool(offer.prices) - 2 * is_wordy


def _named_in_words(lines: list[Line], roles: list[Role], found: list[Found]) -> Found | None:
    """From sentences: what is introduced, else a phrase that comes again, else a product of the dictionary."""
    shop = "".join(
        line.lower[token.start : token.end] for line in lines for token in line.of(TokenKind.CONTACT)
    ).replace("-", "")
    candidates: Counter[str] = Counter()
    places: dict[str, tuple[Line, int, int]] = {}
    for line, role in zip(lines, roles, strict=True):
        for text, start, end, weight in _phrases(line, is_contact=role is Role.CONTACT):
            key = text.lower()
            if re.sub(r"[\W_]", "", key) in shop:
                continue  # the shop's own name
            candidates[key] += weight
            places.setdefault(key, (line, start, end))
    if not candidates:
        return None
    best = max(candidates, key=lambda key: (candidates[key], -places[key][0].start))
    line, start, end = places[best]
    name = name_in(line, start, end)
    if not name:
        return None
    same = next(
        (offer for offer in found if name.text.lower() in offer.name.lower() and not _is_sentence(offer.name)), None
    )
    return same or Found(
        name=name.text,
        alternatives=list(name.alternatives),
        line=line,
        start=line.start + start,
        end=line.start + end,
    )


def _phrases(line: Line, *, is_contact: bool) -> list[tuple[str, int, int, int]]:
    phrases: list[tuple[str, int, int, int]] = []
    for found in _INTRODUCES.finditer(line.lower):
        start, end = found.span("name")
        if not _is_idle(line.lower[start:end]):
            phrases.append((line.text[start:end], start, end, 3))
    if is_contact:
        # Beside a phone number only what is introduced or known counts: `ኦሜፕራዞል ... ይደውሉ`.
        return [*phrases, *_dictionary_phrases(line)]
    phrases.extend((found[1], found.start(1), found.end(1), 2) for found in _TITLED.finditer(line.text))
    if _AMHARIC.search(line.text):
        for found in _LATIN_RUN.finditer(line.text):
            text = found[0].rstrip(".-'")
            if not _is_idle(text.lower()) and any(letter.isupper() for letter in text) and len(text) > 3:  # noqa: PLR2004
                phrases.append((text, found.start(), found.start() + len(text), 3 if found.start() < 20 else 1))  # noqa: PLR2004
    phrases.extend(_dictionary_phrases(line))
    return phrases


def _dictionary_phrases(line: Line) -> Sequence[tuple[str, int, int, int]]:
    """The places of dictionary entries in a line, found again by their first word."""
    places = []
    for match in line.matches:
        word = line.words[match.start]
        start = line.lower.find(word)
        if start < 0:
            continue
        last = line.words[match.end - 1]
        end = line.lower.find(last, start) + len(last)
        if end > start:
            places.append((line.text[start:end], start, end, 2))
    return places


def _is_idle(text: str) -> bool:
    letters = re.findall(r"[^\W\d_]+", text)
    return all(word in _STOP or word in _SHELF_WORDS for word in letters) or "http" in text or "@" in text


def _gather(named: Found, lines: list[Line], roles: list[Role], found: list[Found]) -> None:
    """A post about one product says its price, pack and expiry anywhere."""
    for offer in found:
        if offer is named:
            continue
        if not named.prices:
            named.prices.extend(price for price in offer.prices if price not in named.prices)
            named.signs.extend(offer.signs)
            named.end = max(named.end, offer.end)
        named.expiry = named.expiry or offer.expiry
        named.old_price = named.old_price or offer.old_price
        if not named.strengths:
            named.strengths.extend(offer.strengths[:1])
        named.packs.extend(offer.packs)
        named.cartons.extend(offer.cartons)
        named.form = named.form or offer.form
        named.is_stock_out = named.is_stock_out or offer.is_stock_out
    if named.strengths:
        return
    for line, role in zip(lines, roles, strict=True):
        if role is Role.CONTACT:
            continue
        for token in line.of(TokenKind.STRENGTH):
            named.strengths.append(line.lower[token.start : token.end].replace(" ", ""))
            return
