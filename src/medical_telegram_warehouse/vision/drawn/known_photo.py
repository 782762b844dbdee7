"""A scanned photo read again: the same bytes, or a short reason why not.

Belongs here: the check that a file still is what was scanned. Does not belong here: decoding it (`decode`). Imports
nothing heavy.

Boxes belong to a content, not to a path: drawn on another picture that took its place, they would show nonsense.
"""

from __future__ import annotations

from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.vision.content import MAX_FILE_BYTES, read_content


class PhotoUnavailableError(PermanentError):
    """A photo that was scanned cannot be had now; `reason` fits into a table's cell."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PhotoChangedError(PhotoUnavailableError):
    """The file holds another content than the one that was scanned."""


def read_known_photo(path: Path, sha256: str) -> bytes:
    """The bytes of the photo at `path`, whose checksum is `sha256`.

    Raises:
        PhotoChangedError: Its checksum is another one.
        PhotoUnavailableError: It is not there, or it cannot be read.
    """
    try:
        content = read_content(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoUnavailableError("the file is gone, or its lake is out of reach") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in a path
        raise PhotoUnavailableError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if content.sha256 != sha256:
        raise PhotoChangedError("the file changed since its scan")
    if content.data is None:
        raise PhotoUnavailableError(f"larger than {MAX_FILE_BYTES // 1024**2} MiB")
    return content.data
