"""Which numbers of a post are prices, and of which product: through the one function that everything else calls."""

from __future__ import annotations

import pytest

from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.genre import Genre
from medical_telegram_warehouse.offers.records import Availability, Offer


def _only(text: str, *struck: tuple[int, int]) -> Offer:
    [offer] = extract_offers(text, struck).offers
    return offer


def _priced(text: str) -> list[tuple[str, str | None, tuple[float, ...]]]:
    return [(offer.name, offer.strength, offer.prices) for offer in extract_offers(text).offers]


def _prices(text: str) -> list[float]:
    return [price for offer in extract_offers(text).offers for price in (*offer.prices, offer.old_price or 0) if price]


class TestSigns:
    @pytest.mark.parametrize(
        "written",
        [
            *("💵530", "💵 530", "💰530", "💸 530", "🏷530", "💵💵530", "💵: 530", "💵 530 birr", "💵👉530", "💶 530"),
            *("530 birr", "530birr", "530 BIRR", "530 ብር", "530ብር", "530 ETB", "530br", "530 bir", "530/= birr"),
            *("Br. 530", "ETB 530", "birr 530", "ብር 530"),
            *("price 530", "Price: 530", "Price is 530", "Prise=530", "cash price 530", "ዋጋ 530", "ዋጋው፦ 530 ብር"),
            *("=530", "= 530", "=530 birr", "..... 530", "…… 530", "----530", "—— 530", ".... 530 birr"),
            *("💵 ፭፻፴", "ዋጋ ፭፻፴ ብር"),
        ],
    )
    def test_an_amount_with_a_sign_of_money_is_a_price(self, written: str) -> None:
        offer = _only(f"Amoxicillin 500mg {written}")
        assert (offer.name, offer.strength, offer.prices) == ("Amoxicillin", "500mg", (530,))
        assert (offer.currency, offer.availability) == ("ETB", Availability.OFFERED)

    @pytest.mark.parametrize(
        ("written", "price"),
        [
            ("1 200 birr", 1200),
            ("💵 1 200", 1200),
            ("- 1,145 ETB", 1145),
            ("💰Br 145.00", 145),
            ("💵1.200", 1200),
            ("=4 65", 465),
            ("=1 250", 1250),
            ("💵12 500 birr", 12_500),
            ("💵1,250.50", 1250.5),
            ("💵22.50", 22.5),
        ],
    )
    def test_an_amount_that_a_blank_parts_is_one_amount(self, written: str, price: float) -> None:
        assert _prices(f"Zinc 20mg {written}") == [price]

    @pytest.mark.parametrize(
        "text",
        ["Zinc 20mg 💵\n90", "Zinc 20mg =\n90 birr", "Zinc 20mg price:\n90", "Zinc 20mg\n💵90", "Zinc 20mg\nPrice 90"],
    )
    def test_a_price_may_stand_on_the_next_line(self, text: str) -> None:
        assert _priced(text) == [("Zinc", "20mg", (90,))]

    def test_a_number_after_a_blank_line_is_no_price_that_slipped_down(self) -> None:
        assert _only("Zinc 20mg 💵\n\n90").price is None

    def test_dotted_leaders_lead_to_prices_and_are_no_part_of_names(self) -> None:
        text = "Zinc 20mg ........ 90\nAmoxicillin 500mg.....530\nIbuprofen 400mg…… 50"
        assert _priced(text) == [
            ("Zinc", "20mg", (90,)),
            ("Amoxicillin", "500mg", (530,)),
            ("Ibuprofen", "400mg", (50,)),
        ]


