"""A caller may ask so often a minute, and others are not hurt by it."""

from __future__ import annotations

import pytest

from medical_telegram_warehouse.api.edge.rate_limit import RateLimit
from medical_telegram_warehouse.api.errors import ApiError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_may_come_at_once_and_no_more() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(ApiError) as refused:
        limit.take("a")
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "20"}
    limit.take("b")


def test_the_bucket_fills_again_with_time() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    for _ in range(60):
        limit.take("a")
    with pytest.raises(ApiError):
        limit.take("a")
    clock.now += 1.01
    limit.take("a")
    with pytest.raises(ApiError):
        limit.take("a")
    clock.now += 3600
    for _ in range(60):
        limit.take("a")
    with pytest.raises(ApiError):
        limit.take("a")


def test_zero_is_no_limit() -> None:
    limit = RateLimit(0, Clock())
    for _ in range(10_000):
        limit.take("a")


def test_a_flood_of_addresses_is_forgotten_from_its_beginning() -> None:
    limit = RateLimit(1, Clock())
    limit.take("first")
    for number in range(10_001):
        limit.take(str(number))
    limit.take("first")
    with pytest.raises(ApiError):
        limit.take("10000")
