"""Ways through a parsed page that end on any input.

Nothing here recurses, as the depth of a page is its author's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from selectolax.lexbor import LexborNode


class Element(NamedTuple):
    """An element and its classes."""

    node: LexborNode
    classes: frozenset[str]

    def attribute(self, name: str) -> str:
        """An attribute's value, empty where the attribute is missing."""
        return self.node.attributes.get(name) or ""


def element(node: LexborNode) -> Element:
    """Read a node's classes once."""
    return Element(node, frozenset((node.attributes.get("class") or "").split()))


def descend(root: LexborNode, closed: Set[str]) -> Iterator[Element]:
    """Yield the elements below `root` in their order, without what lies inside one that has a class of `closed`."""
    waiting = [root.first_child]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        waiting.append(node.next)
        if node.is_element_node:
            found = element(node)
            yield found
            if found.classes.isdisjoint(closed):
                waiting.append(node.first_child)
