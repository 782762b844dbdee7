"""Messages as a person labelled them and as an extractor read them: the files that an evaluation compares.

One JSON object a line. Keys that are not named here are passed over: predictions may say more than is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar, get_args

import msgspec

from medical_telegram_warehouse.errors import LabelsError

Genre = Literal[
    "single_product_ad",
    "price_list",
    "product_list",
    "service_promo",
    "training_ad",
    "job_ad",
    "business_sale",
    "health_education",
    "news_other",
    "media_only",
]
GENRES: tuple[Genre, ...] = get_args(Genre)


class Key(NamedTuple):
    """Names one message."""

    channel_name: str
    message_id: int

    def __str__(self) -> str:
        return f"{self.channel_name}/{self.message_id}"


class LabelledOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product that a message truly offers."""

    name: str
    alt: tuple[str, ...] = ()
    """Other names that are as right."""
    strength: str | None = None
    form: str | None = None
    pack: str | None = None
    prices: tuple[int | float, ...]
    """Every acceptable current price."""
    expiry: str | None = None


class PredictedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product that an extractor found."""

    name: str | None
    alt: tuple[str, ...] = ()
    strength: str | None = None
    form: str | None = None
    pack: str | None = None
    price: int | float | None = None
    expiry: str | None = None


class LabelledMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a message truly is and offers."""

    channel_name: str
    message_id: int
    genre: Genre
    offers: tuple[LabelledOffer, ...]


class PredictedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What an extractor made of a message."""

    channel_name: str
    message_id: int
    genre: Genre | None = None
    offers: tuple[PredictedOffer, ...] = ()


class MessageText(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a message: reposts are found by them."""

    channel_name: str
    message_id: int
    text: str | None = None


class _Keyed(Protocol):
    @property
    def channel_name(self) -> str: ...
    @property
    def message_id(self) -> int: ...


_Row = TypeVar("_Row", LabelledMessage, PredictedMessage, MessageText)
_AnyKeyed = TypeVar("_AnyKeyed", bound=_Keyed)


def read_labelled(path: Path) -> dict[Key, LabelledMessage]:
    """Labelled messages of a file, at least one."""
    messages = _unique(_read(path, LabelledMessage))
    if not messages:
        raise LabelsError(f"{path} holds no labelled message, so there is nothing to measure.")
    return messages


def read_predicted(path: Path) -> dict[Key, PredictedMessage]:
    """Predictions of a file."""
    return _unique(_read(path, PredictedMessage))


def predicted_by_key(messages: Iterable[PredictedMessage]) -> dict[Key, PredictedMessage]:
    """Predictions that were made in this process."""
    return _unique((f"Prediction {number}", message) for number, message in enumerate(messages, start=1))


def read_texts(path: Path) -> dict[Key, str]:
    """The texts of messages; empty for one without words."""
    return {key: row.text or "" for key, row in _unique(_read(path, MessageText)).items()}


def _read(path: Path, row_type: type[_Row]) -> Iterator[tuple[str, _Row]]:
    """Rows with the place where each stands."""
    decoder = msgspec.json.Decoder(row_type)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabelsError(f"{path} cannot be read: {error.strerror or error}.") from error
    # Not splitlines: names may hold characters that it takes for the end of a line.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                yield f"{path}, line {number}", decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise LabelsError(f"{path}, line {number}: {error}. Correct the line, or take it out.") from error


def _unique(rows: Iterable[tuple[str, _AnyKeyed]]) -> dict[Key, _AnyKeyed]:
    found: dict[Key, _AnyKeyed] = {}
    places: dict[Key, str] = {}
    for place, row in rows:
        key = Key(row.channel_name, row.message_id)
        if key in found:
            raise LabelsError(f"{place}: {key} is there already, at {places[key]}. Keep one of the two.")
        found[key], places[key] = row, place
    return found
