"""Telephone numbers are hidden in texts, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medical_telegram_warehouse.api.answers.masking import mask_phones


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Call 0911234567 now", "Call 091•••••67 now"),
        ("+251911234567", "+251•••••••67"),
        ("+251 911 23 45 67", "+251 ••• •• •• 67"),
        ("251-911-234567", "251-•••-••••67"),
        ("0922-33-44-55", "092•-••-••-55"),
        ("tel:0118 93 00 00", "tel:011• •• •• 00"),
        ("911234567", "911••••67"),
        ("00251911234567", "002•••••••••67"),
        ("+44 20 7946 0958", "+44 2• •••• ••58"),
        ("０９１１２３４５６７", "０９１•••••６７"),
        ("0911234567/0922334455", "091•••••67/092•••••55"),
    ],
)
def test_the_middle_of_a_number_is_hidden(text: str, shown: str) -> None:
    assert mask_phones(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Price 1,250.00 birr",
        "Exp 10/2028, 500mg 10x10",
        "Batch 20260115001234",
        "call 9545 or 8282",
        "1250000 birr",
        "12.03.2026",
        "ለበለጠ መረጃ ይደውሉ",
    ],
)
def test_prices_doses_and_dates_stay(text: str) -> None:
    assert mask_phones(text) == text


@given(st.text())
def test_masking_keeps_the_length_so_that_highlights_stay_where_they_are(text: str) -> None:
    assert len(mask_phones(text)) == len(text)


@given(st.text(alphabet="0123456789+-. ()/a", max_size=40))
def test_what_is_masked_once_is_not_masked_further(text: str) -> None:
    masked = mask_phones(text)
    assert mask_phones(masked) == masked
