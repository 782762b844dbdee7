"""The lines of one channel's lists: which product, which size, in which notation, at the price of the week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medical_telegram_warehouse.sources.sample.chance import Roll
from medical_telegram_warehouse.sources.sample.items import Item, item_of
from medical_telegram_warehouse.sources.sample.notations import ODD, PRICED, UNPRICED, Line, several_sizes, written
from medical_telegram_warehouse.sources.sample.prices import DAYS_PER_STEP, PriceBook
from medical_telegram_warehouse.sources.sample.products import PRODUCTS, Product
from medical_telegram_warehouse.sources.sample.truth import SampleOffer

LineKey = tuple[int, int, int, int]
"""Week, product, size (with `_SIZES` added where misspelt), notation (with `_ODD` added where odd)."""
_SIZES = 8
_ODD = 100
_KEPT_LINES = 20_000


class LineBook:
    """The lines of one channel. They are kept while prices stand: lists of 100 lines repeat most of them."""

    def __init__(self, prices: PriceBook, products: tuple[Product, ...], *, upper_case: bool) -> None:
        self._prices = prices
        self._products = products
        self._upper_case = upper_case
        self._texts: dict[LineKey, str] = {}

    def item(self, product: Product, size: int, day: int, *, misspelt: bool = False) -> Item:
        """A size of a product on a day."""
        price = self._prices.price(product, size, day)
        return item_of(product, size, price, misspelt=misspelt, upper_case=self._upper_case)

    def line(self, style: int, product: Product, roll: Roll, day: int) -> tuple[LineKey, str]:
        """One line of a list, and the key under which its offers can be asked for; negative styles carry no price."""
        chance = roll()
        size = int(chance * 16) % len(product.strengths)
        misspelt = chance < 0.03
        odd = chance > 0.93 and style >= 0
        notation = _ODD + int(chance * 1000) % len(ODD) if odd else style
        key = (day // DAYS_PER_STEP, product.number, size + _SIZES * misspelt, notation)
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) > _KEPT_LINES:
                self._texts.clear()
            text = self._texts[key] = self._made(key).text
        return key, text

    def offers(self, keys: Iterable[LineKey]) -> Iterator[SampleOffer]:
        """What lines offer. Not kept with the lines: truths for all of them would slow every generation by a third."""
        for key in keys:
            yield from self._made(key).offers

    def _made(self, key: LineKey) -> Line:
        week, number, variant, notation = key
        day, product = week * DAYS_PER_STEP, PRODUCTS[number]
        misspelt, size = divmod(variant, _SIZES)
        if notation in (0, 1) and len(product.strengths) > 1 and size == 0:
            return several_sizes(tuple(self.item(product, each, day) for each in range(len(product.strengths))))
        item = self.item(product, size, day, misspelt=bool(misspelt))
        if notation >= _ODD:
            return written(ODD[notation - _ODD], item)
        return written(UNPRICED[-1 - notation] if notation < 0 else PRICED[notation], item)

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
