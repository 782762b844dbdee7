"""Figures of an evaluation, worked out by hand."""

from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import LabelsError
from medical_telegram_warehouse.vision.evaluation import Predicted, evaluate, read_labels
from medical_telegram_warehouse.vision.rules import Evidence, load_categories

CATEGORIES = load_categories()
NOTHING = Evidence(None, None)


def said(
    image: str | None, content: str | None = None, evidence: Evidence = NOTHING, *, offered: bool = False
) -> Predicted:
    return Predicted(image is not None, image, content or image, evidence, offered)


LABELS = {
    ("a", "1.jpg"): "product_display",
    ("a", "2.jpg"): "product_display",
    ("a", "3.jpg"): "other",
    ("b", "1.jpg"): "lifestyle",
    ("b", "2.jpg"): "unreadable",
}
PREDICTED = {
    ("a", "1.jpg"): said("product_display", evidence=Evidence(None, 0.5)),
    ("a", "2.jpg"): said("other", "product_display", offered=True),
    ("a", "3.jpg"): said("other"),
    ("b", "1.jpg"): said("lifestyle", evidence=Evidence(0.9, None)),
    ("b", "2.jpg"): said(None),
}


def test_accuracy_stands_beside_that_of_the_most_frequent_category() -> None:
    image, content = evaluate(LABELS, PREDICTED, CATEGORIES)
    assert (image.name, image.photos, image.accuracy) == ("image_category", 5, 0.8)
    assert (image.most_frequent, image.accuracy_of_most_frequent) == ("product_display", 0.4)
    assert (content.name, content.accuracy, content.macro_f1) == ("content_category", 1.0, 1.0)


def test_each_category_has_its_precision_and_recall() -> None:
    image, _ = evaluate(LABELS, PREDICTED, CATEGORIES)
    by_name = {score.category: score for score in image.categories}
    display, other = by_name["product_display"], by_name["other"]
    assert (display.photos, display.precision, display.recall) == (2, 1.0, 0.5)
    assert (other.photos, other.precision, other.recall) == (1, 0.5, 1.0)
    assert display.f1 == pytest.approx(2 / 3)
    assert image.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1 + 1) / 4)
    assert image.channels == {"a": pytest.approx(2 / 3), "b": 1.0}
    assert image.mistakes == [(("a", "2.jpg"), "product_display", "other")]


def test_a_photo_that_the_warehouse_does_not_hold_is_a_mistake() -> None:
    image, _ = evaluate(LABELS, {}, CATEGORIES)
    assert (image.unknown, image.accuracy) == (5, 0.0)


def test_each_channel_is_judged_by_thresholds_of_the_others() -> None:
    """Channel a's persons are faint and real; by channel b, whose faint ones are printed, they are not seen."""
    faint = Evidence(0.45, None)
    labels = {("a", f"{n}.jpg"): "lifestyle" for n in range(4)} | {("b", f"{n}.jpg"): "other" for n in range(4)}
    image, _ = evaluate(labels, dict.fromkeys(labels, said("lifestyle", evidence=faint)), CATEGORIES)
    assert image.accuracy == 0.5
    assert image.held_out_accuracy == 0.0


def test_one_channel_alone_has_no_others() -> None:
    labels = {photo: label for photo, label in LABELS.items() if photo[0] == "a"}
    assert evaluate(labels, PREDICTED, CATEGORIES)[0].held_out_accuracy is None


def test_labels_are_read_and_further_keys_ignored(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"channel": "a", "file": "1.jpg", "category": "other", "note": "logo"}\n\n', encoding="utf-8")
    assert read_labels(file) == {("a", "1.jpg"): "other"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no labels"),
        ('{"channel": "a"}', "line 1: .*file"),
        ('{"channel": "a", "file": "1.jpg", "category": "poster"}', "'poster' is none of promotional"),
        ("photos", "line 1"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_by_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LabelsError, match=says):
        read_labels(file)
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl")
