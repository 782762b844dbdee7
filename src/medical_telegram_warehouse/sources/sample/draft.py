"""A post before it is published: its text and what is attached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.markup import Piece
from medical_telegram_warehouse.sources.sample.truth import SampleOffer, once, sold_out


class PhotoKey(NamedTuple):
    """Names one photo. The same key always gives the same bytes, so a key used twice is an exact re-upload."""

    kind: str
    """An image category's value, or `broken` for a file that is no picture."""
    variant: int


def nothing() -> Iterable[SampleOffer]:
    """What posts offer that offer nothing."""
    return ()


class Draft(NamedTuple):
    """What a post says and shows."""

    genre: str
    text: Piece
    photo: PhotoKey | None = None
    media_type: str | None = None
    truth: Callable[[], Iterable[SampleOffer]] = nothing
    """Tells what the text offers. A function, since the sample is generated far more often than it is judged."""
    gone: bool = False
    """The text ends by saying that nothing is left."""

    @property
    def offers(self) -> tuple[SampleOffer, ...]:
        """What the post truly offers, in the order of its text; made anew each time."""
        offers = once(self.truth())
        return sold_out(offers) if self.gone else offers


NOTHING = Piece("", 0)
