"""Posts that offer one product, in the notations that shops use for its price."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.items import Item
from medical_telegram_warehouse.sources.sample.lines import LineBook
from medical_telegram_warehouse.sources.sample.markup import Piece, join, parse
from medical_telegram_warehouse.sources.sample.notations import priced_pack
from medical_telegram_warehouse.sources.sample.prices import shop_price
from medical_telegram_warehouse.sources.sample.products import Product
from medical_telegram_warehouse.sources.sample.truth import SampleOffer
from medical_telegram_warehouse.sources.sample.vocabulary import SHOP_TALK, signature


class _Ad(NamedTuple):
    product: Product
    item: Item
    flag: str
    roll: Roll


def _amharic(ad: _Ad) -> str:
    name = f"{ad.product.amharic} ({ad.item.full})" if ad.product.amharic else ad.item.full
    return f"{name}{ad.flag}\nዋጋ {ad.item.price:,} ብር"


def _amharic_truth(item: Item) -> SampleOffer:
    offer = priced_pack(item)
    return offer._replace(name=item.product.amharic, alt=(item.name,)) if item.product.amharic else offer


def _old_price(item: Item) -> int:
    return shop_price(item.price * 1.15)


def _struck_out(ad: _Ad) -> str:
    return f"<b>{ad.item.full}</b>{ad.flag}\n<s>{_old_price(ad.item):,}</s> {ad.item.price:,} ETB"


def _in_boxes(item: Item) -> tuple[int, ...]:
    """The price of one, and those by five and by ten boxes of what is bought by the box."""
    price = item.price
    return (price,) if price > 5_000 else (price, max(1, int(price * 0.96)), max(1, int(price * 0.93)))


def _tiers(ad: _Ad) -> str:
    price, *more = _in_boxes(ad.item)
    if not more:
        return f"{ad.item.full}{ad.flag}\n💶{price:,}"
    return f"{ad.item.full} 💵{price} 5box💵{more[0]} 10box💵{more[1]}"


def _with_second(item: Item) -> int:
    return shop_price(item.price * 0.86)


def _bundle(ad: _Ad) -> str:
    return f"{ad.item.full}{ad.flag}\n{ad.item.price:,} birr alone, with the second one {_with_second(ad.item):,} birr"


class _Notation(NamedTuple):
    weight: int
    write: Callable[[_Ad], str]
    truth: Callable[[Item], SampleOffer] = priced_pack


_NOTATIONS = (
    _Notation(9, lambda ad: f"{ad.item.full}{ad.flag}\nPrice {ad.item.price} birr"),
    _Notation(2, lambda ad: f"<b>{ad.item.full}</b>{ad.flag}\nPrice {ad.item.price:,} birr"),
    _Notation(3, lambda ad: f"💊{ad.item.full} 💵{ad.item.price}{ad.flag}"),
    _Notation(
        2,
        lambda ad: f"💊 {ad.item.title}\n📦 {ad.item.carton}\n⏳{ad.item.expiry}\n💵 {ad.item.price}",
        lambda item: item.truth(item.price, pack=item.carton, dated=True),
    ),
    _Notation(4, _amharic, _amharic_truth),
    _Notation(2, _struck_out, lambda item: item.truth(item.price, pack=item.pack, old_price=_old_price(item))),
    _Notation(1, _tiers, lambda item: item.truth(*_in_boxes(item), pack=item.pack)),
    _Notation(1, _bundle, lambda item: item.truth(item.price, _with_second(item), pack=item.pack)),
    _Notation(1, lambda ad: f"{ad.item.full}{ad.flag}\nPrcie {ad.item.price}birr"),
    _Notation(1, lambda ad: f"{ad.item.full}......{ad.item.price}Birr"),
    _Notation(1, lambda ad: f"{ad.item.full}{ad.flag}\n💰 Br {ad.item.price:,}.00"),
    _Notation(
        1,
        lambda ad: f"{ad.item.full}\n💵\n⏳{ad.item.expiry}",
        lambda item: item.truth(pack=item.pack, dated=True, availability="price_withheld"),
    ),
    _Notation(
        1,
        lambda ad: f"{pick(ad.roll, SHOP_TALK.arrivals)}: {ad.item.full}{ad.flag}\nCall for price",
        lambda item: item.truth(pack=item.pack, availability="price_withheld"),
    ),
    _Notation(
        1,
        lambda ad: f"{ad.item.full} (stock out)\nአልቋል",
        lambda item: item.truth(pack=item.pack, availability="stock_out"),
    ),
)
_BAG = tuple(notation for notation in _NOTATIONS for _ in range(notation.weight))
_TENFOLD_TYPO = 0.003
_WITH_STOCK = 0.45


def single_product(
    profile: Profile, lines: LineBook, roll: Roll, day: int, product: Product | None = None
) -> tuple[Piece, Product, Callable[[], tuple[SampleOffer, ...]]]:
    """An advertisement for one product; without one given, for one that the shop likes to sell.

    With the product, and a function that tells what is offered.
    """
    product = product or lines.choose(roll)
    size = int(roll() * len(product.strengths))
    chance = roll()
    item = lines.item(product, size, day, misspelt=chance > 0.95)
    if chance < _TENFOLD_TYPO:
        item = item._replace(price=item.price * 10)
    flag = pick(roll, SHOP_TALK.flags)
    if roll() < _WITH_STOCK:
        flag = f"{flag}\nLot {int(roll() * 9000) + 1000}, {int(roll() * 90) + 2} left"
    notation = pick(roll, _BAG)
    head = notation.write(_Ad(product, item, flag, roll))
    footer = signature(profile, roll, SHOP_TALK.footers)
    return join(parse(head), footer), product, lambda: (notation.truth(item),)
