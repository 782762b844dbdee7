"""One post of a page: the widget's HTML -> what it says, still without channel, time of reading or photo bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from medical_telegram_warehouse.records import MAX_COUNT
from medical_telegram_warehouse.sources.web_preview.counters import read_counter
from medical_telegram_warehouse.sources.web_preview.media import Medium, read_media
from medical_telegram_warehouse.sources.web_preview.references import PostName, linked_name, linked_post
from medical_telegram_warehouse.sources.web_preview.rich_text import RichText, read_text
from medical_telegram_warehouse.sources.web_preview.tree import Element, descend
from medical_telegram_warehouse.text import storable

POST = "tgme_widget_message"
_TEXT = "js-message_text"
_REPLY = "tgme_widget_message_reply"
_REACTION = "tgme_reaction"
# What lies inside these is not the post's own: the quoted message, a linked page, another post, a notice for old
# browsers. Texts and reactions are read by themselves.
_CLOSED = frozenset({POST, _TEXT, _REPLY, _REACTION, "tgme_widget_message_link_preview", "media_not_supported_cont"})
MAX_HTML = 100_000


class ParsedPost(NamedTuple):
    """A post as its page shows it."""

    message_id: int
    date: datetime
    text: RichText
    media: tuple[Medium, ...]
    is_album: bool
    views: int | None
    reactions: dict[str, int] | None
    forwarded_from: str | None
    forwarded_from_message_id: int | None
    reply_to_message_id: int | None
    author: str | None
    html: str


def read_post(widget: Element, name: PostName) -> ParsedPost | str:
    """Read a post, or say why it cannot be read."""
    elements = list(descend(widget.node, _CLOSED))
    date = _date(elements)
    if isinstance(date, str):
        return date
    text = _first(elements, _TEXT)
    media = read_media(elements, name)
    forwarded = _first(elements, "tgme_widget_message_forwarded_from_name")
    origin = forwarded.attribute("href") if forwarded else ""
    original = linked_post(origin)
    reply = _first(elements, _REPLY)
    replied = linked_post(reply.attribute("href")) if reply else None
    return ParsedPost(
        message_id=name.message_id,
        date=date,
        text=read_text(text.node) if text else RichText(),
        media=media,
        is_album=len(media) > 1 or _first(elements, "tgme_widget_message_grouped_wrap") is not None,
        views=read_counter(_shown(elements, "tgme_widget_message_views")),
        reactions=_reactions(found for found in elements if _REACTION in found.classes),
        forwarded_from=linked_name(origin) or _shown(elements, "tgme_widget_message_forwarded_from_name") or None,
        forwarded_from_message_id=original.message_id if original else None,
        # A reply to another channel's post bears a number that means nothing in this channel.
        reply_to_message_id=replied.message_id if replied and _same(replied.channel, name.channel) else None,
        author=_shown(elements, "tgme_widget_message_from_author") or None,
        html=storable((widget.node.html or "")[:MAX_HTML]),
    )


def _first(elements: Iterable[Element], name: str) -> Element | None:
    return next((found for found in elements if name in found.classes), None)


def _shown(elements: Iterable[Element], name: str) -> str:
    found = _first(elements, name)
    return read_text(found.node).text if found else ""


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _date(elements: Iterable[Element]) -> datetime | str:
    link = _first(elements, "tgme_widget_message_date")
    time = link.node.css_first("time[datetime]") if link else None
    if time is None:
        return "no date"
    written = time.attributes.get("datetime") or ""
    try:
        date = datetime.fromisoformat(written)
        return date.astimezone(UTC) if date.tzinfo else f"the date {written!r} has no zone"
    except (ValueError, OverflowError):
        return f"the date {written!r} is none"


def _reactions(found: Iterable[Element]) -> dict[str, int] | None:
    counts: dict[str, int] = {}
    for reaction in found:
        count = read_counter(reaction.node.text(deep=False))
        if count is not None:
            name = _reaction_name(reaction)
            counts[name] = min(counts.get(name, 0) + count, MAX_COUNT)
    return counts or None


def _reaction_name(reaction: Element) -> str:
    if "tgme_reaction_paid" in reaction.classes:
        return "paid"
    custom = reaction.node.css_first("tg-emoji[emoji-id]")
    if custom is not None and (document := custom.attributes.get("emoji-id")):
        return storable(document)
    emoji = reaction.node.css_first("b")
    return (read_text(emoji).text if emoji is not None else "") or "unknown"
