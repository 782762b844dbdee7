"""What clients may choose of products."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from medical_telegram_warehouse.api.answers.parameters import ChannelFilter, DateFilter, Page, Parameters
from medical_telegram_warehouse.api.answers.types import ProductClass

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ProductSort(StrEnum):
    """Orders of products."""

    OFFERS = "offers"
    DISTINCT_OFFERS = "distinct_offers"
    CHANNELS = "channels"
    VIEWS = "views"
    NAME = "name"
    LOWEST_PRICE = "lowest_price"
    HIGHEST_PRICE = "highest_price"
    LAST_OFFERED = "last_offered"


class ClassFilter(Parameters):
    """One kind of product, or all."""

    product_class: ProductClass | None = Field(default=None, description="Only products of this kind.")


class ProductListParameters(Page, ChannelFilter, DateFilter, ClassFilter):
    """Of `/api/products`."""

    query: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Only products whose name, ingredient, brands or spellings hold these words or their beginnings; a "
        "misspelt word finds the nearest.",
        examples=["amoxicillin"],
    )
    min_offers: int = Field(default=1, ge=1, le=1_000_000_000, description="Only products with so many offers.")
    sort: ProductSort = Field(
        default=ProductSort.OFFERS, description="Most offers, channels or views first; by name; by price; newest first."
    )


class Interval(StrEnum):
    """How prices are put together."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PriceParameters(Page, ChannelFilter, DateFilter):
    """Of a product's prices."""

    interval: Interval = Field(default=Interval.DAY, description="One row a day, a week or a month.")
    currency: Currency | None = Field(default=None, description="Only prices in this currency.", examples=["ETB"])


class OfferParameters(Page, ChannelFilter, DateFilter):
    """Of a product's offers."""


class AvailabilityChoice(StrEnum):
    """Which rows of availability."""

    ALL = "all"
    AVAILABLE = "available"
    NEW = "new"
    GONE = "gone"


class AvailabilitySort(StrEnum):
    """Orders of availability."""

    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"
    OFFERS = "offers"
    NAME = "name"


class AvailabilityParameters(Page, ChannelFilter, DateFilter, ClassFilter):
    """Of `/api/availability`. The dates are those on which a channel first (new) or last offered a product."""

    show: AvailabilityChoice = Field(
        default=AvailabilityChoice.ALL, description="`new`: lately offered first; `gone`: offered no more; or all."
    )
    sort: AvailabilitySort = Field(
        default=AvailabilitySort.LAST_SEEN, description="Newest first, or most offers, or name."
    )


class Direction(StrEnum):
    """Which price changes."""

    ANY = "any"
    UP = "up"
    DOWN = "down"


class ChangeSort(StrEnum):
    """Orders of price changes."""

    SIZE = "size"
    DATE = "date"


class PriceChangeParameters(Page, ChannelFilter, DateFilter, ClassFilter):
    """Of `/api/price-changes`."""

    direction: Direction = Field(default=Direction.ANY, description="Only rises, only falls, or both.")
    min_change: float = Field(
        default=0, ge=0, le=1000, description="Only changes of at least this part of the price before.", examples=[0.1]
    )
    sort: ChangeSort = Field(default=ChangeSort.SIZE, description="`size`: biggest moves first; `date`: newest first.")


class PriceOutlierParameters(Page, ChannelFilter, DateFilter, ClassFilter):
    """Of `/api/price-outliers`."""
