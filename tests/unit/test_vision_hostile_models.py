"""Files that are called .onnx and are no detectors, or worse: each ends in an error that says why."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector_models import constant_model, model_of, saved, seeing_graph, seeing_model
from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.onnx_file import MAX_FILE_BYTES
from medical_telegram_warehouse.vision.models.weights import ModelFile

BOTH = pytest.mark.parametrize("runtime", list(RuntimeName))
PICTURE = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
ANSWER = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 64, 64])


def refusal(model: ModelFile, runtime: RuntimeName = RuntimeName.ONNXRUNTIME) -> str:
    with pytest.raises(ModelError) as caught:
        Detector(model, runtime)
    return str(caught.value)


def file_of(folder: Path, content: bytes) -> ModelFile:
    path = folder / "broken.onnx"
    path.write_bytes(content)
    return ModelFile("broken", path, "0" * 64)


def network(folder: Path, *nodes: onnx.NodeProto, constants: tuple[onnx.TensorProto, ...] = ()) -> onnx.ModelProto:
    return model_of(helper.make_graph(list(nodes), "hostile", [PICTURE], [ANSWER], list(constants)))


@BOTH
@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 5000, b"not a model", b"\x08\x08garbage" * 900, b"PK\x03\x04", b"<?xml version='1.0'?><net/>"],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes, runtime: RuntimeName) -> None:
    assert "broken.onnx" in refusal(file_of(tmp_path, content), runtime)


@BOTH
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_model_is_refused(tmp_path: Path, part: float, runtime: RuntimeName) -> None:
    whole = seeing_model(tmp_path).path.read_bytes()
    refusal(file_of(tmp_path, whole[: int(len(whole) * part)]), runtime)


@BOTH
def test_a_model_that_vanished_is_refused(tmp_path: Path, runtime: RuntimeName) -> None:
    assert "gone.onnx" in refusal(ModelFile("gone", tmp_path / "gone.onnx", "0" * 64), runtime)


def test_a_file_larger_than_any_detector_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # takes no room on the disk
    assert "more than any detector" in refusal(ModelFile("large", path, "0" * 64))


@pytest.mark.parametrize("location", ["../../../../etc/passwd", "/etc/passwd", "weights.bin", "*/_ORT_MEM_ADDR_/*"])
@BOTH
def test_weights_in_another_file_are_refused(tmp_path: Path, location: str, runtime: RuntimeName) -> None:
    """Wherever that file lies: beside the model it could be exchanged, elsewhere it is not the model's to read."""
    graph = seeing_graph()
    weight = graph.initializer[0]
    (tmp_path / "weights.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    message = refusal(saved(model_of(graph), tmp_path / "outside.onnx"), runtime)
    assert "another file" in message
    assert location in message


def test_weights_in_another_file_are_found_wherever_a_model_can_hold_them(tmp_path: Path) -> None:
    """In a constant of a branch of a node."""
    outside = numpy_helper.from_array(np.zeros((1, 3, 64, 64), np.float32), "c")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="/etc/shadow")
    branch = helper.make_graph([helper.make_node("Constant", [], ["output"], value=outside)], "branch", [], [ANSWER])
    condition = numpy_helper.from_array(np.array(True), "yes")
    node = helper.make_node("If", ["yes"], ["output"], then_branch=branch, else_branch=branch)
    assert "/etc/shadow" in refusal(saved(network(tmp_path, node, constants=(condition,)), tmp_path / "if.onnx"))


@BOTH
@pytest.mark.parametrize("domain", ["com.example", "com.microsoft", "ai.onnx.contrib"])
def test_an_operator_that_is_not_onnx_own_is_refused(tmp_path: Path, domain: str, runtime: RuntimeName) -> None:
    """Such operators are code in a library that comes beside the model; none is ever loaded."""
    model = network(tmp_path, helper.make_node("RunCommand", ["images"], ["output"], domain=domain))
    model.opset_import.add(domain=domain, version=1)
    message = refusal(saved(model, tmp_path / "own.onnx"), runtime)
    assert "operators" in message
    assert domain in message


def test_a_function_of_a_model_s_own_is_refused(tmp_path: Path) -> None:
    """One that calls itself never ends."""
    model = network(tmp_path, helper.make_node("Twice", ["images"], ["output"], domain=""))
    call = helper.make_node("Twice", ["x"], ["y"])
    model.functions.append(helper.make_function("", "Twice", ["x"], ["y"], [call], [helper.make_opsetid("", 17)]))
    assert "functions of its own" in refusal(saved(model, tmp_path / "function.onnx"))


