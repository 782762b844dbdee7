"""The report of an evaluation: everything that is wrong stands in it, as it was written."""

from __future__ import annotations

import io
import random
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from labelled_offers import corrupted, labelled, message, predicted, random_labels, written
from medical_telegram_warehouse.offers.evaluation import Evaluation, evaluate, markdown, printable

NOTE = "The rules were written with sight of half of these labels."


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    chance = random.Random(11)
    labels = random_labels(chance, 80)
    return evaluate(
        written(tmp_path / "gold.jsonl", labels), written(tmp_path / "predicted.jsonl", corrupted(chance, labels))
    )


@pytest.fixture
def small(tmp_path: Path) -> Evaluation:
    """One message with names that rich and Markdown would take for marks."""
    gold = [message(41, labelled("Zinc [bold] | *syrup* :pill:", 1_250.5), labelled("Iron", 60, strength="15mg"))]
    found = [message(41, predicted("Iron", 65, strength="30mg"), predicted("Water\nfor <b>all</b>"), genre="job_ad")]
    return evaluate(written(tmp_path / "gold.jsonl", gold), written(tmp_path / "predicted.jsonl", found))


def _printed(evaluation: Evaluation, note: str = "", width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(printable(evaluation, note))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_console_shows_figures_with_intervals_channels_genres_and_mistakes(evaluation: Evaluation) -> None:
    text = _printed(evaluation)
    low, high = evaluation.intervals["priced_f1"]
    [line] = [line for line in text.splitlines() if line.startswith("offers with the right price: F1")]
    assert f"{evaluation.figures.priced_f1:.3f}" in line
    assert f"{low:.3f} to {high:.3f}" in line
    assert f"{evaluation.each_cluster_once.priced_f1:.3f}" in line
    for heading in ("Figures", "Channels", "Genres", "Mistakes", "Missed: ", "Wrong price: ", "Wrong genre: "):
        assert heading in text
    assert "without sample_b" in text


def test_no_line_is_wider_than_the_terminal(evaluation: Evaluation) -> None:
    assert max(map(len, _printed(evaluation, NOTE, width=120).splitlines())) <= 120


def test_markdown_lists_every_mistake(evaluation: Evaluation) -> None:
    text = markdown(evaluation)
    kinds = Counter(each.kind for each in evaluation.mistakes)
    assert set(kinds) == {"missed", "false", "wrong price", "wrong strength", "wrong expiry", "wrong genre"}
    for kind, count in kinds.items():
        assert f"| {kind} | {count} |" in text
        section = text.split(f"## {kind.capitalize()}: {count}\n")[1].split("##")[0]
        assert section.count("\n| sample") == count


def test_a_mistake_tells_the_message_what_was_labelled_and_what_was_predicted(small: Evaluation) -> None:
    text = markdown(small)
    assert r"| sample\_a/41 | Iron 15mg: 60 | Iron 30mg: 65 |" in text
    assert r"| sample\_a/41 | Iron: 15mg | Iron: 30mg |" in text
    assert r"| sample\_a/41 | single\_product\_ad | job\_ad |" in text
    assert "## Wrong expiry: none" in text


def test_names_are_shown_as_they_are(small: Evaluation) -> None:
    assert r"| Zinc \[bold\] \| \*syrup\* :pill:: 1,250.50 |  |" in markdown(small)
    assert r"|  | Water for \<b\>all\</b\>: no price |" in markdown(small)
    assert "Zinc [bold] | *syrup* :pill:: 1,250.50" in _printed(small)


def test_the_note_stands_above_the_figures(small: Evaluation) -> None:
    assert markdown(small, NOTE).index(NOTE) < markdown(small, NOTE).index("offers: precision")
    assert NOTE in _printed(small, NOTE)
    assert NOTE not in markdown(small)


def test_the_report_says_what_it_could_not_know(small: Evaluation, tmp_path: Path) -> None:
    assert "The text of 1 messages is not known" in markdown(small)
    gold = written(tmp_path / "gold.jsonl", [message(1), message(2)])
    texts = written(tmp_path / "texts.jsonl", [{"channel_name": "sample_a", "message_id": n} for n in (1, 2)])
    text = markdown(evaluate(gold, written(tmp_path / "found.jsonl", [message(3)]), texts))
    assert "The text of" not in text
    assert "2 labelled messages have no prediction" in text
    assert "1 predictions are of messages without labels" in text


def test_what_cannot_be_measured_is_a_dash(tmp_path: Path) -> None:
    text = markdown(evaluate(written(tmp_path / "gold.jsonl", [message(1)]), []))
    assert "| offers: F1 | – | – | – |" in text
