"""Shapes of answers about products."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope, PageEnvelope
from medical_telegram_warehouse.api.answers.masking import PublicText
from medical_telegram_warehouse.api.answers.types import Price, ProductClass
from medical_telegram_warehouse.offers.records import Availability


class Product(BaseModel):
    """A product, which is a name, a strength and a form, and how it is offered."""

    product_key: str = Field(description="The product's key.", examples=["0b1f3c5d7e9a2b4c6d8e0f1a3b5c7d9e"])
    product_name: PublicText = Field(description="What it is called.", examples=["amoxicillin"])
    product_class: ProductClass = Field(description="Which of these kinds it is of.")
    strength: PublicText | None = Field(
        description="In canonical units; null where offers tell none.", examples=["500mg"]
    )
    form: PublicText | None = Field(
        description="Tablet, syrup, ...; null where offers tell none.", examples=["capsule"]
    )
    generic: PublicText | None = Field(description="The active ingredient; null where none is known.")
    offer_count: int = Field(description="Lines of messages that offer it, repetitions and copies included.")
    distinct_offer_count: int = Field(description="The same without repetitions and forwarded copies.")
    channel_count: int = Field(description="Number of channels that offer it.")
    channels: list[str] = Field(description="Their names, sorted.")
    priced_offer_count: int = Field(description="Offers that the prices are made of.")
    min_price: Price | None = Field(description="Lowest price in ETB, outliers left out; null without any.")
    median_price: Price | None = Field(
        description="Median price in ETB; null without any, and where counts are of a part of the history."
    )
    max_price: Price | None = Field(description="Highest price in ETB; null without any.")
    latest_price: Price | None = Field(
        description="Newest price in ETB; null without any, and where counts are of a part of the history."
    )
    total_views: int | None = Field(description="Views of the messages that offer it; null where none are known.")
    total_forwards: int | None = Field(description="Forwards of these messages; null where none are known.")
    first_offered_date: date | None = Field(description="Business day of the first offer.")
    last_offered_date: date | None = Field(description="Business day of the last offer.")


class ProductList(PageEnvelope):
    """A part of the products."""

    from_month: date | None = Field(
        description="First day of the first month that is counted; null where all are. Counts are kept by month, so a "
        "date inside a month means the whole month."
    )
    to_month: date | None = Field(description="First day of the last month that is counted; null where all are.")
    corrections: dict[str, str] = Field(
        description="Words of the query that are no known product's, and the nearest name, which was sought, too.",
        examples=[{"amoxacilin": "amoxicillin"}],
    )
    left_out: list[str] = Field(
        description="Words of the query that were left out, because no product has all; the products have the others."
    )
    products: list[Product] = Field(description="The products.")


class Spelling(BaseModel):
    """One way in which shops write a product's name."""

    name: PublicText = Field(description="As written.", examples=["Amoxicilline caps"])
    offer_count: int = Field(description="Offers that write it so.")


class ProductAvailability(BaseModel):
    """Whether a channel has a product, as it last said."""

    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What it is called.")
    product_class: ProductClass = Field(description="Which of these kinds it is of.")
    strength: PublicText | None = Field(description="Its strength; null where offers tell none.")
    form: PublicText | None = Field(description="Its form; null where offers tell none.")
    channel_name: str = Field(description="The channel.")
    last_status: Availability = Field(description="What its newest line says.")
    latest_price: Price | None = Field(description="Its newest price that is no outlier; null without any.")
    latest_price_currency: str | None = Field(description="The currency of that price.")
    first_seen_date: date | None = Field(description="Business day on which it was offered first.")
    last_seen_date: date | None = Field(description="Business day on which it was offered last.")
    offer_count: int = Field(description="Lines, repetitions included.")
    distinct_offer_count: int = Field(description="The same without repetitions and forwarded copies.")
    is_new: bool = Field(description="Whether it was offered first within the channel's last two weeks.")
    is_gone: bool = Field(
        description="Whether the newest line says out of stock, or the channel's last month does not offer it."
    )


class AvailabilityList(PageEnvelope):
    """A part of what channels have."""

    availability: list[ProductAvailability] = Field(description="One row per product and channel.")


class ProductDetail(Envelope):
    """One product, and everything around it."""

    product: Product = Field(description="The product.")
    brands: list[PublicText] = Field(description="Brands that its offers carry.")
    is_known: bool = Field(description="Whether the dictionary or an answer knows it.")
    cheapest: ProductAvailability | None = Field(
        description="The channel that offers it now for the least, in ETB; null where no channel tells a price."
    )
    availability: list[ProductAvailability] = Field(description="Each channel that offers or offered it.")
    spellings: list[Spelling] = Field(
        description="The ways in which it is written, the most frequent first; 50 at most."
    )


