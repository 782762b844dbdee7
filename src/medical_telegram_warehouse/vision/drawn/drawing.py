"""Boxes on pictures: what the detector saw, for a person to judge.

Belongs here: boxes and their labels. Does not belong here: which colour means what (`colours`), reading photos and
keeping pictures (`pictures`, `previews`), the grid of a sheet (`sheet`).

    picture of any size + boxes in pixels of the full photo + scale -> boxes, then labels where they hide least

Lines and letters are drawn at the picture's final size: drawn before the photo is shrunk, they would be a blur.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.drawn.colours import WHITE, Colour, Role, colour_of, ink_on, role_of
from medical_telegram_warehouse.vision.drawn.lettering import Font, font_for, shortened, width_of
from medical_telegram_warehouse.vision.rules import Categories

SIDE_PER_LINE = 256
SIDE_PER_LETTER = 44
LEAST_LETTER, GREATEST_LETTER = 11, 24
LEAST_LABEL_WIDTH = 16
"""A label that is cut to less than this says nothing."""
DASH = 4
"""Line widths."""


class Rectangle(NamedTuple):
    """Whole pixels of the picture; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int

    def overlap(self, other: Rectangle) -> int:
        """The common area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


class _Object(NamedTuple):
    """What is drawn of one detection."""

    box: Rectangle
    text: str
    colour: Colour
    role: Role


def draw_boxes(picture: Image.Image, detections: Sequence[Detection], scale: float, categories: Categories) -> None:
    """Draws each object's box with its class and confidence on an RGB picture.

    Args:
        picture: Is drawn on.
        detections: In pixels of the full photo.
        scale: Pixels of the picture for one pixel of the full photo.
        categories: Tell persons and products from other objects.
    """
    weakest_first = sorted(detections, key=lambda each: (each.confidence_score, each.detected_class, each.x_min))
    objects = [_object(each, picture.size, scale, categories) for each in weakest_first]
    draw = ImageDraw.Draw(picture)
    width = _line_width(picture.size)
    for each in objects:
        _draw_box(draw, each, width)
    placed: list[Rectangle] = []
    labels = []
    for each in reversed(objects):  # the surest ones choose their labels' places first
        font, text = font_for(each.text, _letter_size(picture.size))
        padding = max(2, width)
        text = shortened(text, font, picture.width - 2 * padding)
        place = _label_place(each.box, _label_size(text, font, padding), picture.size, placed, width)
        if place is not None:
            placed.append(place)
            labels.append((place, text, font, each.colour))
    for place, text, font, colour in reversed(labels):
        draw.rectangle((place.left, place.top, place.right - 1, place.bottom - 1), fill=colour)
        middle = (place.top + place.bottom) / 2
        draw.text((place.left + max(2, width), middle), text, font=font, fill=ink_on(colour), anchor="lm")


def _object(detection: Detection, size: tuple[int, int], scale: float, categories: Categories) -> _Object:
    role = role_of(detection.detected_class, categories)
    left, right = sorted(_within(x * scale, size[0]) for x in (detection.x_min, detection.x_max))
    top, bottom = sorted(_within(y * scale, size[1]) for y in (detection.y_min, detection.y_max))
    return _Object(
        box=Rectangle(left, top, max(right, left + 1), max(bottom, top + 1)),
        text=f"{detection.detected_class} {detection.confidence_score:.2f}",
        colour=colour_of(detection.detected_class, role),
        role=role,
    )


def _within(place: float, length: int) -> int:
    return round(min(max(place, 0), length))


def _line_width(size: tuple[int, int]) -> int:
    side = max(size)
    return max(1 if side < SIDE_PER_LINE / 2 else 2, round(side / SIDE_PER_LINE))


def _letter_size(size: tuple[int, int]) -> int:
    return min(max(round(max(size) / SIDE_PER_LETTER), LEAST_LETTER), GREATEST_LETTER)


def _draw_box(draw: ImageDraw.ImageDraw, each: _Object, width: int) -> None:
    """A coloured line with white edges: the colour is seen on light ground, the edges on dark ground."""
    box = (each.box.left, each.box.top, each.box.right - 1, each.box.bottom - 1)
    edge = 1 if width > 1 else 0
    outer = (box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge)
    draw.rectangle(outer, outline=WHITE, width=width + 2 * edge)
    if each.role is not Role.OTHER:
        draw.rectangle(box, outline=each.colour, width=width)
        return
    left, top, right, bottom = box
    dash = DASH * width
    for x in range(left, right + 1, 2 * dash):
        for y in (top, bottom - width + 1):
            draw.rectangle((x, y, min(x + dash, right), y + width - 1), fill=each.colour)
    for y in range(top, bottom + 1, 2 * dash):
        for x in (left, right - width + 1):
            draw.rectangle((x, y, x + width - 1, min(y + dash, bottom)), fill=each.colour)


def _label_size(text: str, font: Font, padding: int) -> tuple[int, int]:
    ascent, descent = font.getmetrics()  # rather than the height of these letters: all labels are equally high
    return width_of(text, font) + 2 * padding, ascent + descent


def _label_place(
    box: Rectangle, label: tuple[int, int], size: tuple[int, int], placed: list[Rectangle], line: int
) -> Rectangle | None:
    """Where a label hides no other label, or as little of others as can be; None where the picture has no room."""
    width, height = label
    if width > size[0] or height > size[1] or width < LEAST_LABEL_WIDTH:
        return None
    above, below = box.top - height, box.bottom
    starts = [
        (box.left, above), (box.left, box.top + line), (box.left, below), (box.right - width, above),
        (box.right - width, box.top + line), (box.right - width, below), (box.left, box.bottom - line - height),
        (box.right - width, box.bottom - line - height),
    ]  # fmt: skip
    best: tuple[int, int, Rectangle] | None = None
    for rank, (x, y) in enumerate(starts):
        left = min(max(x, 0), size[0] - width)
        top = min(max(y, 0), size[1] - height)
        place = Rectangle(left, top, left + width, top + height)
        cost = sum(place.overlap(other) for other in placed)
        if top != y:  # pushed back into the picture: over the box's own line, where another place would not be
            cost += 1
        if best is None or (cost, rank) < best[:2]:
            best = (cost, rank, place)
    return best[2] if best else None
