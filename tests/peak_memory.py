"""How much memory a piece of work needs, measured in a process of its own.

Beside other tests a measurement takes for its own what the whole process allocates: once, after a thousand tests, eight
megabytes came on top that no repetition showed, as large as a table of 2^19 names when the interpreter doubles it.
"""

from __future__ import annotations

import gc
import multiprocessing
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def peaks(work: Callable[[T], object], arguments: Sequence[T]) -> list[int]:
    """The most bytes that Python held at once while it did `work` on each argument, in turn.

    The first of them also pays for what is imported on the way. `work` must be importable.
    """
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as process:
        return process.submit(_measure, work, arguments).result()


def resident_peak() -> int:
    """The most bytes of this process that were in memory at once, libraries and all.

    What getrusage says would be that of the parent, where it was larger: a child has the parent's until it begins anew.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _measure(work: Callable[[T], object], arguments: Sequence[T]) -> list[int]:
    found = []
    for argument in arguments:
        gc.collect()
        tracemalloc.start()
        try:
            work(argument)
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return found
