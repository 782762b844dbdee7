"""What an ONNX file says of itself, read before any runtime sees it.

Belongs here: the facts that are in every model file: input, class names, notes. Does not belong here: whether the
file is safe (`onnx_file`), what the output means (`heads`), computing it (`runtimes`).

    checked file -> takes one picture, of a size that fits into memory -> input, class names, notes
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.text import storable
from medical_telegram_warehouse.vision.models.onnx_file import load_graph

Pixel = np.uint8 | np.float32 | np.float16

MAX_SIDE = 4096
DEFAULT_SIDE = 640  # of models exported with a free input size that do not tell what they were trained with
PICTURE_AXES = 4
COLOURS = 3
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
    is_free: bool = False
    """Whether that is only the largest that is given to it, and a picture may have less grey around it."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The largest, as the runtime is given it."""
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
    return ModelInput(inputs[0].name, TYPES[tensor.elem_type], width, height, channels_last, is_free=not any(declared))


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
