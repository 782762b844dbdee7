"""Puts products and their details together: one line, blocks of lines, several sizes or tiers on one line.

The result is still in the post's own words; `records` of offers, with linked products, are made in `extraction`.
"""

from __future__ import annotations

import re

from medical_telegram_warehouse.offers.found import Found
from medical_telegram_warehouse.offers.items import products_in, without_sizes
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.names import Name, name_in
from medical_telegram_warehouse.offers.prices import Judged
from medical_telegram_warehouse.offers.roles import Role, dominant_bullet, is_only_size
from medical_telegram_warehouse.offers.tokens import TokenKind

_CONTINUES = re.compile(r"(?:with(?:out)?|or|and|from|above|over|per|each|&|\+)(?![a-z])")
_FROM = re.compile(r"(?<![a-z])(?:starting )?from \d")
_GROUP_SIZE = 3
_LATEST = 50
"""Products that tell what kind of list it is; looking at all of a long one each time would cost their square."""
_FEW_WORDS = 6
_MANY_WORDS = 12
_DEEPER = 3
"""Blanks more than the line above."""


class Assembler:
    """Goes through the lines of one post and collects what they offer."""

    def __init__(self, lines: list[Line], roles: list[Role], struck: tuple[tuple[int, int], ...]) -> None:
        self._lines = lines
        self._roles = roles
        self._struck = struck
        self._dominant = dominant_bullet(lines, roles)
        self._current: Found | None = None
        self._base: tuple[Name, Line] | None = None
        self._details = 0
        self.found: list[Found] = []
        nothing = Line(0, "", "", 0, "", 0, [], Judged([], []), after_blank=False)
        self.loose = Found("", [], nothing, 0, 0)
        """Details without a product above them."""

    def run(self) -> list[Found]:
        """Everything found, in order."""
        for index, (line, role) in enumerate(zip(self._lines, self._roles, strict=True)):
            if role is Role.ITEM:
                self._item(index, line)
            elif role is Role.DETAIL:
                self._detail(line)
            elif role in (Role.HEADING, Role.SELLER):
                name = name_in(line, line.body, len(line.text))
                self._base = (name, line) if name else None
                self._current = None
            elif role is Role.CONTACT:
                self._current = None
            elif role is Role.REMARK and self._current is not None and line.text.lstrip().startswith("("):
                self._extend_name(line)
        return self.found

    def _item(self, index: int, line: Line) -> None:
        current = self._current
        if current is not None and self._continues(index, line, current):
            self._extend(current, line)
            return
        offers = products_in(line, self._struck)
        if not offers:
            self._detail(line)
            return
        self._base = None
        self.found.extend(offers)
        self._current = offers[-1]
        self._details = 0

    def _continues(self, index: int, line: Line, current: Found) -> bool:
        """Whether a line with words goes on with the product above instead of naming another one."""
        lower = line.lower[line.body :]
        if not line.bullet and line.prices and _CONTINUES.match(lower):
            return True
        if line.prices and _FROM.search(line.lower) and _same_substance(line, current.line):
            return True
        if line.after_blank or index == 0:
            return False
        return self._goes_on_below(index, line, current)

    def _goes_on_below(self, index: int, line: Line, current: Found) -> bool:
        """Whether a line right under a product's name is still about it: a bracket, a part of the name, deeper text."""
        is_next = self._lines[index - 1] is current.line
        above = current.line
        if line.text.lstrip().startswith("("):
            return not current.prices and not line.prices and self._is_next(index, current)
        if line.bullet:
            return False
        if is_next and above.lower.count("(") > above.lower.count(")"):
            return True
        if not above.bullet:
            return False
        if is_next and not line.prices and line.has_detail and len(line.words) <= _FEW_WORDS:
            below = self._lines[index + 1] if index + 1 < len(self._lines) else None
            if below is not None and (self._roles[index + 1] is Role.DETAIL or below.text.lstrip().startswith("(")):
                return True
        is_deeper = line.indent >= above.indent + _DEEPER
        return is_deeper and not current.prices and (is_next or not current.expiry)

    def _is_next(self, index: int, current: Found) -> bool:
        """Whether nothing but words of the product stands between it and a line."""
        return all(
            role is Role.ITEM and not self._lines[place].after_blank
            for place, role in enumerate(self._roles[max(0, index - 2) : index], max(0, index - 2))
            if self._lines[place].start > current.line.start
        )

    def _detail(self, line: Line) -> None:
        current = self._current
        named = self._base if current is None else (Name(current.name, (), 0, 0), current.line)
        if named is not None and self._is_nameless_offer(line, current):
            self._inherit(line, *named)
            return
        if current is None:
            current = self.loose
        # A price under a whole list, after a blank line, is the price of nothing in it.
        if line.prices and line.after_blank and not self._details and self._is_unpriced_list():
            return
        self._details += 1
        if line.key == "brand":
            current.brand = line.text.split(":")[-1].split("\U0001f449")[-1].strip(" .*-") or None
        name = name_in(line, line.body, line.prices[0].start if line.prices else len(line.text))
        if name and line.key in (None, "active", "generic") and current is not self.loose:
            current.alternatives.append(name.text)
        if line.prices and not current.prices and current is not self.loose:
            _name_first_size(current, line)
        current.read(line, 0, len(line.text))
        for price in line.prices:
            current.add_price(line, price, self._struck)
        current.is_withheld = current.is_withheld or line.is_withheld
        current.is_stock_out = current.is_stock_out or line.is_stock_out
        current.end = max(current.end, line.start + len(line.text.rstrip()))

    def _is_unpriced_list(self) -> bool:
        latest = self.found[-_LATEST:]
        return len(latest) >= _GROUP_SIZE and sum(bool(found.prices) for found in latest) * 2 < len(latest)

    def _is_nameless_offer(self, line: Line, current: Found | None) -> bool:
        """`🟢 228.5 mg 💵 205` under a heading, `♤18G 💵1400` under a line with another size."""
        is_next_size = not line.bullet and line.prices and current is not None and current.prices
        if line.key is not None or not (line.bullet or is_next_size) or len(line.words) > _MANY_WORDS:
            return False
        name = name_in(line, line.body, line.prices[0].start if line.prices else len(line.text))
        first = next((token for token in line.tokens if token.start >= line.body), None)
        if (name and not is_only_size(name)) or first is None or not line.lower[line.body :].lstrip()[:1].isdigit():
            return False
        if first.kind not in (TokenKind.STRENGTH, TokenKind.SIZE, TokenKind.VOLUME):
            return False
        if current is None:
            return first.kind is TokenKind.STRENGTH or bool(line.prices)
        return current.is_inherited or (bool(line.prices) and bool(current.prices))

    def _inherit(self, line: Line, name: Name, source: Line) -> None:
        base = without_sizes(name.text)
        alternatives = [alternative for alternative in name.alternatives if alternative != base]
        found = Found(
            name=base,
            alternatives=alternatives,
            line=Line(
                line.start, line.text, line.lower, line.indent, line.bullet, line.body, line.tokens, line.judged,
                line.after_blank, words=source.words, matches=source.matches,
                is_withheld=line.is_withheld, is_stock_out=line.is_stock_out,
            ),
            start=line.start + line.body,
            end=line.end,
            is_inherited=True,
            is_withheld=line.is_withheld,
            is_stock_out=line.is_stock_out,
        )  # fmt: skip
        found.read(found.line, line.body, len(line.text))
        if not found.strengths:
            size = next(token for token in line.tokens if token.start >= line.body)
            found.name = f"{base} {line.text[size.start : size.end]}"
        for price in line.prices:
            found.add_price(line, price, self._struck)
        self.found.append(found)
        self._current = found
        self._details = 0

    def _extend(self, current: Found, line: Line) -> None:
        """A further line of words for the product above: its details count, its words are another name."""
        end = line.prices[0].start if line.prices else len(line.text)
        name = name_in(line, line.body, end)
        if name and not _CONTINUES.match(line.lower[line.body :]):
            if current.line.text.count("(") > current.line.text.count(")"):
                joined = f"{current.name} {name.text}"
                current.name = joined if len(joined) < 120 else current.name  # noqa: PLR2004
            else:
                current.alternatives.append(name.text)
                current.alternatives.append(f"{current.name} {name.text}")
        current.read(line, 0, len(line.text))
        for price in line.prices:
            current.add_price(line, price, self._struck)
        current.is_withheld = current.is_withheld or line.is_withheld
        current.end = max(current.end, line.start + len(line.text.rstrip()))

    def _extend_name(self, line: Line) -> None:
        current = self._current
        name = name_in(line, line.body, len(line.text))
        if current is not None and name:
            inside = name.text.strip("()[] ")
            current.alternatives.extend((inside, f"{current.name} ({inside})"))
            current.end = max(current.end, line.start + len(line.text.rstrip()))


def _same_substance(line: Line, other: Line) -> bool:
    ours = {match.spelling.entry.generic for match in line.matches}
    return bool(ours & {match.spelling.entry.generic for match in other.matches} - {None})


def _name_first_size(current: Found, line: Line) -> None:
    """The first of several sizes under a name, each with its price: `Syringe`, below it `3cc 💵200`."""
    first = next((token for token in line.tokens if token.start >= line.body), None)
    if first is not None and first.kind is TokenKind.SIZE and not line.lower[line.body : first.start].strip():
        current.name = f"{current.name} {line.text[first.start : first.end]}"
