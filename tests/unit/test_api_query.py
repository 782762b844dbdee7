"""What somebody typed becomes a query that PostgreSQL understands, whatever it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medical_telegram_warehouse.api.messages.query import (
    Kind,
    Known,
    Term,
    matching,
    parse,
    wanted_words,
    with_facets,
    words_query,
)

LEXEME = re.compile(r"'[a-z0-9\u00df-\u024f\u1200-\u135f\u1380-\u138f\u2d80-\u2ddf]+'(:\*)?")


def query(text: str, **vocabulary: Known) -> str | None:
    return words_query([(term, matching(term, vocabulary, {})) for term in parse(text)])


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("amoxi", [Term(("amoxi",), Kind.WORD, False)]),
        ("Zinc SYRUP", [Term(("zinc",), Kind.WORD, False), Term(("syrup",), Kind.WORD, False)]),
        ('"blood glucose"', [Term(("blood", "glucose"), Kind.EXACT, False)]),
        ('"unclosed phrase', [Term(("unclosed", "phrase"), Kind.EXACT, False)]),
        ("*xicil*", [Term(("xicil",), Kind.PART, False)]),
        ("-price", [Term(("price",), Kind.WORD, True)]),
        ('-"out of stock"', [Term(("out", "of", "stock"), Kind.EXACT, True)]),
        ("vitamin-c", [Term(("vitamin", "c"), Kind.WORD, False)]),
        ("ሐኪም", [Term(("ሀኪም",), Kind.WORD, False)]),
        ("  💊 !!! ", []),
        ("", []),
    ],
)
def test_words_phrases_parts_and_exclusions_are_told_apart(text: str, terms: list[Term]) -> None:
    assert parse(text) == terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amoxi", "('amoxi' | 'amoxicillin' | 'amoxil')"),
        ("zinc 250", "('zinc' | 'zincs') & '250'"),
        ("in", "'in'"),
        ('"blood glucose"', "('blood' <-> 'glucose')"),
        ("vitamin-c", "('vitamin' <-> 'c')"),
        ("zinc -syrup", "('zinc' | 'zincs') & !'syrup'"),
        ("!!!", None),
    ],
)
def test_words_match_also_where_they_begin_another(text: str, expected: str | None) -> None:
    known = {"amoxi": ["amoxi", "amoxicillin", "amoxil"], "zinc": ["zincs"], "in": ["ink", "insulin"]}
    assert query(text, **{word: Known(words) for word, words in known.items()}) == expected


def test_a_beginning_of_very_many_words_is_left_to_the_index() -> None:
    many = [f"ab{number}x" for number in range(31)]
    assert query("abx", abx=Known(many)) == "'abx':*"
    assert (query("abx", abx=Known(many[:30])) or "").count("|") == 30


def test_words_of_the_vocabulary_are_alternatives() -> None:
    assert (
        query("xicil", xicil=Known([], ["amoxicillin", "cloxacillin"])) == "('xicil' | 'amoxicillin' | 'cloxacillin')"
    )


def test_a_correction_is_searched_for_besides_the_word() -> None:
    [term] = parse("amoxacilin")
    assert words_query([(term, matching(term, {}, {"amoxacilin": "amoxicillin"}))]) == (
        "('amoxacilin' | 'amoxicillin')"
    )


def test_filters_join_the_words() -> None:
    assert with_facets("'a'", [("§image", True), ("§price", False)]) == "('a') & '§image' & !'§price'"
    assert with_facets(None, [("§image", True)]) == "'§image'"
    assert with_facets(None, []) is None


def test_only_amharic_words_and_parts_are_looked_up_inside_words() -> None:
    assert wanted_words(parse('zinc ሀኪም *xicil* 250 "whole phrase"')) == [
        ("xicil", True),
        ("zinc", False),
        ("ሀኪም", True),
    ]


@given(st.text(max_size=300))
def test_nothing_that_is_typed_is_an_operator(text: str) -> None:
    """Else a quote or an ampersand would be an error of the database, or another search than was meant."""
    made = query(text)
    if made is not None:
        assert re.fullmatch(r"[ ()&|!<>-]*", LEXEME.sub("", made))
