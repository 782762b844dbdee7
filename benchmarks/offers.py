"""Reading offers out of posts, against a regular expression that takes each number beside a word of money for a price.

The posts are the sample's, in the order of their dates: its shares of genres follow those counted in 601 real messages,
and texts come again about as often. Nothing else is met twice: what a process remembers is forgotten before each
round, and other processes are started for it. Price lists are measured apart, each text once: a post of that kind
offers some forty products.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

import msgspec

from benchmarks.table import Measurement
from medical_telegram_warehouse.offers import extraction, lines, linking, rows
from medical_telegram_warehouse.offers.dictionary import Dictionary
from medical_telegram_warehouse.offers.jsonl import read_input
from medical_telegram_warehouse.offers.rows import MessageText
from medical_telegram_warehouse.offers.step import CHUNK
from medical_telegram_warehouse.offers.workers import reading
from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES, SampleSource
from peak_memory import peaks

_NO_HASH = UUID(int=0)
"""The hash is passed on, and costs the same whatever it is."""
MESSAGES = 20_000
FEW_MESSAGES = 5_000
_LIST_MESSAGES = 50_000
"""Of which one in twenty is a price list."""
ROUNDS = 3  # baseline and reading in turn; medians are printed
LEAST_A_SECOND = 1_667  # a million in ten minutes
MOST_MINUTES = 10
MOST_TIMES_MEMORY = 1.2
_MONEY = r"(?:birr|etb|br|ብር|💵|💶|💰)"
_NAIVE = re.compile(rf"{_MONEY}\W{{0,3}}(\d[\d,.]*)|(\d[\d,.]*)\W{{0,3}}{_MONEY}", re.IGNORECASE)


class _Rates(NamedTuple):
    """Messages a second."""

    naive: float
    one: float
    all_cores: float
    offers: float
    """Offers a second, with one process."""


def measure_offers(folder: Path) -> Iterator[Measurement]:
    """Yield the figures; files go into a folder that is made."""
    folder.mkdir()
    cores = os.cpu_count() or 1
    mix = _posts(MESSAGES)
    rates = _rates(mix, cores)
    limit = f"at least {LEAST_A_SECOND:,}/s"
    yield Measurement("mix of genres: a regular expression", _rate(rates.naive), 1.0, "baseline")
    for name, rate in (("one process", rates.one), (f"{cores} processes, with their start", rates.all_cores)):
        yield Measurement(f"mix of genres: {name}", _rate(rate), rate / rates.naive, limit, rate >= LEAST_A_SECOND)
    minutes = 1_000_000 / rates.all_cores / 60
    yield Measurement(
        "  a million messages, at that rate",
        f"{minutes:.1f} min",
        None,
        f"under {MOST_MINUTES} min",
        minutes < MOST_MINUTES,
    )
    share = _share_in_dictionary(mix)
    yield Measurement("  part spent on finding and linking names", f"{share:.0%}", share)
    lists = list({post.text: post for post in _posts(_LIST_MESSAGES, genre="price_list")}.values())
    rates = _rates(lists, cores)
    yield Measurement("price lists: a regular expression", _rate(rates.naive), 1.0, "baseline")
    yield Measurement("price lists: one process", _rate(rates.one), rates.one / rates.naive, "for comparison")
    yield Measurement(f"price lists: {cores} processes", _rate(rates.all_cores), rates.all_cores / rates.naive)
    yield Measurement("  offers, with one process", f"{rates.offers:,.0f} offers/s")
    few, many = (_peak(mix[:count], folder / f"{count}.jsonl") for count in (FEW_MESSAGES, len(mix)))
    yield Measurement(f"peak memory over {FEW_MESSAGES:,} messages", _megabytes(few), 1.0, "baseline")
    yield Measurement(
        f"peak memory over {len(mix):,} messages",
        _megabytes(many),
        many / few,
        f"under {MOST_TIMES_MEMORY:.3f}",
        many / few < MOST_TIMES_MEMORY,
    )


def _posts(count: int, genre: str | None = None) -> list[MessageText]:
    """The sample's posts, or those of one genre, the oldest first."""
    source = SampleSource(date(2026, 10, 1), messages=count, photos=False)
    posted = [(each, name) for name in SAMPLE_CHANNEL_TYPES for each in source.posted(name)]
    posted.sort(key=lambda pair: pair[0].date)
    texts = [(each, each.draft.text, name) for each, name in posted if genre in (None, each.draft.genre)]
    # Entities are read where they strike something out, as the step's query has it.
    return [
        MessageText(name, each.message_id, text.text, _struck(text.entities), _NO_HASH) for each, text, name in texts
    ]


def _struck(entities: Sequence[Any]) -> list[dict[str, Any]] | None:
    return list(entities) if any(entity["type"] == "strike" for entity in entities) else None


def _rates(messages: list[MessageText], cores: int) -> _Rates:
    naives, ones, alls, offers = [], [], [], []
    _read(messages[:1], 1)  # the dictionary is loaded
    for _ in range(ROUNDS):
        naives.append(_seconds(lambda: [_NAIVE.findall(message.text) for message in messages]))
        _forget()
        ones.append(_seconds(lambda: offers.append(_read(messages, 1))))
        alls.append(_seconds(lambda: _read(messages, cores)))
    one, count = median(ones), len(messages)
    return _Rates(count / median(naives), count / one, count / median(alls), offers[0] / one)


def _read(messages: Sequence[MessageText], processes: int) -> int:
    """Read messages as the step does, but for the database; returns the number of offers."""
    left = iter(messages)
    chunks = iter(partial(_next_chunk, left), [])
    with reading(chunks, processes) as results:
        found = [(len(result.keys), result.offer_count) for result in results]
    assert sum(count for count, _ in found) == len(messages)
    return sum(offers for _, offers in found)


def _next_chunk(messages: Iterator[MessageText]) -> list[MessageText]:
    return list(islice(messages, CHUNK))


def _forget() -> None:
    rows._read.cache_clear()  # noqa: SLF001 -- a round shall not profit from the one before
    linking.link.cache_clear()
    lines._parse.cache_clear()  # noqa: SLF001


class _Stopwatch:
    """How long one is in any of several functions that may call each other."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            self._inside += 1
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._inside -= 1
                if not self._inside:
                    self.seconds += time.perf_counter() - started

        return timed


def _share_in_dictionary(messages: list[MessageText]) -> float:
    """The part of one process's time between entering and leaving `Dictionary.find` and `link`.

    Each call is timed by a wrapper, which itself takes a little of both times.
    """
    watch = _Stopwatch()
    _forget()
    with (
        patch.object(Dictionary, "find", watch.around(Dictionary.find)),
        patch.object(extraction, "link", watch.around(linking.link)),
    ):
        whole = _seconds(lambda: _read(messages, 1))
    return watch.seconds / whole


def _peak(messages: list[MessageText], file: Path) -> int:
    """The most bytes that a new process held at once while it read these messages from a file, after a few others."""
    first = file.with_suffix(".first")
    for path, part in ((first, messages[:10]), (file, messages)):
        path.write_bytes(b"".join(msgspec.json.encode(message._asdict()) + b"\n" for message in part))
    return peaks(read_file, [first, file])[-1]


def read_file(path: Path) -> int:
    """Read the messages of a file, a chunk at a time."""
    messages = (
        MessageText(each.channel_name, each.message_id, each.text or "", None, _NO_HASH) for each in read_input(path)
    )
    return sum(result.offer_count for result in map(rows.read_messages, iter(partial(_next_chunk, messages), [])))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rate(rate: float) -> str:
    return f"{rate:,.0f} messages/s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
