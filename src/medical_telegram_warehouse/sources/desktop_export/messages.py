"""Turns one message object of an export into a `Message`, or says why it cannot.

Any value may be of any kind: what is not of the expected one counts as not given. An export holds no counters, so
views, forwards and replies stay unknown.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

from medical_telegram_warehouse.records import MAX_BIGINT, MAX_COUNT, MAX_NESTING, Channel, Message
from medical_telegram_warehouse.sources.desktop_export.markup import read_text
from medical_telegram_warehouse.sources.desktop_export.moments import read_moment
from medical_telegram_warehouse.text import storable_json

_MEDIA_TYPES = {
    "video_file": "video",
    "video_message": "video",
    "audio_file": "audio",
    "voice_message": "voice",
}
# Media that the export describes under a key of its own, without a file.
_DESCRIBED = {
    "poll": "poll",
    "location_information": "location",
    "contact_information": "contact",
    "game_title": "game",
    "invoice_information": "invoice",
    "giveaway_information": "giveaway",
    "giveaway_results": "giveaway",
}
_PEER = re.compile(r"(channel|chat|user)([0-9]{1,18})")
_PEER_PREFIX = {"channel": "-100", "chat": "-", "user": ""}


class Unusable(Exception):  # noqa: N818 -- caught by the source, which counts it
    """A message that is no message of an analyst; `reason` is what it is counted under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadMessage(NamedTuple):
    """A message, and the path of its photo as the export names it."""

    message: Message
    photo: str | None


def read_message(item: Any, channel: Channel, until: datetime) -> ReadMessage:
    """Read one element of a chat's messages.

    Args:
        item: what the parser built of it.
        channel: where it was posted.
        until: later dates are wrong.

    Raises:
        Unusable: it is a service message, or not even its id and date can be read.
    """
    if not isinstance(item, dict):
        raise Unusable("not_an_object")
    if item.get("type") in ("service", "unsupported"):
        raise Unusable(str(item["type"]))
    message_id = _whole(item.get("id"))
    if message_id is None or message_id <= 0:
        raise Unusable("message_id_unusable")
    date = read_moment(item.get("date_unixtime"), item.get("date"), until)
    if date is None:
        raise Unusable("date_unreadable")
    try:
        raw: dict[str, Any] = storable_json(item, MAX_NESTING - 1)  # the lake's record is one level more
    except RecursionError:
        raise Unusable("nested_too_deeply") from None
    text = read_text(raw.get("text"), raw.get("text_entities"))
    media_type, photo = _media(raw)
    message = Message(
        message_id=message_id,
        channel_name=channel.channel_name,
        message_date=date,
        message_text=text.plain,
        has_media=media_type is not None,
        media_type=media_type,
        reactions=_reactions(raw.get("reactions")) or None,
        edit_date=read_moment(raw.get("edited_unixtime"), raw.get("edited"), until),
        reply_to_message_id=_reply(raw, channel.telegram_id),
        forwarded_from=_forwarded_from(raw),
        forwarded_from_id=_peer_id(raw.get("forwarded_from_id")),
        post_author=_words(raw.get("author")),
        entities=text.entities or None,
        urls=text.urls or None,
        scraped_at=channel.scraped_at,
        source=channel.source,
        raw=raw,
    )
    return ReadMessage(message, photo)


def _media(raw: dict[str, Any]) -> tuple[str | None, str | None]:
    """The kind of media, and the path of what counts as a photo."""
    photo, file = _words(raw.get("photo")), _words(raw.get("file"))
    kind = _words(raw.get("media_type"))
    if kind is not None and (kind != "photo" or photo is None):
        return _MEDIA_TYPES.get(kind, kind), None
    if photo is not None:
        return "photo", photo
    if file is not None:
        is_image = (_words(raw.get("mime_type")) or "").lower().startswith("image/")
        return "document", file if is_image else None
    return next((name for key, name in _DESCRIBED.items() if raw.get(key)), None), None


def _reactions(value: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reaction in value if isinstance(value, list) else ():
        if not isinstance(reaction, dict):
            continue
        count = _whole(reaction.get("count"))
        # A custom emoji has a document; a paid reaction has nothing but its type.
        name = next((words for key in ("emoji", "document_id", "type") if (words := _words(reaction.get(key)))), None)
        if name is not None and count is not None and count > 0:
            counts[name] = min(counts.get(name, 0) + count, MAX_COUNT)
    return counts


def _reply(raw: dict[str, Any], telegram_id: int | None) -> int | None:
    message_id = _whole(raw.get("reply_to_message_id"))
    if message_id is None or message_id <= 0:
        return None
    if "reply_to_peer_id" not in raw:
        return message_id
    peer = _PEER.fullmatch(str(raw["reply_to_peer_id"]))
    return message_id if peer and int(peer[2]) == telegram_id else None


def _forwarded_from(raw: dict[str, Any]) -> str | None:
    if "forwarded_from" not in raw:
        return None
    # An account that was deleted has no name, but the message is still a forward.
    return _words(raw["forwarded_from"]) or "unknown"


def _peer_id(value: Any) -> int | None:
    peer = _PEER.fullmatch(value) if isinstance(value, str) else None
    return _whole(int(_PEER_PREFIX[peer[1]] + peer[2])) if peer else None


def _whole(value: Any) -> int | None:
    """A whole number of 64 bits."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and abs(value) <= MAX_BIGINT else None


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
