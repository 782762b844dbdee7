"""Checkpoints as PyTorch writes them, put together opcode by opcode, so that no test needs PyTorch."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

EMPTY = b")"


def value(plain: Any) -> bytes:
    """A plain value, without a pickle's first and last opcodes."""
    return pickle.dumps(plain, protocol=2)[2:-1]


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def together(*parts: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(parts) + b"t"


def call(module: str, attribute: str, arguments: bytes = EMPTY) -> bytes:
    return name(module, attribute) + arguments + b"R"


def made(module: str, attribute: str, **state: bytes) -> bytes:
    """An object that is made without a call of its constructor, and then filled."""
    return name(module, attribute) + EMPTY + b"\x81" + mapping(**state) + b"b"


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(value(key) + item for key, item in items.items()) + b"u"


def tensor(*, key: str = "0", count: int = 4, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,)) -> bytes:
    storage = together(value("storage"), name("torch", "FloatStorage"), value(key), value("cpu"), value(count)) + b"Q"
    hooks = call("collections", "OrderedDict")
    arguments = together(storage, value(0), value(size), value(stride), value(False), hooks)
    return call("torch._utils", "_rebuild_tensor_v2", arguments)


def network(**state: bytes) -> bytes:
    """A detector of one layer."""
    layer = made("torch.nn.modules.conv", "Conv2d", weight=tensor(), padding=value((1, 1)))
    whole = {"model": layer, "names": value({0: "person"}), **state}
    return made("ultralytics.nn.tasks", "DetectionModel", **whole)


def checkpoint(**items: bytes) -> bytes:
    return mapping(**{"model": network(), "epoch": value(-1), **items})


def archive(path: Path, content: bytes, *, members: dict[str, bytes] | None = None, packed: bool = False) -> Path:
    """The file around it; `members` come on top of what every checkpoint has."""
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    usual = {"archive/data.pkl": b"\x80\x02" + content + b".", "archive/version": b"3\n", "archive/data/0": bytes(16)}
    with zipfile.ZipFile(path, "w", how) as file:
        for member, inside in {**usual, **(members or {})}.items():
            file.writestr(member, inside)
    return path
