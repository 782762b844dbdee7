"""A channel behind a preview of our own: what it shows, and what a place has of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from PIL import Image

from chaos.fault import Arena
from killed_runs import Place, Tables
from preview_server import PreviewChannel, PreviewPost, PreviewServer, posts

_NAME = "shop"
_PHOTO_EVERY = 10
_LOADED = {
    "messages": "SELECT concat_ws(' ', channel_name, message_id, message_date AT TIME ZONE 'UTC', message_text)"
    " FROM raw.telegram_messages",
    "messages of the marts": "SELECT concat_ws(' ', channel_name, message_id) FROM marts.fct_messages",
    "photos of the marts": "SELECT concat_ws(' ', channel_name, message_id) FROM marts.fct_images",
}


@contextmanager
def previewed(arena: Arena, name: str, count: int) -> Iterator[tuple[PreviewServer, Place]]:
    """A site with a channel of so many posts, and a place that reads it."""
    with (
        PreviewServer(PreviewChannel(_NAME, posts_of(1, count))) as site,
        arena.place(
            name,
            TELEGRAM_SOURCE="web",
            TELEGRAM_CHANNELS=_NAME,
            WEB_PREVIEW_URL=site.url,
            WEB_PREVIEW_DELAY_SECONDS="0.05",
            NO_PROXY="127.0.0.1",
        ) as place,
    ):
        yield site, place


def posts_of(first: int, last: int) -> list[PreviewPost]:
    """Posts with these numbers, some with a photo."""
    found = posts(*range(first, last + 1))
    return [post if post.id % _PHOTO_EVERY else replace(post, photos=[_photo(post.id)]) for post in found]


def _photo(number: int) -> bytes:
    content = io.BytesIO()
    Image.effect_noise((160, 120), number % 100 + 20).save(content, "JPEG")
    return content.getvalue()


def as_shown(site: PreviewServer) -> Tables:
    """What a place must have, once each."""
    all_posts = [(channel.name, post) for channel in site.channels.values() for post in channel.posts]
    return {
        "messages": [f"{name} {post.id} {post.date:%Y-%m-%d %H:%M:%S} {post.html}" for name, post in all_posts],
        "messages of the marts": [f"{name} {post.id}" for name, post in all_posts],
        "photos of the marts": [f"{name} {post.id}" for name, post in all_posts if post.photos],
        "files of photos": [
            f"{name}/{post.id}.jpg {_digest(photo)}" for name, post in all_posts for photo in post.photos
        ],
    }


def as_loaded(place: Place) -> Tables:
    """What it has."""
    with place.connect() as connection:
        found = {table: [row for (row,) in connection.execute(query)] for table, query in _LOADED.items()}
    files = (place.data / "raw" / "images").glob("*/*.jpg")
    found["files of photos"] = [f"{file.parent.name}/{file.name} {_digest(file.read_bytes())}" for file in files]
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
