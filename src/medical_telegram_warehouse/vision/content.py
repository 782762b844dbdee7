"""A photo file's bytes and their identity.

Belongs here: reading a file once, with a limit, and its checksum. Does not belong here: what the bytes mean
(`decode`). Imports nothing heavy, so that a run without new photos stays quick.

    path -> size and mtime (looked at always) -> bytes and sha256 (read when those changed)
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Sight:
    """What the folder says of a file; a file with the same sight is taken to have the same bytes."""

    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Content:
    """A file's bytes, read together with the sight that belongs to them. `data` is None above the size limit."""

    sight: Sight
    sha256: str
    data: bytes | None


def look_at(path: Path) -> Sight:
    """The file's size and time.

    Raises:
        OSError: It is not there, or it is something other than a file.
    """
    return _sight(path.stat())


def read_content(path: Path) -> Content:
    """The file's bytes and checksum.

    Raises:
        OSError: It is not there, or it cannot be read.
    """
    with path.open("rb") as file:
        sight = _sight(os.fstat(file.fileno()))
        if sight.size > MAX_FILE_BYTES:
            return Content(sight, hashlib.file_digest(file, "sha256").hexdigest(), None)
        data = file.read(sight.size)
    return Content(sight, hashlib.sha256(data).hexdigest(), data)


def _sight(facts: os.stat_result) -> Sight:
    if not stat.S_ISREG(facts.st_mode):
        raise OSError("not a regular file")  # a pipe named .jpg would be waited for without end
    return Sight(facts.st_size, facts.st_mtime_ns)