class TestNoPrices:
    @pytest.mark.parametrize(
        "line",
        [
            *("Delivery 100 birr", "Delivery 💵100", "Free delivery above 5,000 birr", "የትራንስፖርት ዋጋ 100 ብር"),
            *("Fees for the courier: 80 birr - 350 birr", "ለትራንስፖርት ከ80 - 350 ብር"),
            *("Delivery in the city is free above 20,000 birr", "Licence no. 1234/56", "Call 0900000011 or 9999"),
            *("Minimum order 5,000 birr", "Orders more than 2,000 birr", "Save 200 birr", "Win a prize of 1,000 birr"),
            *("Telegram Premium 3,000 birr", "Registration fee 500 birr", "Salary 15,000 birr", "ደመወዝ 15,000 ብር"),
            *("Call 0900000011", "💵 0900000011", "📞 +251 900 00 00 11", "Short code 8123", "Call 8123 💵"),
            *("License number 12345", "Expires 12/12/2027", "💵 12/12/2027", "Exp 08/2027", "Since 1998"),
            *("1000 pcs in a carton", "📦 240 pcs", "Floor 3, office 305", "from 70 - 500 birr"),
        ],
    )
    def test_a_line_that_speaks_of_something_else_prices_no_product(self, line: str) -> None:
        """Each would make the median of the product beside it wrong."""
        assert _prices(f"- Zinc 20mg 💵90\n- Amoxicillin 500mg 💵530\n\n{line}") == [90, 530]

    @pytest.mark.parametrize(
        "written",
        [
            *("10x10", "500mg", "= 500mg", "of 100", "100 tablets", "💵 10x10", "💵 100 tabs", "exp 08/27", "💵 08/27"),
            *("12/12/2027", "📦 240", "120ml", "💵 120ml", "💵0", "💵 0.00 birr"),
            *("0 birr", "of 25", "exp 10/2028", "💵 1,000,000,000,000"),
        ],
    )
    def test_what_a_product_is_and_how_it_is_packed_is_no_price(self, written: str) -> None:
        text = f"- Amoxicillin 500mg {written}\n- Zinc 20mg 💵90\n- Ibuprofen 400mg 💵50"
        assert [offer.prices for offer in extract_offers(text).offers] == [(), (90,), (50,)]

    @pytest.mark.parametrize(
        "text",
        [
            "Vacancy: druggist wanted\nSalary 💵15,000 birr\nExperience: 2 years",
            "A house for rent for a pharmacy, 💵30,000 birr a month",
            "CPD training on wound care\nCourse fee 💵2,500\nCertificate with 10 CEU",
            "Telegram Premium\n3 months 💵1,200\n12 months 💵3,000",
            "CPD Training\n12 CEU = 350 birr\n24 CEU = 700 birr\nRegister now",
            "Vacancy: pharmacist\nExperience 2 years\nSalary 11,500 birr\nDeadline 12/06/2018",
            "Pharmacy for sale\nHome rent 32,000 birr\nTotal cost 1,150,000 birr\nCall 0900000011",
        ],
    )
    def test_posts_that_offer_no_product_have_no_prices_whatever_their_signs(self, text: str) -> None:
        assert _prices(text) == []

    def test_free_delivery_beside_a_price_takes_nothing_from_it(self) -> None:
        assert _prices("Zinc 20mg 💵90, free delivery") == [90]


class TestSeveralPrices:
    @pytest.mark.parametrize(
        ("text", "prices"),
        [
            ("Zinc 20mg 💵90 from 10 boxes 💵80", (90, 80)),
            ("Zinc 20mg 💵90 for 1 box, 💵85 for 10 boxes", (90, 85)),
            ("Zinc 20mg 1 box 90 birr, 10 boxes 850 birr", (90, 850)),
            ("Zinc 20mg cash 90 birr / credit 95 birr", (90, 95)),
            ("Zinc 20mg 💵90\n💵85 for 10 boxes", (90, 85)),
            ("Glucometer 1,800 birr alone, with strips 2,400 birr", (1800, 2400)),
            ("Glucometer 💵1,800\nwith 50 strips 💵2,400", (1800, 2400)),
            ("Zinc 20mg 💵90 💵90", (90,)),
        ],
    )
    def test_tiers_and_bundles_are_prices_of_one_offer_and_the_first_is_its_price(
        self, text: str, prices: tuple[float, ...]
    ) -> None:
        offer = _only(text)
        assert (offer.prices, offer.price, offer.old_price) == (prices, prices[0], None)

    @pytest.mark.parametrize(
        "text",
        [
            "Zinc 20mg 💵~~600~~ 💵530",
            "Zinc 20mg ~~💵600~~ 💵530",
            "Zinc 20mg ~~600~~ 530 birr",
            "Zinc 20mg 💵530 ~~600 birr~~",
            "Zinc 20mg old price 600 birr, now 530 birr",
            "Zinc 20mg 💵530 was 600 birr",
            "Zinc 20mg 10x10\n💵~~600~~ 💵530",
        ],
    )
    def test_a_struck_or_former_price_is_the_old_one(self, text: str) -> None:
        offer = _only(text)
        assert (offer.generic, offer.prices, offer.old_price) == ("zinc", (530,), 600)

    @pytest.mark.parametrize(
        "text",
        ["Zinc 20mg 💵600 💵530", "Zinc 20mg 600 530 birr", "**Zinc** 600 530 birr", "Zinc 600 birr, 530 birr"],
    )
    def test_entities_strike_out_a_price_as_well_as_marks(self, text: str) -> None:
        start = text.index("600")
        offer = _only(text, (start, start + 3))
        assert (offer.name, offer.prices, offer.old_price) == ("Zinc", (530,), 600)


