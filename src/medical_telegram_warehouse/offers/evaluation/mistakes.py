"""What the predictions have wrong, item by item: figures say how many, these say why."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from medical_telegram_warehouse.offers.evaluation.labels import (
    Key,
    LabelledMessage,
    LabelledOffer,
    PredictedMessage,
    PredictedOffer,
)
from medical_telegram_warehouse.offers.evaluation.matching import Pairing, is_right_price, same_words

Kind = Literal["missed", "false", "wrong price", "wrong strength", "wrong expiry", "wrong genre"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Mistake(NamedTuple):
    """One thing that was predicted differently from its label."""

    kind: Kind
    key: Key
    labelled: str
    predicted: str
    """Empty for what was missed, as `labelled` is for what was made up."""


def mistakes_of(labelled: LabelledMessage, predicted: PredictedMessage | None, pairing: Pairing) -> list[Mistake]:
    """The mistakes of one message."""
    key = Key(labelled.channel_name, labelled.message_id)
    found: list[Mistake] = []
    genre = predicted.genre if predicted else None
    if genre != labelled.genre:
        found.append(Mistake("wrong genre", key, labelled.genre, genre or "none"))
    found += [Mistake("missed", key, _labelled(offer), "") for offer in pairing.missed]
    found += [Mistake("false", key, "", _predicted(offer)) for offer in pairing.false]
    for one, other in pairing.matched:
        if not is_right_price(one, other) and (one.prices or other.price is not None):
            found.append(Mistake("wrong price", key, _labelled(one), _predicted(other)))
        if one.strength and not same_words(one.strength, other.strength):
            found.append(_field("wrong strength", key, one, other, one.strength, other.strength))
        if one.expiry and not same_words(one.expiry, other.expiry):
            found.append(_field("wrong expiry", key, one, other, one.expiry, other.expiry))
    return found


def _field(kind: Kind, key: Key, one: LabelledOffer, other: PredictedOffer, right: str, wrong: str | None) -> Mistake:
    return Mistake(kind, key, f"{one.name}: {right}", f"{other.name or ''}: {wrong or 'none'}")


def _labelled(offer: LabelledOffer) -> str:
    prices = " or ".join(_amount(price) for price in offer.prices)
    return f"{_titled(offer)}: {prices or 'no price'}"


def _predicted(offer: PredictedOffer) -> str:
    return f"{_titled(offer)}: {'no price' if offer.price is None else _amount(offer.price)}"


def _titled(offer: LabelledOffer | PredictedOffer) -> str:
    return " ".join(filter(None, (offer.name, offer.strength)))


def _amount(price: float) -> str:
    return f"{price:,.2f}".removesuffix(".00")
