"""The part of a text that is shown is the part that matches, and what is marked in it is what was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medical_telegram_warehouse.api.messages.query import Resolved
from medical_telegram_warehouse.api.messages.snippets import Highlighter, Snippet


def marked(text: str, *words: Resolved) -> list[str]:
    snippet = Highlighter(words).snippet(text)
    return [snippet.text[start:end] for start, end in snippet.highlights]


def word(text: str, *others: str, is_prefix: bool = True) -> Resolved:
    return Resolved(text, is_prefix, others)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AMOXICILLIN 500mg, amoxi", ["AMOXICILLIN", "amoxi"]),
        ("Amoxicilline/amoxil", ["Amoxicilline", "amoxil"]),
        ("coamoxi", []),
        ("𝐀𝐦𝐨𝐱𝐢𝐜𝐢𝐥𝐥𝐢𝐧", ["𝐀𝐦𝐨𝐱𝐢𝐜𝐢𝐥𝐥𝐢𝐧"]),
        ("**Amoxicillin**", ["Amoxicillin"]),
    ],
)
def test_words_are_marked_as_they_are_found(text: str, found: list[str]) -> None:
    assert marked(text, word("amoxi")) == found


def test_letters_that_sound_alike_are_marked() -> None:
    assert marked("ወደ ሐኪም ይሂዱ", word("ሀኪም")) == ["ሐኪም"]


def test_words_of_the_vocabulary_are_marked_whole() -> None:
    assert marked("cloxacillin caps", word("xicil", "cloxacillin", "amoxicillin")) == ["cloxacillin"]


def test_a_long_text_is_cut_around_the_matches() -> None:
    text = "lorem ipsum " * 100 + "zinc and iron tablets " + "dolor sit " * 100
    snippet = Highlighter([word("zinc"), word("iron")]).snippet(text)
    assert len(snippet.text) < 260
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")
    assert [snippet.text[start:end] for start, end in snippet.highlights] == ["zinc", "iron"]


def test_without_a_match_the_beginning_is_shown() -> None:
    assert Highlighter([]).snippet("a\nb") == Snippet("a b", [])
    assert Highlighter([word("zinc")]).snippet("") == Snippet("", [])


@given(st.text(max_size=600), st.text(alphabet="abcሀ1", min_size=1, max_size=5))
def test_marks_always_lie_within_the_snippet(text: str, sought: str) -> None:
    snippet = Highlighter([word(sought)]).snippet(text)
    assert all(0 <= start < end <= len(snippet.text) for start, end in snippet.highlights)
