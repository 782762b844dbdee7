"""Processes that read messages beside this one.

Started as plain subprocesses that speak frames of MessagePack over their pipes. multiprocessing would import the main
module of whoever runs the step once more, which fails for a script that was piped in and repeats one without a guard;
a fork would copy the locks of Dagster's threads.

Run as a module this is such a process: frames of messages come in, frames of rows go out, until the input ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO

import msgspec

from medical_telegram_warehouse.errors import TransientError
from medical_telegram_warehouse.offers.rows import MessageText, Rows, read_messages

_LENGTH_BYTES = 4


@contextmanager
def reading(chunks: Iterator[list[MessageText]], workers: int) -> Iterator[Iterator[Rows]]:
    """The rows of each chunk, in order. A single chunk, or one worker, needs no other process.

    Raises:
        TransientError: a process ended unexpectedly, for example because memory ran out.
    """
    first = next(chunks, None)
    second = next(chunks, None)
    given = [chunk for chunk in (first, second) if chunk is not None]
    if len(given) < 2 or workers < 2:  # noqa: PLR2004
        yield (read_messages(chunk) for part in (given, chunks) for chunk in part)
        return
    processes = [_Process() for _ in range(workers)]
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield _in_order(pool, processes, given, chunks)
    finally:
        for process in processes:
            process.end()


def _in_order(
    pool: ThreadPoolExecutor,
    processes: list[_Process],
    given: list[list[MessageText]],
    chunks: Iterator[list[MessageText]],
) -> Iterator[Rows]:
    idle: SimpleQueue[_Process] = SimpleQueue()
    for process in processes:
        idle.put(process)

    def read(chunk: list[MessageText]) -> Rows:
        process = idle.get()
        try:
            return process.read(chunk)
        finally:
            idle.put(process)

    # Bounded: a few chunks wait, whatever the number of messages.
    waiting: deque[Future[Rows]] = deque(pool.submit(read, chunk) for chunk in given)
    while waiting:
        while len(waiting) < len(processes) + 2 and (chunk := next(chunks, None)) is not None:
            waiting.append(pool.submit(read, chunk))
        yield waiting.popleft().result()


class _Process:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "medical_telegram_warehouse.offers.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def read(self, chunk: list[MessageText]) -> Rows:
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 -- pipes
        try:
            _send(self._process.stdin, msgspec.msgpack.encode(chunk))
            answer = _receive(self._process.stdout)
        except OSError:
            answer = None
        if answer is None:
            raise TransientError(
                f"a process that read offers ended unexpectedly (exit code {self._process.wait()}); what was read is "
                f"kept, and the step continues there; with OFFER_WORKERS=1 none is started"
            )
        return msgspec.msgpack.decode(answer, type=Rows)

    def end(self) -> None:
        """Close its input, which ends it; one that is gone already is no trouble."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    length = pipe.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    data = pipe.read(size)
    return data if len(data) == size else None


def _serve() -> None:
    while (data := _receive(sys.stdin.buffer)) is not None:
        rows = read_messages(msgspec.msgpack.decode(data, type=list[MessageText]))
        _send(sys.stdout.buffer, msgspec.msgpack.encode(rows))


if __name__ == "__main__":
    _serve()
