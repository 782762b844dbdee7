"""What a post carries besides its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from medical_telegram_warehouse.records import MAX_BIGINT
from medical_telegram_warehouse.sources.web_preview.references import PostName, linked_post
from medical_telegram_warehouse.sources.web_preview.tree import Element
from medical_telegram_warehouse.text import storable

# Those that may stand together in an album, each a message of its own.
_TOGETHER = {
    "tgme_widget_message_photo_wrap": "photo",
    "tgme_widget_message_video_player": "video",
    "tgme_widget_message_document_wrap": "document",
}
_ALONE = {
    "tgme_widget_message_roundvideo_player": "video",
    "tgme_widget_message_voice_player": "voice",
    "tgme_widget_message_voice": "voice",
    "tgme_widget_message_audio_player": "audio",
    "tgme_widget_message_audio": "audio",
    "tgme_widget_message_poll": "poll",
    "tgme_widget_message_sticker_wrap": "sticker",
    "tgme_widget_message_sticker": "sticker",
    "tgme_widget_message_tgsticker": "sticker",
    "tgme_widget_message_videosticker": "sticker",
    "tgme_widget_message_location_wrap": "location",
    "tgme_widget_message_venue_wrap": "location",
    "tgme_widget_message_contact_wrap": "contact",
}
_UNSUPPORTED = ("message_media_not_supported", "media_not_supported_cont")
_BACKGROUND = re.compile(r"""background-image\s*:\s*url\(\s*(?:'([^']*)'|"([^"]*)"|([^'")\s]*))\s*\)""", re.IGNORECASE)
# An album's messages were sent together, ten at most: a number far from the post's is not one of them.
_ALBUM_REACH = 100


class Medium(NamedTuple):
    """One photo, video or other attachment, and the message that bears it."""

    kind: str
    message_id: int
    photo_url: str | None = None


def read_media(elements: Sequence[Element], post: PostName) -> tuple[Medium, ...]:
    """Everything that a post carries, in the page's order; several only in an album."""
    together: list[Medium] = []
    for found in elements:
        kind = next((kind for name, kind in _TOGETHER.items() if name in found.classes), None)
        if kind is None:
            continue
        if len(together) == _ALBUM_REACH:  # a page of nothing else would take minutes
            break
        following = min(together[-1].message_id + 1, MAX_BIGINT) if together else post.message_id
        if kind == "document" and found.node.css_first(".tgme_widget_message_document_icon.audio") is not None:
            kind = "audio"
        photo_url = _photo_url(found) if kind == "photo" else None
        together.append(Medium(kind, _message_of(found, post) or following, photo_url))
    if together:
        return tuple(together)
    classes = {name for found in elements for name in found.classes}
    for name, kind in _ALONE.items():
        if name in classes:
            return (Medium(kind, post.message_id),)
    # A supported form beside it means that the notice is for old browsers only.
    if classes.intersection(_UNSUPPORTED) and "media_supported_cont" not in classes:
        return (Medium("unsupported", post.message_id),)
    return ()


def _message_of(found: Element, post: PostName) -> int | None:
    linked = linked_post(found.attribute("href"))
    if linked is None or linked.channel.lower() != post.channel.lower():
        return None
    return linked.message_id if 0 <= linked.message_id - post.message_id <= _ALBUM_REACH else None


def _photo_url(found: Element) -> str | None:
    background = _BACKGROUND.search(found.attribute("style"))
    url = next(filter(None, background.groups()), "") if background else ""
    return storable(url.strip()) or None
