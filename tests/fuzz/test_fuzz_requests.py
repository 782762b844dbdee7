"""What visitors of the service type and send back: never an operator of the query, and never an error of its own."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fuzz.answers import is_storable
from fuzz.mutations import each_seed, fuzzed, mutated_text
from medical_telegram_warehouse.api.answers.paging import key_of, offset_of
from medical_telegram_warehouse.api.errors import ApiError
from medical_telegram_warehouse.api.messages.query import Known, matching, parse, wanted_words, with_facets, words_query
from medical_telegram_warehouse.api.messages.snippets import Highlighter

VERSION = 3
LEXEME = re.compile(r"'[^\W_]+'(:\*)?")
QUERIES = mutated_text(
    "queries", ['"', "-", "*", "'", "\\", ":", "&", "|", "!", "<->", "(", ")", ":*", "§price", "' | '"]
)
# A cursor's inside, which is not signed: whoever decodes one can make another.
PLACES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([2**63, -1, 10**30]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def check_query(text: str) -> None:
    terms = parse(text)
    wanted = wanted_words(terms)
    vocabulary = {word: Known([f"{word}s", word], ["x"] if parts else []) for word, parts in wanted}
    matched = [(term, matching(term, vocabulary, {word: "zinc" for word, _ in wanted[:2]})) for term in terms]
    query = with_facets(words_query(matched), [("§price", True)])
    assert query is not None
    assert is_storable(query)
    assert re.fullmatch(r"[ ()&|!<>-]*", LEXEME.sub("", query.replace("'§price'", ""))), "only words, and what we write"
    for shown in ("", text, f"Zinc {text} syrup"):
        snippet = Highlighter([word for _, words in matched for word in words]).snippet(shown)
        assert all(0 <= start <= end <= len(snippet.text) for start, end in snippet.highlights)


def check_cursor(cursor: str) -> None:
    with _refused():
        assert 0 <= offset_of(cursor, "f", VERSION) < 2**31
    with _refused():
        place = key_of(cursor, "f", str, int)
        assert place is not None
        assert [type(value) for value in place] == [str, int]


@contextmanager
def _refused() -> Iterator[None]:
    """A refusal is as good as a place; any other error fails the test."""
    try:
        yield
    except ApiError as error:
        assert error.status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT)  # noqa: PT017


@each_seed("queries")
def test_each_seed_is_searched_for(seed: bytes) -> None:
    check_query(seed.decode())


@fuzzed(2)
@given(QUERIES)
def test_any_query_is_words_and_never_an_operator(text: str) -> None:
    check_query(text)


@each_seed("cursors")
def test_each_cursor_is_a_place_or_refused(seed: bytes) -> None:
    check_cursor(seed.decode())


@fuzzed(2)
@given(mutated_text("cursors", ["=", "-", "_", "+", "/", "Ww", "AA", "e30", "W10", "/" * 50]))
def test_any_cursor_is_a_place_or_refused(cursor: str) -> None:
    check_cursor(cursor)


@fuzzed(2)
@given(st.tuples(st.just("f") | PLACES, st.just(VERSION) | PLACES, PLACES))
def test_any_cursor_of_somebody_elses_making_is_a_place_or_refused(inside: Any) -> None:
    check_cursor(base64.urlsafe_b64encode(json.dumps(inside).encode()).decode().rstrip("="))
