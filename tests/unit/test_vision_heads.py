"""What the output of a detector means, without running one."""

import numpy as np
import pytest

from medical_telegram_warehouse.vision.heads import Boxes, Layout, read_boxes, recognise, suppress


def boxes(*rows: tuple[float, float, float, float, float, int]) -> Boxes:
    table = np.array(rows, np.float32)
    return Boxes(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


@pytest.mark.parametrize(
    ("shape", "names", "layout", "classes"),
    [
        ((1, 25200, 85), 80, Layout.OBJECTNESS_ROWS, 80),
        ((1, 25200, 85), None, Layout.OBJECTNESS_ROWS, 80),
        ((1, 84, 8400), 80, Layout.CLASS_COLUMNS, 80),
        ((1, 84, 8400), None, Layout.CLASS_COLUMNS, 80),
        ((1, 5, 8400), 1, Layout.CLASS_COLUMNS, 1),
        ((1, 25200, 6), 1, Layout.OBJECTNESS_ROWS, 1),
        ((1, 300, 6), 80, Layout.FINISHED, 80),
        ((1, 300, 6), 1, Layout.FINISHED, 1),
        ((0, 7), 80, Layout.BATCHED_FINISHED, 80),
    ],
)
def test_a_layout_is_recognised_by_shape_and_class_names(
    shape: tuple[int, ...], names: int | None, layout: Layout, classes: int
) -> None:
    assert recognise(shape, names) == (layout, classes)


def test_rows_of_one_class_are_told_from_finished_boxes_by_their_number() -> None:
    """Six columns are both; an input of 96 pixels has 567 proposals, fewer than a long list of finished boxes."""
    assert recognise((1, 567, 6), 1, (96, 96)) == (Layout.OBJECTNESS_ROWS, 1)
    assert recognise((1, 300, 6), 1, (96, 96)) == (Layout.FINISHED, 1)
    assert recognise((1, 567, 6), 80, (96, 96)) == (Layout.FINISHED, 80)


@pytest.mark.parametrize("shape", [(1, 1000), (1, 116, 8400), (1, 32, 160, 160), (2, 25200, 85), (1, 4, 4)])
def test_another_output_is_refused_with_its_shape_and_the_layouts_that_would_do(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="YOLOv8") as caught:
        recognise(shape, 80)
    assert str(list(shape)) in str(caught.value)


def test_the_better_of_two_overlapping_boxes_stays() -> None:
    kept = suppress(boxes((0, 0, 10, 10, 0.6, 1), (1, 0, 11, 10, 0.9, 1)))
    assert kept.scores.tolist() == pytest.approx([0.9])


def test_overlapping_boxes_of_two_classes_both_stay() -> None:
    assert len(suppress(boxes((0, 0, 10, 10, 0.6, 1), (0, 0, 10, 10, 0.9, 2)))) == 2


def test_boxes_that_hardly_overlap_both_stay() -> None:
    assert len(suppress(boxes((0, 0, 10, 10, 0.6, 1), (8, 8, 18, 18, 0.9, 1)))) == 2


def test_the_order_of_the_input_does_not_matter() -> None:
    """Ties are broken by class and place, else two runs could write two files."""
    rows = [(float(at), 0.0, at + 3.0, 3.0, 0.5, at % 3) for at in range(0, 40, 2)]
    forward, backward = suppress(boxes(*rows)), suppress(boxes(*rows[::-1]))
    assert forward.corners.tolist() == backward.corners.tolist()
    assert forward.classes.tolist() == backward.classes.tolist()


def test_objectness_and_class_score_are_multiplied() -> None:
    output = np.array([[[50, 40, 20, 10, 0.8, 0.1, 0.5], [9, 9, 2, 2, 0.2, 1, 1]]], np.float32)
    found = read_boxes(output, Layout.OBJECTNESS_ROWS, 0.25)
    assert found.corners.tolist() == [[40, 35, 60, 45]]
    assert found.scores.tolist() == pytest.approx([0.4])
    assert found.classes.tolist() == [1]


def test_columns_without_objectness_are_read_as_they_are() -> None:
    output = np.zeros((1, 6, 12), np.float32)
    output[0, :, 3] = [50, 40, 20, 10, 0.1, 0.7]
    found = read_boxes(output, Layout.CLASS_COLUMNS, 0.25)
    assert (found.corners.tolist(), found.classes.tolist()) == ([[40, 35, 60, 45]], [1])


def test_finished_boxes_are_not_suppressed_again() -> None:
    rows = [[0, 0, 10, 10, 0.9, 1], [1, 0, 10, 10, 0.8, 1], [0, 0, 0, 0, 0.0, 0]]
    assert len(read_boxes(np.array([rows], np.float32), Layout.FINISHED, 0.25)) == 2


def test_finished_boxes_of_a_batch_have_their_class_before_the_score() -> None:
    found = read_boxes(np.array([[0, 1, 2, 3, 4, 7, 0.6]], np.float32), Layout.BATCHED_FINISHED, 0.25)
    assert (found.corners.tolist(), found.classes.tolist()) == ([[1, 2, 3, 4]], [7])


@pytest.mark.parametrize("layout", [Layout.OBJECTNESS_ROWS, Layout.CLASS_COLUMNS, Layout.FINISHED])
def test_infinite_numbers_are_no_boxes(layout: Layout) -> None:
    output = np.full((1, 7, 7), np.nan, np.float32)
    assert len(read_boxes(output, layout, 0.25)) == 0


def test_a_thousand_candidates_end_in_a_bounded_number_of_boxes() -> None:
    many = boxes(*[(at * 20.0, 0, at * 20.0 + 10, 10, 0.5, 0) for at in range(5000)])
    assert len(suppress(many)) == 300


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3.4e38])
@pytest.mark.parametrize("layout", [Layout.OBJECTNESS_ROWS, Layout.CLASS_COLUMNS, Layout.FINISHED])
def test_one_number_that_is_none_costs_its_own_box_only(layout: Layout, bad: float) -> None:
    good = {
        Layout.OBJECTNESS_ROWS: [50, 40, 20, 10, 0.9, 0.1, 0.8],
        Layout.CLASS_COLUMNS: [50, 40, 20, 10, 0.1, 0.7],
        Layout.FINISHED: [40, 35, 60, 45, 0.7, 1],
    }[layout]
    for column in range(4):
        table = np.array([good, good], np.float32)
        table[0, column] = bad
        output = table.T[None] if layout is Layout.CLASS_COLUMNS else table[None]
        found = read_boxes(output, layout, 0.25)
        finite = found.corners[np.abs(found.corners).max(axis=1) < 1e6]
        assert finite.tolist() == [[40, 35, 60, 45]]
        assert np.isfinite(found.corners).all()


@pytest.mark.parametrize("layout", [Layout.OBJECTNESS_ROWS, Layout.CLASS_COLUMNS])
def test_what_is_read_does_not_depend_on_the_boxes_below_the_threshold(layout: Layout) -> None:
    random = np.random.default_rng(5)
    table = random.uniform(0, 1, (300, 9)).astype(np.float32)
    table[:, :4] = random.uniform(10, 90, (300, 4))
    table[::3, 6] = np.nan
    output = table.T[None] if layout is Layout.CLASS_COLUMNS else table[None]
    whole = read_boxes(output, layout, 0.25)
    confident = table[:, 5:] * table[:, 4:5] if layout is Layout.OBJECTNESS_ROWS else table[:, 4:]
    kept = table[np.isfinite(table).all(axis=1) & (confident.max(axis=1) >= 0.25)]
    alone = read_boxes(kept.T[None] if layout is Layout.CLASS_COLUMNS else kept[None], layout, 0.25)
    assert len(whole)
    assert whole.corners.tolist() == alone.corners.tolist()
    assert whole.scores.tolist() == alone.scores.tolist()
