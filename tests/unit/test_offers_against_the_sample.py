"""The reading of posts whose truth is known, because this project made them: it must not get worse.

That these posts are read well says nothing about real ones; docs/offers.md says what does.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import pytest

from labelled_offers import labelled, message, written
from medical_telegram_warehouse.offers.evaluation import Evaluation, PredictedMessage, PredictedOffer, evaluate
from medical_telegram_warehouse.offers.evaluation.labels import GENRES
from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.genre import OFFERING
from medical_telegram_warehouse.offers.records import Availability, MessageOffers
from medical_telegram_warehouse.offers.rows import struck_spans
from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES, SampleSource
from medical_telegram_warehouse.sources.sample.draft import Draft

TODAY = date(2026, 1, 20)


class Read(NamedTuple):
    """A post with what was made of it."""

    channel_name: str
    message_id: int
    draft: Draft
    read: MessageOffers

    @property
    def digits(self) -> str:
        """The text with each number in one piece: `1,200` and `1 200` are 1200."""
        return re.sub(r"(?<=\d)[, ](?=\d)", "", self.draft.text.text)


@pytest.fixture(scope="module")
def posts() -> list[Read]:
    source = SampleSource(TODAY, messages=1_200, photos=False)
    return [
        Read(name, posted.message_id, posted.draft, _read(posted.draft))
        for name in SAMPLE_CHANNEL_TYPES
        for posted in source.posted(name)
    ]


def _read(draft: Draft) -> MessageOffers:
    return extract_offers(draft.text.text, struck_spans(draft.text.text, draft.text.entities))


@pytest.fixture(scope="module")
def evaluation(posts: list[Read], tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    gold = [
        message(
            post.message_id,
            *(
                labelled(
                    offer.name,
                    *offer.prices,
                    alt=offer.names[1:],
                    strength=offer.strength,
                    pack=offer.pack,
                    expiry=offer.expiry,
                )
                for offer in post.draft.offers
                if offer.availability != "stock_out"
            ),
            genre=post.draft.genre,
            channel=post.channel_name,
        )
        for post in posts
    ]
    return evaluate(written(tmp_path_factory.mktemp("labels") / "labels.jsonl", gold), map(_predicted, posts))


def _predicted(post: Read) -> PredictedMessage:
    offers = tuple(
        PredictedOffer(
            name=offer.name,
            alt=offer.alternatives,
            strength=offer.strength,
            pack=offer.pack,
            price=offer.price,
            expiry=offer.expiry,
        )
        for offer in post.read.offers
        if offer.availability is not Availability.STOCK_OUT
    )
    genre = next(genre for genre in GENRES if genre == post.read.genre)
    return PredictedMessage(channel_name=post.channel_name, message_id=post.message_id, genre=genre, offers=offers)


def test_there_is_enough_to_read(posts: list[Read], evaluation: Evaluation) -> None:
    """So that the figures below cannot be good for want of posts."""
    assert len({post.draft.genre for post in posts}) == 10
    assert evaluation.messages > 1_000
    assert sum(len(post.draft.offers) for post in posts) > 3_000


@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        ("offers_precision", 0.985),
        ("offers_recall", 0.99),
        ("offers_f1", 0.99),
        ("priced_precision", 0.985),
        ("priced_recall", 0.99),
        ("priced_f1", 0.99),
        ("strength_accuracy", 0.995),
        ("expiry_accuracy", 0.995),
        ("pack_accuracy", 0.9),
        ("genre_accuracy", 0.98),
        ("genre_macro_f1", 0.97),
    ],
)
def test_reading_is_as_good_as_it_was(evaluation: Evaluation, figure: str, floor: float) -> None:
    assert getattr(evaluation.figures, figure) >= floor


def test_each_channel_is_read_well(evaluation: Evaluation) -> None:
    """What nobody reads in one channel would be lost in the figures of all."""
    assert len(evaluation.channels) == len(SAMPLE_CHANNEL_TYPES)
    for channel in evaluation.channels:
        own = channel.own
        assert own.genre_accuracy is not None
        assert own.genre_accuracy >= 0.94, channel
        if own.offers_f1 is not None and own.priced_f1 is not None:
            assert own.offers_f1 >= 0.98, channel
            assert own.priced_f1 >= 0.97, channel


def test_no_price_is_found_in_posts_that_offer_nothing(evaluation: Evaluation) -> None:
    assert evaluation.figures.false_prices_per_100 == 0


def test_posts_of_other_genres_offer_nothing(posts: list[Read]) -> None:
    for post in posts:
        assert not post.read.offers or post.read.genre in OFFERING, post
    talk = [post for post in posts if post.draft.genre not in OFFERING]
    assert talk
    assert [post for post in talk if any(offer.prices for offer in post.read.offers)] == []


def test_each_price_and_old_price_stands_in_the_post(posts: list[Read]) -> None:
    for post in posts:
        for offer in post.read.offers:
            for price in (*offer.prices, *([offer.old_price] if offer.old_price else [])):
                assert f"{price:.10g}" in post.digits, (price, post.draft.text.text)


def test_each_offer_stands_somewhere_in_its_post(posts: list[Read]) -> None:
    for post in posts:
        for offer in post.read.offers:
            assert 0 <= offer.start < offer.end <= len(post.draft.text.text)


def test_what_is_sold_out_is_found_and_nothing_else_is(posts: list[Read]) -> None:
    count = 0
    for post in posts:
        gone = [offer.product for offer in post.draft.offers if offer.availability == "stock_out"]
        found = [offer for offer in post.read.offers if offer.availability is Availability.STOCK_OUT]
        assert len(found) == len(gone), post.draft.text.text
        assert all(offer.price is None for offer in found)
        count += len(gone)
    assert count > 50


def test_withheld_prices_are_told_from_missing_ones(posts: list[Read]) -> None:
    labelled_count = found_count = 0
    for post in posts:
        withheld = [offer for offer in post.draft.offers if offer.availability == "price_withheld"]
        found = [offer for offer in post.read.offers if offer.availability is Availability.PRICE_WITHHELD]
        assert len(found) <= len(withheld), post.draft.text.text
        labelled_count += len(withheld)
        found_count += len(found)
    assert labelled_count > 300
    assert found_count >= 0.98 * labelled_count


def test_struck_prices_of_advertisements_are_old_ones_and_never_current_ones(posts: list[Read]) -> None:
    struck = [(post.read.offers, offer.old_price) for post in posts for offer in post.draft.offers if offer.old_price]
    found = [any(offer.old_price == price for offer in offers) for offers, price in struck]
    assert len(found) > 20
    assert sum(found) >= 0.95 * len(found)
    assert not any(price in offer.prices for offers, price in struck for offer in offers)
    claimed = [post for post in posts if any(offer.old_price for offer in post.read.offers)]
    assert all(any(offer.old_price for offer in post.draft.offers) for post in claimed)
