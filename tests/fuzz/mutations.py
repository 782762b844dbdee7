"""Seeds, and what becomes of them.

Bytes that are made of nothing are refused at a parser's door. So an input begins as a seed that the parser reads to
its end, and a few changes at drawn places make it wrong somewhere inside: pieces vanish, stand there often, or give way
to what the format itself finds hard, and the end of one seed follows on the beginning of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, AnyStr

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SEEDS = Path(__file__).with_name("seeds")
# No input here is large: what takes so long takes it on purpose. A slow machine that is busy needs a tenth of it.
MOST_SECONDS = 20
_PLACES = 1 << 16
_MOST_CHANGES = 6
_LONGEST_PIECE = 200
_MOST_COPIES = 40


def fuzzed(factor: float = 1) -> settings:
    """Settings of a fuzzing test.

    Args:
        factor: how many examples, as a multiple of the profile's number; small for what is slow.
    """
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(
        max_examples=max(1, round(profile.max_examples * factor)),
        deadline=timedelta(seconds=MOST_SECONDS),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


def seeds(parser: str) -> dict[str, bytes]:
    """The seeds of a parser by their names."""
    return {path.name: path.read_bytes() for path in sorted((SEEDS / parser).iterdir())}


def each_seed(parser: str) -> Callable[[Any], Any]:
    """Run a test with each seed as it is, as the argument `seed`."""
    return pytest.mark.parametrize("seed", [pytest.param(seed, id=name) for name, seed in seeds(parser).items()])


def mutated_bytes(parser: str, tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A parser's seeds, changed; `tokens` are what its format finds hard."""
    single = [bytes([number]) for number in range(256)]
    return _mutated(list(seeds(parser).values()), [*tokens, *single], b"")


def mutated_text(parser: str, tokens: Sequence[str]) -> st.SearchStrategy[str]:
    """The same for a parser of text. Seeds are read with Unix line ends as they are; tokens may be anything."""
    whole = [seed.decode("utf-8", "surrogatepass") for seed in seeds(parser).values()]
    return _mutated(whole, [*tokens, *ODD_CHARACTERS], "")


ODD_CHARACTERS = [
    *("\x00", "\t", "\n", "\r", "\x0b", "\x1b", "\x7f", "\x85", "\u00a0", "\u0301", "\u1369", "\u200b", "\u200f"),
    *("\u2028", "\u202e", "\u2066", "\ufdfa", "\ufeff", "\ufffd", "\ufffe", "\U0001f4b5", "\U0001d400", "\U0010ffff"),
    *("İ", "ß", "ſ", "\u212a", "ሀ", "፻", "²", "٣", "0", "9", "a", "Z", " ", '"', "'", "\\", "/", "%", "<", "&", "{"),
]
"""That change their length when folded, end lines, are invisible, are digits elsewhere, or are quotes somewhere."""


def _mutated(whole: Sequence[AnyStr], tokens: Sequence[AnyStr], empty: AnyStr) -> st.SearchStrategy[AnyStr]:
    place = st.integers(0, _PLACES - 1)
    length = st.integers(1, _LONGEST_PIECE)
    token = st.sampled_from(tokens)
    change = st.one_of(
        st.tuples(st.just(_overwrite), place, token),
        st.tuples(st.just(_insert), place, token),
        st.tuples(st.just(_delete), place, length),
        st.tuples(st.just(_repeat), place, length, st.integers(2, _MOST_COPIES)),
        st.tuples(st.just(_move), place, length, place),
        st.tuples(st.just(_splice), place, st.sampled_from(whole), place),
        st.tuples(st.just(_cut), place),
    )
    changes = st.lists(change, min_size=1, max_size=_MOST_CHANGES)
    return st.tuples(st.sampled_from([*whole, empty]), changes).map(_changed)


def _changed(drawn: tuple[AnyStr, list[tuple[Any, ...]]]) -> AnyStr:
    content, changes = drawn
    for change, *values in changes:
        content = change(content, *values)
    return content


def _at(content: AnyStr, place: int) -> int:
    return place * (len(content) + 1) // _PLACES


def _insert(content: AnyStr, place: int, what: AnyStr) -> AnyStr:
    start = _at(content, place)
    return content[:start] + what + content[start:]


def _overwrite(content: AnyStr, place: int, what: AnyStr) -> AnyStr:
    start = _at(content, place)
    return content[:start] + what + content[start + len(what) :]


def _delete(content: AnyStr, place: int, size: int) -> AnyStr:
    start = _at(content, place)
    return content[:start] + content[start + size :]


def _repeat(content: AnyStr, place: int, size: int, times: int) -> AnyStr:
    start = _at(content, place)
    return content[:start] + content[start : start + size] * times + content[start + size :]


def _move(content: AnyStr, place: int, size: int, to: int) -> AnyStr:
    start = _at(content, place)
    return _insert(content[:start] + content[start + size :], to, content[start : start + size])


def _splice(content: AnyStr, place: int, other: AnyStr, there: int) -> AnyStr:
    return content[: _at(content, place)] + other[_at(other, there) :]


def _cut(content: AnyStr, place: int) -> AnyStr:
    return content[: _at(content, place)]
