"""Decides what kind of post a text is. It gates offers: a job ad's salary or a course's fee is no product's price."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from medical_telegram_warehouse.offers import single
from medical_telegram_warehouse.offers.cues import Cues, Topic
from medical_telegram_warehouse.offers.folding import Folded
from medical_telegram_warehouse.offers.found import Found
from medical_telegram_warehouse.offers.lines import Line
from medical_telegram_warehouse.offers.roles import Role


class Genre(StrEnum):
    """The ten kinds of posts."""

    SINGLE_PRODUCT_AD = "single_product_ad"
    PRICE_LIST = "price_list"
    PRODUCT_LIST = "product_list"
    SERVICE_PROMO = "service_promo"
    TRAINING_AD = "training_ad"
    JOB_AD = "job_ad"
    BUSINESS_SALE = "business_sale"
    HEALTH_EDUCATION = "health_education"
    NEWS_OTHER = "news_other"
    MEDIA_ONLY = "media_only"


OFFERING = frozenset({Genre.SINGLE_PRODUCT_AD, Genre.PRICE_LIST, Genre.PRODUCT_LIST})
_WORD = re.compile(r"[^\W_]")
_SURE_JOB = re.compile(r"vacan|vaccan|hiring|ክፍት (?:የ)?[ሥስ]ራ|ቅጥር|salar|ደመ[ወዎ]ዝ|መቀየር የምፈልገው")
_SURE_TRAINING = re.compile(
    r"(?<![a-z])(?:training|cpd|webinar|workshop|(?:online|short|diploma|crash) course|ceus?(?![a-z]))|ስልጠና|ሥልጠና"
)
_WANTED = re.compile(r"\W*(?:we (?:buy|need)|wanted|in search of|urgently needed|እንገዛለን)(?![a-z])")
_GOODS_SOLD = re.compile(r"(?:equipments?|furniture|machines?|materials?|items|እቃዎች)\W.{0,20}?(?:sale|sold|ሽያጭ|የሚሸጥ)")
_MANY_PRODUCTS = 30
_SHORTEST_ADVICE = 50
"""Characters."""
PRICED_SHARE = 1 / 3
"""From this share of priced offers on, a list is a price list."""


class Reading(NamedTuple):
    """What the genre is decided from."""

    folded: Folded
    lines: list[Line]
    roles: list[Role]
    found: list[Found]
    loose: Found
    """Details that no product stands above: in an advertisement they belong to its one product."""


class Verdict(NamedTuple):
    """A genre, how sure it is (0 to 1), and why."""

    genre: Genre
    confidence: float
    reason: str


def decide(reading: Reading) -> Verdict:
    """Decide a post's genre."""
    lower = reading.folded.lower
    if not _WORD.search(lower):
        return Verdict(Genre.MEDIA_ONLY, 1.0, "no letters and no digits")
    cues = Cues(lower)
    known = [offer for offer in reading.found if _has_proof(offer)]
    priced = [offer for offer in reading.found if offer.prices]
    verdict = _no_products(cues, known, priced, lower)
    if verdict is not None:
        return verdict
    if _is_list(reading, known, cues):
        return _list_kind(reading.found)
    if _offers_one(reading, known, cues):
        confidence = 0.9 if priced else 0.7
        return Verdict(Genre.SINGLE_PRODUCT_AD, confidence, "one product, and words or a price that offer it")
    return _talk(reading, cues)


def _no_products(cues: Cues, known: list[Found], priced: list[Found], lower: str) -> Verdict | None:
    """Posts whose numbers and names are none of products, whatever they look like."""
    if cues[Topic.SPAM] and not _is_medical(known):
        return Verdict(Genre.NEWS_OTHER, 0.9, "subscriptions, bets or coins are advertised")
    if verdict := _people_wanted(cues, known, priced, lower):
        return verdict
    if cues[Topic.BUSINESS] and len(known) < 4 and not _has_strengths(known) and not _GOODS_SOLD.search(lower):  # noqa: PLR2004
        return Verdict(Genre.BUSINESS_SALE, 0.85, "a business, a licence or a house is for sale or rent")
    if _WANTED.match(lower) and len(known) < 6:  # noqa: PLR2004
        return Verdict(Genre.NEWS_OTHER, 0.7, "something is wanted, not offered")
    if cues[Topic.GREETING] and not priced and len(known) < 3:  # noqa: PLR2004
        return Verdict(Genre.NEWS_OTHER, 0.9, "a holiday greeting")
    return None


def _has_proof(offer: Found) -> bool:
    return bool(
        offer.prices or offer.strengths or offer.packs or offer.cartons or offer.expiry or offer.line.matches
        or (offer.is_withheld and offer.line.bullet) or offer.is_stock_out
    )  # fmt: skip


def _has_strengths(known: list[Found]) -> bool:
    return sum(bool(offer.strengths or offer.expiry or offer.cartons) for offer in known) >= 2  # noqa: PLR2004


def _is_medical(known: list[Found]) -> bool:
    return sum(bool(offer.line.matches) for offer in known) >= 2  # noqa: PLR2004


