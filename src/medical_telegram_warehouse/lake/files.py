"""Appending to the lake's files, and what a kill in the middle of it leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medical_telegram_warehouse.errors import LakeError


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Around each access to the lake alone: a source's network errors are errors of the system too, but not the lake's.

    Raises:
        LakeError: the lake cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise LakeError(
            f"cannot write the lake {root}: {error.strerror or error}; check free space and that this user may write "
            f"there, or set DATA_DIR to another folder"
        ) from error


def append_lines(path: Path, lines: list[bytes]) -> int:
    """Append lines and wait until they are on disk; returns the file's new length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def cut_torn_line(path: Path) -> None:
    """Remove what follows the last line end: a kill in the middle of a write left it."""
    try:
        with path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - 65536)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                if newline >= 0:
                    end = start + newline + 1
                    break
                end = start
            if end != file.seek(0, os.SEEK_END):  # cutting nothing off would still change the file's time
                file.truncate(end)
    except FileNotFoundError:
        return