class PricePoint(BaseModel):
    """What a product cost in a channel in a day, week or month."""

    product_key: str = Field(description="The product.")
    channel_name: str = Field(description="The channel.")
    period: date = Field(description="The day, or the first day of the week (Monday) or month.")
    currency: str = Field(description="The prices' currency.", examples=["ETB"])
    min_price: Price | None = Field(description="Lowest price; null where all are outliers.")
    median_price: Price | None = Field(description="Median of the day; of a week or month, the median of its days'.")
    max_price: Price | None = Field(description="Highest price.")
    latest_price: Price | None = Field(description="The last price.")
    offer_count: int = Field(description="Priced offers, repetitions and outliers included.")
    outlier_count: int = Field(description="Offers whose price is an outlier, and left out.")
    latest_message_key: str | None = Field(description="The message of the last price: `/api/messages/{message_key}`.")


class PriceHistory(PageEnvelope):
    """Prices of one product over time, newest first."""

    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What it is called.")
    interval: str = Field(description="`day`, `week` or `month`.")
    prices: list[PricePoint] = Field(description="One row per channel, period and currency.")


class Offer(BaseModel):
    """A line of a message that offers a product."""

    offer_key: str = Field(description="The offer's key.")
    message_key: str = Field(description="The message: `/api/messages/{message_key}`.")
    message_id: int = Field(description="The message's number within its channel.")
    product_key: str = Field(description="The product.")
    channel_name: str = Field(description="The channel.")
    offer_timestamp: datetime = Field(description="When the message was posted.")
    name: PublicText = Field(description="The product's name as it stands in the message.")
    strength: PublicText | None = Field(description="The strength as written; null where none stands there.")
    form: PublicText | None = Field(description="The form that the message gives; null where it gives none.")
    pack: PublicText | None = Field(description="The pack as written; null where none stands there.")
    price: Price | None = Field(description="The first price of the line; null for an offer without one.")
    currency: str = Field(description="Its currency.")
    price_per_unit: Price | None = Field(description="The price by number of units in the pack; null where unknown.")
    expiry_date: date | None = Field(description="First day of the month in which it expires; null where unknown.")
    seller: PublicText | None = Field(description="Who sells it, where that is not the channel.")
    availability: Availability = Field(description="What the line says.")
    is_repost: bool = Field(description="Whether it says nothing new.")
    is_price_outlier: bool = Field(description="Whether the price lies far off the product's usual one.")
    confidence: float | None = Field(description="How sure the extractor is, 0 to 1.")


class OfferList(PageEnvelope):
    """A part of a product's offers."""

    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What it is called.")
    offers: list[Offer] = Field(description="One row per line of a message, newest first.")


class PriceChange(BaseModel):
    """A channel's price that differs from its price before."""

    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What it is called.")
    product_class: ProductClass = Field(description="Which of these kinds it is of.")
    strength: PublicText | None = Field(description="Its strength; null where offers tell none.")
    form: PublicText | None = Field(description="Its form; null where offers tell none.")
    channel_name: str = Field(description="The channel.")
    full_date: date = Field(description="The business day of the new price.")
    currency: str = Field(description="The prices' currency.")
    price: Price = Field(description="The day's last price.")
    previous_price: Price = Field(description="The last price of the channel's priced day before.")
    previous_date: date = Field(description="That day.")
    change_amount: Price = Field(description="The new price less the one before.")
    change_ratio: float = Field(description="The change as a part of the price before: 0.25 is a quarter more.")
    latest_message_key: str | None = Field(description="The message of the new price.")
    previous_message_key: str | None = Field(description="The message of the price before.")


class PriceChangeList(PageEnvelope):
    """A part of the price changes of the last 90 days of the warehouse."""

    price_changes: list[PriceChange] = Field(description="One row per product, channel, currency and day.")


class PriceOutlier(BaseModel):
    """An offer whose price lies far off its product's usual one: a slipped digit or another unit, most often."""

    offer_key: str = Field(description="The offer.")
    message_key: str = Field(description="The message: `/api/messages/{message_key}`.")
    product_key: str = Field(description="The product.")
    product_name: PublicText = Field(description="What it is called.")
    strength: PublicText | None = Field(description="Its strength; null where offers tell none.")
    form: PublicText | None = Field(description="Its form; null where offers tell none.")
    name: PublicText = Field(description="The name as it stands in the message.")
    channel_name: str = Field(description="The channel.")
    full_date: date = Field(description="The business day of the message.")
    price: Price = Field(description="The price.")
    currency: str = Field(description="Its currency.")
    median_price: Price = Field(description="The product's usual price.")
    ratio: float = Field(description="The price as a multiple of the usual one.")


class PriceOutlierList(PageEnvelope):
    """A part of the price outliers of the last 90 days of the warehouse."""

    price_outliers: list[PriceOutlier] = Field(description="One row per offer, newest first.")
