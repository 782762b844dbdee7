"""What a scrape sees of a posted message: counters that grow with age, and its edit once that has happened."""

from __future__ import annotations

from datetime import datetime
from math import exp

from medical_telegram_warehouse.records import Message
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.feed import Posted

_SECONDS_TO_SATURATE = 2.2 * 86_400  # two days until two of three viewers have seen a post
_EMOJI = ("👍", "❤", "🙏", "🔥", "👏")


def observe(posted: Posted, profile: Profile, at: datetime) -> Message:
    """The message as it looks at a moment. Counters of a later moment are never smaller."""
    age = (at - posted.counted_from).total_seconds()
    views = 1 + int(posted.peak_views * (1 - exp(-age / _SECONDS_TO_SATURATE)))
    mood = posted.mood
    draft, edit_date = posted.draft, None
    if posted.edit is not None and posted.edit[0] <= at:
        edit_date, draft = posted.edit
    text = draft.text
    return Message(
        message_id=posted.message_id,
        channel_name=profile.name,
        message_date=posted.date,
        message_text=text.text,
        has_media=draft.media_type is not None,
        media_type=draft.media_type,
        views=views,
        forwards=int(views * mood * mood * 0.03),
        replies=int(views * mood * 0.004) if profile.comments else None,
        reactions=_reactions(views, mood) if profile.reacts else None,
        edit_date=edit_date,
        reply_to_message_id=posted.reply_to,
        grouped_id=posted.grouped_id,
        forwarded_from=posted.forwarded_from,
        entities=list(text.entities) or None,
        urls=list(text.urls) or None,
        scraped_at=at,
        source="sample",
    )


def _reactions(views: int, mood: float) -> dict[str, int] | None:
    """Few kinds; Telegram shows none where nobody reacted."""
    count = int(views * mood * 0.012)
    if count == 0:
        return None
    favourite = int(mood * 997) % len(_EMOJI)
    reactions = {_EMOJI[favourite]: count}
    if count > 4:
        reactions[_EMOJI[favourite - 1]] = count // 4
    return reactions
