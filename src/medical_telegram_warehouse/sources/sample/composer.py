"""Writes the posts of one channel: chooses the genre, the product, the words and the photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial

from medical_telegram_warehouse.records import ImageCategory
from medical_telegram_warehouse.sources.sample.ads import single_product
from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.channels import Profile
from medical_telegram_warehouse.sources.sample.draft import NOTHING, Draft, PhotoKey, nothing
from medical_telegram_warehouse.sources.sample.lines import LineBook
from medical_telegram_warehouse.sources.sample.lists import product_list
from medical_telegram_warehouse.sources.sample.notices import date_words, notice
from medical_telegram_warehouse.sources.sample.photos import VARIANTS
from medical_telegram_warehouse.sources.sample.prices import PriceBook
from medical_telegram_warehouse.sources.sample.products import Product, of_kinds
from medical_telegram_warehouse.sources.sample.truth import SampleOffer

WORLD_BEGINS = date(2020, 1, 1)
"""Message ids count from this day on."""
_PHOTO_SHARE = {
    "single_product_ad": 0.18, "price_list": 0.05, "product_list": 0.06, "training_ad": 0.1, "job_ad": 0.03,
    "service_promo": 0.16, "news_other": 0.08, "health_education": 0.12, "business_sale": 0.05,
}  # fmt: skip
_SHOWS = {
    # What a photo of a genre shows: cumulative shares of promotional, product display, lifestyle, other.
    "single_product_ad": (0.1, 0.95, 0.95), "price_list": (0.05, 0.9, 0.9), "product_list": (0.1, 0.9, 0.9),
    "training_ad": (0.1, 0.1, 0.7), "job_ad": (0.0, 0.0, 0.5), "service_promo": (0.5, 0.55, 0.9),
    "health_education": (0.1, 0.3, 0.6), "news_other": (0.0, 0.05, 0.3), "business_sale": (0.0, 0.3, 0.4),
    "media_only": (0.2, 0.55, 0.75),
}  # fmt: skip
_OTHER_MEDIA = ("video", "document", "sticker", "voice")


class Composer:
    """Writes for one channel. A text depends on (seed, channel, day, the rolls) only."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile = profile
        self._products = of_kinds(profile.kinds)
        self._lines = LineBook(PriceBook(seed, profile.name), self._products, upper_case=profile.upper_case)
        self._genres = tuple(genre for genre, percent in profile.genres.items() for _ in range(percent))
        self._texts = tuple(genre for genre in self._genres if genre != "media_only")
        self._dates: dict[int, dict[str, str]] = {}

    def compose(self, roll: Roll, day: int, *, with_text: bool = False) -> Draft:
        """A new post."""
        genres = self._texts if with_text else self._genres
        genre = genres[int(roll() * len(genres))]
        if genre == "media_only":
            return self.media_only(roll)
        product: Product | None = None
        truth: Callable[[], Iterable[SampleOffer]] = nothing
        if genre == "single_product_ad":
            text, product, truth = single_product(self._profile, self._lines, roll, day)
        elif genre in ("price_list", "product_list"):
            priced = genre == "price_list"
            text, keys = product_list(self._profile, self._lines, roll, day, self._words(day), priced=priced)
            truth = partial(self._lines.offers, keys)
        else:
            text = notice(self._profile, genre, roll, self._words(day + int(roll() * 20)))
        photo = self._photo(genre, roll, product) if roll() < _PHOTO_SHARE[genre] else None
        return Draft(genre, text, photo, "photo" if photo else None, truth)

    def media_only(self, roll: Roll, *, photo: bool = False) -> Draft:
        """A post without words; with `photo` a picture for certain."""
        if photo or roll() < 0.47:
            return Draft("media_only", NOTHING, self._photo("media_only", roll, None), "photo")
        return Draft("media_only", NOTHING, None, _OTHER_MEDIA[int(roll() ** 2 * len(_OTHER_MEDIA))])

    def reply(self, roll: Roll, day: int) -> Draft:
        """An answer of the channel to its own earlier post."""
        return Draft("news_other", notice(self._profile, "reply", roll, self._words(day)))

    def _photo(self, genre: str, roll: Roll, product: Product | None) -> PhotoKey:
        chance = roll()
        promotional, display, lifestyle = _SHOWS[genre]
        if chance < promotional:
            kind = ImageCategory.PROMOTIONAL
        elif chance < display:
            product = product or pick(roll, self._products)
            return PhotoKey(ImageCategory.PRODUCT_DISPLAY, product.number)
        else:
            kind = ImageCategory.LIFESTYLE if chance < lifestyle else ImageCategory.OTHER
        return PhotoKey(kind, int(roll() * VARIANTS[kind]))

    def _words(self, day: int) -> dict[str, str]:
        words = self._dates.get(day)
        if words is None:
            if len(self._dates) > 100:
                self._dates.clear()
            words = self._dates[day] = date_words(WORLD_BEGINS + timedelta(days=day))
        return words
