"""Answers that were given before, kept for as long as the warehouse's version stays.

Nothing here has a time to live: a new version of the warehouse empties it, and only answers that were computed on the
version that is current now are taken in. An answer is bytes, with the headers that were sent, so that giving it again
costs a look-up. What was asked least recently goes first when the memory is used up.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]


class CachedAnswer(NamedTuple):
    """One answer, as it is sent."""

    headers: Headers
    body: bytes
    etag: bytes
    """Empty for what is never kept."""
    route: str
    """The endpoint's path as it is declared, for the metrics."""

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers) + _OVERHEAD


_OVERHEAD = 1024


class AnswerCache:
    """The answers of one version of the warehouse.

    Args:
        capacity: bytes; 0 keeps nothing.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[object, CachedAnswer] = OrderedDict()
        self.size = 0
        """Bytes in use."""

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: object) -> CachedAnswer | None:
        """What was answered to this request, if it is still there."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: object, answer: CachedAnswer) -> None:
        """Keep an answer, unless it alone would fill a quarter of the memory."""
        if answer.size > self._capacity // 4:
            return
        former = self._answers.pop(key, None)
        self._answers[key] = answer
        self.size += answer.size - (former.size if former is not None else 0)
        while self.size > self._capacity:
            _, oldest = self._answers.popitem(last=False)
            self.size -= oldest.size

    def clear(self) -> None:
        """Forget everything: the warehouse has another version."""
        self._answers.clear()
        self.size = 0
