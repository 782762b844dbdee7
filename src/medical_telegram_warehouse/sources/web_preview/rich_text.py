"""HTML of a post -> plain text, entities with offsets in UTF-16 units, and links.

The site's own style keeps white space, so characters are taken as they stand; only the text's ends are trimmed.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple

from selectolax.lexbor import LexborNode

from medical_telegram_warehouse.sources.web_preview.tree import Element, element
from medical_telegram_warehouse.text import storable

Entity = dict[str, Any]
_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strike",
    "del": "strike",
    "strike": "strike",
    "u": "underline",
    "ins": "underline",
    "code": "code",
    "pre": "pre",
    "tg-spoiler": "spoiler",
    "blockquote": "blockquote",
}
_BLOCKS = frozenset({"pre", "blockquote", "div", "p"})
_INVISIBLE = frozenset({"script", "style", "template", "noscript"})
_BY_FIRST_CHARACTER = {"@": "mention", "#": "hashtag", "$": "cashtag"}
_BY_SCHEME = {"tel": "phone", "mailto": "email"}


class RichText(NamedTuple):
    """Plain text with what its formatting said."""

    text: str = ""
    entities: tuple[Entity, ...] = ()
    urls: tuple[str, ...] = ()


class _Open(NamedTuple):
    """A started element: where it started, and where to go on after it."""

    element: Element
    start: int
    after: LexborNode | None
    in_emoji: bool


def read_text(root: LexborNode) -> RichText:
    """Read everything inside an element."""
    return _Reader().read(root)


class _Reader:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._ends_line = True
        self._owes_break = False
        self._spans: list[tuple[int, int, Entity]] = []
        self._urls: list[str] = []
        self._in_emoji = False

    def read(self, root: LexborNode) -> RichText:
        opened: list[_Open] = []
        node = root.first_child
        while node is not None or opened:
            if node is None:
                ended = opened.pop()
                self._close(ended)
                node = ended.after
            elif node.is_text_node:
                self._add(node.text_content or "")
                node = node.next
            elif node.is_element_node and node.tag not in _INVISIBLE:
                opened.append(self._open(node))
                node = node.first_child
            else:
                node = node.next
        return self._result()

    def _open(self, node: LexborNode) -> _Open:
        found = element(node)
        self._owes_break |= node.tag in _BLOCKS
        if node.tag == "br":
            self._add("\n")
        elif node.tag == "img" and "emoji" in found.classes:
            self._add(found.attribute("alt"))
        opened = _Open(found, self._length, node.next, self._in_emoji)
        self._in_emoji |= "emoji" in found.classes or node.tag == "tg-emoji"
        return opened

    def _add(self, text: str) -> None:
        if not text:
            return
        text = storable(text)
        if self._owes_break and not self._ends_line and not text.startswith("\n"):
            text = "\n" + text
        self._owes_break = False
        self._parts.append(text)
        self._length += len(text)
        self._ends_line = text.endswith("\n")

    def _close(self, ended: _Open) -> None:
        self._in_emoji = ended.in_emoji
        tag = ended.element.node.tag or ""
        self._owes_break |= tag in _BLOCKS
        if self._in_emoji or "emoji" in ended.element.classes or self._length == ended.start:
            return
        if tag == "a":
            self._close_link(ended)
        elif (kind := _STYLES.get(tag)) or "tg-spoiler" in ended.element.classes:
            self._spans.append((ended.start, self._length, {"type": kind or "spoiler"}))

    def _close_link(self, ended: _Open) -> None:
        target = storable(ended.element.attribute("href").strip())
        kind = _link_kind(self._since(ended.start).strip(), target)
        if kind in ("url", "text_link"):
            self._urls.append(target)
        if kind is not None:
            entity = {"type": kind, "url": target} if kind == "text_link" else {"type": kind}
            self._spans.append((ended.start, self._length, entity))

    def _since(self, start: int) -> str:
        parts: list[str] = []
        left = self._length - start
        for part in reversed(self._parts):
            if left <= 0:
                break
            parts.append(part[-left:])
            left -= len(part)
        return "".join(reversed(parts))

    def _result(self) -> RichText:
        untrimmed = "".join(self._parts)
        text = untrimmed.strip()
        first = len(untrimmed) - len(untrimmed.lstrip())
        wide = [index for index, character in enumerate(text) if character > "\uffff"]
        entities = []
        for start, end, entity in sorted(self._spans, key=lambda span: (span[0], -span[1])):
            begins, ends = max(start - first, 0), min(end - first, len(text))
            while begins < ends and text[begins] == "\n":
                begins += 1
            if begins < ends:
                # Characters beyond U+FFFF, such as most emoji, are two units.
                offset = begins + bisect_left(wide, begins)
                length = ends + bisect_left(wide, ends) - offset
                entities.append({**entity, "offset": offset, "length": length})
        return RichText(text, tuple(entities), tuple(dict.fromkeys(self._urls)))


def _link_kind(shown: str, target: str) -> str | None:
    scheme, _, rest = target.lower().partition(":")
    if scheme not in ("http", "https") or not rest.startswith("//"):
        return _BY_FIRST_CHARACTER.get(shown[:1]) or _BY_SCHEME.get(scheme)
    # An @name that leads to somebody else is a link like any other.
    if shown.startswith("@") and _bare(target).endswith("/" + shown[1:].lower()):
        return "mention"
    return "url" if _bare(shown) == _bare(target) else "text_link"


def _bare(link: str) -> str:
    return link.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
