"""`/api/products`, `/api/availability`, `/api/price-changes`, `/api/price-outliers`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.answers.types import ProductKey
from medical_telegram_warehouse.api.channels.repository import require_channel
from medical_telegram_warehouse.api.dependencies import MartsSnapshot, Options
from medical_telegram_warehouse.api.products import repository
from medical_telegram_warehouse.api.products.finding import NOTHING, Finder
from medical_telegram_warehouse.api.products.parameters import (
    AvailabilityParameters,
    OfferParameters,
    PriceChangeParameters,
    PriceOutlierParameters,
    PriceParameters,
    ProductListParameters,
)
from medical_telegram_warehouse.api.products.schemas import (
    AvailabilityList,
    OfferList,
    PriceChangeList,
    PriceHistory,
    PriceOutlierList,
    ProductDetail,
    ProductList,
)

router = APIRouter(prefix="/api", tags=["Products"])
Key = Annotated[ProductKey, Path()]


@router.get("/products", response_model=ProductList, responses=FILES | NOT_FOUND)
async def list_products(
    asked: Annotated[ProductListParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers, finder: Finder
) -> Response:
    """Products: found by name, by channel, by month, by kind; what is offered most comes first.

    With a channel or dates, counts and price ranges are those of that channel and these months.
    """
    await require_channel(snapshot, asked.channel_name)
    found = (await finder.names(snapshot)).find(asked.query) if asked.query is not None else None
    page = PageRequest(asked, snapshot)
    rows = await repository.list_products(snapshot, asked.asked(), page.by_offset(), found.keys if found else None)
    from_month, to_month = repository.months_of(asked.from_date, asked.to_date)
    return await answers.page(
        ProductList,
        snapshot,
        page,
        rows,
        into="products",
        name="products",
        from_month=from_month,
        to_month=to_month,
        corrections=(found or NOTHING).corrections,
        left_out=(found or NOTHING).left_out,
    )


@router.get("/products/{product_key}", response_model=ProductDetail, responses=NOT_FOUND)
async def show_product(product_key: Key, snapshot: MartsSnapshot, answers: RequestAnswers) -> Response:
    """One product: where it is cheapest now, which channels have it, how it is written."""
    found = await repository.product(snapshot, product_key)
    availability = await repository.availability_of(snapshot, product_key)
    return answers.envelope(
        ProductDetail,
        snapshot,
        product=found,
        brands=found["brands"],
        is_known=found["is_known"],
        cheapest=repository.cheapest(availability),
        availability=availability,
        spellings=await repository.spellings(snapshot, product_key),
    )


@router.get("/products/{product_key}/prices", response_model=PriceHistory, responses=FILES | NOT_FOUND)
async def list_prices(
    product_key: Key, asked: Annotated[PriceParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """What a product cost in each channel over time, newest first; each row names the message of its last price."""
    found = await repository.product(snapshot, product_key)
    await require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.prices(snapshot, product_key, asked.asked(), page.by_offset())
    return await answers.page(
        PriceHistory,
        snapshot,
        page,
        rows,
        into="prices",
        name=f"prices_{product_key}",
        product_key=product_key,
        product_name=found["product_name"],
        interval=asked.interval.value,
    )


@router.get("/products/{product_key}/offers", response_model=OfferList, responses=FILES | NOT_FOUND)
async def list_offers(
    product_key: Key,
    asked: Annotated[OfferParameters, Query()],
    snapshot: MartsSnapshot,
    answers: RequestAnswers,
    options: Options,
) -> Response:
    """The lines of messages that offer a product, newest first."""
    found = await repository.product(snapshot, product_key)
    await require_channel(snapshot, asked.channel_name)
    filters = {**asked.asked(), **moments(asked.from_date, asked.to_date, options.timezone)}
    page = PageRequest(asked, snapshot)
    rows = await repository.offers(snapshot, product_key, filters, page.by_key(at=int, key=str))
    return await answers.page(
        OfferList,
        snapshot,
        page,
        rows,
        into="offers",
        name=f"offers_{product_key}",
        product_key=product_key,
        product_name=found["product_name"],
    )


@router.get("/availability", response_model=AvailabilityList, responses=FILES | NOT_FOUND)
async def list_availability(
    asked: Annotated[AvailabilityParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """Which channel has which product: all, those that are new in a channel, those that are gone from it."""
    await require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.availability(snapshot, asked.asked(), page.by_offset())
    return await answers.page(AvailabilityList, snapshot, page, rows, into="availability", name="availability")


@router.get("/price-changes", response_model=PriceChangeList, responses=FILES | NOT_FOUND)
async def list_price_changes(
    asked: Annotated[PriceChangeParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """Prices that moved within the warehouse's last 90 days, against the same channel's price before."""
    await require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.price_changes(snapshot, asked.asked(), page.by_offset())
    return await answers.page(PriceChangeList, snapshot, page, rows, into="price_changes", name="price_changes")


@router.get("/price-outliers", response_model=PriceOutlierList, responses=FILES | NOT_FOUND)
async def list_price_outliers(
    asked: Annotated[PriceOutlierParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers
) -> Response:
    """Offers of the last 90 days whose prices lie far off their products' usual ones; no summary takes them."""
    await require_channel(snapshot, asked.channel_name)
    page = PageRequest(asked, snapshot)
    rows = await repository.price_outliers(snapshot, asked.asked(), page.by_offset())
    return await answers.page(PriceOutlierList, snapshot, page, rows, into="price_outliers", name="price_outliers")
