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
from typing import TypeVar

T = TypeVar("T")


def peaks(work: Callable[[T], object], arguments: Sequence[T]) -> list[int]:
    """The most bytes that Python held at once while it did `work` on each argument, in turn.

    The first of them also pays for what is imported on the way. `work` must be importable.
    """
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as process:
        return process.submit(_measure, work, arguments).result()


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
