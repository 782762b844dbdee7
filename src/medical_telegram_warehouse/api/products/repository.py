"""Reads products. Each function is one question to the marts, answered with rows as the schemas name their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.errors import not_found

_statement = statements(__package__)


def months_of(from_date: date | None, to_date: date | None) -> tuple[date | None, date | None]:
    """The first days of the first and of the last month of a period; None where it is open."""
    return from_date and from_date.replace(day=1), to_date and to_date.replace(day=1)


async def list_products(
    snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any], keys: Sequence[str] | None = None
) -> list[Row]:
    """Products in the order that the filters name.

    Args:
        snapshot: of the marts.
        filters: as `ProductListParameters`.
        page: its offset and number of rows.
        keys: only these products.
    """
    from_month, to_month = months_of(filters["from_date"], filters["to_date"])
    is_part = bool(filters["channel_name"] or from_month or to_month)
    values = {**filters, **page, "from_month": from_month, "to_month": to_month, "keys": keys and list(keys)}
    if keys is not None and not keys:
        return []
    return await snapshot.rows(_statement("list_of_period" if is_part else "list"), values)


async def product(snapshot: Snapshot, product_key: str) -> Row:
    """One product with its brands.

    Raises:
        ApiError: 404, there is none of that key.
    """
    found = await snapshot.row(_statement("detail"), {"product_key": product_key})
    if found is None:
        raise not_found(f"there is no product {product_key}; `/api/products?query=` finds products by their names")
    return found


async def spellings(snapshot: Snapshot, product_key: str) -> list[Row]:
    """The ways in which it is written."""
    return await snapshot.rows(_statement("spellings"), {"product_key": product_key})


async def availability(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """What channels have, as `AvailabilityParameters` say."""
    return await snapshot.rows(_statement("availability"), {"product_key": None, **filters, **page})


async def availability_of(snapshot: Snapshot, product_key: str) -> list[Row]:
    """Each channel that offers or offered a product, those that have it first, the cheapest of them on top."""
    everything = dict.fromkeys(("channel_name", "product_class", "from_date", "to_date"))
    values = {**everything, "product_key": product_key, "show": "all", "sort": "offers", "offset": 0, "rows": 1000}
    rows = await snapshot.rows(_statement("availability"), values)
    return sorted(rows, key=lambda row: (row["is_gone"], row["latest_price"] is None, row["latest_price"] or 0))


def cheapest(rows: Sequence[Row]) -> Row | None:
    """The one of a product's channels that has it now for the least."""
    has_it = [row for row in rows if not row["is_gone"] and row["latest_price_currency"] == "ETB"]
    return min(has_it, key=lambda row: row["latest_price"], default=None)


async def prices(
    snapshot: Snapshot, product_key: str, filters: Mapping[str, Any], page: Mapping[str, Any]
) -> list[Row]:
    """What a product cost, by channel and day, week or month; newest first."""
    name = "prices_by_day" if filters["interval"] == "day" else "prices_by_period"
    return await snapshot.rows(_statement(name), {**filters, **page, "product_key": product_key})


async def offers(
    snapshot: Snapshot, product_key: str, filters: Mapping[str, Any], page: Mapping[str, Any]
) -> list[Row]:
    """Lines of messages that offer a product, newest first."""
    return await snapshot.rows(_statement("offers"), {**filters, **page, "product_key": product_key})


async def price_changes(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Prices that moved lately, as `PriceChangeParameters` say."""
    return await snapshot.rows(_statement("price_changes"), {**filters, **page})


async def price_outliers(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Offers of late whose prices are far off."""
    return await snapshot.rows(_statement("price_outliers"), {**filters, **page})


async def names(snapshot: Snapshot) -> list[Row]:
    """All that each product is called, those with most offers first."""
    return await snapshot.rows(_statement("names"))


async def trends(snapshot: Snapshot, keys: Sequence[str], since: date) -> list[Row]:
    """Offers and lowest prices by month."""
    return await snapshot.rows(_statement("trend"), {"keys": list(keys), "since": since})
