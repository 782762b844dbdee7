"""A page of the preview: bytes -> the channel's facts and its posts.

A pure function of the bytes that never fails: what cannot be read is left out, and counted with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from medical_telegram_warehouse.records import MAX_BIGINT
from medical_telegram_warehouse.sources.web_preview.counters import read_counter
from medical_telegram_warehouse.sources.web_preview.post import POST, ParsedPost, read_post
from medical_telegram_warehouse.sources.web_preview.references import PostName, is_user_name, named_post
from medical_telegram_warehouse.sources.web_preview.rich_text import read_text
from medical_telegram_warehouse.sources.web_preview.tree import Element, descend
from medical_telegram_warehouse.text import storable

_PEER = re.compile(r"c([0-9]{1,19})_.*", re.DOTALL)
_SUBSCRIBERS = frozenset({"subscriber", "subscribers", "member", "members"})
_MAX_SHOWN = 80


class ParsedChannel(NamedTuple):
    """What a page says of its channel."""

    username: str | None = None
    """As the channel itself writes it: capital letters too."""
    title: str | None = None
    description: str | None = None
    subscribers: int | None = None
    is_verified: bool | None = None
    telegram_id: int | None = None


class ParsedPage(NamedTuple):
    """What a page holds."""

    is_preview: bool
    """False for what the site sends instead of a channel, such as a throttled visitor's page."""
    channel: ParsedChannel
    posts: tuple[ParsedPost, ...]
    """In ascending order of their numbers."""
    ids: frozenset[int]
    """The number of every post, service messages and unusable ones too: by these a reader finds the next page."""
    service_messages: int
    unusable: tuple[str, ...]
    """One line for each post that cannot be read, with the reason."""


def parse_page(body: bytes) -> ParsedPage:
    """Read a page of any quality."""
    tree = LexborHTMLParser(body.decode("utf-8", "replace"))
    found = list(descend(tree.root, frozenset({POST}))) if tree.root is not None else []
    widgets = [each for each in found if POST in each.classes]
    names = [named_post(widget.attribute("data-post")) for widget in widgets]
    username = _most_frequent(name.channel for name in names if name)
    posts: dict[int, ParsedPost] = {}
    ids: set[int] = set()
    unusable: list[str] = []
    service_messages = 0
    for widget, name in zip(widgets, names, strict=True):
        reason = _foreign(name, username)
        if name is not None and reason is None:
            ids.add(name.message_id)
            if "service_message" in widget.classes:
                service_messages += 1
                continue
            post = read_post(widget, name)
            if isinstance(post, str):
                reason = post
            elif posts.setdefault(name.message_id, post) is not post:
                reason = "the page holds it twice"
            else:
                ids.update(medium.message_id for medium in post.media)
        if reason is not None:
            unusable.append(f"{storable(widget.attribute('data-post'))[:_MAX_SHOWN] or 'a post'}: {reason}")
    sections = {name for each in found for name in each.classes}
    return ParsedPage(
        is_preview=bool(ids) or not sections.isdisjoint({"tgme_channel_info", "tgme_channel_history"}),
        channel=_channel(tree, username, widgets),
        posts=tuple(posts[number] for number in sorted(posts)),
        ids=frozenset(ids),
        service_messages=service_messages,
        unusable=tuple(unusable),
    )


def _most_frequent(names: Iterable[str]) -> str | None:
    counted = Counter(names).most_common(1)
    return counted[0][0] if counted else None


def _foreign(name: PostName | None, username: str | None) -> str | None:
    if name is None:
        return "no usable number"
    if username is None or name.channel.lower() != username.lower():
        return "it belongs to another channel"
    return None


def _channel(tree: LexborHTMLParser, username: str | None, widgets: Iterable[Element]) -> ParsedChannel:
    if username is None:
        written = _shown(tree, ".tgme_channel_info_header_username a").removeprefix("@")
        username = written if is_user_name(written) else None
    peers = (_PEER.fullmatch(widget.attribute("data-peer")) for widget in widgets)
    telegram_ids = (int(peer[1]) for peer in peers if peer)
    has_info = tree.css_first(".tgme_channel_info") is not None
    return ParsedChannel(
        username=username,
        title=_shown(tree, ".tgme_channel_info_header_title") or None,
        description=_shown(tree, ".tgme_channel_info_description") or None,
        subscribers=_subscribers(tree),
        is_verified=tree.css_first(".tgme_channel_info .verified-icon") is not None if has_info else None,
        telegram_id=next((number for number in telegram_ids if 0 < number <= MAX_BIGINT), None),
    )


def _subscribers(tree: LexborHTMLParser) -> int | None:
    for counter in tree.css(".tgme_channel_info_counter"):
        kind, value = counter.css_first(".counter_type"), counter.css_first(".counter_value")
        if kind is not None and value is not None and read_text(kind).text.lower() in _SUBSCRIBERS:
            return read_counter(read_text(value).text)
    return None


def _shown(tree: LexborHTMLParser, selector: str) -> str:
    found = tree.css_first(selector)
    return read_text(found).text if found is not None else ""