def test_a_model_that_loops_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 64, 64])
    number = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    go = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [number, go, value],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("y", 1, None)],
    )
    node = helper.make_node("Loop", ["", "yes", "images"], ["output"], body=body)
    yes = numpy_helper.from_array(np.array(True), "yes")
    assert "loops" in refusal(saved(network(tmp_path, node, constants=(yes,)), tmp_path / "loop.onnx"))


@BOTH
@pytest.mark.parametrize("shape", [(1, 3, 100_000, 100_000), (1, 100_000, 64, 3), (1, 3, 64, 2**40)])
def test_a_huge_input_is_refused_before_anything_is_allocated(
    tmp_path: Path, shape: tuple[int, ...], runtime: RuntimeName
) -> None:
    assert "the limit is" in refusal(constant_model(tmp_path, shape=shape), runtime)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": 2}, {"inputs": 0}, {"shape": (8, 3, 64, 64)}, {"shape": (1, 64)}, {"shape": (1, 4, 64, 64)},
        {"kind": TensorProto.INT64}, {"kind": TensorProto.STRING},
    ],
)  # fmt: skip
def test_a_model_with_another_input_is_refused_with_what_it_takes(
    tmp_path: Path, changes: dict[str, Any], runtime: RuntimeName
) -> None:
    message = refusal(constant_model(tmp_path, **changes), runtime)
    assert "one picture" in message
    assert ("images0" if changes.get("inputs") != 0 else "nothing") in message


def test_a_model_that_lists_its_weights_among_its_inputs_takes_one_picture(tmp_path: Path) -> None:
    """As files did before 2019."""
    graph = seeing_graph()
    for tensor in graph.initializer:
        graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    assert Detector(saved(model_of(graph), tmp_path / "old.onnx")).takes.name == "images"


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    content = constant_model(tmp_path, names="person,bottle,cup").path.read_bytes()
    assert "UTF-8" in refusal(file_of(tmp_path, content.replace(b"bottle", b"bo\xff\xfele")))


@pytest.mark.parametrize("names", ["{0: __import__('os').system('true')}", "{0: 'a'" * 3000, "[1, 2", "{1: 'one'}"])
def test_class_names_are_read_and_never_evaluated(tmp_path: Path, names: str) -> None:
    finished = [[24, 24, 40, 40, 0.72, 1]]
    detector = Detector(constant_model(tmp_path, output=finished, names=names))
    assert all(name.startswith("class_") for name in detector.class_names)


@BOTH
def test_an_output_that_is_no_numbers_is_refused(tmp_path: Path, runtime: RuntimeName) -> None:
    answer = helper.make_tensor_value_info("output", TensorProto.STRING, [1])
    text = helper.make_tensor("text", TensorProto.STRING, [1], np.array([b"bottle"]))
    graph = helper.make_graph([helper.make_node("Constant", [], ["output"], value=text)], "text", [PICTURE], [answer])
    refusal(saved(model_of(graph), tmp_path / "text.onnx"), runtime)


def _without_weights(graph: onnx.GraphProto) -> None:
    del graph.node[5].input[:2]


def _another_size(graph: onnx.GraphProto) -> None:
    graph.input[0].type.tensor_type.shape.dim[2].dim_value = 65


def _zero_strides(graph: onnx.GraphProto) -> None:
    for attribute in graph.node[0].attribute:
        if attribute.name == "strides":
            attribute.ints[:] = [0, 0]


CRASHING = """
import random, sys
from pathlib import Path
import onnx
from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.weights import ModelFile

path, runtime = Path(sys.argv[1]), RuntimeName(sys.argv[2])
good = path.read_bytes()
for seed in range(int(sys.argv[3])):
    chance, damaged = random.Random(seed), bytearray(good)
    if seed:
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    path.write_bytes(damaged)
    try: Detector(ModelFile("damaged", path, ""), runtime)
    except ModelError: pass
print("alive")
"""


def survives(model: ModelFile, runtime: RuntimeName, *, damages: int) -> None:
    """In a process of its own, which may be brought down."""
    command = [sys.executable, "-c", CRASHING, str(model.path), runtime.value, str(damages)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-2000:]


@BOTH
@pytest.mark.parametrize("damage", [_without_weights, _another_size, _zero_strides])
def test_what_brought_a_runtime_down_once_is_an_error_now(
    tmp_path: Path, damage: Callable[[onnx.GraphProto], None], runtime: RuntimeName
) -> None:
    graph = seeing_graph()
    damage(graph)
    survives(saved(model_of(graph), tmp_path / "crash.onnx"), runtime, damages=1)


@BOTH
def test_a_model_that_is_damaged_at_random_brings_nothing_down(tmp_path: Path, runtime: RuntimeName) -> None:
    survives(seeing_model(tmp_path), runtime, damages=120)
