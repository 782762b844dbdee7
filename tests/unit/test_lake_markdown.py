"""Telethon's marks leave the text; what authors typed stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.lake.markdown import strip_markdown


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("**Zinc**", "Zinc"),
        ("**Call** ****0911000000**** **now**", "Call 0911000000 now"),
        ("**Call ****0911000000**** now**", "Call 0911000000 now"),
        ("__Zinc__ syrup", "Zinc syrup"),
        ("**__Zinc__** syrup", "Zinc syrup"),
        ("~~100~~ 90 birr", "100 90 birr"),
        ("`ZN-20`", "ZN-20"),
        ("```python\nzinc```", "zinc"),
        ("[Our shop](https://t.me/shop)", "Our shop"),
        ("[**Our** shop](https://t.me/shop)", "Our shop"),
        ("[wiki](https://en.wikipedia.org/wiki/Zinc_(metal))", "wiki"),
        ("[call](tel:+251911000000)", "call"),
        ("**a\nb**", "a\nb"),
        ("**ዚንክ**", "ዚንክ"),
        ("**overlap __of** both__", "overlap of both"),
        ("***Zinc*", "*Zinc*"),
    ],
)
def test_marks_are_taken_out(marked: str, plain: str) -> None:
    assert strip_markdown(marked) == plain


@pytest.mark.parametrize(
    "text",
    [
        "*****",
        "**********",
        "________",
        "_____________________",
        "@user__name and snake__case",
        "@some_user",
        "5 * 3 = 15",
        "[1] (see below)",
        "[x](not a link)",
        "~ 100 birr",
        "a_b_c",
        "",
    ],
)
def test_what_authors_type_stays(text: str) -> None:
    assert strip_markdown(text) == text


@patiently
@given(st.text(alphabet="*_~`[]()ab \nhttps://", max_size=80))
def test_nothing_makes_it_fail_or_lengthens_the_text(text: str) -> None:
    assert len(strip_markdown(text)) <= len(text)


@patiently
@given(st.text(alphabet=st.characters(exclude_characters="*_~`]"), max_size=80))
def test_a_text_without_marks_is_returned_as_it_is(text: str) -> None:
    assert strip_markdown(text) is text
