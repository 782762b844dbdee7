"""Messages as JSON Lines in, their offers as JSON Lines out, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from medical_telegram_warehouse.errors import LabelsError
from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.records import Availability, MessageOffers, Offer


class InputMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the input; other keys are passed over."""

    channel_name: str
    message_id: int
    text: str | None = None
    date: str | None = None


def read_input(path: Path) -> Iterator[InputMessage]:
    """The messages of a file.

    Raises:
        LabelsError: the file cannot be read, or a line is no message; names the line.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _decode(path, number, line)
    except OSError as error:
        raise LabelsError(f"{path} cannot be read: {error.strerror}; name a file of JSON lines") from error


def _decode(path: Path, number: int, line: bytes) -> InputMessage:
    try:
        return msgspec.json.decode(line, type=InputMessage)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LabelsError(
            f"{path}, line {number}: {error}; a line is one JSON object with channel_name, message_id, date and text"
        ) from error


class Written(NamedTuple):
    """What stands in an output file."""

    messages: int
    offers: int
    priced: int


def extract_file(source: Path, target: Path) -> Written:
    """Read a file of messages into a file of offers. The target appears when it is whole, or not at all.

    Raises:
        LabelsError: a line is no message, or a file cannot be read or written.
    """
    messages = offers = priced = 0
    with _replacing(target) as file:
        for line in extracted(read_input(source)):
            file.write(msgspec.json.encode(line) + b"\n")
            messages += 1
            offers += len(line["offers"])
            priced += sum(offer["price"] is not None for offer in line["offers"])
    return Written(messages, offers, priced)


@contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    partial = target.with_name(f"{target.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(target)
    except OSError as error:
        raise LabelsError(
            f"{target} cannot be written: {error.strerror}; name a file in a folder that exists"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def extracted(messages: Iterable[InputMessage]) -> Iterator[dict[str, Any]]:
    """Each message with its genre and offers, as the labelling guide lays them out, and with further fields.

    `offers` holds what is for sale; what a message says is sold out stands in `stock_out`.
    """
    for message in messages:
        read = extract_offers(message.text or "")
        yield as_labelled(message, read)


def as_labelled(message: InputMessage, read: MessageOffers) -> dict[str, Any]:
    """One message in the guide's layout."""
    for_sale = [offer for offer in read.offers if offer.availability is not Availability.STOCK_OUT]
    return {
        "channel_name": message.channel_name,
        "message_id": message.message_id,
        "genre": read.genre,
        "genre_confidence": read.confidence,
        "offers": [_as_dict(offer) for offer in for_sale],
        "stock_out": [_as_dict(offer) for offer in read.offers if offer.availability is Availability.STOCK_OUT],
    }


def _as_dict(offer: Offer) -> dict[str, Any]:
    return {
        "name": offer.name,
        "alt": list(offer.alternatives),
        "strength": offer.strength,
        "form": offer.form,
        "pack": offer.pack,
        "price": _whole(offer.price),
        "expiry": offer.expiry,
        "product": offer.product,
        "generic": offer.generic,
        "brand": offer.brand,
        "product_class": offer.product_class,
        "link": offer.link,
        "prices": [_whole(price) for price in offer.prices],
        "currency": offer.currency,
        "old_price": _whole(offer.old_price),
        "pack_units": offer.pack_units,
        "seller": offer.seller,
        "availability": offer.availability.value,
        "span": [offer.start, offer.end],
        "confidence": offer.confidence,
    }


def _whole(price: float | None) -> float | int | None:
    return int(price) if price is not None and price.is_integer() else price
