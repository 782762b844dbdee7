"""The one way to say that a file cannot be looked at, and how large a picture may be.

Belongs here: the error and the limit that all readers of photo files share. Does not belong here: any format.
"""

from __future__ import annotations

from medical_telegram_warehouse.errors import PermanentError

MAX_PIXELS = 64_000_000


class UnreadablePhotoError(PermanentError):
    """A file is not a picture that can be decoded; `reason` fits into a table's cell."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_pixels(width: int, height: int, *, what: str = "") -> None:
    """Refuses a picture, or a part of one, whose pixels would not fit into memory.

    Raises:
        UnreadablePhotoError: It is larger than `MAX_PIXELS`.
    """
    if width * height > MAX_PIXELS:
        raise UnreadablePhotoError(
            f"{what}{width} x {height} pixels, the limit is {MAX_PIXELS // 1_000_000} million pixels"
        )
