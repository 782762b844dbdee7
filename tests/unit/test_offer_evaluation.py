"""Figures of an evaluation: they decide whether an extractor is any good, so they must be right to the last digit."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import PROJECT
from labelled_offers import Row, corrupted, labelled, message, predicted, random_labels, written
from medical_telegram_warehouse.errors import LabelsError
from medical_telegram_warehouse.offers.evaluation import Evaluation, PredictedMessage, PredictedOffer, evaluate
from medical_telegram_warehouse.offers.evaluation.matching import similarity
from medical_telegram_warehouse.offers.evaluation.measures import number_of

SHARED = PROJECT.parent / "shared" / "eval" / "offers"
SCORE = SHARED / "score.py"
_COUNTED = {
    "offers": ("matched", "predicted", "labelled"),
    "priced": ("right_priced", "predicted_priced", "labelled_priced"),
}
needs_score = pytest.mark.skipif(not SCORE.is_file(), reason="no score.py is at ../shared/eval/offers")


def _evaluated(folder: Path, gold: list[Row], found: list[Row]) -> Evaluation:
    return evaluate(written(folder / "gold.jsonl", gold), written(folder / "predicted.jsonl", found))


def _of_one(folder: Path, offers: list[Row], found: list[Row]) -> Evaluation:
    return _evaluated(folder, [message(1, *offers)], [message(1, *found, genre="single_product_ad")])


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Amoxicillin", "AMOXICILLIN", 1.0),
        ("Amoxicillin 500", "Amoxicillin", 0.55 + 0.45 * 11 / 14),
        ("Omron blood pressure monitor", "monitor", 0.55 + 0.45 * 7 / 25),
        ("ab", "ac", 1 / 3),
        ("Insulin", "ኢንሱሊን", 0.0),
        ("", "Amoxicillin", 0.0),
        ("💊", "💊", 0.0),
    ],
)
def test_names_are_alike_by_shared_letters_or_by_words_that_all_stand_in_the_other(
    one: str, other: str, likeness: float
) -> None:
    assert similarity(one, other) == pytest.approx(likeness)
    assert similarity(other, one) == similarity(one, other)


def test_perfect_predictions_have_perfect_figures(tmp_path: Path) -> None:
    fields = {"strength": "500mg", "pack": "10x10", "expiry": "2027-03"}
    gold = [message(1, labelled("Amoxicillin", 310, 300, **fields)), message(2)]
    found = [message(1, predicted("Amoxicillin", 300, **fields)), message(2)]
    assert _evaluated(tmp_path, gold, found).figures == (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0)


def test_nothing_predicted_finds_nothing_and_is_not_an_error(tmp_path: Path) -> None:
    result = _evaluated(tmp_path, [message(1, labelled("Amoxicillin", 310)), message(2)], [])
    assert result.figures[:6] == (0, 0, 0, 0, 0, 0)
    assert (result.figures.genre_accuracy, result.figures.strength_accuracy) == (0, None)
    assert result.figures.false_prices_per_100 == 0
    assert (result.messages, result.without_prediction) == (2, 2)
    assert [(each.kind, each.predicted) for each in result.mistakes] == [
        ("wrong genre", "none"),
        ("missed", ""),
        ("wrong genre", "none"),
    ]


def test_where_nothing_is_offered_and_nothing_found_there_is_no_figure_for_offers(tmp_path: Path) -> None:
    """Zero would read as a failure in every channel that only advertises courses."""
    figures = _evaluated(tmp_path, [message(1), message(2)], [message(1), message(2)]).figures
    assert figures[:9] == (None,) * 9
    assert figures[9:] == (1, 1, 0)


def test_prices_found_where_nothing_is_offered_are_counted_per_hundred_messages(tmp_path: Path) -> None:
    gold = [message(number) for number in range(4)]
    found = [message(0, predicted("Course", 1_500), predicted("Fee", 70), predicted("Room"))]
    assert _evaluated(tmp_path, gold, found).figures.false_prices_per_100 == 50


def test_an_offer_without_a_price_is_found_but_not_as_a_priced_one(tmp_path: Path) -> None:
    result = _of_one(tmp_path, [labelled("Amoxicillin", 310)], [predicted("Amoxicillin")])
    assert (result.figures.offers_f1, result.figures.priced_f1) == (1, 0)
    assert [(each.kind, each.labelled, each.predicted) for each in result.mistakes] == [
        ("wrong price", "Amoxicillin: 310", "Amoxicillin: no price")
    ]


def test_a_price_made_up_for_an_offer_without_one_is_wrong(tmp_path: Path) -> None:
    result = _of_one(tmp_path, [labelled("Amoxicillin")], [predicted("Amoxicillin", 310)])
    assert (result.figures.offers_f1, result.figures.priced_precision) == (1, 0)
    assert [each.kind for each in result.mistakes] == ["wrong price"]


def test_offers_without_prices_on_both_sides_are_no_mistake(tmp_path: Path) -> None:
    result = _of_one(tmp_path, [labelled("Amoxicillin")], [predicted("Amoxicillin")])
    assert result.mistakes == ()
    assert result.figures.priced_f1 is None


def test_equal_names_at_two_prices_are_told_apart_by_price(tmp_path: Path) -> None:
    gold = [labelled("Syringe", 420), labelled("Syringe", 630)]
    found = [predicted("Syringe", 630), predicted("Syringe", 420)]
    result = _of_one(tmp_path, gold, found)
    assert (result.figures.offers_f1, result.figures.priced_f1) == (1, 1)


def test_equal_names_without_prices_are_told_apart_by_strength(tmp_path: Path) -> None:
    gold = [labelled("Amoxicillin", strength="250mg"), labelled("Amoxicillin", strength="500mg")]
    found = [predicted("Amoxicillin", strength="500 MG"), predicted("Amoxicillin", strength="250mg")]
    result = _of_one(tmp_path, gold, found)
    assert (result.figures.strength_accuracy, result.mistakes) == (1, ())


def test_one_prediction_is_matched_to_one_label_only(tmp_path: Path) -> None:
    result = _of_one(tmp_path, [labelled("Syringe", 420)], [predicted("Syringe", 420), predicted("Syringe", 420)])
    assert (result.figures.offers_precision, result.figures.offers_recall) == (0.5, 1)
    assert [(each.kind, each.labelled, each.predicted) for each in result.mistakes] == [("false", "", "Syringe: 420")]


def test_other_names_and_names_that_hold_the_strength_are_as_good(tmp_path: Path) -> None:
    gold = [labelled("Augmentin", alt=["Amoxicillin clavulanate"], strength="625mg"), labelled("Xy", strength="30iu")]
    found = [predicted("amoxicillin clavulanate"), predicted("Xy 30iu")]
    result = _of_one(tmp_path, gold, found)
    assert result.figures.offers_f1 == 1
    assert result.figures.strength_accuracy == 0


@pytest.mark.parametrize(
    ("field", "kind", "right", "same", "other"),
    [
        ("strength", "wrong strength", "1gm", "1 G", "2g"),
        ("expiry", "wrong expiry", "2027-03", "2027-03", None),
        ("pack", None, "10x10", "10 × 10", "10"),
    ],
)
def test_fields_are_compared_where_the_label_has_them(
    tmp_path: Path, field: str, kind: str | None, right: str, same: str, other: str | None
) -> None:
    gold = [message(1, labelled("Ceftriaxone", **{field: right})), message(2, labelled("Zinc"))]
    for value, accuracy in ((same, 1), (other, 0)):
        found = [
            message(1, predicted("Ceftriaxone", None, **{field: value})),
            message(2, predicted("Zinc", None, **{field: "9"})),
        ]
        result = _evaluated(tmp_path, gold, found)
        assert getattr(result.figures, f"{field}_accuracy") == accuracy
        assert [each.kind for each in result.mistakes] == ([kind] if kind and not accuracy else [])


def test_genres_weigh_the_same_in_the_macro_figure_however_rare(tmp_path: Path) -> None:
    gold = [message(number, genre="job_ad") for number in range(3)] + [message(3, genre="training_ad")]
    found = [message(number, genre="job_ad") for number in range(4)]
    result = _evaluated(tmp_path, gold, found)
    assert result.figures.genre_accuracy == 0.75
    assert result.figures.genre_macro_f1 == pytest.approx((6 / 7 + 0) / 2)
    assert result.confusion == {("job_ad", "job_ad"): 3, ("training_ad", "job_ad"): 1}


def test_only_labelled_messages_count(tmp_path: Path) -> None:
    gold, offer = [message(1, labelled("Zinc", 85))], predicted("Zinc", 85)
    found = [message(1, offer), message(2, offer), message(1, offer, channel="sample_b")]
    result = _evaluated(tmp_path, gold, found)
    assert (result.figures.offers_precision, result.messages, result.without_label) == (1, 1, 2)


def test_predictions_of_this_process_count_as_those_of_a_file(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(1, labelled("Zinc", 85))])
    found = PredictedMessage(
        channel_name="sample_a",
        message_id=1,
        genre="single_product_ad",
        offers=(PredictedOffer(name="Zinc", price=85),),
    )
    file = written(tmp_path / "predicted.jsonl", [message(1, predicted("Zinc", 85))])
    assert evaluate(gold, iter([found])).figures == evaluate(gold, file).figures
    with pytest.raises(LabelsError, match="Prediction 2: sample_a/1 is there already, at Prediction 1"):
        evaluate(gold, [found, found])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "truncated"),
        ('{"channel_name": "sample_a", "message_id": 1, "offers": []}', "missing required field `genre`"),
        (message(9, genre="advertisement"), r"Invalid enum value 'advertisement' - at `\$.genre`"),
        (message(9, {"name": "Zinc"}), r"missing required field `prices` - at `\$.offers"),
        (message(9, labelled("Zinc", pack=10)), r"Expected `str \| null`, got `int` - at `\$.offers\[0\].pack"),
        (message(7, labelled("Zinc")), r"sample_a/7 is there already, at \S+gold.jsonl, line 1"),
        ("[]", "Expected `object`, got `array`"),
    ],
)
def test_a_malformed_label_is_refused_by_file_line_and_reason(tmp_path: Path, line: Any, reason: str) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(7, labelled("Zinc")), "", line, message(8)])
    with pytest.raises(LabelsError, match=rf"gold\.jsonl, line 3: .*{reason}"):
        evaluate(gold, [])


def test_a_malformed_prediction_or_text_is_refused_by_file_and_line(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(7)])
    bad = written(tmp_path / "other.jsonl", [{"channel_name": "sample_a"}])
    with pytest.raises(LabelsError, match=r"other\.jsonl, line 1: .*message_id"):
        evaluate(gold, bad)
    with pytest.raises(LabelsError, match=r"other\.jsonl, line 1: .*message_id"):
        evaluate(gold, [], bad)


def test_bytes_that_are_no_text_are_refused_by_line(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(7)])
    gold.write_bytes(gold.read_bytes() + b'{"channel_name": "\xff"}\n')
    with pytest.raises(LabelsError, match=r"gold\.jsonl, line 2: "):
        evaluate(gold, [])


def test_a_missing_or_empty_file_of_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"none\.jsonl cannot be read: No such file"):
        evaluate(tmp_path / "none.jsonl", [])
    with pytest.raises(LabelsError, match="holds no labelled message"):
        evaluate(written(tmp_path / "gold.jsonl", [""]), [])


def test_a_line_separator_inside_a_name_is_no_new_line(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(1, labelled("Zinc\u2028tablet"))])
    assert evaluate(gold, []).messages == 1


@needs_score
@pytest.mark.parametrize("seed", range(12))
def test_figures_are_those_of_the_script_that_came_with_the_labels(tmp_path: Path, seed: int) -> None:
    """On predictions with every kind of mistake, also many equal names, empty ones and none."""
    chance = random.Random(seed)
    labels = random_labels(chance, 60)
    _assert_equal_to_script(
        written(tmp_path / "gold.jsonl", labels), written(tmp_path / "predicted.jsonl", corrupted(chance, labels))
    )


@needs_score
@pytest.mark.skipif(not (SHARED / "gold.jsonl").is_file(), reason="no labels are at ../shared/eval/offers")
def test_figures_of_real_labels_are_those_of_the_script(tmp_path: Path) -> None:
    """Its own labels as predictions: without prices, since labels have several and predictions one."""
    _assert_equal_to_script(SHARED / "gold.jsonl", SHARED / "gold.jsonl")


def _assert_equal_to_script(gold: Path, found: Path) -> None:
    command = [sys.executable, str(SCORE), str(gold), str(found)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    script = {line.split()[0]: line for line in printed.splitlines() if line.strip()}
    result = evaluate(gold, found)
    for group, names in _COUNTED.items():
        ours = [getattr(result.figures, f"{group}_{name}") for name in ("precision", "recall", "f1")]
        shown = re.findall(r"(?:P|R|F1) ([\d.]+)", script[group])
        assert [f"{value or 0:.3f}" for value in ours] == shown
        counts = [number_of(result.counts, name) for name in names]
        assert "({} of {} predicted, {} gold)".format(*counts) in script[group]
    for field in ("strength", "expiry", "pack"):
        value = getattr(result.figures, f"{field}_accuracy")
        told, right = (number_of(result.counts, f"{field}_{name}") for name in ("labelled", "right"))
        assert script[field].split(maxsplit=1)[1] == (
            "none in gold" if value is None else f"{value:.3f}   ({right} of {told})"
        )
    figures = result.figures
    assert f"accuracy {figures.genre_accuracy:.3f}  macro F1 {figures.genre_macro_f1:.3f}" in script["genre"]
    value = figures.false_prices_per_100
    assert script["false_prices_per_100"].split()[1] == ("no" if value is None else f"{value:.1f}")
    assert result.without_prediction == int(script["messages"].split()[-1])
