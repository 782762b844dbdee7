"""The warehouse over a short and over a long history: loading and building it, and adding a day.

What a day costs shall hang on what is new, not on what is stored, so the long history's figures are compared with the
short one's. The channels are as busy in one as in the other; each has a database of its own, on one embedded server.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.fresh_process import Memory, show_progress
from benchmarks.history import Build, Figures, measure_history
from benchmarks.measured_steps import Timed
from benchmarks.prepared import Place, Preparation
from benchmarks.server import serving
from benchmarks.stored import histories
from benchmarks.table import Measurement

MESSAGES = 1_000_000
FEW_MESSAGES = 100_000
LEAST_MESSAGES = 20_000  # the short history has a tenth, and needs more than a day
LEAST_SHARE_OF_COPY = 0.6
MOST_LOAD_SECONDS_A_MILLION = 90
# Of one day more, after the long history.
MOST_LOAD_SECONDS = 2
MOST_MODEL_SECONDS = 15
MOST_TIMES_MODEL_SECONDS = 2
_DETAILS = 10


def measure_warehouse(
    folder: Path, messages: int = MESSAGES, *, is_kept: bool = False, with_details: bool = False
) -> Iterator[Measurement]:
    """Yield the figures.

    Args:
        folder: of the server, the lakes and the databases.
        messages: about how many the long history has; the short one has `FEW_MESSAGES`, or a tenth if that is less.
        is_kept: the folder may hold what an earlier run prepared, which then is not measured, and keeps all of this.
        with_details: the largest tables and the slowest models, too.
    """
    show_progress()
    with serving(folder, "bench", is_kept=is_kept) as address:
        place = Place(folder, address, is_kept)
        few, many = histories(messages, min(FEW_MESSAGES, messages // 10))
        small, big = measure_history(place, few), measure_history(place, many)
    if big.preparation:
        yield from _preparation(small.preparation, big.preparation)
    yield from _builds(small, big)
    yield from _day(small, big)
    yield from _size(small, big)
    if with_details:
        yield from _details(big)


def _preparation(small: Preparation | None, big: Preparation) -> Iterator[Measurement]:
    messages, seconds = big.load
    share = big.plain.seconds / seconds
    most = MOST_LOAD_SECONDS_A_MILLION * messages / 1_000_000
    yield Measurement(f"plain COPY of {messages:,} messages", _rate(big.plain), 1.0, "baseline")
    limit = f"at least {LEAST_SHARE_OF_COPY:.3f}"
    yield Measurement("first load of them", _rate(big.load), share, limit, share >= LEAST_SHARE_OF_COPY)
    yield Measurement("  in seconds", f"{seconds:.1f} s", None, f"under {most:.0f} s", seconds < most)
    if small:  # else a run that was ended has prepared only this one
        yield from _memory(small.load_memory, big.load_memory)
    yield Measurement("reading their offers", f"{big.offers.seconds:.1f} s")
    yield Measurement("  messages a second", _rate(big.offers))


def _builds(small: Figures, big: Figures) -> Iterator[Measurement]:
    for figures in (small, big):
        ratio = figures.first.model_seconds / small.first.model_seconds
        yield from _build(f"first build of {figures.messages:,}", figures.first, ratio)
    yield from _memory(small.first.memory, big.first.memory)
    for figures in (small, big):
        ratio = figures.again.model_seconds / figures.first.model_seconds
        yield from _build(f"nothing new in {figures.messages:,}", figures.again, ratio, "of its first build")


def _build(name: str, build: Build, ratio: float, note: str = "of the short history's") -> Iterator[Measurement]:
    yield Measurement(f"{name}: models", f"{build.model_seconds:.1f} s", ratio, note)
    yield Measurement("  with tests and start-up", f"{build.seconds:.1f} s")


def _day(small: Figures, big: Figures) -> Iterator[Measurement]:
    for figures in (small, big):
        day = figures.day
        yield Measurement(f"a day more after {figures.messages:,}", f"{day.new:,} new")
        yield Measurement("  seen again, with other counters", f"{day.updated:,}")
        yield Measurement(f"  reading offers of {day.offers.messages:,}", f"{day.offers.seconds:.1f} s")
        yield Measurement("  dbt with tests and start-up", f"{day.build.seconds:.1f} s")
    yield from _grown("load", small.day.load_seconds, big.day.load_seconds, MOST_LOAD_SECONDS)
    before, after = small.day.build.model_seconds, big.day.build.model_seconds
    yield from _grown("models", before, after, MOST_MODEL_SECONDS, MOST_TIMES_MODEL_SECONDS)
    yield from _memory(small.day.build.memory, big.day.build.memory)


def _grown(
    name: str, before: float, after: float, most: float, most_times: float | None = None
) -> Iterator[Measurement]:
    """What takes how long a day, after the short history and after the long one."""
    times = after / before
    yield Measurement(f"that day's {name}: after the short history", f"{before:.2f} s", 1.0, "baseline")
    yield Measurement("  after the long one", f"{after:.2f} s", None, f"under {most} s", after < most)
    limit, is_met = (f"under {most_times:.3f}", times < most_times) if most_times else ("", None)
    yield Measurement("  times as long", f"{times:.2f}", times, limit, is_met)


def _size(small: Figures, big: Figures) -> Iterator[Measurement]:
    of_small, of_big = small.size / small.messages, big.size / big.messages
    yield Measurement(f"database of {big.messages:,}, after its build", f"{big.size / 1e9:.2f} GB")
    yield Measurement("  a message", f"{of_big:,.0f} bytes", of_big / of_small, "of the short history's")


def _details(figures: Figures) -> Iterator[Measurement]:
    yield Measurement("largest tables with their indexes", "", None, "ratio to the database")
    for name, size in list(figures.tables.items())[:_DETAILS]:
        yield Measurement(f"  {name}", f"{size / 1e6:,.0f} MB", size / figures.size)
    builds = {"first build": figures.first, "nothing new": figures.again, "a day more": figures.day.build}
    for name, build in builds.items():
        yield Measurement(f"slowest models, {name}", "", None, "ratio to all models")
        for model, seconds in sorted(build.models.items(), key=lambda each: -each[1])[:_DETAILS]:
            yield Measurement(f"  {model}", f"{seconds:.2f} s", seconds / build.model_seconds)


def _memory(small: Memory, big: Memory) -> Iterator[Measurement]:
    """Of the long history's work."""
    note = "of the short history's"
    yield Measurement("  peak memory of the process", _megabytes(big.process), big.process / small.process, note)
    if small.server and big.server:
        value = _megabytes(big.server)
        yield Measurement("  peak private memory of the server", value, big.server / small.server, note)


def _rate(timed: Timed) -> str:
    return f"{timed.messages / timed.seconds:,.0f} messages/s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
