"""What a PyTorch checkpoint of YOLOv7 holds, read without PyTorch and without executing anything in it.

Belongs here: the pickle inside the checkpoint and its tensors. Does not belong here: what the layers compute
(`convert_yolov7`).

    zip archive -> pickle, with a closed list of names -> layers: plain objects with attributes and numpy arrays
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


class Layer:
    """What the checkpoint says of one layer: its attributes as they were saved, and none of its code."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __getattr__(self, name: str) -> Any:  # only asked for what the state did not hold
        for group in ("_modules", "_parameters", "_buffers"):
            members = self.__dict__.get(group, {})
            if name in members:
                return members[name]
        raise AttributeError(name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())


def _tensor(storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Any:
    array = storage[offset : offset + int(np.prod(size))].reshape(size)
    expected = tuple(step // array.itemsize for step in array.strides)
    if any(length > 1 and a != b for length, a, b in zip(size, expected, stride, strict=True)):
        raise pickle.UnpicklingError("a tensor is not stored row by row")
    return array


class CheckpointReader(pickle.Unpickler):
    """Reads the pickle with a closed list of names: anything else in the file is refused, nothing is imported."""

    KINDS: ClassVar = {
        ("models.yolo", "Model"), ("models.yolo", "Detect"),
        ("models.common", "Conv"), ("models.common", "Concat"), ("models.common", "MP"), ("models.common", "SP"),
        ("torch.nn.modules.container", "Sequential"), ("torch.nn.modules.container", "ModuleList"),
        ("torch.nn.modules.conv", "Conv2d"), ("torch.nn.modules.batchnorm", "BatchNorm2d"),
        ("torch.nn.modules.activation", "LeakyReLU"), ("torch.nn.modules.pooling", "MaxPool2d"),
        ("torch.nn.modules.upsampling", "Upsample"),
    }  # fmt: skip
    VALUES: ClassVar = {
        ("collections", "OrderedDict"): OrderedDict,
        ("__builtin__", "set"): set,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
        ("torch", "HalfStorage"): np.float16,
        ("torch", "FloatStorage"): np.float32,
        ("torch", "LongStorage"): np.int64,
    }

    def __init__(self, archive: zipfile.ZipFile) -> None:
        super().__init__(io.BytesIO(archive.read("archive/data.pkl")))
        self._archive = archive

    def find_class(self, module: str, name: str) -> Any:
        """What stands for `module.name`, which is never imported."""
        if (module, name) in self.KINDS:
            return type(name, (Layer,), {})
        if (module, name) in self.VALUES:
            return self.VALUES[module, name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no YOLOv7-tiny checkpoint needs")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        """The numbers of one tensor, which lie in a file of their own in the archive."""
        _, dtype, key, *_ = pid
        return np.frombuffer(self._archive.read(f"archive/data/{key}"), dtype=dtype)
