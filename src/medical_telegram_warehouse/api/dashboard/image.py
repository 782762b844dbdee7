"""`/images/{image_key}`: one photo with its boxes, what it shows and why, its message, and where else it was posted."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.dashboard.rendering import open_frame, page
from medical_telegram_warehouse.api.dashboard.repository import beginning
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.dependencies import MartsSnapshot
from medical_telegram_warehouse.api.errors import ApiError, not_found
from medical_telegram_warehouse.api.images import repository
from medical_telegram_warehouse.api.messages.repository import message

router = APIRouter(include_in_schema=False)
_KEY = re.compile(r"[0-9a-f]{32}")
_MEANINGS = {
    "promotional": "a person and a product",
    "product_display": "a product and no person",
    "lifestyle": "a person and no product",
    "other": "neither a person nor a product",
}
# By whether the photo's post offers a product.
_REASONS = {
    True: "Its post, or another of the same picture, offers a product, so the product counts as shown, and a person "
    "must be seen clearly to count: most are printed on packaging.",
    False: "Its post offers no product, so the objects alone decide.",
    None: "Nothing tells whether its post offers a product, so the objects alone decide.",
}
_STATUSES = {
    "unreadable": "The file is named like a photo and is none: a video, a broken download, or too large to open.",
    "missing": "The file was there when it was looked at, and is gone now. What was seen on it stays.",
    "absent": "Its message names this photo, but no lake ever held the file.",
}


@router.get("/images/{image_key}")
async def show_image(image_key: str, request: Request, snapshot: MartsSnapshot) -> Response:
    """The page."""
    found = await _image(snapshot, image_key)
    frame = await open_frame(request, snapshot)
    told = await _message(snapshot, found)
    return page(
        request,
        "image.html",
        frame,
        image=found,
        objects=await repository.detections(snapshot, image_key),
        meanings=_MEANINGS,
        reason=_REASONS[found["is_product_offered"]],
        trouble=_STATUSES.get(found["image_status"]),
        message=told,
        excerpt=beginning(frame.public(told["message_text"] or "")) if told is not None else "",
        others=await repository.same_picture(snapshot, found),
    )


async def _image(snapshot: Snapshot, image_key: str) -> Row:
    try:
        if _KEY.fullmatch(image_key):
            return await repository.image(snapshot, image_key)
    except ApiError as error:
        raise _unknown(image_key) from error
    raise _unknown(image_key)


async def _message(snapshot: Snapshot, found: Row) -> Row | None:
    """None where none is known; while the marts are built, photos may be ahead of messages."""
    if found["message_key"] is None:
        return None
    try:
        return await message(snapshot, found["message_key"])
    except ApiError:
        return None


def _unknown(image_key: str) -> ApiError:
    return not_found(
        f"there is no photo {image_key}: the address was cut, or the photo is no longer in the warehouse (photos keep "
        f"their addresses when it is built anew); the page Images finds photos by what they show"
    )
