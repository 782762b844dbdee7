"""Boxes and labels on pictures: where they are, what colour they have, that they can be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detected_photos import GREY, found
from factories import patiently
from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.drawn.colours import WHITE, Colour, Role, colour_of, ink_on, role_of
from medical_telegram_warehouse.vision.drawn.drawing import draw_boxes
from medical_telegram_warehouse.vision.drawn.lettering import font_for, own_font, shortened, width_of, wrapped
from medical_telegram_warehouse.vision.rules import load_categories

CATEGORIES = load_categories()
PERSON = colour_of("person", Role.PERSON)
BOTTLE = colour_of("bottle", Role.PRODUCT)
CLOCK = colour_of("clock", Role.OTHER)


def drawn(
    *detections: Detection, size: tuple[int, int] = (400, 300), scale: float = 1, ground: Colour = GREY
) -> Image.Image:
    picture = Image.new("RGB", size, ground)
    draw_boxes(picture, detections, scale, CATEGORIES)
    return picture


def count(picture: Image.Image, colour: Colour) -> int:
    return int((np.asarray(picture) == colour).all(axis=2).sum())


def test_a_box_is_drawn_where_the_object_is_on_the_smaller_picture() -> None:
    picture = drawn(found("bottle", box=(200, 200, 600, 500)), scale=0.5)
    assert [picture.getpixel(place) for place in ((100, 180), (299, 180), (200, 249))] == [BOTTLE] * 3
    assert picture.getpixel((200, 180)) == GREY


def test_persons_products_and_other_objects_have_their_own_colours() -> None:
    assert [role_of(name, CATEGORIES) for name in ("person", "bottle", "clock")] == list(Role)
    assert len({PERSON, BOTTLE, CLOCK}) == 3
    everything = {colour_of(name, role) for role in Role for name in ("person", "bottle", "cup", "vase", "tv", "dog")}
    assert all(ink_on(colour) != colour for colour in everything)


def test_an_object_that_counts_for_nothing_has_dashed_lines() -> None:
    box = (50, 100, 350, 280)
    dashed, solid = drawn(found("clock", box=box)), drawn(found("person", box=box))
    line = [dashed.getpixel((x, 279)) for x in range(50, 350)]
    assert set(line) == {CLOCK, WHITE}
    assert 100 < line.count(CLOCK) < 250
    assert {solid.getpixel((x, 279)) for x in range(50, 350)} == {PERSON}


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), BOTTLE])
def test_a_box_is_seen_on_any_ground(ground: Colour) -> None:
    around = [drawn(found("bottle", box=(50, 100, 350, 280)), ground=ground).getpixel((x, 200)) for x in range(46, 56)]
    assert {BOTTLE, WHITE} <= set(around)


@pytest.mark.parametrize(
    "box", [(0, 0, 30, 20), (370, 0, 400, 20), (0, 280, 30, 300), (370, 280, 400, 300), (0, 0, 400, 300)]
)
def test_the_label_is_whole_in_every_corner(box: tuple[float, ...]) -> None:
    """A label takes the same room wherever it stands; a part outside the picture would be missing here."""
    line = count(drawn(found("person", box=box), size=(400, 300)), PERSON)
    middle = count(drawn(found("person", box=(150, 150, 150 + box[2] - box[0], 150 + box[3] - box[1]))), PERSON)
    label = count(drawn(found("person", box=(200, 150, 201, 151))), PERSON)
    assert line >= label
    assert line == pytest.approx(middle, rel=0.2) or box == (0, 0, 400, 300)


def test_labels_of_objects_in_one_place_do_not_hide_each_other() -> None:
    box = (100, 100, 250, 200)
    alone = count(drawn(found("person", box=box)), PERSON)
    both = drawn(found("person", 0.9, box), found("person", 0.3, box))
    assert count(both, PERSON) > alone + 500


def test_the_surest_object_lies_on_top_whatever_the_order() -> None:
    low, high = found("bottle", 0.3, (50, 50, 200, 200)), found("person", 0.9, (50, 50, 200, 200))
    assert drawn(low, high).tobytes() == drawn(high, low).tobytes()
    assert drawn(low, high).getpixel((51, 150)) == PERSON


def test_larger_pictures_have_thicker_lines_and_larger_letters() -> None:
    small = count(drawn(found("person", box=(30, 30, 60, 60)), size=(200, 200)), PERSON)
    large = count(drawn(found("person", box=(30, 30, 60, 60)), size=(1024, 1024)), PERSON)
    assert large > 3 * small


places = st.floats(-1e4, 1e4)


@patiently
@given(
    boxes=st.lists(st.tuples(places, places, places, places), max_size=4),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    name=st.text(max_size=30),
)
def test_any_box_with_any_class_can_be_drawn_on_any_picture(
    boxes: list[tuple[float, ...]], size: tuple[int, int], name: str
) -> None:
    picture = drawn(*(found(name, box=box) for box in boxes), size=size)
    assert picture.size == size


class TestLetters:
    def test_a_text_is_cut_to_the_width_and_says_so(self) -> None:
        font = own_font(20)
        text = shortened("a rather long text", font, 80)
        assert text.endswith("…")
        assert width_of(text, font) <= 80
        assert shortened("short", font, 80) == "short"
        assert shortened("long", font, 3) == ""

    def test_a_text_is_wrapped_at_words_into_so_many_lines(self) -> None:
        font = own_font(20)
        lines = wrapped("one two three four five six seven", font, 100, lines=3)
        assert len(lines) == 3
        assert lines[0] == "one two"
        assert all(width_of(line, font) <= 100 for line in lines)
        assert lines[-1].endswith("…")
        assert wrapped("one", font, 100, lines=3) == ["one"]
        assert wrapped("", font, 100, lines=3) == []

    def test_letters_that_no_font_has_become_question_marks(self) -> None:
        assert font_for("a𒀀b", 20)[1] == "a?b"
        assert font_for("shop", 20) == (own_font(20), "shop")

    def test_marks_that_nobody_sees_become_spaces(self) -> None:
        assert font_for("a\nb\x1e¡", 20)[1] == "a b ¡"
