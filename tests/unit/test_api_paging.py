"""Cursors lead on in the list that they were made for, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medical_telegram_warehouse.api.answers.paging import Place, decode, encode, fingerprint, key_of, offset_of
from medical_telegram_warehouse.api.errors import ApiError


def refusal(status: int, cursor: str, *, filters: str = "f", version: int = 1) -> str:
    with pytest.raises(ApiError) as refused:
        offset_of(cursor, filters, version)
    assert refused.value.status == status
    return refused.value.answer.error


def test_a_page_begins_where_the_one_before_ended() -> None:
    assert offset_of(encode(Place("f", 1, (50,))), "f", 1) == 50
    assert offset_of(None, "f", 1) == 0


def test_a_list_that_counts_rows_ends_with_the_warehouses_version() -> None:
    assert "version 1, and it is 2" in refusal(409, encode(Place("f", 1, (50,))), version=2)


def test_a_list_that_is_sorted_by_keys_goes_on_in_any_version() -> None:
    assert key_of(encode(Place("f", 1, (170, "abc"))), "f", int, str) == (170, "abc")
    assert key_of(None, "f", int, str) is None


def test_a_cursor_of_another_list_is_refused() -> None:
    assert "other filters" in refusal(422, encode(Place("g", 1, (50,))))
    with pytest.raises(ApiError):
        key_of(encode(Place("f", 1, (50,))), "f", int, str)
    with pytest.raises(ApiError):
        key_of(encode(Place("f", 1, ("50", "abc"))), "f", int, str)
    refusal(422, encode(Place("f", 1, ("abc",))))
    refusal(422, encode(Place("f", 1, (-1,))))


@given(st.text(max_size=200))
def test_what_is_no_cursor_is_refused_by_name(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        decode(text, "f")
    assert refused.value.status == 422
    assert refused.value.answer.fields[0].field == "cursor"


def test_filters_make_the_fingerprint_and_the_page_does_not() -> None:
    asked = {"query": "a", "limit": 5, "cursor": None, "format": "json"}
    assert fingerprint(asked) == fingerprint({**asked, "limit": 9, "cursor": "x", "format": "csv"})
    assert fingerprint(asked) != fingerprint({**asked, "query": "b"})
