"""The figures of an evaluation, from counts of single messages.

Counts of messages add up, with weights too, so one set of formulas measures the whole, a channel, or 2,000 resamples
at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medical_telegram_warehouse.offers.evaluation.labels import GENRES, LabelledMessage, PredictedMessage
from medical_telegram_warehouse.offers.evaluation.matching import Pairing, is_right_price, same_words

Counts = NDArray[np.float64]
"""The last axis has one place for each of `_NAMES`."""
FIELDS = ("strength", "expiry", "pack")
_NAMES = (
    "messages",
    "labelled",
    "predicted",
    "matched",
    "labelled_priced",
    "predicted_priced",
    "right_priced",
    "offering_nothing",
    "false_prices",
    "right_genre",
    *(f"{field}_labelled" for field in FIELDS),
    *(f"{field}_right" for field in FIELDS),
    *(f"{kind}:{genre}" for kind in ("labelled", "predicted", "right") for genre in GENRES),
)
_PLACE = {name: place for place, name in enumerate(_NAMES)}


class Figures(NamedTuple):
    """How good the predictions are. None where there is nothing to measure it by."""

    offers_precision: float | None
    offers_recall: float | None
    offers_f1: float | None
    priced_precision: float | None
    priced_recall: float | None
    priced_f1: float | None
    strength_accuracy: float | None
    expiry_accuracy: float | None
    pack_accuracy: float | None
    genre_accuracy: float | None
    genre_macro_f1: float | None
    false_prices_per_100: float | None


def counts_of(labelled: LabelledMessage, predicted: PredictedMessage | None, pairing: Pairing) -> Counts:
    """The counts of one message."""
    found = predicted.offers if predicted else ()
    prices = sum(offer.price is not None for offer in found)
    counts: dict[str, int] = {
        "messages": 1,
        "labelled": len(labelled.offers),
        "predicted": len(found),
        "matched": len(pairing.matched),
        "labelled_priced": sum(bool(offer.prices) for offer in labelled.offers),
        "predicted_priced": prices,
        "right_priced": sum(is_right_price(one, other) for one, other in pairing.matched),
        "offering_nothing": not labelled.offers,
        "false_prices": 0 if labelled.offers else prices,
        f"labelled:{labelled.genre}": 1,
    }
    if predicted and predicted.genre:
        counts[f"predicted:{predicted.genre}"] = 1
        counts["right_genre"] = counts[f"right:{labelled.genre}"] = predicted.genre == labelled.genre
    for field in FIELDS:
        told = [(one, other) for one, other in pairing.matched if getattr(one, field)]
        counts[f"{field}_labelled"] = len(told)
        counts[f"{field}_right"] = sum(same_words(getattr(one, field), getattr(other, field)) for one, other in told)
    vector = np.zeros(len(_NAMES))
    vector[[_PLACE[name] for name in counts]] = list(counts.values())
    return vector


def added(counts: Iterable[Counts]) -> Counts:
    """The counts of several messages together."""
    total: Counts = np.sum([np.zeros(len(_NAMES)), *counts], axis=0)
    return total


def number_of(counts: Counts, name: str) -> int:
    """One of the counts of a group."""
    return round(float(counts[_PLACE[name]]))


def figures_of(counts: Counts) -> Figures:
    """The figures of one group of messages."""
    return Figures(*(None if np.isnan(value) else float(value) for value in measured(counts)))


def measured(counts: Counts) -> list[NDArray[np.float64]]:
    """Each figure for each group: the axes of the counts but for the last. NaN where there is nothing to measure."""
    offers = _precision_recall_f1(_of(counts, "matched"), _of(counts, "predicted"), _of(counts, "labelled"))
    priced = _precision_recall_f1(
        _of(counts, "right_priced"), _of(counts, "predicted_priced"), _of(counts, "labelled_priced")
    )
    fields = [_share(_of(counts, f"{field}_right"), _of(counts, f"{field}_labelled")) for field in FIELDS]
    genres = [_share(_of(counts, "right_genre"), _of(counts, "messages")), _genre_macro_f1(counts)]
    false_prices = _share(100 * _of(counts, "false_prices"), _of(counts, "offering_nothing"))
    return [*offers, *priced, *fields, *genres, false_prices]


def _of(counts: Counts, name: str) -> NDArray[np.float64]:
    return counts[..., _PLACE[name]]


def _share(
    part: NDArray[np.float64], whole: NDArray[np.float64], otherwise: float = float("nan")
) -> NDArray[np.float64]:
    share = np.full(np.shape(part), otherwise)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _precision_recall_f1(
    right: NDArray[np.float64], predicted: NDArray[np.float64], labelled: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Nothing predicted has a precision of 0; but where there is nothing to find either, there is no figure."""
    precision, recall = _share(right, predicted, 0.0), _share(right, labelled, 0.0)
    f1 = _share(2 * precision * recall, precision + recall, 0.0)
    return [np.where(labelled + predicted > 0, figure, np.nan) for figure in (precision, recall, f1)]


def _genre_macro_f1(counts: Counts) -> NDArray[np.float64]:
    """The mean over the genres that occur among the labels: a rare genre weighs as much as a frequent one."""
    labelled, predicted, right = (
        np.stack([_of(counts, f"{kind}:{genre}") for genre in GENRES], axis=-1)
        for kind in ("labelled", "predicted", "right")
    )
    f1 = _share(2 * right, labelled + predicted, 0.0)
    occurs = labelled > 0
    return _share(np.sum(f1 * occurs, axis=-1), np.sum(occurs, axis=-1))
