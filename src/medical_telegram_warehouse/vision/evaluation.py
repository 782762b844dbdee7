"""How well categories fit labelled photos, and how well they would fit a channel that nobody has labelled.

Belongs here: reading labels, counting, and the choice of thresholds without the channel that is judged. Does not belong
here: where predictions come from (the warehouse), what categories mean (`rules`).

    labels + what the warehouse says of the same photos -> accuracy, F1, both per category and per channel

Thresholds that were chosen while looking at a channel look better on it than on the next. So each channel is also
judged with the thresholds that are best on all the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import msgspec

from medical_telegram_warehouse.errors import LabelsError
from medical_telegram_warehouse.records import ImageCategory
from medical_telegram_warehouse.vision.rules import Categories, Evidence, image_category

UNREADABLE = "unreadable"
UNKNOWN = "not in the warehouse"
LABELS = (*(each.value for each in ImageCategory), UNREADABLE)

Photo = tuple[str, str]
"""A channel's name and a file's name."""
PERSON_SCORES = (0.3, 0.4, 0.5, 0.6, 0.7)
OFFERED_PERSON_SCORES = (0.6, 0.7, 0.8, 0.9)
PRODUCT_SCORES = (1, 1.5, 2, 3, 4)
"""Multiples of the least product score: the warehouse knows no lower one."""


class Label(msgspec.Struct, frozen=True):
    """A line of the labels file; further keys are ignored."""

    channel: str
    file: str
    category: str


class Predicted(NamedTuple):
    """What the warehouse says of a photo."""

    is_readable: bool
    image_category: str | None
    content_category: str | None
    evidence: Evidence
    is_offered: bool


class CategoryScore(NamedTuple):
    """How well one category is found. Precision is 0 where it was never predicted."""

    category: str
    photos: int
    precision: float
    recall: float
    f1: float


class Evaluation(NamedTuple):
    """The figures of one kind of category."""

    name: str
    photos: int
    unknown: int
    """Labelled photos that the warehouse does not hold; each counts as a mistake."""
    accuracy: float
    macro_f1: float
    """Mean of F1 over the categories that were labelled."""
    most_frequent: str
    accuracy_of_most_frequent: float
    """What always answering the most frequent category gets right."""
    categories: list[CategoryScore]
    channels: dict[str, float]
    held_out_accuracy: float | None
    """With each channel judged by thresholds that were chosen on the others; None for fewer than two channels."""
    mistakes: list[tuple[Photo, str, str]]
    """Photo, label, prediction."""


def read_labels(path: Path) -> dict[Photo, str]:
    """The label of each photo.

    Raises:
        LabelsError: The file cannot be read, or a line is malformed; the message names it.
    """
    decoder = msgspec.json.Decoder(Label)
    labels: dict[Photo, str] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise LabelsError(f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            label = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LabelsError(
                f'{path}, line {number}: {error}; a line is {{"channel": ..., "file": ..., "category": ...}}'
            ) from error
        if label.category not in LABELS:
            raise LabelsError(f"{path}, line {number}: category {label.category!r} is none of {', '.join(LABELS)}")
        labels[label.channel, label.file] = label.category
    if not labels:
        raise LabelsError(f"{path} holds no labels")
    return labels


def evaluate(
    labels: Mapping[Photo, str], predicted: Mapping[Photo, Predicted], categories: Categories
) -> tuple[Evaluation, Evaluation]:
    """The figures of `image_category` and of `content_category`."""
    return (
        _evaluate("image_category", labels, predicted, categories, lambda each: each.image_category),
        _evaluate("content_category", labels, predicted, categories, lambda each: each.content_category),
    )


def _evaluate(
    name: str,
    labels: Mapping[Photo, str],
    predicted: Mapping[Photo, Predicted],
    categories: Categories,
    answer: Callable[[Predicted], str | None],
) -> Evaluation:
    pairs = {photo: (label, _said(predicted.get(photo), answer)) for photo, label in labels.items()}
    counts = Counter(label for label, _ in pairs.values())
    most_frequent, frequency = counts.most_common(1)[0]
    scores = [_score(category, pairs.values(), count) for category, count in sorted(counts.items())]
    channels = sorted({channel for channel, _ in labels})
    held_out = _held_out(labels, predicted, categories, is_content=name == "content_category") if channels[1:] else None
    return Evaluation(
        name=name,
        photos=len(pairs),
        unknown=sum(said == UNKNOWN for _, said in pairs.values()),
        accuracy=_share(pairs.values()),
        macro_f1=sum(score.f1 for score in scores) / len(scores),
        most_frequent=most_frequent,
        accuracy_of_most_frequent=frequency / len(pairs),
        categories=scores,
        channels={name: _share([pair for photo, pair in pairs.items() if photo[0] == name]) for name in channels},
        held_out_accuracy=held_out,
        mistakes=[(photo, *pair) for photo, pair in pairs.items() if pair[0] != pair[1]],
    )


def _said(predicted: Predicted | None, answer: Callable[[Predicted], str | None]) -> str:
    if predicted is None:
        return UNKNOWN
    return (answer(predicted) or UNKNOWN) if predicted.is_readable else UNREADABLE


def _score(category: str, pairs: Iterable[tuple[str, str]], photos: int) -> CategoryScore:
    said = [(label, answer) for label, answer in pairs if answer == category]
    right = sum(label == category for label, _ in said)
    return CategoryScore(
        category, photos, right / len(said) if said else 0.0, right / photos, 2 * right / (len(said) + photos)
    )


def _share(pairs: Iterable[tuple[str, str]]) -> float:
    listed = list(pairs)
    return sum(label == said for label, said in listed) / len(listed)


def _held_out(
    labels: Mapping[Photo, str], predicted: Mapping[Photo, Predicted], categories: Categories, *, is_content: bool
) -> float:
    """The accuracy over all channels, each judged with thresholds chosen on the others."""
    candidates = [
        _with(categories, *scores) for scores in product(PERSON_SCORES, OFFERED_PERSON_SCORES, PRODUCT_SCORES)
    ]
    answers = [_answers(labels, predicted, each, is_content=is_content) for each in candidates]
    right = 0
    for channel in {name for name, _ in labels}:
        others = [photo for photo in labels if photo[0] != channel]
        mine = [photo for photo in labels if photo[0] == channel]
        best = max(answers, key=lambda each: _right(labels, each, others))
        right += _right(labels, best, mine)
    return right / len(labels)


def _with(categories: Categories, person: float, person_when_offered: float, product_times: float) -> Categories:
    least = min(1.0, categories.product.min_score * product_times)
    return msgspec.structs.replace(
        categories,
        person=msgspec.structs.replace(
            categories.person, min_score=person, min_score_when_offered=max(person, person_when_offered)
        ),
        product=msgspec.structs.replace(categories.product, min_score=least),
    )


def _answers(
    labels: Mapping[Photo, str], predicted: Mapping[Photo, Predicted], categories: Categories, *, is_content: bool
) -> dict[Photo, str]:
    def answer(each: Predicted) -> str:
        person, score = each.evidence
        seen = Evidence(person, score if score is not None and score >= categories.product.min_score else None)
        return image_category(seen, categories, is_offered=is_content and each.is_offered).value

    return {photo: _said(predicted.get(photo), answer) for photo in labels}


def _right(labels: Mapping[Photo, str], answers: Mapping[Photo, str], photos: Sequence[Photo]) -> int:
    return sum(labels[photo] == answers[photo] for photo in photos)
