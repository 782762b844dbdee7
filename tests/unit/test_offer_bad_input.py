"""Whatever a post holds, reading it ends soon, with an answer that agrees with the text and with itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.offers import lines, linking
from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.genre import Genre
from medical_telegram_warehouse.offers.numbers import MAX_AMOUNT, amount
from medical_telegram_warehouse.offers.records import MessageOffers, Offer

LONGEST = 4_096
"""Characters of a message in Telegram."""
RIGHT_TO_LEFT, LEFT_TO_RIGHT, HIDDEN = "\u200f", "\u200e", "\u200b"
SHORT, LONG = 4_000, 16_000
# Time grows eightfold at most where the text grows fourfold: twice as much as it should, half as much as if each
# character looked at every other one.
GROWTH = 8
MEASURABLE = 0.001
"""Seconds. What takes less is measured on a longer text."""


def _priced(text: str) -> list[tuple[str, str | None, float | None]]:
    return [(offer.name, offer.strength, offer.price) for offer in extract_offers(text).offers]


def _only(text: str) -> Offer:
    [offer] = extract_offers(text).offers
    return offer


def _is_sound(text: str, read: MessageOffers) -> bool:
    return (
        read.genre in set(Genre)
        and 0 < read.confidence <= 1
        and all(
            0 <= offer.start < offer.end <= len(text)
            and offer.name
            and 0 < offer.confidence <= 1
            and (offer.price is None or offer.price == offer.prices[0])
            and all(0 < price <= MAX_AMOUNT for price in offer.prices)
            and (offer.old_price is None or 0 < offer.old_price <= MAX_AMOUNT)
            for offer in read.offers
        )
    )


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n\n", "💊" * LONGEST, "💵" * LONGEST, "...!?", "~~~~", "**__``", "\u200f\u200e"]
)
def test_a_post_without_letters_and_digits_is_media_and_offers_nothing(text: str) -> None:
    assert extract_offers(text) == (Genre.MEDIA_ONLY, 1.0, ())


@pytest.mark.parametrize(
    "text", ["0911223344", "1 2 3 4 5", "10\n20\n30", "1" * LONGEST, "12/12/2027", "500 birr", "💵500"]
)
def test_numbers_without_a_name_are_no_offers(text: str) -> None:
    assert extract_offers(text).offers == ()


@pytest.mark.parametrize("mark", [RIGHT_TO_LEFT, LEFT_TO_RIGHT, HIDDEN, "\u202e", "\ufeff", "\u2066"])
def test_marks_that_nobody_sees_are_no_part_of_names_and_numbers(mark: str) -> None:
    plain = "Amoxicillin 500mg 10x10 💵1200"
    text = mark.join(plain)
    offer = _only(text)
    assert (offer.name, offer.strength, offer.pack, offer.price) == ("Amoxicillin", "500mg", "10x10", 1200)
    assert text[offer.start : offer.end].replace(mark, "") == plain, "it stands in the text as it was posted"


@pytest.mark.parametrize(
    "name",
    [
        "\u0410mo\u0445icillin",
        "Amoxi\u0441illin",
        "\u0391moxicillin",
        "\uff21\uff4d\uff4f\uff58\uff49cillin",
        "𝐀𝐦𝐨𝐱𝐢𝐜𝐢𝐥𝐥𝐢𝐧",
    ],
    ids=ascii,
)
def test_letters_that_look_like_latin_ones_are_read_as_such(name: str) -> None:
    offer = _only(f"{name} 500mg 💵530")
    assert (offer.name, offer.generic, offer.link) == ("Amoxicillin", "amoxicillin", "exact")


def test_cyrillic_units_and_currencies_are_read_as_they_look() -> None:
    offer = _only("Zinc 20\u041cG 90 \u0412irr")
    assert (offer.name, offer.price) == ("Zinc", 90)


@pytest.mark.parametrize(
    "written",
    [
        "1200",
        "1,200",
        "1.200",
        "1'200",
        "1\u2019200",
        "1\u02bc200",
        "1 200",
        "1\u00a0200",
        "1\u202f200",
        "1,200.00",
        "1200.00",
    ],
    ids=ascii,
)
def test_thousands_are_parted_in_many_ways(written: str) -> None:
    assert [price for *_, price in _priced(f"Amoxicillin 500mg 💵 {written} birr")] == [1200]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("22.50", 22.5),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("፻", 100),
        ("፲፪፻", 1_200),
        ("100000000", MAX_AMOUNT),
        ("100000001", None),
        ("1000000000000", None),
        ("1,000,000,000,000", None),
        ("9" * 400, None),
        ("0", None),
        ("0.00", None),
        ("000", None),
    ],
)
def test_an_amount_is_more_than_nothing_and_no_more_than_anybody_asks(written: str, value: float | None) -> None:
    assert amount(written) == value


@pytest.mark.parametrize("written", ["0", "0.00", "000", "1000000000000", "1,000,000,000,000", "9" * 400])
def test_an_impossible_amount_is_no_price(written: str) -> None:
    offers = extract_offers(f"- Amoxicillin 500mg 💵{written}\n- Zinc 20mg 💵90\n- Ibuprofen 400mg 💵50").offers
    assert [(offer.generic, offer.price) for offer in offers] == [
        ("amoxicillin", None),
        ("zinc", 90),
        ("ibuprofen", 50),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        "\x00",
        "\x0b",
        "\x85",
        "\u2028",
        "\ud800",
        "İ",
        "ß",
        "\ufdfa",
        "\U000e0041",
        "\U0010ffff",
        "é",
        "e\u0301\u0301\u0301",
    ],
    ids=ascii,
)
def test_odd_characters_keep_their_places(odd: str) -> None:
    text = f"{odd}\n- Zinc 20mg 💵90 {odd}\n- Amoxicillin 500mg 💵530\n{odd}"
    read = extract_offers(text)
    assert [(offer.generic, offer.price) for offer in read.offers] == [("zinc", 90), ("amoxicillin", 530)]
    assert [text[offer.start :].split(maxsplit=1)[0] for offer in read.offers] == ["Zinc", "Amoxicillin"]
    assert _is_sound(text, read)


def test_a_very_long_line_still_names_its_product_and_price() -> None:
    text = f"- Zinc 20mg {'x' * 50_000} 💵90\n- Amoxicillin 500mg 💵530\n- Ibuprofen 400mg 💵50"
    read = extract_offers(text)
    assert [offer.price for offer in read.offers] == [90, 530, 50]
    assert len(read.offers[0].name) <= 160
    assert _is_sound(text, read)


def test_a_list_of_any_length_is_read_to_its_end() -> None:
    text = "".join(f"- Zinc 20mg 💵{number}\n" for number in range(1, 5_000))
    assert len(extract_offers(text).offers) == 4_999


_WORDS = st.sampled_from(
    [
        *("Amoxicillin", "500mg", "10x10", "💵", "💵530", "1,200", "birr", "ብር", "- ", "• ", "\n", "\n\n", "~~600~~"),
        *("(", ")", "exp 08/27", "📦", "stock out", "Zinc", "syrup", "cream", "price:", "=", "....", "0911223344"),
        *("@shop", "of 10", "5cc,", "10cc", "now available", "Brand:", "1.", "✅", RIGHT_TO_LEFT, "**", "አሞክሲሲሊን"),
        *("፻", "#", "deliver", "İ"),
    ]
)
_POSTS = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Cf", "Zl")), max_size=200),
    st.lists(_WORDS, max_size=60).map(" ".join),
    st.lists(st.one_of(_WORDS, st.text(max_size=8)), max_size=60).map("".join),
)


@patiently
@given(_POSTS)
def test_any_text_gets_an_answer_that_agrees_with_it(text: str) -> None:
    assert _is_sound(text, extract_offers(text))


@patiently
@given(_POSTS, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=3))
def test_whatever_is_struck_out_the_answer_agrees_with_the_text(text: str, struck: list[tuple[int, int]]) -> None:
    inside = [(min(pair), max(pair)) for pair in struck if max(pair) <= len(text)]
    assert _is_sound(text, extract_offers(text, inside))


@patiently
@given(_POSTS, st.lists(_POSTS, max_size=3))
def test_the_answer_is_the_same_whatever_was_read_before(text: str, others: list[str]) -> None:
    """Lines and links are remembered from post to post: a memory that posts could change would mix them up."""
    _forget()
    first = extract_offers(text)
    again = extract_offers(text)
    _forget()
    for other in others:
        extract_offers(other)
        extract_offers(f"{other}\n{text}")
    assert first == again == extract_offers(text)


def _forget() -> None:
    lines._parse.cache_clear()
    linking.link.cache_clear()


def _seconds(pattern: str, size: int, enough: float = 0.0) -> float:
    """The shortest of several readings, in seconds of this process: what else the machine does does not count."""
    text = f"ab {(pattern * (size // len(pattern) + 1))[:size]}0"
    best = float("inf")
    for _ in range(4):
        _forget()
        begun = time.process_time()
        extract_offers(text)
        best = min(best, time.process_time() - begun)
        if best <= enough:
            break
    return best


@pytest.mark.parametrize(
    "pattern",
    [
        *("1", "1 ", "1/", "1,", "a@", "10x", "💵", "(", "=", "....", "mg", "1mg+", "price ", "ብር", "a ", "a\u200e"),
        *("rent partner ", "now available ", "www.", "✅", "\n", "x\n", "- a\n", "- Zinc 5mg 💵5\n"),
        # Each of these once cost the square of its length, or more.
        *("💵1 ", "1 birr ", "zinc=5 ", "5cc 💵5 ", "10-20 birr ", "of ", "with and ", "[", "free delivery 5 "),
        *("💵 ", ", wrist=5", "- Zinc 20mg\n\n💵 5\n", "~~a~~\n", "Aa ", "~~1~~ ", "💵~~1~~💵2 "),
    ],
    ids=ascii,
)
def test_reading_time_grows_with_the_text_whatever_the_text_is(pattern: str) -> None:
    """One post of a hostile or broken channel must not hold up all others."""
    size = SHORT
    while (short := _seconds(pattern, size)) < MEASURABLE and size < 16 * SHORT:
        size *= 2
    allowed = GROWTH * max(short, MEASURABLE)
    assert _seconds(pattern, size * LONG // SHORT, allowed) <= allowed
