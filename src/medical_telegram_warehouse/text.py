"""Makes text from outside storable: PostgreSQL takes neither NUL characters nor lone surrogates."""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def storable(text: str) -> str:
    """Replace each NUL and each lone surrogate by U+FFFD; without any, the same object."""
    return _UNSTORABLE.sub(REPLACEMENT, text) if _UNSTORABLE.search(text) else text


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
