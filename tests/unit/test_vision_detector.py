"""The detector over tiny models that are made here: each gives the same output for every picture."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.weights import ModelFile

NAMES = "person,bottle,cup"
BOTTLE = [32, 32, 16, 16, 0.9, 0.0, 0.8, 0.1]  # cx, cy, w, h, objectness, three classes


def constant_model(
    folder: Path,
    *,
    output: object = (BOTTLE,),
    names: str | None = NAMES,
    shape: tuple[str | int, ...] = (1, 3, 64, 64),
    kind: int = TensorProto.FLOAT,
    inputs: int = 1,
) -> ModelFile:
    """A model that takes a picture of `shape` and always answers `output`."""
    answer = np.asarray(output, np.float32)
    takes = [helper.make_tensor_value_info(f"images{i}", kind, shape) for i in range(inputs)]
    gives = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [None] * (answer.ndim + 1))]
    nodes = [helper.make_node("Constant", [], ["output"], value=numpy_helper.from_array(answer[None]))]
    model = helper.make_model(
        helper.make_graph(nodes, "constant", takes, gives),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    if names is not None:
        helper.set_model_props(model, {"names": names})
    path = folder / "tiny.onnx"
    save(model, path)
    return ModelFile("tiny", path, hashlib.sha256(path.read_bytes()).hexdigest())


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


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08garbage" * 900, b"PK\x03\x04"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        Detector(ModelFile("broken", path, "0" * 64))


def test_a_model_that_vanished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        Detector(ModelFile("gone", tmp_path / "gone.onnx", "0" * 64))


def test_a_cut_model_is_refused(tmp_path: Path) -> None:
    model = constant_model(tmp_path)
    model.path.write_bytes(model.path.read_bytes()[:-40])
    with pytest.raises(ModelError):
        Detector(model)


def test_a_model_with_an_operator_of_its_own_is_refused(tmp_path: Path) -> None:
    """Such operators are code in a library that comes beside the model; none is ever loaded."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    node = helper.make_node("RunCommand", ["images"], ["output"], domain="com.example")
    graph = helper.make_graph([node], "hostile", [picture], [answer])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    path = tmp_path / "hostile.onnx"
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    with pytest.raises(ModelError, match="can load"):
        Detector(ModelFile("hostile", path, "0" * 64))


@pytest.mark.parametrize(
    "changes",
    [{"inputs": 2}, {"shape": (8, 3, 64, 64)}, {"shape": (1, 64)}, {"kind": TensorProto.INT64}],
)
def test_a_model_with_another_input_is_refused_with_what_it_takes(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="images0"):
        Detector(constant_model(tmp_path, **changes))


def test_a_model_with_another_output_is_refused_with_its_shape(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\[1, 4, 9\]"):
        Detector(constant_model(tmp_path, output=np.zeros((4, 9))))


def test_a_model_that_fails_while_it_runs_is_a_model_error(tmp_path: Path) -> None:
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    wrong = numpy_helper.from_array(np.array([1, 7, 7], np.int64), "wrong")
    node = helper.make_node("Reshape", ["images", "wrong"], ["output"])
    graph = helper.make_graph([node], "fails", [picture], [answer], [wrong])
    path = tmp_path / "fails.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(ModelError, match="failed on a picture"):
        Detector(ModelFile("fails", path, "0" * 64))
