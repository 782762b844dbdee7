"""A small network in 8 bits: what is quantised, what is kept, and that the same photos make the same file."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector_models import constant_model, model_of, photos, saved, seeing_graph, seeing_model
from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.decoding.decode import Photo
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.model_files import recorded_checksums
from medical_telegram_warehouse.vision.models.photo_choice import distinct_photos, spread
from medical_telegram_warehouse.vision.models.quantize import head_nodes, quantise
from medical_telegram_warehouse.vision.models.weights import ModelFile


def pictures(folder: Path, count: int = 20) -> Iterator[Photo]:
    paths = sorted(photos(folder / "photos", count).iterdir())
    return (photo for _, photo in distinct_photos(paths, 64))


def quantised(folder: Path, model: ModelFile | None = None, *, count: int = 20) -> ModelFile:
    return quantise("small", model or seeing_model(folder), folder / "small-int8.onnx", pictures(folder, count))


def loaded(model: ModelFile) -> onnx.ModelProto:
    read: onnx.ModelProto = onnx.ModelProto.FromString(model.path.read_bytes())
    return read


@pytest.mark.parametrize("runtime", list(RuntimeName))
def test_a_quantised_model_shows_nearly_the_same_with_each_runtime(tmp_path: Path, runtime: RuntimeName) -> None:
    full = Detector(seeing_model(tmp_path))
    small = Detector(quantised(tmp_path), runtime)
    for photo in pictures(tmp_path):
        pixels = full.prepare(photo.image)
        difference = np.abs(small.run(pixels) - full.run(pixels))[..., 4:]
        assert difference.max() < 0.1  # of scores between 0 and 1
    assert small.layout is full.layout


def test_convolutions_are_quantised_and_the_head_after_them_is_not(tmp_path: Path) -> None:
    graph = loaded(quantised(tmp_path)).graph
    makers = {output: node for node in graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 3
    for node in convolutions:
        dequantised = makers[node.input[1]]
        assert dequantised.op_type == "DequantizeLinear"
        assert weights[dequantised.input[0]].data_type == TensorProto.INT8
        assert len(weights[dequantised.input[1]].dims) == 1  # a scale for each channel
    for kind in ("Sigmoid", "Mul"):
        (node,) = (one for one in graph.node if one.op_type == kind)
        assert makers[node.input[0]].op_type not in ("QuantizeLinear", "DequantizeLinear")


def test_the_file_keeps_its_notes_and_says_what_it_was_made_of(tmp_path: Path) -> None:
    model = seeing_model(tmp_path)
    result = quantised(tmp_path, model)
    notes = {note.key: note.value for note in loaded(result).metadata_props}
    assert notes["names"] == "person,bottle,cup"
    assert (notes["license"], notes["imgsz"]) == ("CC0", "64")
    assert notes["quantized"].startswith(f"8 bits, from {model.sha256[:16]}, 20 photos, onnxruntime ")
    assert set(notes) == {"names", "license", "imgsz", "quantized"}
    assert recorded_checksums(result.path) == [result.sha256, model.sha256]


def test_the_same_photos_give_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Whatever order an interpreter keeps names in."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from test_vision_quantize import quantised\n"
        "print(quantised(Path(sys.argv[1])).sha256)"
    )
    found = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, "-c", code, str(folder), str(Path(__file__).parent)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout.strip())
    assert len(found) == 1


def test_other_photos_give_another_file(tmp_path: Path) -> None:
    first, second = (
        quantised(tmp_path / str(count), count=count).path.read_bytes().replace(b"photos", b"") for count in (16, 24)
    )
    assert first != second


def test_nothing_is_printed_and_nothing_left_anywhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library prints, warns through the root logger, and writes beside the model."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    handlers, filters = list(logging.root.handlers), list(logging.root.filters)
    quantised(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert list(elsewhere.iterdir()) == []
    assert sorted(path.name for path in tmp_path.glob("*.*")) == [
        "seeing.onnx", "small-int8.onnx", "small-int8.onnx.sha256",
    ]  # fmt: skip
    assert (logging.root.handlers, logging.root.filters) == (handlers, filters)


def test_too_few_photos_are_refused_with_how_many_it_takes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"15 readable, distinct photos are too few.*16"):
        quantised(tmp_path, count=15)
    assert not (tmp_path / "small-int8.onnx").exists()


def test_a_model_of_the_user_s_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "small-int8.onnx").write_bytes(b"mine")
    with pytest.raises(ModelError, match="not made by"):
        quantised(tmp_path)
    assert (tmp_path / "small-int8.onnx").read_bytes() == b"mine"


def test_a_result_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    assert quantised(tmp_path, count=16).sha256 != quantised(tmp_path, count=20).sha256


def test_a_layer_that_never_varies_does_not_stop_it(tmp_path: Path) -> None:
    """As in a network that was hardly trained."""
    graph = seeing_graph()
    graph.initializer[1].CopyFrom(numpy_helper.from_array(np.zeros((16, 8, 3, 3), np.float32), "w2"))
    assert Detector(quantised(tmp_path, saved(model_of(graph), tmp_path / "flat.onnx"))).layout


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (lambda folder: quantised(folder / "once"), "already"),
        (lambda folder: seeing_model(folder, kind=TensorProto.FLOAT16), "16 bits"),
        (lambda folder: saved(model_of(seeing_graph(), opset=12), folder / "old.onnx"), "opset 12"),
        (constant_model, "no convolutions"),
    ],
)
def test_a_model_that_cannot_be_quantised_is_refused_with_the_reason(tmp_path: Path, refused: Any, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        quantised(tmp_path, refused(tmp_path))


def test_the_head_begins_after_the_last_convolution_of_each_branch() -> None:
    """As in YOLOv8, whose boxes go through one more convolution that only averages."""
    nodes = [
        helper.make_node("Conv", ["images", "w"], ["stem"], name="stem"),
        helper.make_node("Conv", ["stem", "w"], ["boxes"], name="boxes"),
        helper.make_node("Conv", ["stem", "w"], ["classes"], name="classes"),
        helper.make_node("Softmax", ["boxes"], ["spread"], name="spread"),
        helper.make_node("Conv", ["spread", "average"], ["distance"], name="distance"),
        helper.make_node("Sigmoid", ["classes"], ["scores"], name="scores"),
        helper.make_node("Concat", ["distance", "scores"], ["output"], name="output", axis=1),
        helper.make_node("Relu", ["stem"], ["unused"], name="unused"),
    ]
    constants = [
        numpy_helper.from_array(np.ones((4, 3, 1, 1), np.float32), "w"),
        numpy_helper.from_array(np.ones((1, 4, 1, 1), np.float32), "average"),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    graph = helper.make_graph(nodes, "branches", [picture], [output], constants)
    assert set(head_nodes(graph)) == {"output", "scores", "distance", "spread"}


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 100])
def test_every_beginning_of_the_chosen_order_is_spread_over_all(count: int) -> None:
    order = spread(count)
    assert sorted(order) == list(range(count))
    for length in (4, 16):
        taken = sorted(order[:length])
        gaps = np.diff([0, *taken, count])
        assert len(taken) < length or gaps.max() <= 2 * -(-count // length)


def test_copies_and_what_is_no_picture_are_passed_over(tmp_path: Path) -> None:
    folder = photos(tmp_path, 6)
    (folder / "copy.png").write_bytes((folder / "3.png").read_bytes())
    (folder / "video.jpg").write_bytes(b"\0\0\0\x18ftypmp42")
    paths = [*sorted(folder.iterdir()), folder / "gone.jpg"]
    assert len(list(distinct_photos(paths, 64))) == 6
    few = [data for data, _ in islice(distinct_photos(paths, 64), 3)]
    assert few == [data for data, _ in islice(distinct_photos(paths, 64), 3)]
