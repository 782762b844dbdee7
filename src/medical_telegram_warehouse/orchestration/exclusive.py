"""One run at a time over one data folder.

Both locks are the kernel's: they go with the process that holds them, however that ended. So a run that still counts
as active while nobody holds the folder was killed, and a second run while somebody does is refused.

    run process   ──exclusive──► .run.lock    for as long as the run lasts; the file says which run
    step process  ──shared─────► .steps.lock  for as long as the step lasts

A run process that is killed leaves its step processes behind for a moment; the next run waits for them.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO

from medical_telegram_warehouse.errors import TransientError
from medical_telegram_warehouse.file_locks import lock_within

_RUN_LOCK = ".run.lock"
_STEPS_LOCK = ".steps.lock"
# A sensor that looks whether a run was killed holds the folder for a moment; a run that begins then shall not fail.
_GLANCE_SECONDS = 2
_ORPHAN_SECONDS = 15
_held: dict[Path, BinaryIO] = {}


class RunActiveError(TransientError):
    """Another run is working on this data folder."""


def claim_data_folder(data_dir: Path, run_id: str = "") -> None:
    """Hold the folder for the rest of this process; claiming it again only notes the run.

    Args:
        data_dir: the folder.
        run_id: of which run this process is; its steps may then work in processes of their own.

    Raises:
        RunActiveError: another process holds it, or steps of a run that was killed do not end.
    """
    lock = _held.get(data_dir)
    if lock is not None:
        _note(lock, run_id)
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / _RUN_LOCK).open("ab")
    try:
        _lock(
            lock,
            _GLANCE_SECONDS,
            f"another run is working on {data_dir}; wait for it to end (`mtw status` shows it), "
            f"or use another DATA_DIR and POSTGRES_PORT",
        )
        _note(lock, run_id)
        with (data_dir / _STEPS_LOCK).open("ab") as steps:
            _lock(
                steps,
                _ORPHAN_SECONDS,
                f"a step of a run that was killed is still working on {data_dir}; wait for it to end",
            )
    except RunActiveError:
        lock.close()
        raise
    _held[data_dir] = lock


def join_run(data_dir: Path, run_id: str) -> None:
    """Hold the folder in a step process, beside the run process that claimed it; claim it where there is none.

    Raises:
        RunActiveError: another run holds it.
    """
    path = data_dir / _STEPS_LOCK
    if data_dir in _held or path in _held:
        return
    if _holder(data_dir) == run_id:
        lock = path.open("ab")
        fcntl.flock(lock, fcntl.LOCK_SH)
        # Once more: whoever claimed the folder in between has said so before it began to wait for this lock.
        if _holder(data_dir) == run_id:
            _held[path] = lock
            return
        lock.close()
    claim_data_folder(data_dir, run_id)


def release_data_folder(data_dir: Path) -> None:
    """Let others have the folder."""
    lock = _held.pop(data_dir, None)
    if lock is not None:
        lock.close()


def _note(lock: BinaryIO, run_id: str) -> None:
    lock.truncate(0)
    lock.write(run_id.encode("ascii"))
    lock.flush()


def _lock(file: BinaryIO, seconds: float, otherwise: str) -> None:
    if not lock_within(file, seconds):
        raise RunActiveError(otherwise)


def _holder(data_dir: Path) -> str:
    try:
        return (data_dir / _RUN_LOCK).read_text("ascii")
    except FileNotFoundError:
        return ""
