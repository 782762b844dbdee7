"""Small plots made of characters, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int]) -> str:
    """One character a value; the highest value fills its character."""
    top = max(values, default=0)
    return "".join(_BLOCKS[round(value / top * (len(_BLOCKS) - 1))] if top else _BLOCKS[0] for value in values)


def bar(value: int, top: int, width: int = 24) -> str:
    """A bar of at most `width` characters; anything above zero is visible."""
    return "█" * max(1, round(value / top * width)) if value and top else ""
