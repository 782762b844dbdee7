"""The words of `data/words.toml`: what tells a post's genre and a line's role. Read once per process."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

WORDS_FILE = "words.toml"


@cache
def _read() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((resources.files(__package__) / "data" / WORDS_FILE).read_text(encoding="utf-8"))


def pattern(section: str, name: str) -> re.Pattern[str]:
    """A pattern that finds any entry of a list, as whole words where it is written in Latin letters."""
    return re.compile(rf"(?<![a-z])(?:{'|'.join(_read()[section][name])})(?![a-z])", re.MULTILINE)


def words(name: str) -> frozenset[str]:
    """A list of plain words."""
    return frozenset(_read()["words"][name])
