"""A `.pt` file of Ultralytics, made safe to be loaded by PyTorch.

Belongs here: the file around the pickle, reading the pickle, and writing what was read anew. Does not belong here:
what the pickle may name (`inert_values`), loading it (`ultralytics_export`).

    zip archive, a closed list of members -> pickle, a closed list of names -> nothing callable left -> archive anew

PyTorch never gets the file that a user was given: an archive can be written so that two readers find two different
pickles in it. What was read here is written into an archive of our own, byte for byte, and that is loaded.
"""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.inert_values import Inert, Model, NumberType, Storage, find

MEMBERS = re.compile(
    r"(?P<folder>[^/]+)/(?P<name>data\.pkl|data/\d+|byteorder|version|\.format_version|\.storage_alignment|"
    r"\.data/serialization_id)"
)
ARCHIVE = b"PK\x03\x04"  # a file that begins with something else is older, and PyTorch executes its beginning
MAX_BYTES = 1 << 30
LEAVES = (str, int, float, bool, complex, bytes, type(None))


def make_safe(checkpoint: Path, target: Path) -> None:
    """Writes the checkpoint anew, if there is nothing in it but a detector's layers and numbers.

    Raises:
        ModelError: It is no such file, or it holds something that would be executed.
    """
    try:
        members = _members(checkpoint)
        root = _CheckpointPickle(members).load()
        _look_through(root)
    except OSError as error:
        raise ModelError(f"{checkpoint} cannot be read: {error.strerror or error}.") from error
    except (
        zipfile.BadZipFile, pickle.UnpicklingError, EOFError, LookupError, AttributeError, TypeError, ValueError,
        ArithmeticError, MemoryError, RecursionError, NotImplementedError, ImportError,
    ) as error:  # fmt: skip
        raise ModelError(f"{checkpoint} is not given to PyTorch, which executes what it loads: {error}.") from error
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(f"checkpoint/{name}", content)


def _members(checkpoint: Path) -> dict[str, bytes]:
    size = checkpoint.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{size:,} bytes are more than any detector has")
    content = checkpoint.read_bytes()
    if not content.startswith(ARCHIVE):
        raise ValueError("it is not an archive of PyTorch's")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        found = {entry.filename: MEMBERS.fullmatch(entry.filename) for entry in entries}
        strange = [name for name, member in found.items() if member is None]
        folders = {member["folder"] for member in found.values() if member}
        if strange or len(found) < len(entries) or len(folders) != 1:
            raise ValueError(f"it is not an archive of PyTorch's ({', '.join(sorted(strange)[:3]) or 'its members'})")
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        if packed or sum(entry.file_size for entry in entries) > size:
            raise ValueError("its members are packed")
        return {member["name"]: archive.read(name) for name, member in found.items() if member}


class _CheckpointPickle(pickle.Unpickler):
    def __init__(self, members: dict[str, bytes]) -> None:
        super().__init__(io.BytesIO(members["data.pkl"]))
        self._members = members

    def find_class(self, module: str, name: str) -> Any:
        return find(module, name)

    def persistent_load(self, pid: Any) -> Storage:
        """The numbers of one tensor, which lie in a member of their own."""
        if not isinstance(pid, tuple) or len(pid) != 5:  # noqa: PLR2004 - kind, type, member, device, count
            raise pickle.UnpicklingError("it refers to numbers in an unknown way")
        kind, storage, key, device, count = pid
        texts = type(key) is str and type(device) is str and type(count) is int
        if kind != "storage" or not isinstance(storage, Storage) or storage.count or not texts:
            raise pickle.UnpicklingError("it refers to numbers in an unknown way")
        if count * storage.item_bytes != len(self._members[f"data/{key}"]):
            raise pickle.UnpicklingError("the numbers of a tensor are not all there")
        return Storage(storage.item_bytes, count)


def _look_through(root: Any) -> None:
    """Refuses a checkpoint that keeps a function or a type as a value: one of them might be called later."""
    if not isinstance(root, dict) or not any(isinstance(root.get(key), Model) for key in ("model", "ema")):
        raise ValueError("it holds no detector of Ultralytics")
    seen: set[int] = set()
    left: list[Any] = [root]
    while left:
        value = left.pop()
        if isinstance(value, LEAVES) or id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case dict():
                left += [*value, *value.values(), *getattr(value, "__dict__", {}).values()]
            case list() | tuple() | set() | frozenset():
                left += value
            case NumberType():
                pass
            case Inert():
                left.append(vars(value))
            case Storage() if value.count:
                pass
            case _:
                raise ValueError("it keeps a function or a type as a value")
