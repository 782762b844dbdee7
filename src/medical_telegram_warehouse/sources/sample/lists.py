"""Posts that name many products: price lists, and lists that make the reader ask for the price."""

from __future__ import annotations

from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.lines import LineBook, LineKey
from medical_telegram_warehouse.sources.sample.markup import Piece, join, parse, parse_once, plain
from medical_telegram_warehouse.sources.sample.notations import pick_style
from medical_telegram_warehouse.sources.sample.vocabulary import SHOP_TALK, signature

_ONE_IN_LONG = 0.3  # lists of 60 to 110 lines: few messages, most of all prices


def product_list(
    profile: Profile, lines: LineBook, roll: Roll, day: int, dates: dict[str, str], *, priced: bool
) -> tuple[Piece, tuple[LineKey, ...]]:
    """A list of products of one channel, and the keys of its lines."""
    if priced:
        count = 60 + int(roll() * 50) if roll() < _ONE_IN_LONG else 8 + int(roll() * 32)
    else:
        count = 4 + int(roll() ** 2 * 26)
    style = pick_style(roll, priced=priced)
    numbered = roll() < 0.2
    sections = count > 15 and roll() < 0.5
    body: list[str] = []
    keys: list[LineKey] = []
    kind = ""
    for number, product in enumerate(lines.shelf(roll, count), start=1):
        if sections and product.kind != kind:
            kind = product.kind
            body.append("\n" + parse_once(SHOP_TALK.sections[kind]).text)
        key, line = lines.line(style, product, roll, day)
        keys.append(key)
        body.append(f"{number}. {line}" if numbered else line)
    header = pick(roll, SHOP_TALK.list_headers)
    text = join(
        parse(header.format(**dates)) if "{" in header else parse_once(header),
        plain("\n".join(body)),
        signature(profile, roll, SHOP_TALK.list_footers),
    )
    return text, tuple(keys)
