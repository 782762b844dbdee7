"""A file that takes another one's place when it is whole.

Belongs here: that, for all files that vision writes. Does not belong here: what is in them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

UNFINISHED_SUFFIX = ".part"
"""Of a file that is being written, or was when its process was killed."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into; it becomes `path` at the end, so that no reader and no killed run ever sees half of it.

    An error leaves what was there before. The folder is made where it is missing.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED_SUFFIX, delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            yield file
            file.close()
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """The same for bytes that are at hand.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as file:
        file.write(content)
