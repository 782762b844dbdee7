"""Posts that offer no product: courses, vacancies, services, news, advice, businesses for sale.

They are full of numbers that are no prices of products: fees, salaries, rents, licence numbers, Ethiopian dates.
"""

from __future__ import annotations

from datetime import date

from medical_telegram_warehouse.sources.sample.calendars import MONTHS, ethiopian
from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.markup import Piece, parse
from medical_telegram_warehouse.sources.sample.products import PRODUCTS
from medical_telegram_warehouse.sources.sample.vocabulary import NOTICES

TEMPLATES: dict[str, tuple[str, ...]] = {
    "training_ad": NOTICES.training_ad,
    "job_ad": NOTICES.job_ad,
    "service_promo": NOTICES.service_promo,
    "news_other": NOTICES.news_other,
    "health_education": NOTICES.health_education,
    "business_sale": NOTICES.business_sale,
    "reply": NOTICES.reply,
}
_DRUGS = tuple(product for product in PRODUCTS if product.kind == "medicine" and product.amharic)


def date_words(day: date) -> dict[str, str]:
    """The ways in which a post writes a date, in both calendars."""
    et = ethiopian(day)
    return {
        "et_date": et.numeric,
        "et_date_short": f"{et.day}/{et.month}/{et.year % 100}",
        "et_long": et.long,
        "et_month": MONTHS[et.month - 1],
        "et_day": str(et.day),
        "et_year": str(et.year),
        "date_long": f"{day:%B} {day.day}, {day.year}",
        "holiday": NOTICES.holidays[day.month - 1],
        "holiday_am": NOTICES.holidays_am[day.month - 1],
        "day_name": f"{day:%A}",
    }


def notice(profile: Profile, genre: str, roll: Roll, dates: dict[str, str]) -> Piece:
    """A notice of a genre; `dates` are the words of the day that it speaks of."""
    areas = NOTICES.areas
    start = int(roll() * len(areas))
    topic = pick(roll, NOTICES.topics)
    drug = pick(roll, _DRUGS)
    number = 100 + int(roll() * 900)
    ten, job, other = int(roll() * 10), roll(), roll()
    return parse(
        pick(roll, TEMPLATES[genre]).format(
            **dates,
            channel=profile.name,
            place=profile.place,
            phone=profile.phones[ten % len(profile.phones)],
            phone2=profile.phones[(ten + 1) % len(profile.phones)],
            area=areas[start],
            area2=areas[start - 1],
            area3=areas[start - 2],
            topic=topic,
            hashtag=topic.replace(" ", "_").replace("-", "_"),
            city=NOTICES.cities[ten % len(NOTICES.cities)],
            ceu=(10, 15, 30)[ten % 3],
            number=number,
            number2=8 + ten % 4,
            small=2 + ten,
            years=ten % 6,
            fee=f"{1_000 + 100 * ten:,}",
            fee_low=500 + 50 * ten,
            salary=f"{8_000 + int(other * 40) * 500:,}",
            rent=f"{15_000 + int(other * 20) * 1_000}",
            cost=f"{(6 + int(other * 30)) * 100_000:,}",
            licence=f"{number}/{1000 + int(other * 9000)}",
            job=NOTICES.jobs[int(job * len(NOTICES.jobs))],
            job_am=NOTICES.jobs_am[int(job * len(NOTICES.jobs_am))],
            drug=drug.name,
            drug_am=drug.amharic,
        )
    )
