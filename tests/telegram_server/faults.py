"""What is to go wrong: RPC errors, dropped connections, truncated files and requests that are never answered.

A test adds rules from its own thread. The server takes, for each request, the first rule of a kind that is due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from telethon import types


class RpcFault(Exception):  # noqa: N818 - an error is what the client makes of it
    """An RPC error, as a handler raises it or a test injects it."""

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.message = message
        self.code = code

    def __bytes__(self) -> bytes:
        return bytes(types.RpcError(self.code, self.message))


class Kind(Enum):
    """What happens to a request."""

    FAIL = auto()
    DROP = auto()
    HANG = auto()
    TRUNCATE = auto()


@dataclass
class Rule:
    """One fault: which requests it meets, how many it lets pass first, and how often it happens."""

    kind: Kind
    request: Any = None  # A request type, or a tuple of them. None means every request.
    times: int = 1
    after: int = 0
    when: Callable[[Any], bool] | None = None
    fault: RpcFault | None = None
    seen: int = field(default=0, init=False)

    def due(self, request: Any) -> bool:
        """Counts a request if the rule is about it, and tells whether the fault happens to it."""
        if self.request is not None and not isinstance(request, self.request):
            return False
        if self.when is not None and not self.when(request):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


class Faults:
    """The rules of one server."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, kind: Kind, request: Any) -> Rule | None:
        """The first rule of this kind that is due. Every other rule counts the request too."""
        with self._lock:
            due = [rule for rule in self._rules if rule.kind is kind and rule.due(request)]
        return due[0] if due else None
