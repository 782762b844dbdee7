"""Prices that move as in a shop: unchanged for weeks, then a step, slowly upwards over the years."""

from __future__ import annotations

import math

from medical_telegram_warehouse.sources.sample.chance import stream
from medical_telegram_warehouse.sources.sample.products import Product

DAYS_PER_STEP = 7
_PULL = 0.97  # back to the usual level: competitors exist
_AHEAD = 60  # weeks computed at once: asking week by week would start over each time
_INFLATION = 0.0008  # a week
_GRIDS = ((100, 1), (400, 5), (2_000, 10), (20_000, 50))


class PriceBook:
    """The prices of one channel. A price depends on (seed, channel, product, week) only."""

    def __init__(self, seed: int, channel: str) -> None:
        self._seed = seed
        self._channel = channel
        self._walks: dict[int, list[float]] = {}

    def price(self, product: Product, size: int, day: int) -> int:
        """The price in birr of one size of a product on a day."""
        level = self._level(product, day // DAYS_PER_STEP)
        return shop_price(product.price * (1 + size / 2) * level)

    def _level(self, product: Product, step: int) -> float:
        walk = self._walks.get(product.number, [])
        if len(walk) <= step:
            walk = self._walk(product, step + _AHEAD)
            self._walks[product.number] = walk
        return walk[step]

    def _walk(self, product: Product, steps: int) -> list[float]:
        chance = stream(self._seed, "price", self._channel, product.name)
        deviation = chance.gauss(0, 0.08)
        level, walk = math.exp(deviation), []
        for step in range(steps):
            deviation = deviation * _PULL + chance.gauss(0, 0.035)
            if chance.random() < 0.35:  # otherwise the old price stays on the shelf
                level = math.exp(deviation + _INFLATION * step)
            walk.append(level)
        return walk


def shop_price(amount: float) -> int:
    """The price that a shop would write: small ones to the birr, others to 5, 10, 50 or 100 birr."""
    grid = next((grid for limit, grid in _GRIDS if amount < limit), 100)
    return max(1, round(amount / grid)) * grid
