"""The detector over tiny models that are made here: each gives the same output for every picture."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from detector_models import BOTTLE, NAMES, constant_model, model_of, saved
from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.heads import Layout


def columns(*rows: list[float]) -> np.ndarray[Any, Any]:
    """YOLOv8's layout of the same boxes, padded to many anchors."""
    table = np.zeros((7, 50), np.float32)
    for at, (cx, cy, w, h, objectness, *scores) in enumerate(rows):
        table[:, at] = [cx, cy, w, h, *(score * objectness for score in scores)]
    return table


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ([BOTTLE], NAMES),
        (columns(BOTTLE), "{0: 'person', 1: 'bottle', 2: 'cup'}"),
        ([[24, 24, 40, 40, 0.72, 1]], "['person', 'bottle', 'cup']"),
    ],
)
def test_one_object_is_the_same_in_each_layout(tmp_path: Path, output: object, names: str) -> None:
    (found,) = Detector(constant_model(tmp_path, output=output, names=names)).detect(
        Image.new("RGB", (64, 64)), threshold=0.25
    )
    assert (found.detected_class, found.confidence_score) == ("bottle", 0.72)
    assert (found.x_min, found.y_min, found.x_max, found.y_max) == (24, 24, 40, 40)


def test_boxes_are_mapped_back_through_the_letterbox(tmp_path: Path) -> None:
    """A wide photo is shrunk by ten and has 16 grey lines above it."""
    (found,) = Detector(constant_model(tmp_path)).detect(Image.new("RGB", (640, 320)), threshold=0.25)
    assert (found.x_min, found.y_min, found.x_max, found.y_max) == (240, 80, 400, 240)


def test_boxes_are_in_pixels_of_the_whole_photo_when_it_was_decoded_smaller(tmp_path: Path) -> None:
    detector = Detector(constant_model(tmp_path))
    whole = detector.detect(Image.new("RGB", (640, 320)), threshold=0.25)
    assert detector.detect(Image.new("RGB", (160, 80)), threshold=0.25, size=(640, 320)) == whole


def test_boxes_are_clipped_to_the_photo_and_those_outside_it_are_dropped(tmp_path: Path) -> None:
    output = [[32, 8, 64, 64, 1, 0, 1, 0], [32, 4, 8, 8, 1, 1, 0, 0]]  # the second lies in the grey lines
    (found,) = Detector(constant_model(tmp_path, output=output)).detect(Image.new("RGB", (640, 320)), threshold=0.25)
    assert (found.x_min, found.y_min, found.x_max, found.y_max) == (0, 0, 640, 240)


def test_objects_come_best_first_then_by_class_then_by_place(tmp_path: Path) -> None:
    output = [
        [10, 10, 8, 8, 1, 0, 0, 0.5],
        [50, 50, 8, 8, 1, 0, 0.5, 0],
        [30, 30, 8, 8, 1, 0, 0.5, 0],
        [10, 50, 8, 8, 1, 0.9, 0, 0],
    ]
    found = Detector(constant_model(tmp_path, output=output)).detect(Image.new("RGB", (64, 64)), threshold=0.25)
    assert [(one.detected_class, one.x_min) for one in found] == [
        ("person", 6), ("bottle", 26), ("bottle", 46), ("cup", 6),
    ]  # fmt: skip


def test_objects_below_the_threshold_are_left_out(tmp_path: Path) -> None:
    detector = Detector(constant_model(tmp_path))
    picture = Image.new("RGB", (64, 64))
    assert len(detector.detect(picture, threshold=0.7)) == 1
    assert detector.detect(picture, threshold=0.75) == ()


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 3, 64, 64), TensorProto.FLOAT),
        ((1, 3, 64, 64), TensorProto.FLOAT16),
        ((1, 64, 64, 3), TensorProto.UINT8),
        (("batch", 3, "height", "width"), TensorProto.FLOAT),
    ],
)
def test_pictures_are_given_in_the_form_that_the_model_takes(
    tmp_path: Path, shape: tuple[str | int, ...], kind: int
) -> None:
    detector = Detector(constant_model(tmp_path, shape=shape, kind=kind))
    assert (detector.width, detector.height) == ((640, 640) if "height" in shape else (64, 64))
    detector.detect(Image.new("RGB", (30, 90)), threshold=0.25)


def test_a_picture_may_be_an_array(tmp_path: Path) -> None:
    detector = Detector(constant_model(tmp_path))
    pixels = np.zeros((320, 640, 3), np.uint8)
    assert detector.detect(pixels, threshold=0.25) == detector.detect(Image.fromarray(pixels), threshold=0.25)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1)])
def test_odd_sizes_are_scanned_like_any_other(tmp_path: Path, size: tuple[int, int]) -> None:
    for found in Detector(constant_model(tmp_path)).detect(Image.new("RGB", size), threshold=0.25):
        assert found.x_max <= size[0]
        assert found.y_max <= size[1]


def test_one_detector_serves_several_threads(tmp_path: Path) -> None:
    detector = Detector(constant_model(tmp_path))
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: detector.detect(Image.new("RGB", (64, 64)), threshold=0.2), range(40)))
    assert len(set(results)) == 1


def test_a_model_without_class_names_gets_numbered_classes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = constant_model(tmp_path, output=[BOTTLE] * 20, names=None)
    (found,) = Detector(model).detect(Image.new("RGB", (64, 64)), threshold=0.25)
    assert found.detected_class == "class_1"
    assert "names no classes" in caplog.text