class TestWithoutPrice:
    @pytest.mark.parametrize("sign", ["💵", "💵 ", "Price:", "=", "💵💵", "price ?", "💵 ____"])
    def test_a_sign_of_money_without_an_amount_withholds_the_price(self, sign: str) -> None:
        text = f"- Zinc 20mg {sign}\n- Amoxicillin 500mg 💵530"
        offers = extract_offers(text).offers
        assert [(offer.name, offer.price) for offer in offers] == [("Zinc", None), ("Amoxicillin", 530)]
        assert [offer.availability for offer in offers] == [Availability.PRICE_WITHHELD, Availability.OFFERED]

    @pytest.mark.parametrize(
        "words", ["stock out", "(Stock Out)", "STOCKOUT", "out of stock", "sold out", "አልቋል", "አለቀ"]
    )
    def test_what_is_sold_out_is_told_from_what_is_offered(self, words: str) -> None:
        """An offer that nobody can buy would count as a shop that has it."""
        offers = extract_offers(f"- Zinc 20mg {words}\n- Amoxicillin 500mg 💵530").offers
        assert [(offer.name, offer.availability) for offer in offers] == [
            ("Zinc", Availability.STOCK_OUT),
            ("Amoxicillin", Availability.OFFERED),
        ]

    @pytest.mark.parametrize("words", ["Update: (stock out)", "✅ SOLD", "አልቋል ❌"])
    def test_an_advertisement_may_say_in_its_last_line_that_all_is_sold(self, words: str) -> None:
        assert _only(f"Zinc 20mg 💵90\nBest quality\n{words}").availability is Availability.STOCK_OUT

    def test_a_price_under_a_whole_list_is_the_price_of_nothing_in_it(self) -> None:
        text = "- Zinc\n- Amoxicillin\n- Ibuprofen\n- Cetirizine\n\n💵500"
        assert [offer.price for offer in extract_offers(text).offers] == [None] * 4

    def test_what_is_sold_out_keeps_the_price_that_it_had(self) -> None:
        offers = extract_offers("- Zinc 20mg 💵90 stock out\n- Amoxicillin 500mg 💵530").offers
        assert (offers[0].price, offers[0].availability) == (90, Availability.STOCK_OUT)


