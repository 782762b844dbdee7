"""Stand-ins for what a checkpoint of Ultralytics names, none of which does anything.

Belongs here: what may stand in such a checkpoint, and a harmless object in place of each. Does not belong here: the
file around it (`ultralytics_checkpoint`).

PyTorch executes a checkpoint's pickle: every name in it is imported, and may be called with what the file gives. So
the same pickle is read here first. A layer may be made and filled, never called: Ultralytics' own model classes
evaluate text when they are called with it. The few functions that are called take tensors, sizes, paths and numbers.
"""

from __future__ import annotations

import pickle
import re
from collections import OrderedDict
from typing import Any

LAYER_MODULES = re.compile(r"torch\.nn\.modules\.[a-z_]+|ultralytics\.nn\.modules(\.[a-z_]+)?")
LOSS_MODULES = re.compile(r"ultralytics\.(yolo\.)?utils\.(loss|tal)")
CLASS_NAME = re.compile(r"(v\d+)?[A-Z][A-Za-z0-9_]*")  # one name, and a class's, such as Conv or v10Detect
PATHS = re.compile(r"(Pure)?(Posix|Windows)?Path")
SETTINGS = {"ultralytics.utils", "ultralytics.yolo.utils"}
STORAGES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "UntypedStorage": 1,
}  # fmt: skip
TENSOR_TYPES = {
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
}  # fmt: skip
NUMBER = re.compile(r"[biuf][1248]")
NUMBER_STATE = (3, ("<", ">", "|"), None, None, None, -1, -1, 0)


class Inert:
    """A value that the checkpoint holds, of which nothing is used."""

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes a value after it was made")


class _NeverCalled(type):
    def __call__(cls, *_arguments: Any, **_named: Any) -> Any:
        """What a pickle would do to run a constructor; making an empty object does not come here."""
        raise pickle.UnpicklingError(f"it calls {cls.__name__}, which a checkpoint has no need of")


class Layer(Inert, metaclass=_NeverCalled):
    """A layer, or a loss: its attributes, and none of its code."""

    def __setstate__(self, state: Any) -> None:
        _fill(self, state)


class Model(Layer):
    """The whole network."""


class Settings(Inert):
    """A set of named values."""

    def __setstate__(self, state: Any) -> None:
        _fill(self, state)


class Storage:
    """The type of one tensor's numbers, and after that their count."""

    def __init__(self, item_bytes: int, count: int = 0) -> None:
        self.item_bytes = item_bytes
        self.count = count


class NumberType(Inert):
    """numpy's type of one number."""

    size = 0

    def __setstate__(self, state: Any) -> None:
        expected = isinstance(state, tuple) and len(state) == len(NUMBER_STATE) and state[1] in NUMBER_STATE[1]
        if not expected or (state[0], *state[2:]) != (NUMBER_STATE[0], *NUMBER_STATE[2:]):
            raise pickle.UnpicklingError("it describes a number in an unknown way")


def _fill(value: Inert, state: Any) -> None:
    if not isinstance(state, dict) or not all(type(name) is str for name in state):
        raise pickle.UnpicklingError("it fills a layer with something else than attributes")
    vars(value).update(state)


def find(module: str, name: str) -> Any:
    """What stands for `module.name`, which is never imported.

    Raises:
        pickle.UnpicklingError: No checkpoint of a detector needs that name.
    """
    known = FUNCTIONS.get((module, name)) or _class(module, name)
    if known is None and module in ("torch", "torch.storage") and name in STORAGES:
        known = Storage(STORAGES[name])
    if known is None and module == "torch" and name in TENSOR_TYPES:
        known = Inert()
    if known is None:
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no checkpoint of a detector needs")
    return known


def _class(module: str, name: str) -> Any:
    if (module, name) == ("ultralytics.nn.tasks", "DetectionModel"):
        return Model
    if CLASS_NAME.fullmatch(name) and (LAYER_MODULES.fullmatch(module) or LOSS_MODULES.fullmatch(module)):
        return Layer
    if module in SETTINGS and name == "IterableSimpleNamespace":
        return Settings
    return _path if module in ("pathlib", "pathlib._local") and PATHS.fullmatch(name) else None


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Inert:
    shapes = isinstance(size, tuple) and isinstance(stride, tuple) and len(size) == len(stride)
    if not isinstance(storage, Storage) or not shapes:
        raise pickle.UnpicklingError("it makes a tensor of something else than numbers")
    numbers = (offset, *size, *stride)
    if any(type(number) is not int or number < 0 for number in numbers):
        raise pickle.UnpicklingError("it holds a tensor of an impossible size")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.count:
        raise pickle.UnpicklingError("it holds a tensor that is larger than its numbers")
    return Inert()


def _parameter(data: Any, requires_grad: Any, hooks: Any) -> Inert:
    if not isinstance(data, Inert) or type(requires_grad) is not bool or hooks:
        raise pickle.UnpicklingError("it makes a parameter of something else than a tensor")
    return data


def _path(*parts: Any) -> Inert:
    return _of_text("path", *parts)


def _device(*parts: Any) -> Inert:
    return _of_text("device", *(str(part) if type(part) is int else part for part in parts))


def _of_text(what: str, *parts: Any) -> Inert:
    if not all(type(part) is str for part in parts):
        raise pickle.UnpicklingError(f"it makes a {what} of something else than text")
    return Inert()


def _size(numbers: Any = ()) -> tuple[int, ...]:
    if not isinstance(numbers, (tuple, list)) or not all(type(number) is int for number in numbers):
        raise pickle.UnpicklingError("it makes a size of something else than numbers")
    return tuple(numbers)


def _number_type(code: Any, *flags: Any) -> NumberType:
    if type(code) is not str or not NUMBER.fullmatch(code) or any(flag not in (False, True) for flag in flags):
        raise pickle.UnpicklingError(f"it holds a value of type {code!r}")
    kind = NumberType()
    kind.size = int(code[1])
    return kind


def _number(kind: Any, data: Any) -> Inert:
    if not isinstance(kind, NumberType) or not isinstance(data, bytes) or len(data) != kind.size:
        raise pickle.UnpicklingError("it makes a number of something else than its bytes")
    return Inert()


def _encoded(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("it encodes text in an unknown way")
    return text.encode("latin-1")


def _collection(kind: type[Any]) -> Any:
    def make(*items: Any) -> Any:
        if len(items) > 1 or not all(isinstance(each, (list, tuple, set, dict)) for each in items):
            raise pickle.UnpicklingError(f"it makes a {kind.__name__} of something else than values")
        return kind(*items)

    return make


FUNCTIONS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _collection(OrderedDict),
    ("torch", "Size"): _size,
    ("torch", "device"): _device,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("numpy", "dtype"): _number_type,
    ("numpy.core.multiarray", "scalar"): _number,
    ("numpy._core.multiarray", "scalar"): _number,
    ("_codecs", "encode"): _encoded,
    **{(module, kind.__name__): _collection(kind)
       for module in ("__builtin__", "builtins") for kind in (set, frozenset, dict, list, tuple)},
}  # fmt: skip
