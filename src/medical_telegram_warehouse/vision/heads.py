"""What a detector's output means, and which of its boxes to keep.

Belongs here: the output layouts of the YOLO family, and non-maximum suppression. Does not belong here: running a
model, or the size of the photo; boxes are in pixels of the model's input throughout.

    raw output -> boxes (x_min, y_min, x_max, y_max), score, class of each -> above the threshold -> suppressed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

IOU_THRESHOLD = 0.45
MAX_CANDIDATES = 3000  # before suppression, which compares each with each
MAX_BOXES = 300
MAX_FINISHED_BOXES = 1000  # a list of six columns longer than this is not a list of finished boxes
FINISHED_COLUMNS = 6
BATCHED_FINISHED_COLUMNS = 7
STRIDES = (8, 16, 32)


class Layout(Enum):
    """How an output array is to be read."""

    OBJECTNESS_ROWS = "YOLOv5 and YOLOv7: [1, boxes, 5 + classes], cx, cy, w, h, objectness, classes"
    CLASS_COLUMNS = "YOLOv8 to YOLO11: [1, 4 + classes, boxes], cx, cy, w, h, classes"
    FINISHED = "already suppressed: [1, boxes, 6], x1, y1, x2, y2, score, class"
    BATCHED_FINISHED = "already suppressed: [boxes, 7], picture, x1, y1, x2, y2, class, score"


@dataclass(frozen=True)
class Boxes:
    """Found objects, best first."""

    corners: Floats
    scores: Floats
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)


def recognise(
    shape: Sequence[int], class_count: int | None, sides: tuple[int, int] | None = None
) -> tuple[Layout, int]:
    """The layout of an output of this shape, and its number of classes (0 where the shape does not tell).

    Args:
        shape: The shape of an output that the model really gave.
        class_count: How many class names the model carries, if any.
        sides: Width and height of the model's input. Six columns may be finished boxes or, with one class, YOLOv5's
            rows, whose number follows from it.

    Raises:
        ValueError: No known layout fits.
    """
    known = class_count or 0
    match tuple(shape):
        case (_, columns) if columns == BATCHED_FINISHED_COLUMNS:
            return Layout.BATCHED_FINISHED, known
        case (1, boxes, columns) if columns == FINISHED_COLUMNS and known == 1 and boxes == _anchors(sides):
            return Layout.OBJECTNESS_ROWS, 1
        case (1, boxes, columns) if columns == FINISHED_COLUMNS and boxes <= MAX_FINISHED_BOXES:
            return Layout.FINISHED, known
        case (1, boxes, columns) if columns == 5 + known or (not known and boxes > columns > 5):  # noqa: PLR2004
            return Layout.OBJECTNESS_ROWS, columns - 5
        case (1, columns, boxes) if columns == 4 + known or (not known and boxes > columns > 4):  # noqa: PLR2004
            return Layout.CLASS_COLUMNS, columns - 4
    readable = "; ".join(layout.value for layout in Layout)
    raise ValueError(
        f"its output has the shape {list(shape)} and it names {known or 'no'} classes. Readable layouts are {readable}"
    )


def _anchors(sides: tuple[int, int] | None) -> int | None:
    """How many boxes YOLOv5 and YOLOv7 propose for an input of this size: three for each cell of three grids."""
    return sides and 3 * sum(ceil(sides[0] / stride) * ceil(sides[1] / stride) for stride in STRIDES)


@np.errstate(over="ignore", invalid="ignore")  # numbers near the largest become infinite, and then are no boxes
def read_boxes(output: Floats, layout: Layout, threshold: float) -> Boxes:
    """The boxes of an output that reach the threshold, best first, each object once; what is not finite is no box."""
    match layout:
        case Layout.FINISHED | Layout.BATCHED_FINISHED:
            return _finished(output if layout is Layout.BATCHED_FINISHED else output[0], layout, threshold)
        case Layout.OBJECTNESS_ROWS:
            # No class score exceeds 1, so nothing else can reach the threshold. Looking at every number of a million
            # first took nine tenths of the time.
            rows = output[0][output[0][:, 4] >= threshold]
        case Layout.CLASS_COLUMNS:
            rows = output[0][:, output[0][4:].max(axis=0) >= threshold].T
    rows = _finite(rows)
    class_scores = rows[:, 5:] * rows[:, 4:5] if layout is Layout.OBJECTNESS_ROWS else rows[:, 4:]
    if not len(rows):
        return Boxes(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))
    classes = class_scores.argmax(axis=1)
    scores = class_scores[np.arange(len(rows)), classes]
    half = rows[:, 2:4] / 2
    corners = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    return suppress(_above(Boxes(corners, scores, classes), threshold))


def suppress(found: Boxes) -> Boxes:
    """Greedy non-maximum suppression within each class: of boxes that overlap much, the best stays."""
    found = _pick(_ordered(found), slice(MAX_CANDIDATES))
    kept: list[int] = []
    areas = np.prod(np.maximum(found.corners[:, 2:] - found.corners[:, :2], 0), axis=1)
    left = np.arange(len(found))
    while left.size and len(kept) < MAX_BOXES:
        best, rest = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(found.corners[best, :2], found.corners[rest, :2])
        high = np.minimum(found.corners[best, 2:], found.corners[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[best] + areas[rest] - shared
        other_object = (shared <= IOU_THRESHOLD * union) | (found.classes[rest] != found.classes[best])
        left = rest[other_object]
    return _pick(found, np.array(kept, np.int64))


def _finished(rows: Floats, layout: Layout, threshold: float) -> Boxes:
    rows = _finite(rows)
    if layout is Layout.BATCHED_FINISHED:
        corners, scores, classes = rows[:, 1:5], rows[:, 6], rows[:, 5]
    else:
        corners, scores, classes = rows[:, :4], rows[:, 4], rows[:, 5]
    return _ordered(_above(Boxes(corners, scores, classes.astype(np.int64)), threshold))


def _finite(rows: Floats) -> Floats:
    return rows[np.isfinite(rows).all(axis=1)]


def _above(found: Boxes, threshold: float) -> Boxes:
    finite = np.isfinite(found.scores) & np.isfinite(found.corners).all(axis=1)
    return _pick(found, finite & (found.scores >= threshold))


def _ordered(found: Boxes) -> Boxes:
    """Best first; ties by class and place, so that equal input gives equal output."""
    keys = (*found.corners.T[::-1], found.classes, -found.scores)
    return _pick(found, np.lexsort(keys))


def _pick(found: Boxes, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Boxes:
    return Boxes(found.corners[which], found.scores[which], found.classes[which])