class TestLayouts:
    @pytest.mark.parametrize(
        ("line", "priced"),
        [
            (
                "Syringe 5cc=10, 10cc=15, 20cc=22",
                [("Syringe 5cc", (10,)), ("Syringe 10cc", (15,)), ("Syringe 20cc", (22,))],
            ),
            ("Cannula 18G 💵40 20G 💵45", [("Cannula 18G", (40,)), ("Cannula 20G", (45,))]),
            (
                "Surgical gloves S=300, M=310, L=320",
                [("Surgical gloves S", (300,)), ("Surgical gloves M", (310,)), ("Surgical gloves L", (320,))],
            ),
        ],
    )
    def test_each_size_on_a_line_is_an_offer_with_its_own_price(
        self, line: str, priced: list[tuple[str, tuple[float, ...]]]
    ) -> None:
        offers = extract_offers(f"- {line}\n- Zinc 20mg 💵90").offers
        assert [(offer.name, offer.prices) for offer in offers] == [*priced, ("Zinc", (90,))]

    def test_two_products_on_one_line_are_two_offers(self) -> None:
        text = "- Zinc 20mg 💵90, Amoxicillin 500mg 💵530\n- Ibuprofen 400mg 💵50"
        assert _priced(text)[:2] == [("Zinc", "20mg", (90,)), ("Amoxicillin", "500mg", (530,))]

    def test_the_same_product_at_the_same_price_is_one_offer(self) -> None:
        text = "- Zinc 20mg 💵90\n- Ibuprofen 400mg 💵50\n- ZINC 20 mg 💵90\n- Zinc 20mg 💵95"
        offers = extract_offers(text).offers
        assert [(offer.generic, offer.price) for offer in offers] == [("zinc", 90), ("ibuprofen", 50), ("zinc", 95)]

    def test_each_strength_on_a_line_is_an_offer_of_one_product(self) -> None:
        offers = extract_offers("- Amoxicillin 250mg 💵300, 500mg 💵530\n- Zinc 20mg 💵90").offers
        assert [(offer.product, offer.strength, offer.price) for offer in offers] == [
            ("amoxicillin", "250mg", 300),
            ("amoxicillin", "500mg", 530),
            ("zinc", "20mg", 90),
        ]

    @pytest.mark.parametrize("heading", ["Amoxicillin", "Amoxicillin:", "💊 Amoxicillin 👇"])
    def test_strengths_under_a_name_are_offers_of_that_name(self, heading: str) -> None:
        offers = extract_offers(f"{heading}\n🟢 250mg 💵300\n🟢 500mg 💵530").offers
        assert [(offer.name, offer.strength, offer.price) for offer in offers] == [
            ("Amoxicillin", "250mg", 300),
            ("Amoxicillin", "500mg", 530),
        ]
        assert all(offer.confidence < 0.9 for offer in offers), "a name from another line is a guess"

    @pytest.mark.parametrize("bullet", ["- ", "💊 ", "1) ", ""])
    def test_name_pack_and_price_on_lines_of_their_own_are_one_offer(self, bullet: str) -> None:
        text = "\n\n".join(
            f"{bullet}{name}\n{strength} 10x10\nExp {month}/27\n💵{price}"
            for name, strength, month, price in [
                ("Amoxicillin", "500mg", "08", 530),
                ("Ibuprofen", "400mg", "09", 300),
                ("Zinc", "20mg", "10", 90),
            ]
        )
        offers = extract_offers(text).offers
        assert [(offer.name, offer.strength, offer.pack, offer.expiry, offer.price) for offer in offers] == [
            ("Amoxicillin", "500mg", "10x10", "2027-08", 530),
            ("Ibuprofen", "400mg", "10x10", "2027-09", 300),
            ("Zinc", "20mg", "10x10", "2027-10", 90),
        ]

    def test_the_importer_in_the_head_sells_what_follows(self) -> None:
        offers = extract_offers("Sample Import PLC\n- Zinc 20mg 💵90\n- Ibuprofen 400mg 💵50").offers
        assert [(offer.name, offer.seller) for offer in offers] == [
            ("Zinc", "Sample Import PLC"),
            ("Ibuprofen", "Sample Import PLC"),
        ]

    def test_lines_with_another_sign_under_titles_are_details_and_no_products(self) -> None:
        text = (
            "🔹 Calcium D3\n  ✔️ Calcium 500mg\n  ✔️ 60 tablets\n  ✔️ 💵1200\n"
            "🔹 Omega Plus\n  ✔️ Fish oil 1000mg\n  ✔️ 60 softgels\n  ✔️ 💵1500"
        )
        offers = extract_offers(text).offers
        assert [(offer.name, offer.strength, offer.pack_units, offer.price) for offer in offers] == [
            ("Calcium D3", "500mg", 60, 1200),
            ("Omega Plus", "1000mg", 60, 1500),
        ]

    @pytest.mark.parametrize("ends", [["\n"], ["\r\n"], ["\r"], ["\u2028"], ["\n", "\r\n", "\r", "\u2028"]], ids=ascii)
    def test_a_list_of_150_lines_is_read_whole_however_its_lines_end(self, ends: list[str]) -> None:
        """A line end that is not known joins two products, and loses the second one's price."""
        names = [f"Drug{chr(97 + number // 26)}{chr(97 + number % 26)}ol" for number in range(150)]
        text = "".join(
            f"• {name} {100 + number}mg 💵{200 + number}{ends[number % len(ends)]}" for number, name in enumerate(names)
        )
        read = extract_offers(text)
        assert read.genre == Genre.PRICE_LIST
        assert [(offer.name, offer.strength, offer.price) for offer in read.offers] == [
            (name, f"{100 + number}mg", 200 + number) for number, name in enumerate(names)
        ]
        assert all(text[offer.start : offer.end].startswith(offer.name) for offer in read.offers)