def test_a_model_with_another_output_is_refused_with_its_shape(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\[1, 4, 9\]"):
        Detector(constant_model(tmp_path, output=np.zeros((4, 9))))


def test_a_model_that_fails_while_it_runs_is_a_model_error(tmp_path: Path) -> None:
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    wrong = numpy_helper.from_array(np.array([1, 7, 7], np.int64), "wrong")
    node = helper.make_node("Reshape", ["images", "wrong"], ["output"])
    graph = helper.make_graph([node], "fails", [picture], [answer], [wrong])
    with pytest.raises(ModelError, match="failed on a picture"):
        Detector(saved(model_of(graph), tmp_path / "fails.onnx"))


LAYOUTS = [
    (np.tile(np.array([32, 32, 16, 16, 0.9, 0, 0.8], np.float32), (40, 1)), True, Layout.OBJECTNESS_ROWS),
    (np.tile(np.array([[32], [32], [16], [16], [0], [0.72]], np.float32), (1, 84)), True, Layout.CLASS_COLUMNS),
    ([[24, 24, 40, 40, 0.72, 1]] + [[0] * 6] * 299, True, Layout.FINISHED),  # YOLOv10's three hundred
    ([[0, 24, 24, 40, 40, 1, 0.72]], False, Layout.BATCHED_FINISHED),
]


@pytest.mark.parametrize("answers", [np.float32, np.float16])
@pytest.mark.parametrize(("output", "batched", "layout"), LAYOUTS, ids=[layout.name for *_, layout in LAYOUTS])
def test_a_model_of_other_classes_is_read_in_each_layout_and_precision(
    tmp_path: Path, output: object, batched: bool, layout: Layout, answers: type[Any]
) -> None:
    """Two classes of its own, one of which has a comma in its name."""
    names = "{0: 'blister', 1: 'box, folded'}"
    detector = Detector(constant_model(tmp_path, output=output, names=names, batched=batched, answers=answers))
    (found,) = detector.detect(Image.new("RGB", (64, 64)), threshold=0.25)
    assert detector.layout is layout
    assert detector.class_names == ("blister", "box, folded")
    assert found.detected_class == "box, folded"
    assert found.confidence_score == pytest.approx(0.72, abs=0.001)
    assert (found.x_min, found.y_min, found.x_max, found.y_max) == (24, 24, 40, 40)


def test_a_model_with_a_free_size_is_given_what_it_was_trained_with(tmp_path: Path) -> None:
    free = ("batch", 3, "height", "width")
    detector = Detector(constant_model(tmp_path, shape=free, imgsz="[320, 416]"))
    assert (detector.height, detector.width) == (320, 416)
    assert Detector(constant_model(tmp_path, shape=free, imgsz="many")).width == 640


def test_a_model_with_a_free_size_gets_each_photo_in_its_own_shape(tmp_path: Path) -> None:
    detector = Detector(constant_model(tmp_path, shape=("batch", 3, "height", "width"), imgsz="64"))
    assert detector.prepare(Image.new("RGB", (640, 320))).shape == (1, 3, 32, 64)
    assert detector.prepare(Image.new("RGB", (300, 600))).shape == (1, 3, 64, 32)


def test_a_model_whose_free_size_is_an_empty_promise_gets_the_whole_field(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It declares a free size and adds a picture's cells to a grid that was computed for one."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    grid = numpy_helper.from_array(np.zeros((1, 3, 64, 64), np.float32), "grid")
    as_rows = numpy_helper.from_array(np.array([1, -1, 8], np.int64), "as_rows")
    nodes = [
        helper.make_node("Add", ["images", "grid"], ["cells"]),
        helper.make_node("Reshape", ["cells", "as_rows"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "one size", [picture], [answer], [grid, as_rows])
    with caplog.at_level("INFO"):
        detector = Detector(saved(model_of(graph, imgsz="64"), tmp_path / "one-size.onnx"))
    assert "although it declares a free one" in caplog.text
    assert detector.prepare(Image.new("RGB", (640, 320))).shape == (1, 3, 64, 64)
    detector.detect(Image.new("RGB", (640, 320)), threshold=0.25)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_a_picture_of_another_mode_shows_what_it_shows_in_rgb(tmp_path: Path, mode: str) -> None:
    picture = Image.linear_gradient("L").convert(mode)
    detector = Detector(constant_model(tmp_path))
    assert np.array_equal(detector.prepare(picture), detector.prepare(picture.convert("RGB")))


def test_what_a_model_takes_is_made_from_the_pixels_and_nothing_else(tmp_path: Path) -> None:
    """Every form of input holds the same picture: bytes or parts of one, colours last or first."""
    pixels = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    forms = {
        kind: Detector(constant_model(tmp_path, shape=shape, kind=kind)).prepare(pixels)
        for kind, shape in (
            (TensorProto.UINT8, (1, 64, 64, 3)),
            (TensorProto.FLOAT, (1, 3, 64, 64)),
            (TensorProto.FLOAT16, (1, 3, 64, 64)),
        )
    }
    assert np.array_equal(forms[TensorProto.UINT8][0], pixels)
    assert np.array_equal(forms[TensorProto.FLOAT][0], (pixels / np.float32(255)).transpose(2, 0, 1))
    assert forms[TensorProto.FLOAT16].dtype == np.float16
    assert forms[TensorProto.FLOAT].flags.c_contiguous
