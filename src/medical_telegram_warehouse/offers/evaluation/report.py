"""An evaluation as a document: the same headings, tables and lists for the console and for Markdown."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from medical_telegram_warehouse.offers.evaluation.comparison import Evaluation
from medical_telegram_warehouse.offers.evaluation.labels import GENRES
from medical_telegram_warehouse.offers.evaluation.measures import Figures, number_of
from medical_telegram_warehouse.offers.evaluation.mistakes import KINDS, Mistake
from medical_telegram_warehouse.offers.evaluation.resampling import RESAMPLES

TITLES = {
    "offers_precision": "offers: precision",
    "offers_recall": "offers: recall",
    "offers_f1": "offers: F1",
    "priced_precision": "offers with the right price: precision",
    "priced_recall": "offers with the right price: recall",
    "priced_f1": "offers with the right price: F1",
    "strength_accuracy": "strength right, of matched offers that have one",
    "expiry_accuracy": "expiry right, of matched offers that have one",
    "pack_accuracy": "pack right, of matched offers that have one",
    "genre_accuracy": "genre right",
    "genre_macro_f1": "genre: macro F1",
    "false_prices_per_100": "false prices per 100 messages that offer nothing",
}
_BRIEF = {
    "offers_f1": "offers F1",
    "priced_f1": "priced F1",
    "strength_accuracy": "strength",
    "expiry_accuracy": "expiry",
    "genre_accuracy": "genre",
    "false_prices_per_100": "false prices",
}
"""What of each channel stands beside the others; more columns fit no terminal."""
_UNKNOWN = "–"


class Table(NamedTuple):
    """Rows of texts below a header; the first `text_columns` hold words, the others numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: int = 1


class Section(NamedTuple):
    """A heading with paragraphs and tables below it."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def sections_of(evaluation: Evaluation, note: str = "") -> list[Section]:
    """The document.

    Args:
        evaluation: What it tells.
        note: How far the figures can be believed, as whether the rules were written with sight of these labels.
    """
    return [
        _figures(evaluation, note),
        _channels(evaluation),
        _confusion(evaluation),
        _summary_of_mistakes(evaluation),
        *(_mistakes(kind, [each for each in evaluation.mistakes if each.kind == kind]) for kind in KINDS),
    ]


def _figures(evaluation: Evaluation, note: str) -> Section:
    labelled, priced, predicted, predicted_priced, matched, right = (
        f"{number_of(evaluation.counts, name):,}"
        for name in ("labelled", "labelled_priced", "predicted", "predicted_priced", "matched", "right_priced")
    )
    said = [note] if note else []
    said.append(
        f"{evaluation.messages:,} labelled messages in {evaluation.clusters:,} clusters of reposts, with {labelled} "
        f"offers, {priced} of them with a price. Predicted: {predicted} offers, {predicted_priced} with a price; "
        f"{matched} are labelled ones, {right} at the right price."
    )
    if evaluation.without_prediction:
        said.append(
            f"{evaluation.without_prediction:,} labelled messages have no prediction; they count as empty ones."
        )
    if evaluation.without_label:
        said.append(f"{evaluation.without_label:,} predictions are of messages without labels; they do not count.")
    if evaluation.without_text:
        said.append(
            f"The text of {evaluation.without_text:,} messages is not known. Each of them is taken for a cluster of "
            "its own, so the intervals may be too narrow."
        )
    said.append(
        f"95 %: the confidence interval of a bootstrap over clusters, {RESAMPLES:,} resamples. "
        "Each text once: each cluster weighs the same, however often it was posted."
    )
    rows = tuple(
        (title, _said(name, evaluation.figures), _interval(name, evaluation), _said(name, evaluation.each_cluster_once))
        for name, title in TITLES.items()
    )
    return Section("Figures", tuple(said), (Table(("figure", "value", "95 %", "each text once"), rows),))


def _interval(name: str, evaluation: Evaluation) -> str:
    low, high = evaluation.intervals[name]
    return _UNKNOWN if low is None or high is None else f"{_number(name, low)} to {_number(name, high)}"


def _channels(evaluation: Evaluation) -> Section:
    said = (
        "Each channel by itself, and all others without it. An extractor that learns nothing from messages measures on "
        "a channel what it would with that channel left out."
    )
    columns = tuple(_BRIEF.values())
    own = tuple(
        (channel.channel_name, f"{channel.messages:,}", *(_said(name, channel.own) for name in _BRIEF))
        for channel in evaluation.channels
    )
    others = tuple(
        (
            f"without {channel.channel_name}",
            f"{evaluation.messages - channel.messages:,}",
            *(_said(name, channel.others) for name in _BRIEF),
        )
        for channel in evaluation.channels
    )
    header = ("channel", "messages", *columns)
    return Section("Channels", (said,), (Table(header, own), Table(header, others)))


def _confusion(evaluation: Evaluation) -> Section:
    """A row a genre: a square of eleven genres by eleven fits no page."""
    labelled: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    mistaken: dict[str, list[str]] = {}
    for (genre, other), count in evaluation.confusion.most_common():
        labelled[genre] += count
        predicted[other] += count
        if genre != other:
            mistaken.setdefault(genre, []).append(f"{other} {count:,}")
    rows = tuple(
        (
            genre,
            ", ".join(mistaken.get(genre, [])),
            f"{labelled[genre]:,}",
            f"{predicted[genre]:,}",
            f"{evaluation.confusion[genre, genre]:,}",
        )
        for genre in (*GENRES, "none")
        if labelled[genre] or predicted[genre]
    )
    table = Table(("genre", "taken for", "labelled", "predicted", "right"), rows, text_columns=2)
    return Section("Genres", (), (table,))


def _summary_of_mistakes(evaluation: Evaluation) -> Section:
    rows = tuple((kind, f"{sum(each.kind == kind for each in evaluation.mistakes):,}") for kind in KINDS)
    return Section("Mistakes", (), (Table(("kind", "count"), rows),))


def _mistakes(kind: str, mistakes: list[Mistake]) -> Section:
    if not mistakes:
        return Section(f"{kind.capitalize()}: none")
    rows = tuple((str(each.key), each.labelled, each.predicted) for each in mistakes)
    table = Table(("message", "labelled", "predicted"), rows, text_columns=3)
    return Section(f"{kind.capitalize()}: {len(mistakes):,}", (), (table,))


def _said(name: str, figures: Figures) -> str:
    value = getattr(figures, name)
    return _UNKNOWN if value is None else _number(name, value)


def _number(name: str, value: float) -> str:
    return f"{value:.1f}" if name == "false_prices_per_100" else f"{value:.3f}"
