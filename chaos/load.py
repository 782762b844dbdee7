"""Clients that ask the API without a pause, and know what is right."""

from __future__ import annotations

import threading
import time
from collections import Counter
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from killed_runs import Tables

_CLIENTS = 4
_PATHS = (
    "/api/channels",
    "/api/products?limit=20",
    "/api/search/messages?query=paracetamol",
    "/api/reports/top-products?limit=10",
)
_LONGEST_WAIT = 120
_IN_A_ROW = 20


class Load:
    """Asks while it is entered, from the moment on at which each path has been answered once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._right: dict[str, str] = {}
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last: list[str] = []
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        self._learn()
        self._threads = [threading.Thread(target=self._ask_on, args=(number,)) for number in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _learn(self) -> None:
        deadline = time.monotonic() + _LONGEST_WAIT
        while len(self._right) < len(_PATHS):
            if time.monotonic() > deadline:
                raise AssertionError("the API did not answer")
            for path in _PATHS:
                try:
                    answer = httpx.get(self._url + path)
                except httpx.TransportError:
                    time.sleep(0.1)
                    continue
                if answer.status_code not in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE):
                    raise AssertionError(f"{path}: {answer.status_code} {answer.text[:500]}")
                if answer.status_code == HTTPStatus.OK:
                    self._right[path] = answer.text

    def _ask_on(self, number: int) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._is_over.is_set():
                path = _PATHS[number % len(_PATHS)]
                number += 1
                try:
                    answer = client.get(self._url + path)
                    kind = self._kind(path, answer)
                except httpx.TransportError as error:
                    kind = f"{path}: {type(error).__name__}"
                with self._lock:
                    self._counts[kind] += 1
                    self._last = [*self._last[1 - _IN_A_ROW :], kind]

    def _kind(self, path: str, answer: httpx.Response) -> str:
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return "refused"
        if answer.status_code == HTTPStatus.OK and answer.text == self._right[path]:
            return "right"
        return f"{path}: {answer.status_code} {answer.text[:200]}"

    def wait_for_right_answers(self) -> None:
        """Until nothing else has come for a while."""
        self._wait_for("right", _IN_A_ROW)

    def wait_for_refusals(self) -> None:
        """Until the database was missed."""
        self._wait_for("refused", 1)

    def _wait_for(self, kind: str, times: int) -> None:
        with self._lock:
            self._last = []
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            with self._lock:
                if self._last[-times:].count(kind) == times:
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"no {times} answers in a row that are {kind}: {self._counts}")
            time.sleep(0.02)

    @property
    def answers(self) -> Tables:
        """What came, without the refusals."""
        return {"answers": [kind for kind, count in self._counts.items() for _ in range(count) if kind != "refused"]}

    @property
    def expected(self) -> Tables:
        """As many, all right."""
        return {"answers": ["right"] * len(self.answers["answers"])}
