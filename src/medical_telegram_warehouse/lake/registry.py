"""The lakes that a data folder reads: its own, and those of others that were connected once.

A connected lake is read in place and never written. The registry remembers it, so that later steps, later runs and
the API still find its photos. A file, not a table: scanning photos needs no database.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from medical_telegram_warehouse.errors import LakeError

OWN_LAKE = "own"
_REGISTRY_FILE = "lakes.json"


class Lake(msgspec.Struct, frozen=True):
    """A lake by name. `root` holds telegram_messages/ and images/."""

    name: str
    root: Path

    @property
    def is_reachable(self) -> bool:
        """Whether the folder is there now; a disk that is not mounted is no reason to forget its photos."""
        return self.root.is_dir()


def registered_lakes(data_dir: Path, own_root: Path) -> list[Lake]:
    """Our own lake first, then each connected one in the order of connection.

    Raises:
        LakeError: the registry's file is damaged or cannot be read.
    """
    registry = data_dir / _REGISTRY_FILE
    try:
        roots = msgspec.json.decode(registry.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        roots = {}
    except OSError as error:
        raise LakeError(f"cannot read the list of connected lakes, {registry}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise LakeError(
            f"the list of connected lakes, {registry}, is damaged ({error}); delete it and connect each lake again "
            f"with `mtw run --source lake --lake PATH`"
        ) from error
    return [Lake(OWN_LAKE, own_root), *(Lake(name, Path(root)) for name, root in roots.items())]


def connect_lake(data_dir: Path, own_root: Path, root: Path) -> tuple[Lake, bool]:
    """Remember the lake at `root`; returns it and whether it is new here.

    Raises:
        LakeError: `root` is our own lake, or lies inside the other; or the registry cannot be written.
    """
    root, own_root = root.resolve(), own_root.resolve()
    if root == own_root or root in own_root.parents or own_root in root.parents:
        raise LakeError(f"{root} overlaps this project's own lake, {own_root}, which every run reads anyway")
    lakes = registered_lakes(data_dir, own_root)
    for lake in lakes:
        if lake.root == root:
            return lake, False
    lake = Lake(_free_name(root, {each.name for each in lakes}), root)
    others = {each.name: str(each.root) for each in [*lakes[1:], lake]}
    temporary = data_dir / f"{_REGISTRY_FILE}.tmp"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(others)))
        os.replace(temporary, data_dir / _REGISTRY_FILE)  # noqa: PTH105 - atomic, and named so
    except OSError as error:
        raise LakeError(f"cannot remember the lake in {data_dir / _REGISTRY_FILE}: {error.strerror}") from error
    return lake, True


def _free_name(root: Path, taken: set[str]) -> str:
    """A short name that people recognise: the first folder name upwards that is not just `raw` or `data`."""
    parts = [part for part in reversed(root.parts) if part not in ("raw", "data", root.anchor)]
    base = (re.sub(r"[^A-Za-z0-9_-]+", "-", parts[0]).strip("-").lower() if parts else "") or "lake"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
