"""Questions that only pages ask. What the API asks, too, lies with its noun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from medical_telegram_warehouse.api.dashboard.rendering import Frame
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements

_statement = statements(__package__)
# So many offers of one product are read in some ten milliseconds.
_FEW_OFFERS = 2000
_LINE = 160


async def key_figures(snapshot: Snapshot, frame: Frame, days: int) -> tuple[Row, Row | None]:
    """The figures of the last days, and of as many before them; None where there was nothing yet."""
    values = {"today": frame.today, "tomorrow": frame.tomorrow, "days": days}
    rows = await snapshot.rows(_statement("key_figures"), values)
    return rows[0], rows[1] if len(rows) > 1 else None


async def weekly_volume(snapshot: Snapshot, last_date: date, weeks: int) -> list[Row]:
    """Messages by channel and week."""
    return await snapshot.rows(_statement("weekly_volume"), {"last_date": last_date, "weeks": weeks})


async def product_count(snapshot: Snapshot, product_class: str | None, keys: Sequence[str] | None) -> int:
    """How many products a list of the whole history has."""
    rows = await snapshot.rows(
        _statement("product_count"), {"product_class": product_class, "keys": None if keys is None else list(keys)}
    )
    return int(rows[0]["total"])


async def product_photos(snapshot: Snapshot, product: Row, rows: int) -> list[Row]:
    """Pictures of messages that offer a product, newest first."""
    is_rare = product["offer_count"] <= _FEW_OFFERS
    values = {"product_key": product["product_key"], "is_rare": is_rare, "rows": rows}
    return await snapshot.rows(_statement("product_photos"), values)


async def product_price_changes(snapshot: Snapshot, product_key: str, rows: int) -> list[Row]:
    """Moves of a product's prices in the warehouse's last 90 days, newest first."""
    return await snapshot.rows(_statement("product_price_changes"), {"product_key": product_key, "rows": rows})


async def newest_messages(snapshot: Snapshot, frame: Frame, channel_name: str, rows: int) -> list[Row]:
    """A channel's newest messages, with the beginnings of their texts."""
    found = await snapshot.rows(_statement("newest_messages"), {"channel_name": channel_name, "rows": rows})
    return [row | {"beginning": beginning(frame.public(row["message_text"]))} for row in found]


def beginning(text: str) -> str:
    """What fits a line or two."""
    shown = " ".join(text.split())
    return shown if len(shown) <= _LINE else shown[:_LINE].rsplit(" ", 1)[0] + " …"


async def photos_of(snapshot: Snapshot, message_keys: Sequence[str]) -> dict[str, Row]:
    """The photos of messages, by the messages' keys."""
    rows = await snapshot.rows(_statement("photos_of_messages"), {"keys": list(message_keys)})
    return {row["message_key"]: row for row in rows}


async def content_by_channel(snapshot: Snapshot, channel_name: str | None) -> list[Row]:
    """Photos by channel and by what they show."""
    return await snapshot.rows(_statement("content_by_channel"), {"channel_name": channel_name})
