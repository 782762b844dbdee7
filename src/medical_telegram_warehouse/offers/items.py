"""The products that one line names: one, or one for each price with a name or size of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from medical_telegram_warehouse.offers.dictionary import dictionary
from medical_telegram_warehouse.offers.folding import Span, fold_words
from medical_telegram_warehouse.offers.found import Found
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.names import Name, name_in
from medical_telegram_warehouse.offers.prices import Price, Sign
from medical_telegram_warehouse.offers.tokens import TokenKind

# Words between two prices of one product. Each round needs a word, so that no text can be split in many ways.
_TIER = re.compile(
    r"[\W\d]*(?:(?:starting|from|above|over|up ?to|and|or|more|per|each|for|with|without|alone|attachment|attached|cash"
    r"|credit|the|second|one|only|in|single|whole ?sale|retail|to|price|now|box|boxes|pk|pks|pack|packs|pcs|pc|carton"
    r"|cartons|ctn|ctns|dozen|pieces|strip|strips|b|birr|ወደ|አሁን)(?![a-z])[\W\d]*){0,8}"
)
_LONGEST_TIER = 60
_LEADING_SIZE = re.compile(
    r"\W*(?:(?<!\d)\d{1,6}(?:\.\d+)?\s?(?:cc|ml|l|cm|mm|g|fr|way|mg|gm|kg|iu|ft|inch|r|c|\")?\W*){1,3}$"
)
_SIZES = re.compile(
    r"\s*[,&]?\s*(?<![\w/])\d+(?:\.\d+)?\s*(?:cc|ml|l|cm|mm|g|fr|ch|way|mg|gm|kg|iu|ft|inch|%)?(?![\w/])", re.IGNORECASE
)
_UNIT = re.compile(r"\d\s?[a-z\"]")
_WORD = re.compile(r"[^\W\d_]{3}")
_LETTER_SIZE = r"(?:xs|s|m|l|xl|xxl|small|medium|large)"
_LETTER_SIZES = re.compile(rf"\W*{_LETTER_SIZE}\W*")
_LAST_LETTER_SIZE = re.compile(rf"\s+{_LETTER_SIZE}$", re.IGNORECASE)
_SIZED = frozenset({TokenKind.STRENGTH, TokenKind.SIZE, TokenKind.VOLUME, TokenKind.PACK, TokenKind.NUMBER})
_NUMBER_SIZE = re.compile(r"\W*\d{1,3}(?:\.\d{1,2})? ?=\W*")
_KIND = re.compile(r"\W{1,4}([^\W\d_]{2,12}) ?=\W*")
_SAYS_SIZE = frozenset({TokenKind.STRENGTH, TokenKind.SIZE, TokenKind.VOLUME})


def products_in(line: Line, struck: Sequence[Span]) -> list[Found]:
    """The products of a line, in order; none where it names none.

    Args:
        line: of a post.
        struck: spans of the post that are struck out.
    """
    if not line.prices:
        name = name_in(line, line.body, len(line.text))
        return [_named(line, name, line.body, len(line.text), None, struck)] if name else []
    products: list[Found] = []
    position = line.body
    for price in line.prices:
        if not products:
            name = name_in(line, position, price.start)
            if not name and price is line.prices[-1]:
                name = name_in(line, price.end, len(line.text))
            if name:
                products.append(_named(line, name, position, price.start, price, struck))
        else:
            _add(products, line, position, price, struck)
        position = price.end
    if products:
        products[-1].read(line, position, len(line.text))
    return _each_strength(products[0]) if len(products) == 1 else products


def _each_strength(product: Found) -> list[Found]:
    """`250mg & 500mg 💵300 & 💵530`: as many strengths as prices are an offer each."""
    count = len(product.strengths)
    if count < 2 or len(product.prices) != count:  # noqa: PLR2004
        return [product]
    return [
        replace(product, strengths=[strength], prices=[price], signs=[sign], packs=list(product.packs))
        for strength, price, sign in zip(product.strengths, product.prices, product.signs, strict=True)
    ]


def _add(products: list[Found], line: Line, position: int, price: Price, struck: Sequence[Span]) -> None:
    """A further price: a tier of the last product, another size of the first one, or another product's."""
    middle = line.lower[position : price.start]
    is_short = len(middle) <= _LONGEST_TIER
    base = _base_of_variants(products[0], middle + line.lower[price.start : price.start + 1]) if is_short else None
    if base is not None:
        products.append(_variant(line, base, position, price, struck))
    elif is_short and _is_size(line, position, price.start, middle):
        products.append(_variant(line, without_sizes(products[0].name), position, price, struck))
    elif is_short and _TIER.fullmatch(middle):
        products[-1].add_price(line, price, struck)
    elif name := name_in(line, position, price.start):
        products.append(_named(line, name, position, price.start, price, struck))
    else:
        products[-1].add_price(line, price, struck)


def _named(line: Line, name: Name, start: int, end: int, price: Price | None, struck: Sequence[Span]) -> Found:
    found = Found(
        name=name.text,
        alternatives=list(name.alternatives),
        line=line,
        start=line.start + name.start,
        end=line.start + (price.end if price else len(line.text.rstrip())),
    )
    found.read(line, start, end)
    if price is not None:
        found.add_price(line, price, struck)
    found.is_withheld = line.is_withheld
    found.is_stock_out = line.is_stock_out
    found.move_strength_out_of_name()
    return found


def _base_of_variants(first: Found, middle: str) -> str | None:
    """The name of `Monitor arm=5700, wrist=8600` without the word that tells its kinds apart; else None."""
    kind = _KIND.fullmatch(middle)
    words = first.name.split()
    is_named = first.signs and first.signs[0].sign is Sign.EQUALS and len(words) > 1
    if kind is None or not is_named or dictionary().knows(fold_words(kind[1]).split()):
        return None
    return " ".join(words[:-1])


def _variant(line: Line, base: str, start: int, price: Price, struck: Sequence[Span]) -> Found:
    """Another size of the same product, with its own price."""
    size = line.text[start : price.start].strip(" ,;&/|+-:=")
    found = Found(name=base, alternatives=[], line=line, start=line.start + start, end=line.start + price.end)
    found.read(line, start, price.start)
    if not found.strengths:
        found.name = f"{base} {size}".strip()
    found.add_price(line, price, struck)
    return found


def _is_size(line: Line, start: int, end: int, middle: str) -> bool:
    """Whether a stretch says a size and nothing else: `, 10cc=`, `♤18G 💵`, `, L=`; `5box 💵` is a tier."""
    # The price begins at its sign, so the equals sign stands behind the stretch.
    if _LETTER_SIZES.fullmatch(middle) or (_NUMBER_SIZE.fullmatch(f"{middle}=") and line.lower[end : end + 1] == "="):
        return True
    covered = [token for token in line.between(start, end) if token.start >= start and token.end <= end]
    if not all(token.kind in _SIZED for token in covered):
        return False
    for token in covered:
        middle = middle.replace(line.lower[token.start : token.end], " ")
    says_size = any(token.kind in _SAYS_SIZE for token in covered)
    return (says_size and not _WORD.search(middle)) or bool(
        _LEADING_SIZE.fullmatch(line.lower[start:end]) and _UNIT.search(line.lower[start:end])
    )


def without_sizes(name: str) -> str:
    """A name without the sizes in it: what further sizes of the product are called after."""
    return _LAST_LETTER_SIZE.sub("", _SIZES.sub(" ", name)).strip(" ,;&/-") or name
