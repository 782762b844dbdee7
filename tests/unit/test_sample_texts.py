"""What sample posts say: the genres, notations and traps that the rest of the product must cope with."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES, SampleSource
from medical_telegram_warehouse.sources.sample.calendars import ethiopian
from medical_telegram_warehouse.sources.sample.feed import Posted
from medical_telegram_warehouse.sources.sample.markup import join, parse, plain
from medical_telegram_warehouse.sources.sample.prices import PriceBook, shop_price
from medical_telegram_warehouse.sources.sample.products import PRODUCTS

TODAY = date(2026, 1, 20)


@pytest.fixture(scope="module")
def posts() -> list[Posted]:
    source = SampleSource(TODAY)
    return [posted for name in SAMPLE_CHANNEL_TYPES for posted in source.posted(name)]


@pytest.fixture(scope="module")
def texts(posts: list[Posted]) -> list[str]:
    return [posted.draft.text.text for posted in posts if posted.draft.text.text]


@pytest.mark.parametrize(
    ("genre", "least", "most"),
    [
        ("single_product_ad", 0.25, 0.37),
        ("media_only", 0.12, 0.20),
        ("product_list", 0.07, 0.14),
        ("training_ad", 0.06, 0.13),
        ("job_ad", 0.05, 0.11),
        ("service_promo", 0.04, 0.10),
        ("news_other", 0.05, 0.11),
        ("price_list", 0.03, 0.07),
        ("health_education", 0.015, 0.06),
        ("business_sale", 0.01, 0.05),
    ],
)
def test_genres_have_the_shares_of_real_channels(posts: list[Posted], genre: str, least: float, most: float) -> None:
    share = sum(posted.draft.genre == genre for posted in posts) / len(posts)
    assert least <= share <= most


@pytest.mark.parametrize(
    ("notation", "pattern"),
    [
        ("price on its own line", r"(?m)^Price \d+ birr$"),
        ("banknote", r"💵\d"),
        ("dotted leader", r"\.{5,}\d+birr"),
        ("equals sign", r"\S = \d+"),
        ("block of three", r"📦 \d+\s+⏳.+\s+💵"),
        ("tiers", r"5box💵\d"),
        ("bundle", r"birr alone, with"),
        ("withheld price", r"(?m)💵$"),
        ("stock out", r"\(stock out\)"),
        ("several sizes on a line", r"\S+=\d+, \S+=\d+"),
        ("ETB", r"\d ETB"),
        ("Amharic birr", r"ዋጋ [\d,]+ ብር"),
        ("Br", r"Br \d"),
        ("broken number", r"=\d \d"),
        ("impossible expiry", r"6/3026"),
        ("misspelt price", r"Prcie \d"),
        ("delivery fee", r"70 - 500 birr"),
        ("short code", r"\b9999\b"),
        ("Ethiopian date", r"\d\d/\d\d/2018"),
        ("Ethiopian month", r"(ጥር|ታህሳስ|ኅዳር|ጥቅምት) \d"),
        ("Premium advertisement", r"Telegram Premium"),
        ("salary", r"Salary: [\d,]+ birr"),
        ("rent", r"rent \d+"),
        ("misspelt product", r"(?i)Sulbutamol|Omperazole|Tindazole|Amoxacillin|Paracitamol|Examinaton"),
    ],
)
def test_each_notation_and_trap_occurs(texts: list[str], notation: str, pattern: str) -> None:
    assert any(re.search(pattern, text) for text in texts), notation


def test_an_old_price_is_struck_out_by_an_entity_not_by_marks(posts: list[Posted]) -> None:
    struck = [p for p in posts if any(e["type"] == "strike" for e in p.draft.text.entities)]
    assert struck
    assert not any("~~" in p.draft.text.text for p in struck)


def test_some_price_lists_are_long(posts: list[Posted]) -> None:
    lines = [p.draft.text.text.count("\n") for p in posts if p.draft.genre == "price_list"]
    assert max(lines) > 60
    assert sum(count > 20 for count in lines) > 5


def test_posts_are_english_amharic_and_mixed(texts: list[str]) -> None:
    latin, ethiopic = re.compile("[A-Za-z]"), re.compile("[ሀ-፿]")
    scripts = Counter((bool(latin.search(t)), bool(ethiopic.search(t))) for t in texts)
    assert scripts[True, False] > 100
    assert scripts[True, True] > 100
    assert scripts[False, True] > 10


def test_more_than_a_quarter_of_the_texts_are_exact_reposts(texts: list[str]) -> None:
    assert 0.24 < 1 - len(set(texts)) / len(texts) < 0.36


def test_texts_carry_no_markup_and_no_blank_left_to_fill(posts: list[Posted]) -> None:
    for posted in posts:
        for draft in (posted.draft, posted.edit[1] if posted.edit else posted.draft):
            assert not re.search(r"\*\*|__|~~|`|</?[bsi]>|[{}]", draft.text.text)


def test_entities_cut_out_what_they_name(posts: list[Posted]) -> None:
    """Telegram counts in UTF-16, where an emoji is two: one wrong piece length shifts all that follow."""
    shapes = {
        "phone": re.compile(r"(\+251|0)9\d{8}"),
        "mention": re.compile(r"@sample_\w+"),
        "url": re.compile(r"(https://|www\.)\S+"),
        "hashtag": re.compile(r"#\w+"),
        "bold": re.compile(r"\S(.|\n)*\S"),
        "strike": re.compile(r"[\d,]+"),
    }
    seen = set()
    for posted in posts:
        for draft in (posted.draft, posted.edit[1] if posted.edit else posted.draft):
            raw = draft.text.text.encode("utf-16-le")
            assert draft.text.length == len(raw) // 2
            for entity in draft.text.entities:
                start = 2 * entity["offset"]
                cut = raw[start : start + 2 * entity["length"]].decode("utf-16-le")
                assert shapes[entity["type"]].fullmatch(cut), (entity, cut)
                seen.add(entity["type"])
            assert set(draft.text.urls) <= set(draft.text.text.split())
    assert seen == set(shapes)


def test_phone_numbers_cannot_belong_to_anybody(texts: list[str]) -> None:
    for text in texts:
        for number in re.findall(r"(?:\+251|\b0)(9\d{8})\b", text):
            assert number.startswith("9000000")


def test_channels_named_in_texts_are_sample_channels(texts: list[str]) -> None:
    for text in texts:
        assert all(name.startswith("sample_") for name in re.findall(r"(?:@|t\.me/)(\w+)", text))


def test_links_lead_nowhere_but_to_reserved_names(texts: list[str]) -> None:
    for text in texts:
        for host in re.findall(r"https?://([\w.-]+)|(www\.[\w.-]+\w)", text):
            assert "".join(host) in {"example.org", "www.example.org", "t.me"}


def test_pieces_joined_keep_their_entities_in_place() -> None:
    piece = join(parse("🆕 <b>Stock</b>"), plain("💊 ውሃ"), parse(""), parse("call 0900000011 www.example.org"))
    raw = piece.text.encode("utf-16-le")
    cuts = [raw[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in piece.entities]
    assert piece.text == "🆕 Stock\n💊 ውሃ\ncall 0900000011 www.example.org"
    assert cuts == ["Stock", "0900000011", "www.example.org"]
    assert piece.urls == ("www.example.org",)


@pytest.mark.parametrize(
    ("gregorian", "numeric", "words"),
    [
        (date(2026, 1, 16), "08/05/2018", "ጥር 08 ቀን 2018"),
        (date(2025, 9, 11), "01/01/2018", "መስከረም 01 ቀን 2018"),
        (date(2023, 9, 11), "06/13/2015", "ጳጉሜ 06 ቀን 2015"),
        (date(2023, 9, 12), "01/01/2016", "መስከረም 01 ቀን 2016"),
        (date(2000, 1, 1), "22/04/1992", "ታህሳስ 22 ቀን 1992"),
    ],
)
def test_ethiopian_dates_are_right(gregorian: date, numeric: str, words: str) -> None:
    assert ethiopian(gregorian).numeric == numeric
    assert ethiopian(gregorian).long == words


def test_there_are_enough_products_of_all_kinds() -> None:
    assert len(PRODUCTS) >= 80
    kinds = Counter(product.kind for product in PRODUCTS)
    assert set(kinds) == {"medicine", "supplement", "baby", "cosmetic", "device", "supply", "test"}
    assert sum(bool(product.amharic) for product in PRODUCTS) >= 40
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)


def test_prices_stay_for_a_while_then_move_a_little_and_differ_between_shops() -> None:
    product = PRODUCTS[0]
    book, other = PriceBook(1, "sample_a"), PriceBook(1, "sample_b")
    weeks = [book.price(product, 0, day) for day in range(2_000, 2_700, 7)]
    steps = [abs(after / before - 1) for before, after in pairwise(weeks)]
    assert 0.4 < sum(step == 0 for step in steps) / len(steps) < 0.95
    assert max(steps) < 0.4
    assert len(set(weeks)) > 5
    assert weeks != [other.price(product, 0, day) for day in range(2_000, 2_700, 7)]


def test_a_price_does_not_depend_on_which_was_asked_first() -> None:
    late_first, early_first = PriceBook(1, "sample_a"), PriceBook(1, "sample_a")
    days = [10, 900, 2_200, 4_000]
    assert [early_first.price(PRODUCTS[3], 1, day) for day in days] == [
        late_first.price(PRODUCTS[3], 1, day) for day in reversed(days)
    ][::-1]


@pytest.mark.parametrize(
    ("amount", "written"), [(0.2, 1), (23.4, 23), (138, 140), (1154, 1150), (6521, 6500), (98_765, 98_800)]
)
def test_shops_write_round_prices(amount: float, written: int) -> None:
    assert shop_price(amount) == written
