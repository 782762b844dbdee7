"""Compares predictions with labels: the whole of an evaluation, before anything is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from medical_telegram_warehouse.offers.evaluation.labels import (
    Key,
    PredictedMessage,
    predicted_by_key,
    read_labelled,
    read_predicted,
    read_texts,
)
from medical_telegram_warehouse.offers.evaluation.matching import paired
from medical_telegram_warehouse.offers.evaluation.measures import Counts, Figures, added, counts_of, figures_of
from medical_telegram_warehouse.offers.evaluation.mistakes import Mistake, mistakes_of
from medical_telegram_warehouse.offers.evaluation.reposts import clusters_of
from medical_telegram_warehouse.offers.evaluation.resampling import (
    ChannelFigures,
    Interval,
    by_channel,
    each_cluster_once,
    intervals,
)


class Evaluation(NamedTuple):
    """How good predictions are, how sure that is, and what they have wrong."""

    messages: int
    without_prediction: int
    without_label: int
    """Predictions of messages that nobody labelled: passed over."""
    without_text: int
    """Labelled messages whose text is not known, so that their reposts cannot be recognised."""
    clusters: int
    counts: Counts
    figures: Figures
    intervals: dict[str, Interval]
    """By the names of the figures."""
    each_cluster_once: Figures
    channels: tuple[ChannelFigures, ...]
    confusion: Counter[tuple[str, str]]
    """How many messages of a labelled genre were given which one; `none` without a prediction."""
    mistakes: tuple[Mistake, ...]


def evaluate(gold: Path, predicted: Iterable[PredictedMessage] | Path, texts: Path | None = None) -> Evaluation:
    """Compare predictions with labels.

    Args:
        gold: Labelled messages, one JSON object a line. Only these count.
        predicted: The same messages as an extractor reads them, or a file of such.
        texts: The words of the messages, by which reposts are recognised. Without, each message is taken for a text
            of its own, which makes the intervals too narrow.

    Raises:
        LabelsError: A file cannot be read, has a malformed line, or has a message twice.
    """
    labelled = read_labelled(gold)
    found = read_predicted(predicted) if isinstance(predicted, Path) else predicted_by_key(predicted)
    words = read_texts(texts) if texts else {}
    counts: dict[Key, Counts] = {}
    mistakes: list[Mistake] = []
    confusion: Counter[tuple[str, str]] = Counter()
    for key, message in labelled.items():
        prediction = found.get(key)
        pairing = paired(message.offers, prediction.offers if prediction else ())
        counts[key] = counts_of(message, prediction, pairing)
        mistakes += mistakes_of(message, prediction, pairing)
        confusion[message.genre, (prediction.genre if prediction else None) or "none"] += 1
    clusters = clusters_of(labelled, words)
    whole = added(counts.values())
    return Evaluation(
        messages=len(labelled),
        without_prediction=len(labelled.keys() - found.keys()),
        without_label=len(found.keys() - labelled.keys()),
        without_text=len(labelled.keys() - words.keys()),
        clusters=len(clusters),
        counts=whole,
        figures=figures_of(whole),
        intervals=intervals(counts, clusters),
        each_cluster_once=each_cluster_once(counts, clusters),
        channels=by_channel(counts),
        confusion=confusion,
        mistakes=tuple(mistakes),
    )
