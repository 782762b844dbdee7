"""Work in a process of its own, and the most memory that it and the server needed meanwhile.

What earlier work left behind would otherwise count: a process never gives back the peak that it once had.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
_STATUS = Path("/proc/self/status")
_LOOK_SECONDS = 0.2


class Memory(NamedTuple):
    """The most bytes that were needed at once."""

    process: int
    """Resident in the process that did the work, the interpreter and all imports included."""
    server: int | None
    """Private ones of all the server's processes together, looked at five times a second; None: not on Linux.

    What they share, PostgreSQL's buffers, is not in it.
    """


def in_fresh_process(
    postmaster: int, work: Callable[P, T], *arguments: P.args, **options: P.kwargs
) -> tuple[T, Memory]:
    """Do `work`, which must be importable, and what it is given and returns picklable."""
    spawning = multiprocessing.get_context("spawn")
    process = ProcessPoolExecutor(1, mp_context=spawning, initializer=show_progress)
    with process, _watching(postmaster) as seen:
        result, peak = process.submit(_measure, work, arguments, options).result()
    return result, Memory(peak, max(seen, default=None))


def show_progress() -> None:
    """Let a person see on the error output that long work goes on."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    for name in ("benchmarks", "medical_telegram_warehouse"):
        logging.getLogger(name).setLevel(logging.INFO)


def _measure(work: Callable[..., T], arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[T, int]:
    return work(*arguments, **options), _peak_memory()


def _peak_memory() -> int:
    # `getrusage` would begin with what the parent had when it made this process, so it is the second choice.
    if _STATUS.exists():
        return _field(_STATUS, "VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def _watching(postmaster: int) -> Iterator[list[int]]:
    """Collects the memory of the server's processes, look by look."""
    seen: list[int] = []
    ended = threading.Event()

    def look() -> None:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        while children.exists() and not ended.wait(_LOOK_SECONDS):
            seen.append(sum(map(_private_memory, children.read_text(encoding="ascii").split())))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _private_memory(process: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # it ended just now
        return _field(Path("/proc", process, "status"), "RssAnon")
    return 0


def _field(status: Path, name: str) -> int:
    """Bytes that a process's status names; 0 of a process that is ending and has none any more."""
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0
