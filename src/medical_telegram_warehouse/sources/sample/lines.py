"""One product on one line (or a block of lines) of a list, in the notations that shops use."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.chance import Roll
from medical_telegram_warehouse.sources.sample.prices import DAYS_PER_STEP, PriceBook
from medical_telegram_warehouse.sources.sample.products import Product


class Item(NamedTuple):
    """One size of a product as a shop offers it on a day."""

    name: str
    """May be a misspelling."""
    strength: str
    pack: str
    expiry: str
    carton: int
    price: int

    @property
    def title(self) -> str:
        """Name and strength."""
        return f"{self.name} {self.strength}" if self.strength else self.name

    @property
    def full(self) -> str:
        """Name, strength and pack."""
        return f"{self.title} {self.pack}" if self.pack else self.title


EXPIRIES = ("Jul-28", "10/2028", "08-27", "Feb28", "09/ 2027", "2028", "Exp: 03/2029", "6/3026")  # the last: a typo
_CARTONS = (12, 24, 48, 60, 100, 105, 180, 200, 360)


def _tiers(item: Item) -> str:
    """Cheaper by the five; nobody buys five patient monitors."""
    one = f"💊 {item.title} 💵{item.price}"
    return f"{one} 5box💵{_tier(item.price)}" if item.price < 5_000 else one


def _tier(price: int) -> int:
    return max(1, int(price * 0.96))


PRICED: tuple[Callable[[Item], str], ...] = (
    lambda item: f"{item.full}.......{item.price}birr",
    lambda item: f"{item.title} = {item.price}",
    lambda item: f"🔹{item.full} 💵{item.price:,}",
    lambda item: f"💊{item.title}\n     📦 {item.carton}\n     ⏳{item.expiry}\n     💵 {item.price}",
    lambda item: f"• {item.title} - {item.price:,} ETB",
    _tiers,
    lambda item: f"✅ {item.full} {item.price} ብር",
    lambda item: f"{item.title} ({item.pack or item.carton}) Br {item.price}.00",
)
UNPRICED: tuple[Callable[[Item], str], ...] = (
    lambda item: f"• {item.title}",
    lambda item: f"✔️ {item.full}",
    lambda item: f"🧿{item.full}\n   📦{item.carton}\n   💴\n   ⏳ {item.expiry}",
    lambda item: f"⭐️{item.title} Exp {item.expiry}",
    lambda item: f"{item.title} =",
    lambda item: f"{item.title}",
)
ODD: tuple[Callable[[Item], str], ...] = (
    lambda item: f"💊{item.title} 💵      limited quantity ⛔️",
    lambda item: f"• {item.title} (stock out)",
    lambda item: f"{item.title} ={str(item.price)[:1]} {str(item.price)[1:] or 0}",  # `=4 65`
    lambda item: f"{item.name} from {item.carton}pk 💵{_tier(item.price)}",
    lambda item: f"{item.title} አልቋል",
)
_KEPT_LINES = 20_000


class LineBook:
    """The lines of one channel. They are kept while prices stand: lists of 100 lines repeat most of them."""

    def __init__(self, prices: PriceBook, products: tuple[Product, ...], *, upper_case: bool) -> None:
        self._prices = prices
        self._products = products
        self._upper_case = upper_case
        self._lines: dict[tuple[int, int, int, int], str] = {}

    def item(self, product: Product, size: int, day: int, *, misspelt: bool = False) -> Item:
        """A size of a product on a day; pack counts and expiries belong to the product."""
        name = product.misspelling if misspelt and product.misspelling else product.name
        strength = product.strengths[size]
        return Item(
            name=name.upper() if self._upper_case else name,
            strength=strength.upper() if self._upper_case else strength,
            pack=product.pack.upper() if self._upper_case else product.pack,
            expiry=EXPIRIES[(product.number + size) % len(EXPIRIES)],
            carton=_CARTONS[product.number % len(_CARTONS)],
            price=self._prices.price(product, size, day),
        )

    def line(self, style: int, product: Product, roll: Roll, day: int) -> str:
        """One line of a list; negative styles carry no price."""
        chance = roll()
        size = int(chance * 16) % len(product.strengths)
        misspelt = chance < 0.03
        odd = chance > 0.93 and style >= 0
        notation = 100 + int(chance * 1000) % len(ODD) if odd else style
        key = (day // DAYS_PER_STEP, product.number, size + 8 * misspelt, notation)
        found = self._lines.get(key)
        if found is None:
            if len(self._lines) > _KEPT_LINES:
                self._lines.clear()
            item = self.item(product, size, day, misspelt=misspelt)
            if odd:
                found = ODD[notation - 100](item)
            elif style < 0:
                found = UNPRICED[-1 - style](item)
            elif style in (0, 1) and len(product.strengths) > 1 and size == 0:
                found = self._several_sizes(product, day)
            else:
                found = PRICED[style](item)
            self._lines[key] = found
        return found

    def _several_sizes(self, product: Product, day: int) -> str:
        """As in `Syringe 3cc=420, 5cc=630`: one price for each size."""
        items = [self.item(product, size, day) for size in range(len(product.strengths))]
        return f"{items[0].name} " + ", ".join(f"{item.strength}={item.price}" for item in items)

    def choose(self, roll: Roll) -> Product:
        """A product of the assortment; those at the front of it sell more."""
        return self._products[int(roll() ** 1.4 * len(self._products))]

    def shelf(self, roll: Roll, count: int) -> list[Product]:
        """Neighbouring products, as lists follow the shelves; some twice where the list is longer than the shelf."""
        start = int(roll() * len(self._products))
        doubled = self._products + self._products
        chosen = [*doubled[start:], *doubled[:start]][: count + count // 5]
        skipped = len(chosen) - count
        for _ in range(skipped):
            del chosen[int(roll() * len(chosen))]
        return chosen


def pick_style(roll: Roll, *, priced: bool) -> int:
    """The notation of a whole list."""
    return int(roll() * len(PRICED)) if priced else -1 - int(roll() * len(UNPRICED))
