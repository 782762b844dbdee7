"""Posts of a page -> messages. One post may be several messages: an album has one for each photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from medical_telegram_warehouse.records import Message
from medical_telegram_warehouse.sources.base import Observation, PhotoFetch
from medical_telegram_warehouse.sources.web_preview.media import Medium
from medical_telegram_warehouse.sources.web_preview.post import ParsedPost


def observations(
    posts: Iterable[ParsedPost],
    *,
    channel_name: str,
    source: str,
    scraped_at: datetime,
    photo: Callable[[str], PhotoFetch],
) -> list[Observation]:
    """Make the messages of a page, in ascending order and each number once.

    Args:
        posts: what the page holds.
        channel_name: every message bears this name.
        source: every message bears this source.
        scraped_at: when the page was read.
        photo: makes of a photo's address what fetches it.
    """
    found: dict[int, Observation] = {}
    for post in posts:
        for message, medium in _messages(post, channel_name, source, scraped_at):
            fetch = photo(medium.photo_url) if medium and medium.photo_url else None
            found.setdefault(message.message_id, Observation(message, fetch))
    return [found[number] for number in sorted(found)]


def _messages(
    post: ParsedPost, channel_name: str, source: str, scraped_at: datetime
) -> Iterator[tuple[Message, Medium | None]]:
    numbers = [medium.message_id for medium in post.media] or [post.message_id]
    # Where the post's own number is none of the album's, its first message bears what the post says.
    own = post.message_id if post.message_id in numbers else numbers[0]
    for number, medium in zip(numbers, post.media or (None,), strict=True):
        is_own = number == own
        yield (
            Message(
                message_id=number,
                channel_name=channel_name,
                message_date=post.date,
                message_text=post.text.text if is_own else "",
                has_media=medium is not None,
                media_type=medium.kind if medium else None,
                views=post.views,
                reactions=post.reactions if is_own else None,
                reply_to_message_id=post.reply_to_message_id,
                # Telegram's own number of an album is not on the page.
                grouped_id=min(numbers) if post.is_album else None,
                forwarded_from=post.forwarded_from,
                forwarded_from_message_id=_original(post, number),
                post_author=post.author,
                entities=list(post.text.entities) or None if is_own else None,
                urls=list(post.text.urls) or None if is_own else None,
                views_exact=None if post.views is None else False,
                scraped_at=scraped_at,
                source=source,
                raw={"html": post.html} if is_own else None,
            ),
            medium,
        )


def _original(post: ParsedPost, number: int) -> int | None:
    """The page names the original of the post's own message; those of an album's others are not shown."""
    return post.forwarded_from_message_id if number == post.message_id else None
