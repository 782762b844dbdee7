"""The ten genres, in both scripts, and what must not be taken for a product."""

from __future__ import annotations

import pytest

from medical_telegram_warehouse.offers.explanation import explain
from medical_telegram_warehouse.offers.extraction import extract_offers

POSTS = {
    "single_product_ad": (
        "Vitamin C 90 gummies\nPrice 3250 birr\nTelegram @sample_shop\nDelivery fee 80-350 birr",
        "ኦሜፕራዞል በቅናሽ ዋጋ ገብቷል። ለማዘዝ 0900000011 ይደውሉ።",
        "Now in stock: Zorbacort Cream!\nIt soothes the skin, it helps to heal, use it daily.\nCall 0900000011",
        "አዲስ ገብቷል! ዲጂታል የደም ግፊት መለኪያ\nዋጋ 2,800 ብር\nለማዘዝ 0900000011 ይደውሉ",
    ),
    "price_list": (
        "Amoxicillin 500mg 10x10 💵530\nIbuprofen 400mg 💵300\nCetirizine 10mg 💵120",
        "የዛሬ ዋጋ\nፓራሲታሞል 500mg = 120\nአሞክሲሲሊን 500mg = 530\nሲፕሮፍሎክሳሲን 500mg = 390",
    ),
    "product_list": (
        "NEW ARRIVALS\n✅ Amoxicillin 500mg\n✅ Ibuprofen 400mg\n✅ Cetirizine 10mg\n✅ Zinc 20mg 💵145",
        "• Nail scissors\n• Ear syringe\n• Bone file\n• Dura hook\n• Skin hook\n• Wound spreader\n• Bone chisel",
        "አዲስ የገቡ መድኃኒቶች\n• አሞክሲሲሊን 500mg\n• ፓራሲታሞል 500mg\n• ኦሜፕራዞል 20mg\nስልክ 0900000011",
    ),
    "service_promo": (
        "Our clinic offers home visits and consultation services. Book now for an appointment: 0900000011",
        "የቤት ለቤት የጤና አገልግሎት እንሰጣለን። ለቀጠሮ 0900000011 ይደውሉ። ክሊኒካችን አድራሻ ጎዳና",
    ),
    "training_ad": (
        "CPD Training: Wound care\n12 CEU certificate\nFee 400 birr\nRegister 0900000011",
        "የአልትራሳውንድ ስልጠና\n#CPD ሰርተፍኬት ይሰጣል\nክፍያ 2,500 ብር\nይመዝገቡ",
    ),
    "job_ad": (
        "Vacancy in our pharmacy\nPosition: Pharmacist\nExperience 2 years\nSalary 9,000 birr\nSend your CV",
        "ክፍት የሥራ ቦታ\nነርስ\nየሥራ ልምድ 2 ዓመት\nደመወዝ 9,000 ብር",
    ),
    "business_sale": (
        "Pharmacy for sale\nHome rent 32,000 birr per month\nTotal cost 1,150,000 birr",
        "የሚሸጥ ፋርማሲ\nየቤት ኪራይ 32,000 ብር\nጠቅላላ ዋጋ 1,150,000 ብር",
    ),
    "health_education": (
        "Did you know? High blood pressure has no symptoms for years. Ask your doctor to measure it, eat less salt.",
        "የስኳር በሽታ ምልክቶች፡ ብዙ ውሃ መጠጣት፣ ድካም፣ ክብደት መቀነስ። ምልክቶቹን ካዩ ሐኪም ያማክሩ። ጤናዎን ይጠብቁ።",
        "Omeprazole: common side effects are headache and nausea, and they pass after some days.",
    ),
    "news_other": (
        "Telegram Premium from us\n12 months: 5,900 ETB\n3 months: 2,100 ETB",
        "እንኳን ለገና በዓል በሰላም አደረሳችሁ! መልካም በዓል",
        "The Ministry announced that the examination results were published today.",
        "ሁለት ፋርማሲዎች የአጋርነት ስምምነት ተፈራረሙ\nስምምነቱ ደንበኞች Medisample መተግበሪያን በመጠቀም መድሀኒት በቅናሽ እንዲያገኙ የሚያስችል ነው።",
    ),
    "media_only": ("", "   \n ", "🎉🎉🎉", "...", "👇👇👇\n———"),
}
OFFERING = {"single_product_ad", "price_list", "product_list"}


@pytest.mark.parametrize(("genre", "text"), [(genre, text) for genre, texts in POSTS.items() for text in texts])
class TestEachGenre:
    def test_how_sure_it_is_is_a_share(self, genre: str, text: str) -> None:
        assert 0 < extract_offers(text).confidence <= 1, genre

    def test_a_typical_post_is_recognised(self, genre: str, text: str) -> None:
        assert extract_offers(text).genre == genre, explain(text).verdict.reason

    def test_only_three_genres_offer_anything(self, genre: str, text: str) -> None:
        assert bool(extract_offers(text).offers) == (genre in OFFERING)


