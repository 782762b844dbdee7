"""A YOLOv7-tiny checkpoint to an ONNX model, with numpy and onnx alone.

Belongs here: writing the network of the one checkpoint that `weights` downloads as ONNX. Does not belong here:
reading the checkpoint (`checkpoint`), downloading, checksums, running the model.

    checkpoint -> layers with their tensors -> ONNX graph, checked

PyTorch would do the same in two lines and several hundred megabytes; a user needs the conversion once. The model
takes the letterboxed RGB photo as bytes, [1, height, width, 3]: dividing by 255 is folded into the first
convolution, so that the caller neither converts nor transposes. It gives rows of YOLOv7: cx, cy, w, h in pixels of
the input, objectness, one score per class.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.checkpoint import CheckpointReader

LICENSE_NOTE = "GPL-3.0 (weights by WongKinYiu/yolov7, trained on COCO)"
OPSET = 17
IR_VERSION = 8  # read by every onnxruntime since 1.15

Floats = NDArray[np.float32]


def convert(checkpoint: Path, *, size: int = 448) -> bytes:
    """The checkpoint's network as a serialised ONNX model for pictures of up to `size` pixels.

    Its input is free, in steps of 32 pixels.

    Raises:
        ModelError: The file is not the checkpoint that this conversion knows.
    """
    if size < 32 or size % 32:  # noqa: PLR2004
        raise ModelError(f"The input size must be a multiple of 32, not {size}.")
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            network = CheckpointReader(archive).load()["model"]
        model = _GraphBuilder(size).build(network)
        onnx.checker.check_model(model, full_check=True)
    except (
        OSError, zipfile.BadZipFile, pickle.UnpicklingError, EOFError, ImportError, LookupError, AttributeError,
        TypeError, ValueError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError,
    ) as error:  # fmt: skip
        raise ModelError(f"{checkpoint} cannot be converted: not a YOLOv7-tiny checkpoint ({error}).") from error
    return bytes(model.SerializeToString(deterministic=True))


class _GraphBuilder:
    """Collects nodes and constants while walking the layers; each method returns the name of its output."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def build(self, network: Any) -> Any:
        image = self._node("Cast", ["images"], "image.float", to=TensorProto.FLOAT)
        previous = self._node("Transpose", [image], "image.planes", perm=[0, 3, 1, 2])
        outputs: list[str] = []
        for index, layer in enumerate(network.model):
            sources = layer.f if isinstance(layer.f, list) else [layer.f]  # -1: the layer before; n: layer n
            inputs = [previous if source == -1 else outputs[source] for source in sources]
            previous = self._layer(layer, inputs, f"layer{index}", brightness=255 if index == 0 else 1)
            outputs.append(previous)
        class_names = list(network.names)
        columns = 5 + len(class_names)
        picture: list[str | int | None] = [1, "height", "width", 3]
        graph = helper.make_graph(
            self._nodes,
            "yolov7-tiny",
            [helper.make_tensor_value_info("images", TensorProto.UINT8, picture)],
            [helper.make_tensor_value_info(previous, TensorProto.FLOAT, [1, None, columns])],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        facts = {"names": ",".join(class_names), "imgsz": str(self._size), "license": LICENSE_NOTE}
        helper.set_model_props(model, facts)
        return model

    def _layer(self, layer: Any, inputs: list[str], name: str, *, brightness: int) -> str:
        match type(layer).__name__:
            case "Conv":
                return self._conv_norm_leaky(layer, inputs[0], name, brightness)
            case "Concat":
                return self._node("Concat", inputs, name, axis=1)
            case "MP" | "SP":
                pool = layer.m
                square = {"kernel_shape": [pool.kernel_size] * 2, "strides": [pool.stride] * 2}
                return self._node("MaxPool", inputs, name, **square, pads=[pool.padding] * 4)
            case "Upsample":
                twice = self._constant(f"{name}.scales", np.array([1, 1, 2, 2], np.float32))
                how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
                return self._node("Resize", [inputs[0], "", twice], name, mode="nearest", **how)
            case "Detect":
                return self._detect(layer, inputs, name)
            case kind:
                raise ValueError(f"unknown layer {kind}")

    def _conv_norm_leaky(self, layer: Any, source: str, name: str, brightness: int) -> str:
        """Convolution, batch normalisation (folded into the weights) and activation."""
        norm = layer.bn
        scale = _floats(norm.weight) / np.sqrt(_floats(norm.running_var) + np.float32(norm.eps))
        weight = _floats(layer.conv.weight) * scale[:, None, None, None] / np.float32(brightness)
        bias = _floats(norm.bias) - _floats(norm.running_mean) * scale
        out = self._conv(layer.conv, source, weight, bias, f"{name}.conv")
        return self._node("LeakyRelu", [out], name, alpha=layer.act.negative_slope)

    def _detect(self, layer: Any, sources: list[str], name: str) -> str:
        """The head: per scale, cell offsets and anchor sizes become boxes in input pixels."""
        rows = []
        for scale, conv in enumerate(layer.m):
            part = f"{name}.{scale}"
            stride = float(layer.stride[scale])
            cells = self._conv(conv, sources[scale], _floats(conv.weight), _floats(conv.bias), part)
            by_anchor = self._constant(f"{part}.by_anchor", np.array([1, layer.na, layer.no, -1], np.int64))
            out = self._node("Reshape", [cells, by_anchor], f"{part}.anchors")
            out = self._node("Transpose", [out], f"{part}.cells", perm=[0, 1, 3, 2])
            out = self._node("Sigmoid", [out], f"{part}.sigmoid")
            sizes = self._constant(f"{part}.split", np.array([2, 2, layer.no - 4], np.int64))
            centre, extent, scores = (f"{part}.{piece}" for piece in ("centre", "extent", "scores"))
            self._nodes.append(helper.make_node("Split", [out, sizes], [centre, extent, scores], axis=3))
            centre = self._binary("Mul", centre, np.array(2 * stride, np.float32), f"{part}.centre_scaled")
            centre = self._node("Add", [centre, self._offsets(cells, stride, part)], f"{part}.centre_pixels")
            extent = self._node("Mul", [extent, extent], f"{part}.extent_squared")
            anchors = 4 * _floats(layer.anchor_grid[scale]).reshape(1, -1, 1, 2)
            extent = self._binary("Mul", extent, anchors, f"{part}.extent_pixels")
            out = self._node("Concat", [centre, extent, scores], f"{part}.boxes", axis=3)
            as_rows = self._constant(f"{part}.as_rows", np.array([1, -1, layer.no], np.int64))
            rows.append(self._node("Reshape", [out, as_rows], f"{part}.rows"))
        return self._node("Concat", rows, "output", axis=1)

    def _offsets(self, cells: str, stride: float, part: str) -> str:
        """Where the cells lie, in input pixels, [1, 1, cells, 2]; how many there are is known when the model runs."""
        shape = self._node("Shape", [cells], f"{part}.shape", start=2)
        ones = self._node(
            "ConstantOfShape", [shape], f"{part}.ones", value=numpy_helper.from_array(np.ones(1, np.float32))
        )
        as_column = self._constant(f"{part}.as_column", np.array([1, 1, -1, 1], np.int64))
        offsets = []
        for axis in (1, 0):
            name = f"{part}.{'yx'[axis]}"
            along = self._constant(f"{name}.axis", np.array(axis, np.int64))
            counted = self._node("CumSum", [ones, along], f"{name}.counted")  # from 1; a cell begins half a step lower
            column = self._node("Reshape", [counted, as_column], f"{name}.column")
            column = self._binary("Sub", column, np.array(1.5, np.float32), f"{name}.cells")
            offsets.append(self._binary("Mul", column, np.array(stride, np.float32), f"{name}.pixels"))
        return self._node("Concat", offsets, f"{part}.offsets", axis=3)

    def _conv(self, conv: Any, source: str, weight: Floats, bias: Floats, name: str) -> str:
        inputs = [source, self._constant(f"{name}.weight", weight), self._constant(f"{name}.bias", bias)]
        shape = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride)}
        return self._node("Conv", inputs, name, **shape, pads=list(conv.padding) * 2)

    def _binary(self, kind: str, left: str, right: Floats, name: str) -> str:
        return self._node(kind, [left, self._constant(f"{name}.by", right)], name)

    def _node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _floats(values: NDArray[Any]) -> Floats:
    return np.asarray(values, np.float32)
