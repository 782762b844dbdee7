"""Small detectors, made with onnx: what tests of detection look through."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from medical_telegram_warehouse.vision.models.weights import ModelFile

NAMES = "person,bottle,cup"
BOTTLE = [32, 32, 16, 16, 0.9, 0.0, 0.8, 0.1]  # cx, cy, w, h, objectness, three classes
OPSET = 17


def saved(model: onnx.ModelProto, path: Path) -> ModelFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return ModelFile(path.stem, path, hashlib.sha256(path.read_bytes()).hexdigest())


def model_of(graph: onnx.GraphProto, *, names: str | None = NAMES, opset: int = OPSET, **notes: str) -> onnx.ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, notes | ({} if names is None else {"names": names}))
    return model


def constant_model(
    folder: Path,
    *,
    output: object = (BOTTLE,),
    names: str | None = NAMES,
    shape: tuple[str | int, ...] = (1, 3, 64, 64),
    kind: int = TensorProto.FLOAT,
    inputs: int = 1,
    batched: bool = True,
    answers: type[Any] = np.float32,
    **notes: Any,
) -> ModelFile:
    """A model that takes a picture of `shape` and always answers `output`, with an axis for the batch before it."""
    answer = np.asarray(output, answers)[None] if batched else np.asarray(output, answers)
    takes = [helper.make_tensor_value_info(f"images{i}", kind, shape) for i in range(inputs)]
    gives = [helper.make_tensor_value_info("output", helper.np_dtype_to_tensor_dtype(answer.dtype), answer.shape)]
    nodes = [helper.make_node("Constant", [], ["output"], value=numpy_helper.from_array(answer))]
    return saved(
        model_of(helper.make_graph(nodes, "constant", takes, gives), names=names, **notes), folder / "tiny.onnx"
    )


def seeing_graph(*, side: int = 64, classes: int = 3, kind: int = TensorProto.FLOAT, seed: int = 0) -> onnx.GraphProto:
    """A network that really looks at its picture: three convolutions, and rows of YOLOv5 from what they find."""
    random = np.random.default_rng(seed)
    cells, columns = (side // 8) ** 2, 5 + classes
    real = helper.tensor_dtype_to_np_dtype(kind)

    def weight(name: str, outputs: int, inputs: int, size: int) -> onnx.TensorProto:
        values = random.normal(size=(outputs, inputs, size, size)) * 2 / np.sqrt(inputs * size * size)
        return numpy_helper.from_array(values.astype(real), name)

    nodes = [
        helper.make_node("Conv", ["images", "w1"], ["c1"], name="first", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("LeakyRelu", ["c1"], ["a1"], alpha=0.1),
        helper.make_node("Conv", ["a1", "w2"], ["c2"], name="second", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("LeakyRelu", ["c2"], ["a2"], alpha=0.1),
        helper.make_node("MaxPool", ["a2"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pooled", "w3", "b3"], ["head"], name="head"),
        helper.make_node("Reshape", ["head", "cells"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("Sigmoid", ["rows"], ["scores"]),
        helper.make_node("Mul", ["scores", "scale"], ["output"]),
    ]
    scale = np.array([side, side, side / 2, side / 2, *[1] * (columns - 4)], real)
    constants = [
        weight("w1", 8, 3, 3), weight("w2", 16, 8, 3), weight("w3", columns, 16, 1),
        numpy_helper.from_array(np.array([1, columns, cells], np.int64), "cells"),
        numpy_helper.from_array(np.array([0] * 4 + [1] * (columns - 4), real), "b3"),
        numpy_helper.from_array(scale, "scale"),
    ]  # fmt: skip
    picture = helper.make_tensor_value_info("images", kind, [1, 3, side, side])
    answer = helper.make_tensor_value_info("output", kind, [1, cells, columns])
    return helper.make_graph(nodes, "seeing", [picture], [answer], constants)


def seeing_model(folder: Path, *, name: str = "seeing.onnx", **changes: Any) -> ModelFile:
    return saved(model_of(seeing_graph(**changes), license="CC0", imgsz="64"), folder / name)


def photos(folder: Path, count: int = 20, *, side: int = 96) -> Path:
    """A folder of pictures, each another."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    for number in range(count):
        coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((side, side * 3 // 4), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder
