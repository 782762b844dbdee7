"""A detector in 8 bits, made from one in 32 bits and some photos.

Belongs here: what is quantised and how, and keeping what the model says of itself. Does not belong here: choosing the
photos (`photo_choice`), fitting them (`letterbox`, as for detection), running the result (`runtimes`).

    model in 32 bits -> its last layers left alone -> photos through it, a few at a time -> ranges -> model in 8 bits

The result has the shape of the original: QuantizeLinear and DequantizeLinear around each convolution (QDQ), which
both runtimes understand. See docs/decisions/0011.
"""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.vision.decoding.decode import Photo
from medical_telegram_warehouse.vision.letterbox import as_input, letterbox
from medical_telegram_warehouse.vision.models.model_facts import ModelInput, read_model
from medical_telegram_warehouse.vision.models.model_files import ModelFile, check_replaceable, save_model
from medical_telegram_warehouse.vision.models.onnx_file import first_line, load_graph

logger = logging.getLogger(__name__)

MIN_PHOTOS = 16
AT_ONCE = 4  # photos whose inner values are held in memory together
QUANTISED_KINDS = ["Conv", "MaxPool", "Concat", "Resize"]
PERCENTILE = 99.99  # of a layer's values; without the few beyond it, the others have finer steps
MIN_OPSET = 13  # older files cannot give each channel of a weight its own scale


def quantise(name: str, model: ModelFile, target: Path, photos: Iterable[Photo]) -> ModelFile:
    """The model in 8 bits, written to `target`. The same photos give the same bytes.

    Args:
        name: How the result is called.
        model: A detector in 32 bits.
        target: Where the result goes.
        photos: What it will see, at least 16 of them; a rest of less than four is left out.

    Raises:
        ModelError: The model cannot be quantised, or there are too few photos.
    """
    check_replaceable(target)
    checked = read_model(model.path)
    _, graph = load_graph(model.path)
    _check_quantisable(model.path, checked.takes, graph)
    takes = replace(checked.takes, is_free=False)  # the quantiser counts values over arrays of one shape
    fields = [letterbox(photo.image, takes, (photo.width, photo.height))[0] for photo in photos]
    if len(fields) < MIN_PHOTOS:
        raise ModelError(
            f"{len(fields)} readable, distinct photos are too few to find the range of each layer's values: "
            f"{MIN_PHOTOS} are needed, 64 are good. Scrape more, or name another folder with --photos."
        )
    fields = fields[: len(fields) // AT_ONCE * AT_ONCE]
    _name_nodes(graph)
    with tempfile.TemporaryDirectory(prefix="mtw-quantise-") as folder:
        source, result = Path(folder) / "model.onnx", Path(folder) / "quantised.onnx"
        source.write_bytes(graph.SerializeToString())
        try:
            _quantise(source, result, _Reader(takes, fields), head_nodes(graph.graph))
            quantised = onnx.ModelProto.FromString(result.read_bytes())
        except Exception as error:  # the quantiser's errors share no base class but Exception
            raise ModelError(f"{model.path} cannot be quantised: {first_line(error)}") from error
    how = f"8 bits, from {model.sha256[:16]}, {len(fields)} photos, onnxruntime {onnxruntime.__version__}"
    helper.set_model_props(quantised, {**checked.notes, "quantized": how})
    content = quantised.SerializeToString(deterministic=True)
    return save_model(name, target, content, (model.sha256, model.path.name))


def head_nodes(graph: onnx.GraphProto) -> list[str]:
    """The nodes from the last convolutions to the output, which stay as they are.

    There, coordinates of hundreds of pixels and scores below one come into one array: one scale for both would round
    the scores away. A convolution with a single output channel only averages, and does not end the walk.
    """
    makers = {output: node for node in graph.node for output in node.output}
    single = {tensor.name for tensor in graph.initializer if tensor.dims and tensor.dims[0] == 1}
    left = [output.name for output in graph.output]
    walked: dict[str, None] = {}
    while left:
        node = makers.get(left.pop())
        ends = node is not None and node.op_type == "Conv" and not (len(node.input) > 1 and node.input[1] in single)
        if node is None or ends or node.name in walked:
            continue
        walked[node.name] = None
        left += node.input
    return list(walked)


class _Reader:
    """The photos as the quantiser asks for them: in slices, so that it holds the inner values of one slice only."""

    def __init__(self, takes: ModelInput, fields: Sequence[NDArray[np.uint8]]) -> None:
        self._takes = takes
        self._fields = fields
        self._slice: Iterator[NDArray[np.uint8]] = iter(())
        self._progress = Progress(logger, "photos", len(fields))

    def __len__(self) -> int:
        return len(self._fields)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._slice = iter(self._fields[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        field = next(self._slice, None)
        if field is None:
            return None
        self._progress.advance()
        return {self._takes.name: as_input(field, self._takes)}


def _quantise(source: Path, target: Path, reader: _Reader, excluded: list[str]) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    with _silence():
        quantize_static(
            source,
            target,
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED_KINDS,
            nodes_to_exclude=excluded,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "CalibPercentile": PERCENTILE,
                "CalibStridedMinMax": AT_ONCE,
                # Ranges around zero were no more exact, and cannot be found for a layer that hardly varies.
                "CalibTensorRangeSymmetric": False,
            },
        )


@contextmanager
def _silence() -> Iterator[None]:
    """The quantiser prints and warns of what its caller cannot change, through the root logger."""
    root = logging.getLogger()
    nowhere = logging.NullHandler()  # without any handler, its first warning would set one up for good

    def drop(_record: logging.LogRecord) -> bool:
        return False

    root.addHandler(nowhere)
    root.addFilter(drop)  # only of what is logged by the root itself
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        root.removeFilter(drop)
        root.removeHandler(nowhere)


def _check_quantisable(path: Path, takes: ModelInput, graph: onnx.ModelProto) -> None:
    kinds = {node.op_type for node in graph.graph.node}
    opset = max((one.version for one in graph.opset_import if one.domain in ("", "ai.onnx")), default=1)
    if "QuantizeLinear" in kinds or "DequantizeLinear" in kinds:
        raise ModelError(f"{path} is quantised already.")
    if "Conv" not in kinds:
        raise ModelError(f"{path} has no convolutions, so there is nothing to quantise.")
    if takes.dtype == np.float16:
        raise ModelError(f"{path} computes with 16 bits; export it with 32 (without half), then quantise that.")
    if opset < MIN_OPSET:
        raise ModelError(f"{path} is of opset {opset}; export it with opset {MIN_OPSET} or newer, then quantise that.")


def _name_nodes(graph: onnx.ModelProto) -> None:
    """Gives each node a name of its own: the quantiser knows the nodes to leave alone by name."""
    taken: set[str] = set()
    for number, node in enumerate(graph.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}.{number}"
        taken.add(node.name)
