"""An ONNX file that reaches nowhere beyond itself, or the reason why it is refused.

Belongs here: reading the file and everything in it that is suspicious. Does not belong here: what the model takes and
is called (`model_facts`), computing it (`runtimes`).

    file, with a limit -> ONNX message -> nothing outside, no operators of its own, no loops -> sound

An ONNX file holds a graph of arithmetic and no code. Three things in it reach further, and no detector needs them:
weights in other files, whose names may lead anywhere; operators that come as code in a library beside it; functions
that may call themselves. Runtimes get the bytes that were checked here, never the file's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
from onnx import TensorProto

from medical_telegram_warehouse.errors import ModelError

MAX_FILE_BYTES = 1 << 30  # the largest detectors of the YOLO family have a quarter of it
DOMAINS = {"", "ai.onnx"}
ENDLESS = {"Loop", "Scan"}


def load_graph(path: Path) -> tuple[bytes, onnx.ModelProto]:
    """The file's bytes and the model in them, which needs nothing but itself.

    Raises:
        ModelError: It cannot be read, is no sound ONNX model, or reaches beyond itself.
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
        raise ModelError(f"{path} is not used: {'; '.join(reasons[:3])}.")
    try:
        onnx.checker.check_model(_with_shapes(model))  # a convolution without weights brought OpenVINO down
    except Exception as error:  # as far as errors of its C++ go, they share no base class but Exception
        raise ModelError(f"{path} is not a sound ONNX model: {first_line(error)}") from error
    return content, model


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
