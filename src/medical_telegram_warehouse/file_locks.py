"""The kernel's locks of files: they go with the process that holds them, however it ended."""

from __future__ import annotations

import fcntl
import time
from typing import BinaryIO

_POLL_SECONDS = 0.1


def lock_within(file: BinaryIO, seconds: float) -> bool:
    """Hold a file alone until it is closed; False where another process holds it for longer than that."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
