"""Repeatable chance: streams of random numbers named by what they decide."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Roll = Callable[[], float]
"""Gives the next number in [0, 1) of one stream."""


def stream(*name: object) -> random.Random:
    """A stream that depends on its name only, on every machine and in every Python."""
    digest = hashlib.blake2b("|".join(map(str, name)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


def fraction(*name: object) -> float:
    """A single number in [0, 1), for decisions that stand alone."""
    digest = hashlib.blake2b("|".join(map(str, name)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(roll: Roll, items: Sequence[T]) -> T:
    """One of the items. Several times faster than `random.choice`, and this is called for each line of each post."""
    return items[int(roll() * len(items))]