def test_a_third_of_priced_products_makes_a_price_list() -> None:
    lines = ["✅ Amoxicillin 500mg", "✅ Ibuprofen 400mg", "✅ Cetirizine 10mg", "✅ Zinc 20mg", "✅ Folic acid 5mg"]
    one = "\n".join([*lines, "✅ Losartan 50mg 💵450"])
    two = "\n".join([*lines[:4], "✅ Folic acid 5mg 💵115", "✅ Losartan 50mg 💵450"])
    assert [extract_offers(text).genre for text in (one, two)] == ["product_list", "price_list"]


def test_furniture_for_sale_is_a_list_and_no_business() -> None:
    text = "Equipment of our store for sale:\n1. Wheelchair – 3 units\n2. Microscope – 2 units\n3. Scales – 2 units"
    assert extract_offers(text).genre == "product_list"


def test_a_list_of_courses_offers_no_ultrasound_machines() -> None:
    titles = "\n".join(f"🔹 {title}" for title in ("Basic Ultrasound", "ECG", "Circumcision", "Pain management"))
    text = f"CPD training centre\nWhat we teach\n{titles}\n12 CEU, register"
    assert extract_offers(text).genre == "training_ad"


def test_the_shops_own_name_is_no_product() -> None:
    text = "በSampleShop መድኃኒትዎን ይዘዙ። ለማዘዝ t.me/SampleShop ወይም www.sampleshop.example"
    assert all("sample" not in offer.name.lower() for offer in extract_offers(text).offers)


def test_benefits_of_one_product_are_not_further_products() -> None:
    text = (
        "Regain your hair with Minoxidil Sample 5%, the solution that experts trust and recommend for regrowth.\n"
        "💎 Proven results: contains 5% Minoxidil to wake the follicles that sleep\n"
        "💎 Easy spray design: no mess, and precise application for the scalp every single day\n"
        "📦 About it:\n* Name: Minoxidil Sample 5%\n* Size: 60ml\n* Price: 1,375 Birr\n📞 0900000011"
    )
    read = extract_offers(text)
    assert read.genre == "single_product_ad"
    (offer,) = read.offers
    assert (offer.generic, offer.strength, offer.price) == ("minoxidil", "5%", 1375)


@pytest.mark.parametrize(
    "text",
    [
        *("Good morning", "ok", "እንደምን አደራችሁ", "New price list soon, stay with us", "#pharmacy #addis #medicine"),
        "Wanted: Insulin glargine. Who has it? Call 0900000011",
        "Antibiotics do not cure a cold. Amoxicillin 500mg is for infections by bacteria; ask your pharmacist.",
        "Gloves are needed at our clinic, please send us a quotation",
        "Sample Pharmacy, Sample Street, 3rd floor\nOpen Monday to Saturday\n0900000011",
        "Congratulations to our winners! Prize 5,000 birr",
        "Bitcoin 5,000 birr, earn money from home",
    ],
)
def test_words_about_products_and_money_are_no_offers(text: str) -> None:
    assert extract_offers(text).offers == ()


@pytest.mark.parametrize(
    "line",
    [
        *("Sample Street, 3rd floor, near the hospital", "Open Monday to Saturday", "Thank you", "አድራሻ፦ ናሙና ሕንጻ"),
        *("Join our channel @sample_shop", "We deliver to all cities", "Call us now", "https://example.org/shop"),
        *("Prices may change without notice", "#antibiotics #vitamins", "———————", "👇👇👇", "Terms: cash only"),
        *("Made in India", "Brand: Sample"),
    ],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_what_stands_around_a_list_is_no_product(line: str, place: str) -> None:
    """Each would be a product that nobody knows, and wait for a person to review it."""
    items = "- Zinc 20mg 💵90\n- Amoxicillin 500mg 💵530\n- Ibuprofen 400mg 💵50"
    text = f"{line}\n\n{items}" if place == "first" else f"{items}\n\n{line}"
    read = extract_offers(text)
    assert read.genre == "price_list"
    assert [offer.name for offer in read.offers] == ["Zinc", "Amoxicillin", "Ibuprofen"]


@pytest.mark.parametrize(
    "heading", ["ANTIBIOTICS", "🔻 Antibiotics 🔻", "Tablets:", "የሕክምና እቃዎች", "New arrivals", "#syrups"]
)
def test_the_name_of_a_shelf_is_no_product(heading: str) -> None:
    text = f"{heading}\n- Amoxicillin 500mg 💵530\n- Azithromycin 500mg 💵400\n{heading}\n- Zinc 20mg 💵90"
    assert [offer.name for offer in extract_offers(text).offers] == ["Amoxicillin", "Azithromycin", "Zinc"]


def test_a_price_list_is_no_vacancy_because_it_says_wanted() -> None:
    text = "Most wanted this week\n- Amoxicillin 500mg 💵530\n- Zinc 20mg 💵90\n- Ibuprofen 400mg 💵50"
    assert extract_offers(text).genre == "price_list"
