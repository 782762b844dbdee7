"""Formatted text as Telegram has it: plain characters, and entities with offsets in UTF-16 units.

Vocabulary is written with `<b>`, `<s>` and `<i>`; phones, mentions, hashtags and links are recognised. The marks never
reach a message's text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

Entity = dict[str, Any]
_TAGS = {"b": "bold", "s": "strike", "i": "italic"}
_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[bsi])>"
    r"|(?P<phone>(?:\+251|\b0)9\d{8}\b)"
    r"|(?P<url>(?:https?://|www\.)[\w./-]*[\w/])"
    r"|(?P<mention>@[A-Za-z]\w{4,})"
    r"|(?P<hashtag>\#[^\W\d]\w*)"
)


class Piece(NamedTuple):
    """Part of a text, its length in UTF-16 units, and entities counted from its own start."""

    text: str
    length: int
    entities: tuple[Entity, ...] = ()
    urls: tuple[str, ...] = ()


def utf16_length(text: str) -> int:
    """How Telegram counts: characters beyond U+FFFF, such as most emoji, are two units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) >> 1


def parse(marked: str) -> Piece:
    """Turn marked vocabulary into plain text with entities."""
    parts: list[str] = []
    entities: list[Entity] = []
    urls: list[str] = []
    opened: dict[str, int] = {}
    position = length = 0
    for token in _TOKEN.finditer(marked):
        before = marked[position : token.start()]
        parts.append(before)
        length += utf16_length(before)
        position = token.end()
        kind = str(token.lastgroup)
        if kind == "tag":
            tag = token["tag"]
            if token["close"]:
                start = opened.pop(tag)
                entities.append({"type": _TAGS[tag], "offset": start, "length": length - start})
            else:
                opened[tag] = length
        else:
            size = utf16_length(token[0])
            entities.append({"type": kind, "offset": length, "length": size})
            parts.append(token[0])
            length += size
            if kind == "url":
                urls.append(token[0])
    rest = marked[position:]
    parts.append(rest)
    return Piece("".join(parts), length + utf16_length(rest), tuple(entities), tuple(urls))


parse_once = lru_cache(maxsize=512)(parse)
"""For vocabulary that returns unchanged, such as footers."""


def plain(text: str) -> Piece:
    """A piece without entities."""
    return Piece(text, utf16_length(text))


def join(*pieces: Piece) -> Piece:
    """Put pieces under each other, leaving out empty ones."""
    filled = [piece for piece in pieces if piece.text]
    entities: list[Entity] = []
    urls: tuple[str, ...] = ()
    start = 0
    for piece in filled:
        for entity in piece.entities:
            entities.append(  # noqa: PERF401 -- a comprehension could not move `start`
                {"type": entity["type"], "offset": start + entity["offset"], "length": entity["length"]}
            )
        urls += piece.urls
        start += piece.length + 1
    return Piece("\n".join([piece.text for piece in filled]), max(start - 1, 0), tuple(entities), urls)
