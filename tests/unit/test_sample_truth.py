"""What sample posts truly offer: extractors are judged by it, so it must say what the text says and no more."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import partial

import pytest

from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES, SampleSource
from medical_telegram_warehouse.sources.sample.draft import Draft
from medical_telegram_warehouse.sources.sample.feed import Posted
from medical_telegram_warehouse.sources.sample.items import EXPIRIES, item_of
from medical_telegram_warehouse.sources.sample.lines import LineBook
from medical_telegram_warehouse.sources.sample.notations import ODD, PRICED, several_sizes, written
from medical_telegram_warehouse.sources.sample.prices import PriceBook
from medical_telegram_warehouse.sources.sample.products import PRODUCTS, Product
from medical_telegram_warehouse.sources.sample.truth import SampleOffer, once

TODAY = date(2026, 1, 20)
Shown = list[tuple[Draft, tuple[SampleOffer, ...]]]
OFFERING = {"single_product_ad", "price_list", "product_list"}


def _posts() -> list[Posted]:
    source = SampleSource(TODAY, messages=4_000)
    return [posted for name in SAMPLE_CHANNEL_TYPES for posted in source.posted(name)]


@pytest.fixture(scope="module")
def posts() -> list[Posted]:
    return _posts()


@pytest.fixture(scope="module")
def shown(posts: list[Posted]) -> Shown:
    """Each text that anybody sees, before and after its edit, with its truth."""
    drafts = (draft for posted in posts for draft in (posted.draft, *(posted.edit[1:] if posted.edit else ())))
    return [(draft, draft.offers) for draft in drafts]


@pytest.fixture(scope="module")
def offers(shown: Shown) -> list[SampleOffer]:
    return [offer for _, offers in shown for offer in offers]


def _product(name: str) -> Product:
    return next(product for product in PRODUCTS if product.name == name)


def test_two_worlds_of_one_seed_have_one_truth(posts: list[Posted]) -> None:
    assert [posted.draft.offers for posted in _posts()] == [posted.draft.offers for posted in posts]


def test_the_truth_of_a_post_is_the_same_each_time_it_is_asked_for(posts: list[Posted]) -> None:
    assert all(posted.draft.offers == posted.draft.offers for posted in posts)


def test_names_strengths_sizes_and_packs_stand_in_the_text_as_written(
    shown: Shown,
) -> None:
    for draft, offers in shown:
        text = draft.text.text
        for offer in offers:
            for words in (offer.name, *offer.alt, offer.size, offer.pack):
                assert words is None or words in text, (offer, text)
            assert offer.strength is None or offer.strength in text.lower(), (offer, text)


def test_each_price_stands_in_the_text(shown: Shown) -> None:
    for draft, offers in shown:
        digits = re.sub(r"(?<=\d)[, ](?=\d)", "", draft.text.text)
        for offer in offers:
            for price in (*offer.prices, *([offer.old_price] if offer.old_price else [])):
                assert str(price) in digits, (offer, draft.text.text)


def test_an_expiry_of_the_truth_stands_in_the_text(shown: Shown) -> None:
    for draft, offers in shown:
        for offer in offers:
            if offer.expiry:
                assert any(said == offer.expiry and words in draft.text.text for words, said in EXPIRIES.items())


@pytest.mark.parametrize(
    ("words", "said"),
    [("Jul-28", "2028-07"), ("08-27", "2027-08"), ("Feb28", "2028-02"), ("2028", None), ("6/3026", None)],
)
def test_an_expiry_without_a_month_or_out_of_this_world_is_unknown(words: str, said: str | None) -> None:
    assert EXPIRIES[words] == said


def test_posts_offer_something_exactly_where_their_genre_says_so(
    shown: Shown,
) -> None:
    for draft, offers in shown:
        assert bool(offers) == (draft.genre in OFFERING), draft


def test_genres_agree_with_how_many_offers_there_are_and_how_many_have_prices(
    shown: Shown,
) -> None:
    """The labelling guide: a list names two products or more, a price list has prices for a third of them."""
    for draft, offers in shown:
        priced = sum(bool(offer.prices) for offer in offers)
        if draft.genre == "single_product_ad":
            assert len(offers) == 1
        if draft.genre in ("price_list", "product_list"):
            assert len({offer.product for offer in offers}) > 1
            assert (3 * priced >= len(offers)) == (draft.genre == "price_list")


def test_prices_are_missing_only_where_they_are_withheld_absent_or_of_no_use(offers: list[SampleOffer]) -> None:
    seen = Counter((offer.availability, len(offer.prices)) for offer in offers)
    assert {count for availability, count in seen if availability == "stock_out"} == {0}
    assert {count for availability, count in seen if availability == "price_withheld"} == {0}
    assert {count for availability, count in seen if availability == "offered"} == {0, 1, 2, 3}


def test_old_prices_are_never_current_ones(offers: list[SampleOffer]) -> None:
    struck = [offer for offer in offers if offer.old_price]
    assert struck
    assert all(offer.old_price not in offer.prices for offer in struck)


def test_products_are_named_as_in_the_assortment_and_as_written(offers: list[SampleOffer]) -> None:
    by_name = {product.name: product for product in PRODUCTS}
    amharic = misspelt = 0
    for offer in offers:
        product = by_name[offer.product]
        assert (offer.form, offer.kind) == (product.form, product.kind)
        if offer.name == product.amharic:
            amharic += 1
            assert offer.alt
        else:
            assert offer.name.lower() in (product.name.lower(), product.misspelling.lower())
            misspelt += offer.name.lower() != product.name.lower()
    assert amharic > 10
    assert misspelt > 10


def test_no_offer_of_a_post_is_there_twice(shown: Shown) -> None:
    for _, offers in shown:
        assert once(offers) == offers


def test_an_offer_said_twice_counts_once_and_at_two_prices_twice() -> None:
    item = item_of(_product("Tinidazole"), 0, 45, misspelt=False, upper_case=False)
    again = item._replace(name="Tindazole").truth(45, pack="of 4")
    dearer = item.truth(50)
    assert once([item.truth(45), again, dearer]) == (item.truth(45), dearer)


def test_reposts_and_forwards_carry_the_truth_of_their_text(
    shown: Shown,
) -> None:
    """Otherwise a truth would come from somewhere else than the text."""
    truths: dict[tuple[str, str], set[tuple[SampleOffer, ...]]] = {}
    for draft, offers in shown:
        truths.setdefault((draft.genre, draft.text.text), set()).add(offers)
    assert {text: found for text, found in truths.items() if len(found) > 1} == {}


def test_an_edit_that_says_sold_out_takes_the_price_from_an_advertisement_but_not_from_a_list(
    posts: list[Posted],
) -> None:
    ads, lists = 0, 0
    for posted in posts:
        if posted.edit is None:
            continue
        before, after = posted.draft.offers, posted.edit[1].offers
        gone = re.search(r"stock out\)$|SOLD$|አልቋል ❌$", posted.edit[1].text.text)
        if gone and posted.draft.genre == "single_product_ad":
            ads += 1
            assert [offer.availability for offer in after] == ["stock_out"]
            assert after[0].prices == ()
            assert after[0].name == before[0].name
        else:
            lists += bool(gone and before)
            assert after == before
    assert ads
    assert lists


def test_a_price_with_a_gap_is_read_across_it() -> None:
    line = written(ODD[2], item_of(_product("Tinidazole"), 0, 465, misspelt=False, upper_case=False))
    assert line.text == "Tinidazole 500mg =4 65"
    assert [offer.prices for offer in line.offers] == [(465,)]


def test_sizes_with_a_price_each_are_an_offer_each() -> None:
    syringe = _product("Syringe with needle")
    items = tuple(item_of(syringe, size, 400 + size, misspelt=False, upper_case=True) for size in range(3))
    offers = several_sizes(items).offers
    assert [(offer.names, offer.strength, offer.prices) for offer in offers] == [
        (("SYRINGE WITH NEEDLE", "SYRINGE WITH NEEDLE 3CC"), None, (400,)),
        (("SYRINGE WITH NEEDLE", "SYRINGE WITH NEEDLE 5CC"), None, (401,)),
        (("SYRINGE WITH NEEDLE", "SYRINGE WITH NEEDLE 10CC"), None, (402,)),
    ]


def test_doses_are_strengths_and_other_sizes_belong_to_names_or_packs() -> None:
    capsule = item_of(_product("Amoxicillin"), 1, 310, misspelt=False, upper_case=True).truth(pack="10X10")
    lotion = item_of(_product("Shea body lotion"), 0, 1600, misspelt=False, upper_case=True).truth()
    cannula = item_of(_product("IV cannula"), 0, 900, misspelt=False, upper_case=False).truth()
    assert (capsule.strength, capsule.size, capsule.pack) == ("500mg", None, "10X10")
    assert (lotion.strength, lotion.size, lotion.pack) == (None, "400ML", "400ML")
    assert (cannula.strength, cannula.size, cannula.pack) == (None, "18G", None)


def test_a_line_that_names_no_size_offers_none() -> None:
    [offer] = written(ODD[3], item_of(_product("Syringe with needle"), 0, 420, misspelt=False, upper_case=False)).offers
    assert (offer.size, offer.strength, offer.prices) == (None, None, (403,))
    assert offer.pack
    assert offer.pack.endswith("pk")


def test_the_key_of_a_line_tells_the_offers_of_the_text_that_was_written() -> None:
    """The truth is made after the text, perhaps much later: it must meet the same price, size and spelling."""
    products = tuple(product for product in PRODUCTS if product.kind in ("medicine", "supply"))
    lines = LineBook(PriceBook(3, "sample_a"), products, upper_case=False)
    chances = [number / 997 for number in range(997)]
    for number, chance in enumerate(chances):
        product = products[number % len(products)]
        key, text = lines.line(number % len(PRICED), product, partial(float, chance), 2_000 + number)
        offers = list(lines.offers([key]))
        assert {offer.product for offer in offers} == {product.name}
        digits = re.sub(r"(?<=\d)[, ](?=\d)", "", text)
        for offer in offers:
            assert offer.name in text
            assert all(str(price) in digits for price in offer.prices)
