"""Reads the reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.products.repository import list_products

_statement = statements(__package__)
_CLASSES = 20
# More products than any warehouse has: those of a period are counted by reading them.
_ALL = 1_000_000


async def top_terms(snapshot: Snapshot, filters: Mapping[str, Any]) -> tuple[list[Row], int]:
    """Words of the vocabulary that most messages hold, and how many there are."""
    return _with_total(await snapshot.rows(_statement("terms"), filters))


async def top_products(snapshot: Snapshot, filters: Mapping[str, Any]) -> tuple[list[Row], int]:
    """Products that are offered most, over everything or in a channel or a period, and how many there are."""
    if not (filters["channel_name"] or filters["from_date"] or filters["to_date"]):
        return _with_total(await snapshot.rows(_statement("top_products"), filters))
    wanted = {**filters, "min_offers": filters["min_mentions"], "sort": "offers"}
    rows = await list_products(snapshot, wanted, {"offset": 0, "rows": _ALL})
    return [_as_mention(row) for row in rows[: filters["limit"]]], len(rows)


async def visual_stats(snapshot: Snapshot, channel_name: str | None) -> dict[str, Any]:
    """What photos show, in one channel or in all."""
    values = {"channel_name": channel_name, "limit": _CLASSES}
    rows = await snapshot.rows(_statement("visual_categories"), values)
    by_image = [row for row in rows if row["kind"] == "image"]
    by_content = [row for row in rows if row["kind"] == "content"]
    images = sum(row["photo_count"] for row in by_image)
    detections = sum(row["detection_count"] for row in by_image)
    return {
        "total_images": images,
        "total_detections": detections,
        "avg_detections_per_image": round(detections / images, 2) if images else 0,
        "image_categories": {row["category"]: row["photo_count"] for row in by_image},
        "content_categories": {row["category"]: row["photo_count"] for row in by_content},
        "top_detected_classes": await snapshot.rows(_statement("visual_classes"), values),
        "engagement_by_category": [row | {"image_category": row["category"]} for row in by_image],
        "engagement_by_content": [row | {"image_category": row["category"]} for row in by_content],
    }


def _with_total(rows: list[Row]) -> tuple[list[Row], int]:
    return rows, rows[0]["total_found"] if rows else 0


def _as_mention(row: Row) -> Row:
    name = " ".join(str(row[part]) for part in ("product_name", "strength", "form") if row[part])
    return row | {
        "term": name,
        "mention_count": row["offer_count"],
        "distinct_mention_count": row["distinct_offer_count"],
        "first_mention_date": row["first_offered_date"],
        "last_mention_date": row["last_offered_date"],
    }
