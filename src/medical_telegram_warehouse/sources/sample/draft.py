"""A post before it is published: its text and what is attached."""

from __future__ import annotations

from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.markup import Piece


class PhotoKey(NamedTuple):
    """Names one photo. The same key always gives the same bytes, so a key used twice is an exact re-upload."""

    kind: str
    """An image category's value, or `broken` for a file that is no picture."""
    variant: int


class Draft(NamedTuple):
    """What a post says and shows."""

    genre: str
    text: Piece
    photo: PhotoKey | None = None
    media_type: str | None = None


NOTHING = Piece("", 0)
