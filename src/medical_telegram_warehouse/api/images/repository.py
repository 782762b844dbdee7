"""Reads photos' rows; their files are found by `files`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.errors import not_found

_statement = statements(__package__)


async def newest(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Photos as `ImageParameters` say, newest first."""
    return await snapshot.rows(
        _statement("newest" if filters["has_message"] else "without_message"), {**filters, **page}
    )


async def most_used(snapshot: Snapshot, filters: Mapping[str, Any], page: Mapping[str, Any]) -> list[Row]:
    """Pictures, those posted most often first."""
    return await snapshot.rows(_statement("most_used"), {**filters, **page})


async def image(snapshot: Snapshot, image_key: str) -> Row:
    """One photo.

    Raises:
        ApiError: 404, there is none of that key.
    """
    found = await snapshot.row(_statement("image"), {"image_key": image_key})
    if found is None:
        raise not_found(f"there is no photo {image_key}; `/api/images` lists photos")
    return found


async def detections(snapshot: Snapshot, image_key: str) -> list[Row]:
    """The objects on it, the surest first."""
    return await snapshot.rows(_statement("detections"), {"image_key": image_key})


async def same_picture(snapshot: Snapshot, found: Row) -> list[Row]:
    """Other photos of the same picture."""
    if found["image_group"] is None:
        return []
    return await snapshot.rows(_statement("same_picture"), found)


async def classes(snapshot: Snapshot) -> list[str]:
    """The kinds of objects that were found on any photo."""
    return [row["detected_class"] for row in await snapshot.rows(_statement("classes"))]
