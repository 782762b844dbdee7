"""Telegram's message -> ours.

Plain text comes from `message`, never from Telethon's `text`, which writes formatting back into it as marks. Counters
that Telegram does not send are None.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from telethon import types, utils

from medical_telegram_warehouse.records import Channel, Message
from medical_telegram_warehouse.sources.telegram.photos import photo_of
from medical_telegram_warehouse.text import storable

_ENTITIES: dict[type, str] = {
    types.MessageEntityBold: "bold",
    types.MessageEntityItalic: "italic",
    types.MessageEntityUnderline: "underline",
    types.MessageEntityStrike: "strike",
    types.MessageEntityCode: "code",
    types.MessageEntityPre: "pre",
    types.MessageEntitySpoiler: "spoiler",
    types.MessageEntityBlockquote: "blockquote",
    types.MessageEntityUrl: "url",
    types.MessageEntityTextUrl: "text_link",
    types.MessageEntityEmail: "email",
    types.MessageEntityPhone: "phone",
    types.MessageEntityMention: "mention",
    types.MessageEntityMentionName: "mention_name",
    types.MessageEntityHashtag: "hashtag",
    types.MessageEntityCashtag: "cashtag",
    types.MessageEntityBotCommand: "bot_command",
    types.MessageEntityBankCard: "bank_card",
    types.MessageEntityCustomEmoji: "custom_emoji",
}
_MEDIA: dict[type, str] = {
    types.MessageMediaPhoto: "photo",
    types.MessageMediaPoll: "poll",
    types.MessageMediaGeo: "location",
    types.MessageMediaGeoLive: "location",
    types.MessageMediaVenue: "location",
    types.MessageMediaContact: "contact",
    types.MessageMediaDice: "dice",
    types.MessageMediaGame: "game",
    types.MessageMediaInvoice: "invoice",
    types.MessageMediaStory: "story",
    types.MessageMediaGiveaway: "giveaway",
    types.MessageMediaGiveawayResults: "giveaway",
    types.MessageMediaPaidMedia: "paid_media",
    types.MessageMediaUnsupported: "unsupported",
}


def to_message(message: Any, channel: Channel) -> Message:
    """Convert one `telethon.types.Message`."""
    text = storable(message.message or "")
    entities = list(_entities(message.entities or ()))
    forward = message.fwd_from
    media_type = _media_type(message.media)
    photo = photo_of(message)
    reply_to = message.reply_to
    is_reply_here = isinstance(reply_to, types.MessageReplyHeader) and reply_to.reply_to_peer_id is None
    return Message(
        message_id=message.id,
        channel_name=channel.channel_name,
        message_date=message.date,
        message_text=text,
        has_media=media_type is not None,
        media_type=media_type,
        photo_id=photo.photo_id if photo else None,
        views=message.views,
        forwards=message.forwards,
        replies=message.replies.replies if message.replies else None,
        reactions=_reactions(message.reactions),
        edit_date=message.edit_date,
        reply_to_message_id=reply_to.reply_to_msg_id if is_reply_here else None,
        grouped_id=message.grouped_id,
        forwarded_from=_forwarded_from(message) if forward else None,
        forwarded_from_id=utils.get_peer_id(forward.from_id) if forward and forward.from_id else None,
        forwarded_from_message_id=forward.channel_post if forward else None,
        forwarded_date=forward.date if forward else None,
        post_author=storable(message.post_author) if message.post_author else None,
        entities=entities or None,
        urls=_urls(message, entities, text) or None,
        is_pinned=bool(message.pinned),
        views_exact=True if message.views is not None else None,
        scraped_at=channel.scraped_at,
        source=channel.source,
        raw=_compact(message.to_dict()),
    )


def _entities(entities: Any) -> Iterator[dict[str, Any]]:
    """Offsets count UTF-16 units, as Telegram does."""
    for entity in entities:
        kind = _ENTITIES.get(type(entity))
        if kind is None:
            continue
        described = {"type": kind, "offset": entity.offset, "length": entity.length}
        if kind == "text_link":
            described["url"] = storable(entity.url)
        elif kind == "mention_name":
            described["user_id"] = entity.user_id
        elif kind == "custom_emoji":
            described["document_id"] = entity.document_id
        elif kind == "pre" and entity.language:
            described["language"] = storable(entity.language)
        yield described


def _urls(message: Any, entities: list[dict[str, Any]], text: str) -> list[str]:
    units = text.encode("utf-16-le") if any(entity["type"] == "url" for entity in entities) else b""
    urls = []
    for entity in entities:
        if entity["type"] == "text_link":
            urls.append(entity["url"])
        elif entity["type"] == "url":
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            urls.append(units[start:end].decode("utf-16-le", errors="replace"))
    if isinstance(message.media, types.MessageMediaWebPage) and isinstance(message.media.webpage, types.WebPage):
        urls.append(storable(message.media.webpage.url))
    return list(dict.fromkeys(url for url in urls if url))


def _media_type(media: Any) -> str | None:
    """What is attached; the preview of a link is not."""
    if isinstance(media, types.MessageMediaDocument):
        return _document_type(media.document)
    if media is None or isinstance(media, types.MessageMediaEmpty | types.MessageMediaWebPage):
        return None
    return _MEDIA.get(type(media), "unsupported")


def _document_type(document: Any) -> str:
    attributes = {type(attribute): attribute for attribute in getattr(document, "attributes", None) or ()}
    if types.DocumentAttributeSticker in attributes:
        return "sticker"
    if types.DocumentAttributeAnimated in attributes:
        return "animation"
    if types.DocumentAttributeVideo in attributes:
        return "video"
    if types.DocumentAttributeAudio in attributes:
        return "voice" if attributes[types.DocumentAttributeAudio].voice else "audio"
    return "document"


def _reactions(reactions: Any) -> dict[str, int] | None:
    if reactions is None:
        return None
    counts = {}
    for result in reactions.results:
        reaction = result.reaction
        if isinstance(reaction, types.ReactionEmoji):
            counts[storable(reaction.emoticon)] = result.count
        elif isinstance(reaction, types.ReactionCustomEmoji):
            counts[str(reaction.document_id)] = result.count
        elif isinstance(reaction, types.ReactionPaid):
            counts["paid"] = result.count
    return counts


def _forwarded_from(message: Any) -> str:
    """The user name, else the title or name, of where the original was posted; else its number."""
    forward = message.fwd_from
    origin = message.forward.chat or message.forward.sender if message.forward else None
    known = getattr(origin, "username", None) or (utils.get_display_name(origin) if origin else "")
    name = storable(known or forward.from_name or "")
    return name or (str(utils.get_peer_id(forward.from_id)) if forward.from_id else "unknown")


def _compact(value: Any) -> Any:
    """A TL object's dictionary as JSON: bytes in base64, and without flags that are not set, as on the wire."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {name: _compact(each) for name, each in value.items() if each is not None and each is not False}
    if isinstance(value, list):
        return [_compact(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return value
