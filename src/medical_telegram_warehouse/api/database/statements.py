"""The `.sql` files that lie beside a repository."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import LiteralString


def statements(package: str) -> Callable[[str], LiteralString]:
    """A function that returns the text of `<name>.sql` of a package; parameters only, nothing is ever put in."""

    @cache
    def statement(name: str) -> LiteralString:
        return (resources.files(package) / f"{name}.sql").read_text(encoding="utf-8")

    return statement
