"""The `.sql` files of the finders, parameters only."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import LiteralString


@cache
def statement(name: str) -> LiteralString:
    """Return the text of `<name>.sql`, which ships with the package."""
    return (resources.files(__package__) / f"{name}.sql").read_text(encoding="utf-8")
