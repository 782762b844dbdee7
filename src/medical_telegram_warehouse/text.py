"""Makes text from outside storable and printable.

PostgreSQL takes neither NUL characters nor lone surrogates. A terminal obeys control characters: they move its cursor,
change its title, hide what stands around them.
"""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
# The pictures that Unicode has of the first 32 and of DEL. Those of 0x80 and above have none, nor have the marks that
# turn the direction of all that follows.
_PICTURES: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], REPLACEMENT),
}


def storable(text: str) -> str:
    """Replace each NUL and each lone surrogate by U+FFFD; without any, the same object."""
    return _UNSTORABLE.sub(REPLACEMENT, text) if _UNSTORABLE.search(text) else text


def printable(text: str) -> str:
    """Replace what a terminal would obey by a picture of it, but for tabs and line feeds."""
    return text if text.isprintable() else text.translate(_PICTURES)


def storable_json(value: Any, depth: int) -> Any:
    """The same for every string inside decoded JSON, keys too.

    Raises:
        RecursionError: lists and objects lie inside each other deeper than `depth` levels.
    """
    if isinstance(value, str):
        return storable(value)
    if not isinstance(value, list | dict):
        return value
    if not depth:
        raise RecursionError
    if isinstance(value, list):
        return [storable_json(item, depth - 1) for item in value]
    return {storable(key): storable_json(item, depth - 1) for key, item in value.items()}
