"""`/api/images`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from medical_telegram_warehouse.api.answers.answer import PageRequest, RequestAnswers
from medical_telegram_warehouse.api.answers.documented import FILES, NOT_FOUND
from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.answers.types import ImageKey
from medical_telegram_warehouse.api.channels.repository import channel_key, require_channel
from medical_telegram_warehouse.api.dependencies import MartsSnapshot, Options
from medical_telegram_warehouse.api.images import repository
from medical_telegram_warehouse.api.images.files import Photos
from medical_telegram_warehouse.api.images.parameters import ImageParameters, ImageSort
from medical_telegram_warehouse.api.images.schemas import ImageDetail, ImageList
from medical_telegram_warehouse.vision.drawn.preview_folder import PreviewKind

router = APIRouter(prefix="/api/images", tags=["Images"])
Key = Annotated[ImageKey, Path()]
_WEBP = "image/webp"
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {_WEBP: {"schema": {"type": "string", "format": "binary"}}}},
    **NOT_FOUND,
}


@router.get("", response_model=ImageList, responses=FILES | NOT_FOUND)
async def list_images(
    asked: Annotated[ImageParameters, Query()], snapshot: MartsSnapshot, answers: RequestAnswers, options: Options
) -> Response:
    """Photos by what they show, newest first; or pictures, those posted most often first."""
    await require_channel(snapshot, asked.channel_name)
    filters = {
        **asked.asked(),
        "channel_key": channel_key(asked.channel_name),
        **moments(asked.from_date, asked.to_date, options.timezone),
    }
    page = PageRequest(asked, snapshot)
    if asked.sort is ImageSort.MOST_USED:
        rows = await repository.most_used(snapshot, filters, page.by_offset())
    else:
        rows = await repository.newest(snapshot, filters, page.by_key(at=int, key=str))
    return await answers.page(ImageList, snapshot, page, rows, into="images", name="images")


@router.get("/{image_key}", response_model=ImageDetail, responses=NOT_FOUND)
async def show_image(image_key: Key, snapshot: MartsSnapshot, answers: RequestAnswers) -> Response:
    """One photo: the objects on it, and where else the same picture was posted."""
    found = await repository.image(snapshot, image_key)
    return answers.envelope(
        ImageDetail,
        snapshot,
        **found | {"image": found},
        detections=await repository.detections(snapshot, image_key),
        same_picture=await repository.same_picture(snapshot, found),
    )


@router.get("/{image_key}/thumbnail", response_class=Response, responses=_PICTURE)
async def show_thumbnail(image_key: Key, snapshot: MartsSnapshot, photos: Photos) -> Response:
    """A small picture of the photo."""
    found = await repository.image(snapshot, image_key)
    return Response(await photos.picture(found, [], PreviewKind.THUMBNAIL), media_type=_WEBP)


@router.get("/{image_key}/preview", response_class=Response, responses=_PICTURE)
async def show_preview(image_key: Key, snapshot: MartsSnapshot, photos: Photos) -> Response:
    """The photo with a box around each object: orange for persons, blue and green for products."""
    found = await repository.image(snapshot, image_key)
    boxes = await repository.detections(snapshot, image_key)
    return Response(await photos.picture(found, boxes, PreviewKind.BOXES), media_type=_WEBP)
