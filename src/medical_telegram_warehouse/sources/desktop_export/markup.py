"""Turns the export's text, cut in pieces by their formatting, into plain text with entities and urls.

Entities count their offsets in UTF-16 units, as Telegram does: most emoji are two.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_NAMES = {"link": "url", "strikethrough": "strike"}
_LINKS = {"link", "text_link"}
# A word before a colon, without a dot: t.me:443/x has none.
_SCHEME = re.compile(r"([a-z][a-z0-9+-]*):", re.IGNORECASE)


class Text(NamedTuple):
    """A message's text."""

    plain: str
    entities: list[dict[str, Any]]
    urls: list[str]
    """Each once, in the order of the text."""


def read_text(text: Any, text_entities: Any) -> Text:
    """Put the pieces together; what is no piece is left out.

    Args:
        text: a string, or a list of strings and formatted pieces.
        text_entities: the same as a list of pieces, used when `text` is neither.
    """
    source = text if isinstance(text, str | list) else text_entities
    if isinstance(source, str):
        return Text(source, [], [])
    parts: list[str] = []
    entities: list[dict[str, Any]] = []
    urls: dict[str, None] = {}
    offset = 0
    for piece in source if isinstance(source, list) else ():
        words, kind, href = _piece(piece)
        length = len(words.encode("utf-16-le")) // 2
        if kind and length:
            entity = {"type": _NAMES.get(kind, kind), "offset": offset, "length": length}
            if kind == "text_link":
                entity["url"] = href
            entities.append(entity)
            target = href if kind == "text_link" else words
            if kind in _LINKS and _leads_to_web(target):
                urls[target] = None
        parts.append(words)
        offset += length
    return Text("".join(parts), entities, list(urls))


def _piece(piece: Any) -> tuple[str, str, str]:
    """A piece's words, its type ("" for plain words), and where it links to."""
    if isinstance(piece, str):
        return piece, "", ""
    if not isinstance(piece, dict) or not isinstance(piece.get("text"), str):
        return "", "", ""
    kind, href = piece.get("type"), piece.get("href")
    kind = kind if isinstance(kind, str) and kind != "plain" else ""
    return piece["text"], kind, href if isinstance(href, str) else ""


def _leads_to_web(url: str) -> bool:
    scheme = _SCHEME.match(url)
    return bool(url) and (scheme is None or scheme[1].lower() in ("http", "https"))
