"""Posts that offer one product, in the notations that shops use for its price."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.lines import Item, LineBook
from medical_telegram_warehouse.sources.sample.markup import Piece, join, parse
from medical_telegram_warehouse.sources.sample.prices import shop_price
from medical_telegram_warehouse.sources.sample.products import Product
from medical_telegram_warehouse.sources.sample.vocabulary import SHOP_TALK, signature


class _Offer(NamedTuple):
    product: Product
    item: Item
    flag: str
    roll: Roll


def _amharic(offer: _Offer) -> str:
    name = f"{offer.product.amharic} ({offer.item.full})" if offer.product.amharic else offer.item.full
    return f"{name}{offer.flag}\nዋጋ {offer.item.price:,} ብር"


def _struck_out(offer: _Offer) -> str:
    old = shop_price(offer.item.price * 1.15)
    return f"<b>{offer.item.full}</b>{offer.flag}\n<s>{old:,}</s> {offer.item.price:,} ETB"


def _tiers(offer: _Offer) -> str:
    price = offer.item.price
    if price > 5_000:
        return f"{offer.item.full}{offer.flag}\n💶{price:,}"
    return f"{offer.item.full} 💵{price} 5box💵{max(1, int(price * 0.96))} 10box💵{max(1, int(price * 0.93))}"


def _bundle(offer: _Offer) -> str:
    cheaper = shop_price(offer.item.price * 0.86)
    return f"{offer.item.full}{offer.flag}\n{offer.item.price:,} birr alone, with the second one {cheaper:,} birr"


_NOTATIONS: tuple[tuple[int, Callable[[_Offer], str]], ...] = (
    (9, lambda offer: f"{offer.item.full}{offer.flag}\nPrice {offer.item.price} birr"),
    (2, lambda offer: f"<b>{offer.item.full}</b>{offer.flag}\nPrice {offer.item.price:,} birr"),
    (3, lambda offer: f"💊{offer.item.full} 💵{offer.item.price}{offer.flag}"),
    (2, lambda offer: f"💊 {offer.item.title}\n📦 {offer.item.carton}\n⏳{offer.item.expiry}\n💵 {offer.item.price}"),
    (4, _amharic),
    (2, _struck_out),
    (1, _tiers),
    (1, _bundle),
    (1, lambda offer: f"{offer.item.full}{offer.flag}\nPrcie {offer.item.price}birr"),
    (1, lambda offer: f"{offer.item.full}......{offer.item.price}Birr"),
    (1, lambda offer: f"{offer.item.full}{offer.flag}\n💰 Br {offer.item.price:,}.00"),
    (1, lambda offer: f"{offer.item.full}\n💵\n⏳{offer.item.expiry}"),  # the price is withheld
    (1, lambda offer: f"{pick(offer.roll, SHOP_TALK.arrivals)}: {offer.item.full}{offer.flag}\nCall for price"),
    (1, lambda offer: f"{offer.item.full} (stock out)\nአልቋል"),
)
_BAG = tuple(notation for weight, notation in _NOTATIONS for _ in range(weight))
_TENFOLD_TYPO = 0.003
_WITH_STOCK = 0.45


def single_product(
    profile: Profile, lines: LineBook, roll: Roll, day: int, product: Product | None = None
) -> tuple[Piece, Product]:
    """An advertisement for one product; without one given, for one that the shop likes to sell."""
    product = product or lines.choose(roll)
    size = int(roll() * len(product.strengths))
    chance = roll()
    item = lines.item(product, size, day, misspelt=chance > 0.95)
    if chance < _TENFOLD_TYPO:
        item = item._replace(price=item.price * 10)
    flag = pick(roll, SHOP_TALK.flags)
    if roll() < _WITH_STOCK:
        flag = f"{flag}\nLot {int(roll() * 9000) + 1000}, {int(roll() * 90) + 2} left"
    head = pick(roll, _BAG)(_Offer(product, item, flag, roll))
    footer = signature(profile, roll, SHOP_TALK.footers)
    return join(parse(head), footer), product
