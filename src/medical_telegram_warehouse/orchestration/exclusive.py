"""One run at a time over one data folder.

The lock is the kernel's: it goes with the process that holds it, however that ended. So a run that still counts as
active while nobody holds the lock was killed, and a second run while somebody does is refused.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO

from medical_telegram_warehouse.errors import TransientError

_LOCK_FILE = ".run.lock"
_held: dict[Path, BinaryIO] = {}


class RunActiveError(TransientError):
    """Another run is working on this data folder."""


def claim_data_folder(data_dir: Path) -> None:
    """Hold the folder for the rest of this process; claiming it again does nothing.

    Raises:
        RunActiveError: another process holds it.
    """
    if data_dir in _held:
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / _LOCK_FILE).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise RunActiveError(
            f"another run is working on {data_dir}; wait for it to end (`mtw status` shows it), "
            f"or use another DATA_DIR and POSTGRES_PORT"
        ) from error
    _held[data_dir] = lock


def release_data_folder(data_dir: Path) -> None:
    """Let others have the folder."""
    lock = _held.pop(data_dir, None)
    if lock is not None:
        lock.close()
