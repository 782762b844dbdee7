"""Reposts: the same post with another footer, date, price or emoji has the same key; another post has another one."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.offers.extraction import read_post
from medical_telegram_warehouse.offers.reposts import repost_key, repost_text
from medical_telegram_warehouse.offers.rows import struck_spans

FOOTER = (
    "\n☎️ Call 0911223344 / 0922334455\nTelegram @abay_pharmacy\nAddress: Mexico Square, in front of the bank, 2nd floor"
    "\nOpen Monday - Sunday from 8am until midnight\nDelivery fee 70 - 300 birr\nJoin our channel https://t.me/abay_pharmacy"
)
AMHARIC_FOOTER = (
    "\nለማዘዝ 0911 22 33 44 ይደውሉ\nአድራሻ፦ ሜክሲኮ አደባባይ ባንኩ ፊት ለፊት\nከሰኞ - እሁድ ከጠዋቱ 2:00 - ምሽቱ 4:00 ሰዓት\n"
    "የትራንስፖርት አማራጭ ከ70 - 300 ብር"
)
LIST = (
    "🔔 Stock update 16/01/2026\n💊 Amoxicillin 500mg 10x10 💵530 ⏳08-27\n💊 Zinc syrup 20mg/5ml 60ml 💵95\n"
    "💊 Ibuprofen 400mg 10x10 💵150\n🧤 Examination glove powder free of 100 💵 550"
)
AD = "Moringa Glow serum 30ml\nPrice 1200 birr"
AMHARIC_AD = "የኢንሱሊን ሲሪንጅ 100 ፍሬ\nዋጋ 450 ብር ብቻ"
VACANCY = (
    "Vacancy announcement\nHiring organization: Selam medium clinic\nPosition: Laboratory technologist\n"
    "Experience: 2 years\nDeadline: January 20, 2026\nSalary 12,000 birr\nSend your CV to @selam_hr or call 0911000000"
)
TRAINING = "CPD training: Infection prevention\nከ ጥር 17 ቀን 2018 ዓ.ም ጀምሮ ይሰጣል\n15 CEU, fee 1,000 birr\n📞 0911000001"
ADVICE = "ደም ግፊትን ለመከላከል ጨው መቀነስ እና በየቀኑ እንቅስቃሴ ማድረግ ይመከራል።\nReduce salt, walk every day, check your pressure."
POSTS = (LIST, AD, AMHARIC_AD, VACANCY, TRAINING, ADVICE)


def said(text: str) -> str | None:
    return repost_text(*read_post(text))


def key(text: str) -> UUID | None:
    return repost_key(said(text))


def are_reposts(first: str, second: str) -> bool:
    assert said(first) is not None
    return key(first) == key(second)


class TestSameKey:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (LIST, LIST.replace("530", "545").replace("💵95", "💵 99.50")),
            (AD, AD.replace("1200 birr", "1,350 ETB")),
            (AD, "Moringa Glow serum 30ml......1200birr"),
            (AD, "Moringa Glow serum 30ml\n💵"),
            (AMHARIC_AD, AMHARIC_AD.replace("450", "480")),
            (VACANCY, VACANCY.replace("12,000", "14,500")),
            (TRAINING, TRAINING.replace("1,000", "1,200")),
        ],
    )  # fmt: skip
    def test_another_price(self, first: str, second: str) -> None:
        assert are_reposts(first, second)

    def test_a_price_that_is_struck_out_beside_the_new_one(self) -> None:
        assert are_reposts(AD, "Moringa Glow serum 30ml\nPrice ~~1400~~ 1200 birr")
        text = "Moringa Glow serum 30ml 💵1400 💵1200"
        struck = struck_spans(text, [{"type": "strike", "offset": text.index("1400") + 1, "length": 4}])
        assert repost_text(*read_post(text, struck)) == said(AD)

    def test_prices_that_nothing_but_their_column_shows(self) -> None:
        rows = "Losartan 50mg 3x10 {}\nAmlodipine 5mg 3x10 {}\nMetformin 500mg 10x10 {}"
        assert are_reposts(rows.format(120, 85, 240), rows.format(130, 90, 265))

    @pytest.mark.parametrize("post", POSTS)
    @pytest.mark.parametrize(
        "footer", [FOOTER, AMHARIC_FOOTER, "\n@another_shop", "\n\nt.me/abay_pharmacy\n+251911223344"]
    )
    def test_another_footer(self, post: str, footer: str) -> None:
        assert are_reposts(post, post + footer)

    @pytest.mark.parametrize(
        "footer",
        [
            "\nYour health is our priority!",
            "\n#pharmacy #addisababa #skincare",
            "\nSelam (pharmacist)",
            "\nAbay Pharma PLC",
        ],
    )
    def test_a_slogan_name_or_tags_below_the_contacts(self, footer: str) -> None:
        assert are_reposts(LIST, LIST + FOOTER + footer)
        assert are_reposts(AD, AD + FOOTER + footer)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (LIST, LIST.replace("16/01/2026", "21/01/2026")),
            (LIST, LIST.replace("16/01/2026", "")),
            (LIST, LIST.replace("⏳08-27", "⏳ Jul-28")),
            (LIST, LIST.replace(" ⏳08-27", " exp 10/2028")),
            (VACANCY, VACANCY.replace("January 20, 2026", "Feb 2")),
            (TRAINING, TRAINING.replace("ጥር 17", "የካቲት 3")),
            (TRAINING, TRAINING.replace("ከ ጥር 17 ቀን 2018 ዓ.ም", "#ከ_ኅዳር_9_")),
            (TRAINING + "\nStarts Fri Jan 16, 2026", TRAINING + "\nStarts Mon 2nd of February"),
            (ADVICE + " (2026-01-18)", ADVICE + " (2026-03-04)"),
        ],
    )  # fmt: skip
    def test_another_date_or_expiry(self, first: str, second: str) -> None:
        assert are_reposts(first, second)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (LIST, LIST.replace("💊", "✅").replace("🔔", "")),
            (LIST, LIST.upper()),
            (AD, "𝗠𝗼𝗿𝗶𝗻𝗴𝗮 𝗚𝗹𝗼𝘄 ｓｅｒｕｍ ３０ｍｌ\nPrice 1200 birr"),
            (AD, "🔥🔥 **Moringa Glow** - serum (30 ml)!!\n\n--------\nPrice: 1200 birr"),
            (ADVICE, ADVICE.replace("ጨው", "ጨው፣ ").replace("እንቅስቃሴ", "ዕንቅሥቃሴ")),
            ("💊 Zinc 20mg 10*10 💵90\n💊 Iron 325mg 💵80", "1. Zinc 20 mg 10 x 10 💵90\n2. Iron 325 mg 💵80"),
        ],
    )  # fmt: skip
    def test_other_emoji_signs_case_and_letters_that_sound_alike(self, first: str, second: str) -> None:
        assert are_reposts(first, second)

    def test_another_greeting_or_shop_above_a_list(self) -> None:
        below = LIST.split("\n", maxsplit=1)[1]
        assert are_reposts(LIST, f"Good morning dear customers\n{below}")
        assert are_reposts(LIST, f"ABAY PHARMA PLC\nNew arrival\n{below}")


class TestAnotherKey:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (LIST, LIST.replace("Zinc", "Iron")),
            (LIST, LIST.replace("Amoxicillin 500mg", "Amoxicillin 250mg")),
            (LIST, LIST.replace("400mg 10x10", "400mg 3x10")),
            (LIST, LIST.replace("powder free", "powdered")),
            (LIST, LIST + "\n💊 Metformin 500mg 10x10 💵240"),
            (LIST, LIST.replace("💵95", "(stock out)")),
            (AD, AD.replace("Moringa Glow", "Argan Glow")),
            (AD, AD.replace("30ml", "50ml")),
            (AMHARIC_AD, AMHARIC_AD.replace("100 ፍሬ", "50 ፍሬ")),
            ("Prenatal 90 gummies\nPrice 5000 birr", "Prenatal 60 gummies\nPrice 5000 birr"),
            ("Syringe 5cc of 100 💵300", "Syringe 10cc of 100 💵300"),
            (VACANCY, VACANCY.replace("Laboratory technologist", "Midwife nurse")),
            (VACANCY, VACANCY.replace("Selam medium", "Tsehay medium")),
            (VACANCY + "\nWork location: Adama", VACANCY + "\nWork location: Jimma"),
            (TRAINING, TRAINING.replace("Infection prevention", "Basic life support")),
            (ADVICE, ADVICE.replace("ደም ግፊትን", "የስኳር በሽታን")),
        ],
    )  # fmt: skip
    def test_other_products_or_another_subject(self, first: str, second: str) -> None:
        assert said(first) is not None
        assert said(second) is not None
        assert not are_reposts(first + FOOTER, second + FOOTER)

    def test_a_product_that_stands_beside_a_contact(self) -> None:
        text = "{} በቅናሽ ከእኛ ይዘዙ\nwww.example.org\nThe best way to find your meds!"
        assert not are_reposts(text.format("አስፕሪን"), text.format("ሜትፎርሚን"))
        text = "Order {} from us today, call 0911223344\nThe best way to find your meds!"
        assert not are_reposts(text.format("Cetirizine"), text.format("Omeprazole"))

    def test_a_title_that_is_one_hashtag(self) -> None:
        text = "#{}_Training\nOrganized by the Abay training center for physicians\n📞 0911223344"
        assert not are_reposts(text.format("Ultrasound"), text.format("Circumcision"))


class TestNoKey:
    @pytest.mark.parametrize(
        "text",
        [
            "", "🔥🔥🔥", "0911223344", "Price 500 birr call 0911223344", "💵 500", "@abay_pharmacy",
            "https://t.me/abay_pharmacy\nJoin our channel", "16/01/2026", "Vacancy\n@abay_jobs",
            "New arrival 🔥 500 ETB", "Available now! Order now", "የሥራ ማስታወቂያ\n@abay_jobs", "ዋጋ 500 ብር ብቻ",
            "500mg 10x10", "60 tablets 💵300", "Abay pharmacy\nCall 0911223344", f"Abay pharmacy{FOOTER}",
            f"Abay pharmacy{AMHARIC_FOOTER}", "Shampoo\nPrice 900 birr", "#skincare #addis",
        ],
    )  # fmt: skip
    def test_where_too_little_is_said_to_tell_posts_apart(self, text: str) -> None:
        """Pictures with such captions show different things: their content tells them apart, the caption does not."""
        assert key(text) is None

    @pytest.mark.parametrize("text", ["Melatonin 5mg\nPrice 6000 birr", "ፓራሲታሞል\nዋጋ 120 ብር", "Nivea cream 💵800"])
    def test_a_name_that_is_known_is_enough(self, text: str) -> None:
        assert key(text + FOOTER) == key(text) is not None


class TestKey:
    def test_it_is_what_postgresql_makes_of_the_text(self) -> None:
        """`md5(said)::uuid`: a reviewer can compute it again."""
        text = said(AD)
        assert text == "moringa glow serum 30ml"
        assert key(AD) == UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())

    def test_no_phone_price_or_date_is_left(self) -> None:
        assert said(LIST + FOOTER) == (
            "amoxicillin 500mg 10x10 zinc syrup 20mg 5ml 60ml ibuprofen 400mg 10x10 examination glove powder free of100"
        )


emoji = st.text(st.sampled_from("🔥✅💊⭐️❗️👉 "), max_size=4)
parts = st.lists(
    st.sampled_from((
        "Amoxicillin 500mg 10x10", "Zorblaxin cream 30gm", "Vitamin C 60 tablets", "ፓራሲታሞል 500mg", "Face mask of 50",
        "IV cannula 20G", "Insulin syringe 1ml", "የህፃናት ዳይፐር ቁጥር 3",
    )),
    min_size=2, max_size=8, unique=True,
)  # fmt: skip
prices = st.integers(10, 99_999)


class TestWhateverIsPosted:
    @patiently
    @given(st.text(max_size=300))
    def test_any_text_has_a_key_or_none(self, text: str) -> None:
        words = said(text)
        assert words is None or words == " ".join(words.split()) != ""

    @patiently
    @given(st.text(alphabet="Zinc 5mg\n#@.:/0911birrብርዋጋ💵📦⏳ጥር2018jan-x*~_ዓም", max_size=200))
    def test_signs_that_mean_something_raise_nothing(self, text: str) -> None:
        assert key(text) == key(text)

    @patiently
    @given(st.text(max_size=120))
    def test_case_of_latin_letters_does_not_matter(self, text: str) -> None:
        text = text.encode("ascii", "ignore").decode()
        assert said(text.upper()) == said(text.lower())

    @patiently
    @given(parts, st.data())
    def test_neither_prices_nor_emoji_nor_footers_matter(self, names: list[str], data: st.DataObject) -> None:
        def post(sign: str) -> str:
            lines = [f"{sign} {name} 💵{data.draw(prices)} {data.draw(emoji)}" for name in names]
            return "\n".join(lines) + data.draw(st.sampled_from(["", FOOTER, AMHARIC_FOOTER]))

        assert are_reposts(post("💊"), post("👉"))

    @patiently
    @given(parts, parts)
    def test_different_products_have_different_keys(self, first: list[str], second: list[str]) -> None:
        texts = ["\n".join(f"💊 {name} 💵250" for name in names) + FOOTER for names in (first, second)]
        assert are_reposts(*texts) == (first == second)

    @patiently
    @given(parts, prices, st.sampled_from(["", FOOTER, AMHARIC_FOOTER]))
    def test_the_normal_form_is_its_own_normal_form(self, names: list[str], price: int, footer: str) -> None:
        once = said("\n".join(f"💊 {name} 💵{price}" for name in names) + footer)
        assert once is not None
        assert said(once) == once

    @pytest.mark.parametrize("post", POSTS)
    def test_the_normal_form_of_a_post_is_its_own_normal_form(self, post: str) -> None:
        once = said(post + FOOTER)
        assert once is not None
        assert said(once) == once
