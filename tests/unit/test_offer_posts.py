"""Whole small posts that were misread at some time, and the linking of names that were taken for others."""

from __future__ import annotations

import pytest

from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.linking import link

Found = list[tuple[str, tuple[float, ...]]]
POSTS: dict[str, Found] = {
    "Zinc 20mg 90\nAmoxicillin 500mg 530\nIbuprofen 400mg 50": [
        *(("Zinc", (90,)), ("Amoxicillin", (530,)), ("Ibuprofen", (50,))),
    ],
    "Amoxicillin 500mg ______ 530\nZinc 20mg ______ 90": [("Amoxicillin", (530,)), ("Zinc", (90,))],
    "IV cannula 18\nIV cannula 20\nIV cannula 22": [
        *(("IV cannula 18", ()), ("IV cannula 20", ()), ("IV cannula 22", ())),
    ],
    "Zinc 20mg price of 600 birr": [("Zinc", (600,))],
    "- Zinc 20mg 💵90, delivery 100 birr\n- ORS 💵30": [("Zinc", (90,)), ("ORS", (30,))],
    "Now available: Vitamin C serum 30ml\nBrightens and protects your skin.\n💵 900 birr": [
        ("Vitamin C serum", (900,))
    ],
    "Glow serum 30ml 💵900\nBenefits:\n✅ brightens skin\n✅ no perfume": [("Glow serum", (900,))],
    "✅ Zinc 💵90\n✅ ORS 💵30\nSales persons\nAbebe\nKebede\n0900000011": [("Zinc", (90,)), ("ORS", (30,))],
    "- Zinc 💵90\n- Amoxicillin 500mg 0900000011\n- ORS 💵30": [
        *(("Zinc", (90,)), ("Amoxicillin", ()), ("ORS", (30,))),
    ],
    "Introducing Omega Plus softgels! Good for you. In stock. Order @sample_shop": [("Omega Plus softgels", ())],
    "Zinc 20mg 💵90, above 10 pk 💵85": [("Zinc", (90, 85))],
    "Zinc syrup 20mg/5ml 💵 90\nfrom 10 boxes on: 💵80": [("Zinc syrup", (90, 80))],
    "- Oral rehydration salts 1L\n- Zinc 20mg\n- Ibuprofen 400mg": [
        *(("Oral rehydration salts", ()), ("Zinc", ()), ("Ibuprofen", ())),
    ],
    "✔️HSG (set\n✔️Centrifuge D1008\n✔️Wheelchair": [("HSG (set", ()), ("Centrifuge D1008", ()), ("Wheelchair", ())],
}
OLD_PRICES = [
    ("Zinc 20mg 💵530 instead of 600 birr", 530, 600),
    ("Zinc 20mg old price 100 birr, now 90 birr", 90, 100),
    ("Zinc 20mg የነበረው 100 ብር አሁን 90 ብር", 90, 100),
    ("Zinc 20mg ~~600~~ 💵500", 500, 600),
]


@pytest.mark.parametrize(("text", "found"), POSTS.items())
def test_a_post_offers_these_products_at_these_prices(text: str, found: Found) -> None:
    assert [(offer.name, offer.prices) for offer in extract_offers(text).offers] == found


@pytest.mark.parametrize(("text", "price", "old_price"), OLD_PRICES)
def test_the_former_price_is_no_price_and_no_part_of_the_name(text: str, price: float, old_price: float) -> None:
    (offer,) = extract_offers(text).offers
    assert (offer.name, offer.prices, offer.old_price) == ("Zinc", (price,), old_price)


@pytest.mark.parametrize(("written", "expiry"), [("09-10/2027", "2027-09"), ("9/10/2027", "2027-10")])
def test_a_range_of_months_is_no_day(written: str, expiry: str) -> None:
    (offer, _) = extract_offers(f"- Zinc 20mg exp: {written}\n- ORS exp 10/2027").offers
    assert offer.expiry == expiry


@pytest.mark.parametrize(
    "name", ["moexipril", "quinidine", "pentobarbital", "promazine", "dopexamine", "estriol", "arteether"]
)
def test_a_rare_drug_is_not_its_commoner_neighbour(name: str) -> None:
    assert link(name).product == name


@pytest.mark.parametrize("name", ["N95 mask", "S-26", "Liv.52"])
def test_digits_of_a_name_stand_in_it_once(name: str) -> None:
    assert (link(name).product.lower(), link(name).method) == (name.lower(), "exact")


def test_a_number_and_its_unit_are_one_word() -> None:
    assert link("Syringe 5 cc").product == link("Syringe 5cc").product


def test_amharic_prefixes_do_not_hide_a_product() -> None:
    assert link("የሳልቡታሞል").product == "salbutamol"


class TestNotations:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("1️⃣ Zorblaxin 💵530\n2️⃣ Zinc 💵60\n3️⃣ ORS 💵30", [("Zorblaxin", (530,)), ("Zinc", (60,)), ("ORS", (30,))]),
            ("Zinc 20mg 5️⃣3️⃣0️⃣ birr", [("Zinc", (530,))]),
            ("Amoxicillin 500mg from 530 birr", [("Amoxicillin", (530,))]),
            ("Amoxicillin 250mg & 500mg 💵300 & 💵530", [("Amoxicillin", (300,)), ("Amoxicillin", (530,))]),
            (
                "Syringe\n3cc 💵200\n5cc 💵250\n10cc 💵300",
                [("Syringe 3cc", (200,)), ("Syringe 5cc", (250,)), ("Syringe 10cc", (300,))],
            ),
            ("✅ Amoxicillin 500mg 530/-\n✅ Zinc 20mg 💵90", [("Amoxicillin", (530,)), ("Zinc", (90,))]),
            ("Zinc 20mg 5,30 birr", [("Zinc", (5.3,))]),
            ("Amoxicillin 500mg (20% off) 💵530", [("Amoxicillin", (530,))]),
        ],
    )
    def test_signs_that_shops_invent_are_read(self, text: str, found: Found) -> None:
        assert [(offer.name, offer.prices) for offer in extract_offers(text).offers] == found

    @pytest.mark.parametrize(
        "text",
        [
            "Zinc 20mg የነበረ ዋጋ 600 አሁን 530 ብር", "Zinc 20mg ከ600 ብር ወደ 530 ብር", "Zinc 20mg 💵600 ➡️ 💵530",
            "Zinc 20mg 💵600 ❌ 💵530 ✅",
        ],
    )  # fmt: skip
    def test_a_price_that_another_follows_is_the_former_one(self, text: str) -> None:
        (offer,) = extract_offers(text).offers
        assert (offer.name, offer.prices, offer.old_price) == ("Zinc", (530,), 600)

    def test_a_year_may_stand_before_its_month(self) -> None:
        found = extract_offers("Amoxicillin 500mg exp 2027-08\nZinc 20mg exp 8/27-10/27").offers
        assert [(offer.name, offer.expiry) for offer in found] == [("Amoxicillin", "2027-08"), ("Zinc", "2027-08")]

    @pytest.mark.parametrize(
        ("text", "genre"),
        [
            ("Online course: Pharmacology for beginners\n1,500 birr\nRegister at t.me/sample", "training_ad"),
            ("ለሽያጭ የቀረበ ክሊኒክ ዋጋ 2,000,000 ብር", "business_sale"),
            ("We buy expired glucose strips, best price 500 birr", "news_other"),
        ],
    )
    def test_courses_clinics_and_what_is_wanted_are_no_products(self, text: str, genre: str) -> None:
        read = extract_offers(text)
        assert (read.genre, read.offers) == (genre, ())