def _people_wanted(cues: Cues, known: list[Found], priced: list[Found], lower: str) -> Verdict | None:
    """Jobs and trainings, unless the post is a list of products after all."""
    products = sum(bool(offer.strengths or offer.expiry or offer.cartons) for offer in known) + len(priced)
    if products > _MANY_PRODUCTS:
        return None
    job, training = cues[Topic.JOB], cues[Topic.TRAINING]
    strong_job = bool(_SURE_JOB.search(lower))
    strong_training = bool(_SURE_TRAINING.search(lower))
    if products > 2 * max(job, training) or (products >= 3 and max(job, training) < 3):  # noqa: PLR2004
        return None
    is_one_word = strong_training and training == 1 and job < 2 and products <= 1  # noqa: PLR2004
    if is_one_word or (strong_training and training >= 2 and training >= job - 1):  # noqa: PLR2004
        return Verdict(Genre.TRAINING_AD, min(0.95, 0.6 + training / 20), f"{training} words of courses and trainings")
    if job >= 3 or (strong_job and (job >= 2 or len(known) < 2)):  # noqa: PLR2004
        return Verdict(Genre.JOB_AD, min(0.95, 0.6 + job / 20), f"{job} words of vacancies")
    return None


def _is_list(reading: Reading, known: list[Found], cues: Cues) -> bool:
    if len(reading.found) < 2:  # noqa: PLR2004
        return False
    if _is_about_one(reading):
        return False
    if len(known) < 2:  # noqa: PLR2004
        return _is_marked_list(reading, cues)
    priced = sum(bool(offer.prices) for offer in reading.found)
    detailed = sum(bool(offer.strengths or offer.packs or offer.cartons or offer.expiry) for offer in known)
    if priced >= 2 or detailed >= 2:  # noqa: PLR2004
        return True
    enough = len(known) * 3 >= len(reading.found) and (len(known) >= 3 or len(reading.found) >= 4)  # noqa: PLR2004
    talk = cues[Topic.HEALTH] + cues[Topic.NEWS]
    return (enough and (talk < 6 or cues[Topic.OFFER] >= 2)) or _is_marked_list(reading, cues)  # noqa: PLR2004


def _is_marked_list(reading: Reading, cues: Cues) -> bool:
    """Many short lines that carry the same sign, in a post that speaks of nothing else."""
    marked = [offer for offer in reading.found if offer.line.bullet and len(offer.line.words) <= 8]  # noqa: PLR2004
    talk = cues[Topic.HEALTH] + cues[Topic.NEWS] + cues[Topic.TRAINING] + cues[Topic.JOB]
    return len(marked) >= 6 and len(marked) * 2 > len(reading.lines) - len(marked) and talk < 3  # noqa: PLR2004


def _is_about_one(reading: Reading) -> bool:
    """Sentences around a product with at most one price: an advertisement with its benefits listed."""
    prices = {price for offer in reading.found for price in offer.prices}
    if len(prices) > 1:
        return False
    if prices and any(offer.line.key in ("name", "product") for offer in reading.found):
        return True
    words = sum(
        len(line.words)
        for line, role in zip(reading.lines, reading.roles, strict=True)
        if role is Role.REMARK or (role is Role.ITEM and len(line.words) > 9 and not line.has_detail)  # noqa: PLR2004
    )
    if words < 25:  # noqa: PLR2004
        return False
    listed = sum(len(offer.line.words) for offer in reading.found if len(offer.line.words) <= 9)  # noqa: PLR2004
    return words > listed or len(reading.found) <= 3  # noqa: PLR2004


def _list_kind(found: list[Found]) -> Verdict:
    share = sum(bool(offer.prices) for offer in found) / len(found)
    confidence = 0.95 if abs(share - PRICED_SHARE) > 0.15 else 0.7  # noqa: PLR2004
    genre = Genre.PRICE_LIST if share >= PRICED_SHARE else Genre.PRODUCT_LIST
    return Verdict(genre, confidence, f"{len(found)} products, {share:.0%} of them with a price")


def _offers_one(reading: Reading, known: list[Found], cues: Cues) -> bool:
    if any(offer.prices for offer in (*reading.found, reading.loose)) and single.choose(
        reading.lines, reading.roles, reading.found, reading.loose
    ):
        return True
    if len(known) == 1 and (known[0].is_withheld or known[0].expiry or known[0].cartons):
        return True
    if not cues[Topic.OFFER] or cues[Topic.NEWS] > cues[Topic.OFFER]:
        return False
    if cues[Topic.OFFER] == 1 and cues[Topic.HEALTH] > 2:  # noqa: PLR2004
        return False
    return bool(known) or single.choose(reading.lines, reading.roles, reading.found, reading.loose) is not None


def _talk(reading: Reading, cues: Cues) -> Verdict:
    """Posts that offer no product."""
    health, service, news = cues[Topic.HEALTH], cues[Topic.SERVICE], cues[Topic.NEWS]
    if cues[Topic.BUSINESS]:
        return Verdict(Genre.BUSINESS_SALE, 0.6, "a business, a licence or a house is for sale or rent")
    if news >= 2 and news >= service and news > health - 2:  # noqa: PLR2004
        return Verdict(Genre.NEWS_OTHER, 0.7, f"{news} words of news")
    if service >= 2 and service + cues[Topic.OFFER] > health:  # noqa: PLR2004
        return Verdict(Genre.SERVICE_PROMO, 0.7, f"{service} words of services")
    # A product counts as a word of health: `Doxycycline: common side effects are ...`
    named = any(line.matches for line in reading.lines)
    if health and health + named >= 2 and len(reading.folded.lower) > _SHORTEST_ADVICE:  # noqa: PLR2004
        return Verdict(Genre.HEALTH_EDUCATION, 0.7, f"{health} words of health and illness")
    if service:
        return Verdict(Genre.SERVICE_PROMO, 0.5, "words of services")
    return Verdict(Genre.NEWS_OTHER, 0.4, "nothing that points to anything else")
