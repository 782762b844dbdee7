"""Decides what each line of a post is to its neighbours: a product, a detail of the product above, a heading.

Shops mark the lines of a list alike, so the bullet that most lines carry tells products from headings better than words
do; words decide where there are no bullets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from medical_telegram_warehouse.offers.lines import NUMBERED, Line
from medical_telegram_warehouse.offers.names import Name, name_in
from medical_telegram_warehouse.offers.prices import OTHER_PURPOSES
from medical_telegram_warehouse.offers.tokens import TokenKind
from medical_telegram_warehouse.offers.vocabulary import pattern, words


class Role(StrEnum):
    """What a line is."""

    ITEM = "item"
    """Names a product."""
    DETAIL = "detail"
    """Says something of the product above it: price, pack, expiry, brand."""
    HEADING = "heading"
    SELLER = "seller"
    """Names the shop or importer."""
    CONTACT = "contact"
    REMARK = "remark"
    """Sentences and everything else."""


_CONTACT = pattern("lines", "contact")
_SELLER = pattern("lines", "seller")
_HEADING = pattern("lines", "heading")
_SHELF_WORDS = words("shelf")
_SENTENCE_WORDS = words("sentence")
_COUNTRIES = words("country")
_CONDITION = re.compile(r"minimum order|min(?:imum)? ?qty|prices? may change|prices? (?:are )?subject to")
_TALK = re.compile(
    r"(?:(?:key|product|health|main) )?(?:benefits?|features?|advantages?|indications?|directions?|uses|why |how to use"
    r"|what it does|good for|suitable for|ጥቅሞች|ጥቅሙ|አጠቃቀም)[^:]{0,40}[:?\-]*\s*$"
)
_ATTACHMENT = re.compile(r"(?<![a-z])(?:attach\w*|ratio|free with)(?![a-z])|ጋር")
_ONLY_SIZE = re.compile(r"[\W\d_]*(?:(?:mm|cm|m|ml|ul|l|cc|fr|ch|g|gm|kg|mg|inch|size|no|x|and)(?![a-z])[\W\d_]*){1,8}")
"""A size and nothing that has it: a further size of the product above."""
_MAX_WORDS = 14
_MAX_SENTENCE_WORDS = 9
_DETAIL_KEYS_THAT_NAME = frozenset({"name", "product"})
_RUN = 3
_SHORT_HEADING = 2
_MARKED = 5
ANY_SIGN = "any"
_MAX_MARKED_WORDS = 8


def line_name(line: Line) -> Name:
    """The name that a line states before its first price."""
    end = line.prices[0].start if line.prices else len(line.text)
    return name_in(line, line.body, end)


def assign_roles(lines: list[Line]) -> list[Role]:
    """The role of each line, in order."""
    names = [line_name(line) for line in lines]
    roles = []
    for line, name in zip(lines, names, strict=True):
        if line.known.role is None:
            line.known.role = _alone(line, name)
        roles.append(line.known.role)
    _name_variants(lines, names, roles)
    _refine_titles(lines, roles)
    _refine_by_bullets(lines, roles)
    _refine_unmarked(lines, roles)
    _close_talk(lines, roles)
    _close_contacts(lines, roles)
    return roles


def _alone(line: Line, name: Name) -> Role:
    """What a line is by its own words: the first rule that fits."""
    return next((role for role, fits in _RULES if fits(line, name)), Role.ITEM)


def _is_contact(line: Line, name: Name) -> bool:
    is_product = bool(name) and (line.prices or (line.matches and line.has(TokenKind.STRENGTH)))
    return line.has(TokenKind.CONTACT) and not is_product


def _pays_for_something_else(line: Line, _: Name) -> bool:
    """`Delivery 100 birr`, `minimum order 5,000 birr`: the line speaks of no product."""
    is_other = any(reason in OTHER_PURPOSES for _, reason in line.judged.refused)
    return (is_other or bool(_CONDITION.search(line.lower))) and not line.prices and not line.has(TokenKind.STRENGTH)


def _is_tagged(line: Line, _: Name) -> bool:
    return line.text.count("#") > 1 and not line.has_detail


def _is_keyed_detail(line: Line, _: Name) -> bool:
    return line.key is not None and line.key not in _DETAIL_KEYS_THAT_NAME


def _is_nameless_detail(line: Line, name: Name) -> bool:
    is_nameless = not name or is_only_size(name)
    return is_nameless and (line.has_detail or line.is_withheld or line.has(TokenKind.PACK))


def _is_nameless(_: Line, name: Name) -> bool:
    return not name or is_only_size(name)


def _is_keyed_name(line: Line, _: Name) -> bool:
    return line.key is not None


def _is_country(line: Line, _: Name) -> bool:
    return all(word in _COUNTRIES for word in line.words)


def _speaks_of_contact(line: Line, _: Name) -> bool:
    return not line.has_detail and bool(_CONTACT.search(line.lower))


def _is_attachment(line: Line, _: Name) -> bool:
    return not line.prices and line.bullet in ("", "*", "-", "+") and bool(_ATTACHMENT.search(line.lower))


def _is_seller(line: Line, _: Name) -> bool:
    return not line.has_detail and len(line.words) <= _MAX_SENTENCE_WORDS and bool(_SELLER.search(line.lower))


def _is_plain_heading(line: Line, _: Name) -> bool:
    return not line.has_detail and _is_heading(line)


def _is_talk(line: Line, _: Name) -> bool:
    return _is_long_sentence(line) if line.has_detail else _is_sentence(line)


_RULES: tuple[tuple[Role, Callable[[Line, Name], bool]], ...] = (
    (Role.CONTACT, _is_contact),
    (Role.CONTACT, _pays_for_something_else),
    (Role.REMARK, _is_tagged),
    (Role.DETAIL, _is_keyed_detail),
    (Role.DETAIL, _is_nameless_detail),
    (Role.REMARK, _is_nameless),
    (Role.ITEM, _is_keyed_name),
    (Role.DETAIL, _is_country),
    (Role.CONTACT, _speaks_of_contact),
    (Role.DETAIL, _is_attachment),
    (Role.SELLER, _is_seller),
    (Role.HEADING, _is_plain_heading),
    (Role.REMARK, _is_talk),
)


def is_only_size(name: Name) -> bool:
    """Whether a name is a size and nothing that has it."""
    return bool(_ONLY_SIZE.fullmatch(name.text.lower()))


def _is_heading(line: Line) -> bool:
    lower = line.lower.rstrip()
    if not line.words or (line.bullet == "#" and not _has_blank_price(line)):
        return True
    if lower.endswith((":", ":-", "👇", "⤵")) and not line.is_stock_out and not _has_blank_price(line):
        return True
    is_marked_product = line.matches and line.bullet and len(line.words) > _SHORT_HEADING and "new" not in line.words
    if _HEADING.search(lower) and not is_marked_product:
        return True
    if all(word in _SHELF_WORDS or word.isdigit() for word in line.words):
        return True
    lead = line.text.lstrip()[:1]
    tail = line.text.rstrip(" \ufe0f")[-1:]
    return bool(line.bullet) and lead == tail and not lead.isalnum() and lead not in ")]*=-."


def _has_blank_price(line: Line) -> bool:
    return (
        line.is_withheld and bool(line.bullet) and (bool(line.matches) or any(letter.isdigit() for letter in line.text))
    )


def _is_sentence(line: Line) -> bool:
    if len(line.words) > _MAX_WORDS:
        return True
    spoken = sum(word in _SENTENCE_WORDS for word in line.words)
    return spoken >= 2 or (spoken == 1 and len(line.words) > _MAX_SENTENCE_WORDS)  # noqa: PLR2004


def _is_long_sentence(line: Line) -> bool:
    spoken = sum(word in _SENTENCE_WORDS for word in line.words)
    return spoken >= 2 and len(line.words) > _MAX_SENTENCE_WORDS and not line.prices  # noqa: PLR2004


def _name_variants(lines: list[Line], names: list[Name], roles: list[Role]) -> None:
    """`Moxi (amoxicillin)` above lines that begin with a strength and name nothing is their heading."""
    for index in range(len(lines) - 1):
        line, below = lines[index], lines[index + 1]
        if roles[index] is Role.ITEM and not line.has_detail and not names[index + 1] and begins_with_strength(below):
            roles[index] = Role.HEADING


def begins_with_strength(line: Line) -> bool:
    """Whether a marked line says first of all which strength it is about."""
    body = line.lower[line.body :].lstrip(" ")
    first = next((token for token in line.tokens if token.start >= line.body), None)
    return bool(line.bullet) and body[:1].isdigit() and first is not None and first.kind is TokenKind.STRENGTH


def dominant_bullet(lines: list[Line], roles: list[Role]) -> str | None:
    """The sign before most products, where at least half of them carry one."""
    items = [line.bullet for line, role in zip(lines, roles, strict=True) if role is Role.ITEM]
    if not items:
        return None
    bullet, count = Counter(items).most_common(1)[0]
    return bullet if bullet and count >= _RUN and count * 2 >= len(items) else None


def _refine_by_bullets(lines: list[Line], roles: list[Role]) -> None:
    """A sign that only lines between the products carry, each time with products under it, marks headings."""
    dominant = dominant_bullet(lines, roles)
    if dominant is None:
        return
    others: dict[str, list[int]] = {}
    for index, (line, role) in enumerate(zip(lines, roles, strict=True)):
        if role is Role.ITEM and line.bullet not in ("", dominant) and not line.has_detail and not line.is_withheld:
            others.setdefault(line.bullet, []).append(index)
        elif (
            role is Role.HEADING and line.bullet == dominant and line.matches and not line.lower.rstrip().endswith(":")
        ):
            roles[index] = Role.ITEM
    for indexes in others.values():
        followed = [_next_is(lines, roles, index, dominant) for index in indexes]
        if len(indexes) > 1 and sum(followed) * 2 > len(indexes):
            for index in indexes:
                roles[index] = Role.HEADING


def _refine_titles(lines: list[Line], roles: list[Role]) -> None:
    """Where products are titles over lines of another sign, with composition, price and pack, those are details."""
    titles: dict[str, list[int]] = {}
    for index, (line, role) in enumerate(zip(lines, roles, strict=True)):
        if role is Role.ITEM and line.bullet and not line.has_detail and index + 1 < len(lines):
            titles.setdefault(line.bullet, []).append(index)
    for bullet, indexes in titles.items():
        below = Counter(lines[index + 1].bullet for index in indexes)
        sign, followed = below.most_common(1)[0]
        if sign in ("", bullet) or len(indexes) < 2 or followed * 2 <= len(indexes):  # noqa: PLR2004
            continue
        blocks = [_block(lines, index, sign) for index in indexes]
        if sum(any(roles[i] is Role.DETAIL for i in block) for block in blocks) * 2 > len(indexes):
            for block in blocks:
                for i in block:
                    roles[i] = Role.DETAIL if lines[i].has_detail else roles[i]
                    if roles[i] is Role.ITEM:
                        roles[i] = Role.REMARK if len(lines[i].words) > 3 else Role.DETAIL  # noqa: PLR2004


def _block(lines: list[Line], index: int, sign: str) -> range:
    """The lines under a title that carry a sign."""
    end = index + 1
    while end < len(lines) and lines[end].bullet == sign:
        end += 1
    return range(index + 1, end)


def _next_is(lines: list[Line], roles: list[Role], index: int, bullet: str) -> bool:
    following = next((i for i in range(index + 1, len(lines)) if roles[i] is not Role.DETAIL), None)
    return following is not None and lines[following].bullet == bullet


def _refine_unmarked(lines: list[Line], roles: list[Role]) -> None:
    """Lines without a sign are products only where something says so: details, the dictionary, or their company."""
    dominant = dominant_bullet(lines, roles)
    if (
        dominant is None
        and sum(role is Role.ITEM and bool(line.bullet) for line, role in zip(lines, roles, strict=True)) >= _MARKED
    ):
        dominant = ANY_SIGN
    index = 0
    while index < len(lines):
        if not _is_unmarked(lines[index], roles[index], dominant):
            index += 1
            continue
        end = index
        while (
            end < len(lines)
            and _is_unmarked(lines[end], roles[end], dominant)
            and (end == index or not lines[end].after_blank)
        ):
            end += 1
        run = range(index, end)
        known = sum(_has_evidence(lines, roles, i) for i in run)
        is_headed = index > 0 and roles[index - 1] is Role.HEADING
        keep_all = len(run) >= _RUN and (known * 3 >= len(run) or (is_headed and known > 0))
        for i in run:
            if not keep_all and not _has_evidence(lines, roles, i):
                roles[i] = Role.REMARK
        index = end


def _is_unmarked(line: Line, role: Role, dominant: str | None) -> bool:
    if role is not Role.ITEM or (line.bullet and line.bullet == dominant):
        return False
    # In a marked list any sign before a few words marks a product, be it another one than most carry.
    return not (dominant is not None and line.bullet and len(line.words) <= _MAX_MARKED_WORDS)


def _has_evidence(lines: list[Line], roles: list[Role], index: int) -> bool:
    line = lines[index]
    if line.has_detail or line.is_withheld or line.is_stock_out or line.key is not None:
        return True
    if line.matches:
        return True
    following = index + 1
    return (
        following < len(lines)
        and roles[following] is Role.DETAIL
        and lines[following].key not in ("benefits", "benefit")
    )


def _close_talk(lines: list[Line], roles: list[Role]) -> None:
    """Under `Benefits:` stand sentences, be they as short as names."""
    is_talk = False
    for index, line in enumerate(lines):
        if _TALK.match(line.lower, line.body):
            is_talk = True
            roles[index] = Role.REMARK
        elif roles[index] in (Role.HEADING, Role.SELLER, Role.CONTACT) or line.prices or line.key is not None:
            is_talk = False
        elif is_talk and roles[index] is Role.ITEM and not line.matches:
            roles[index] = Role.REMARK


def _close_contacts(lines: list[Line], roles: list[Role]) -> None:
    """After the contacts at a post's end stand names of sales persons and places, no products."""
    seen = False
    for index, role in enumerate(roles):
        if role is Role.CONTACT:
            seen = True
        elif role is Role.ITEM and seen and index > 0:
            line = lines[index]
            if (
                roles[index - 1] is Role.CONTACT
                and line.bullet in ("", NUMBERED)
                and not (line.has_detail or line.matches or line.is_withheld)
            ):
                roles[index] = Role.CONTACT
            else:
                seen = False
