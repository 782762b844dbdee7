"""What an ONNX file says of itself, read before any runtime sees it.

Belongs here: refusing files that are no detector or reach beyond themselves, and the facts that are in every model
file: input, class names, notes. Does not belong here: what the output means (`heads`), computing it (`runtimes`).

    file, with a limit -> ONNX message -> nothing outside, no operators of its own -> one picture -> facts

An ONNX file holds a graph of arithmetic and no code. Three things in it reach further, and no detector needs them:
weights in other files, whose names may lead anywhere; operators that come as code in a library beside it; functions
that may call themselves. Runtimes get the bytes that were checked here, never the file's name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
from onnx import TensorProto

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.text import storable

Pixel = np.uint8 | np.float32 | np.float16

MAX_FILE_BYTES = 1 << 30  # the largest detectors of the YOLO family have a quarter of it
MAX_SIDE = 4096
DEFAULT_SIDE = 640  # of models exported with a free input size that do not tell what they were trained with
PICTURE_AXES = 4
COLOURS = 3
DOMAINS = {"", "ai.onnx"}
ENDLESS = {"Loop", "Scan"}
TYPES: dict[int, type[Pixel]] = {
    TensorProto.UINT8: np.uint8,
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
}


@dataclass(frozen=True)
class ModelInput:
    """The one array that a model takes: one picture."""

    name: str
    dtype: type[Pixel]
    width: int
    height: int
    channels_last: bool

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """As the runtime is given it."""
        if self.channels_last:
            return 1, self.height, self.width, COLOURS
        return 1, COLOURS, self.height, self.width


@dataclass(frozen=True)
class CheckedModel:
    """A model file that was read and holds nothing suspicious."""

    path: Path
    content: bytes = field(repr=False)
    takes: ModelInput
    class_names: tuple[str, ...]
    notes: dict[str, str]
    """What else the file says of itself, such as its licence."""


def read_model(path: Path) -> CheckedModel:
    """The file, checked.

    Raises:
        ModelError: It cannot be read, is no ONNX model, reaches beyond itself, or takes something else than a picture.
    """
    content, model = load_graph(path)
    notes = {note.key: note.value for note in model.metadata_props}
    return CheckedModel(path, content, _input(path, model, notes), class_names(notes.get("names", "")), notes)


def load_graph(path: Path) -> tuple[bytes, onnx.ModelProto]:
    """The file's bytes and the model in them, which needs nothing but itself.

    Raises:
        ModelError: As above.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_FILE_BYTES else b""
    except OSError as error:
        raise ModelError(f"The model {path} cannot be read: {error.strerror or error}.") from error
    if size > MAX_FILE_BYTES:
        raise ModelError(f"{path} is not used: {size:,} bytes are more than any detector has.")
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        raise ModelError(f"{path} is not an ONNX model, or not a whole one.") from error
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{path} is not an ONNX model: it holds no network.")
    reasons = sorted(set(_suspicions(model)))
    if reasons:
        raise ModelError(f"{path} is not used: {'; '.join(reasons)}.")
    try:
        onnx.checker.check_model(_with_shapes(model))  # a convolution without weights brought OpenVINO down
    except Exception as error:  # as far as errors of its C++ go, they share no base class but Exception
        raise ModelError(f"{path} is not a sound ONNX model: {first_line(error)}") from error
    return content, model


def _with_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model as the checker wants it, which asks for a shape where runtimes do without."""
    if all(one.type.tensor_type.HasField("shape") for one in model.graph.output):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for one in copy.graph.output:
        one.type.tensor_type.shape.SetInParent()
    return copy


def first_line(error: Exception) -> str:
    """What a library said; the rest is where in its source it said so."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def class_names(text: str) -> tuple[str, ...]:
    """The class names in a model's notes: `person,bottle`, or the `{0: 'person'}` that Ultralytics writes."""
    text = storable(text)  # names go into tables
    if not text.lstrip().startswith(("{", "[")):
        return tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    try:
        names = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(names, dict):
        names = [names.get(number, f"class_{number}") for number in range(len(names))]
    return tuple(storable(str(name)) for name in names)


def _suspicions(message: Message) -> Iterator[str]:
    """Why this part of a model is refused, and all parts in it: graphs lie in attributes of nodes, tensors anywhere."""
    match message:
        case onnx.TensorProto() if message.external_data or message.data_location == TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in message.external_data}.get("location", "")
            yield f"it keeps weights in another file ({where[:100]!r}); export it with all weights inside"
        case onnx.NodeProto() if message.domain not in DOMAINS:
            yield f"it needs operators of {message.domain[:100]!r}, and only ONNX's own are run"
        case onnx.NodeProto() if message.op_type in ENDLESS:
            yield f"it loops ({message.op_type}), which no detector needs and may never end"
        case onnx.FunctionProto():
            yield "it defines functions of its own"
    for kind, value in message.ListFields():
        if kind.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from _suspicions(part)
        elif kind.type == kind.TYPE_STRING and any(
            isinstance(part, bytes) for part in ([value] if isinstance(value, bytes) else value)
        ):
            yield "it holds text that is not UTF-8"


def _input(path: Path, model: onnx.ModelProto, notes: dict[str, str]) -> ModelInput:
    constants = {tensor.name for tensor in model.graph.initializer}  # older files list them among the inputs
    inputs = [one for one in model.graph.input if one.name not in constants]
    described = [f"{one.name}: {_described(one.type.tensor_type)}" for one in inputs]
    refusal = ModelError(
        f"{path} does not take one picture at a time: it takes {'; '.join(described) or 'nothing'}. Export it with "
        "batch size 1."
    )
    if len(inputs) != 1:
        raise refusal
    tensor = inputs[0].type.tensor_type
    sides = [axis.dim_value if axis.dim_value > 0 else None for axis in tensor.shape.dim]
    if tensor.elem_type not in TYPES or len(sides) != PICTURE_AXES or sides[0] not in (None, 1):
        raise refusal
    channels_last = sides[3] == COLOURS
    if (sides[3] if channels_last else sides[1]) not in (None, COLOURS):
        raise refusal
    free = _trained_sides(notes.get("imgsz", ""))
    declared = sides[1:3] if channels_last else sides[2:4]
    height, width = (side or trained for side, trained in zip(declared, free, strict=True))
    if max(height, width) > MAX_SIDE:
        raise ModelError(f"{path} is not used: its input is {width} x {height} pixels, the limit is {MAX_SIDE}.")
    return ModelInput(inputs[0].name, TYPES[tensor.elem_type], width, height, channels_last)


def _trained_sides(text: str) -> tuple[int, int]:
    """Height and width in the note `imgsz`: `448`, or the `[640, 640]` that Ultralytics writes."""
    numbers = [int(part) for part in text.strip("[]() ").split(",") if part.strip().isdecimal()]
    if not numbers or not all(0 < number <= MAX_SIDE for number in numbers):
        return DEFAULT_SIDE, DEFAULT_SIDE
    return numbers[0], numbers[-1]


def _described(tensor: Any) -> str:
    axes = [str(axis.dim_param or axis.dim_value or "?") for axis in tensor.shape.dim]
    known = tensor.elem_type in TensorProto.DataType.values()
    kind = TensorProto.DataType.Name(tensor.elem_type).lower() if known else f"type {tensor.elem_type}"
    return f"{kind} [{', '.join(axes)}]"
