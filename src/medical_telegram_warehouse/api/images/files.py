"""Small pictures of photos, with boxes or without: made when they are asked for the first time, then kept.

A path in the warehouse came from a scraper's file names, so it is opened only if it lies in a folder of photos of a
known lake, links followed. What is sent is never the file itself: it is decoded within bounds and drawn anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import Depends, Request

from medical_telegram_warehouse.api.database.pool import Row
from medical_telegram_warehouse.api.errors import ApiError, ErrorCode, not_found
from medical_telegram_warehouse.api.options import ApiOptions
from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.drawn.known_photo import PhotoUnavailableError
from medical_telegram_warehouse.vision.drawn.preview_folder import PreviewKind
from medical_telegram_warehouse.vision.drawn.previews import preview_of
from medical_telegram_warehouse.vision.rules import load_categories

# Decoding holds a core and up to a hundred megabytes.
_AT_ONCE = 2


class PhotoFiles:
    """Makes the small pictures.

    Args:
        options: where photos lie, and where small pictures are kept.
    """

    def __init__(self, options: ApiOptions) -> None:
        self._roots = tuple(root.resolve() for root in options.photo_roots)
        self._project_root = options.project_root
        self._folder = options.previews
        self._categories = load_categories(options.categories)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def picture(self, image: Row, detections: Sequence[Row], kind: PreviewKind) -> bytes:
        """A WebP picture of a photo.

        Args:
            image: its row in the warehouse.
            detections: its objects; drawn where `kind` is with boxes.
            kind: which picture.

        Raises:
            ApiError: 404; the file is gone, was never had, or shows something else by now.
        """
        if self._folder is None or image["image_status"] != "ok" or image["sha256"] is None:
            raise not_found(f"there is no picture of this photo: its file is {image['image_status']}")
        objects = [Detection(**row) for row in detections]
        async with self._slots:
            return await asyncio.to_thread(self._picture, image["image_path"], image["sha256"], objects, kind)

    def _picture(self, name: str, sha256: str, objects: Sequence[Detection], kind: PreviewKind) -> bytes:
        assert self._folder is not None  # noqa: S101 - checked above
        photo = (self._project_root / name).resolve()
        if not any(photo.is_relative_to(root) for root in self._roots):
            raise not_found("the photo's file lies in none of the lakes that this service knows")
        try:
            path = preview_of(photo, sha256, objects, kind, folder=self._folder, categories=self._categories)
            return path.read_bytes()
        except PhotoUnavailableError as error:
            raise not_found(f"there is no picture of this photo: {error.reason}") from error
        except (PermanentError, OSError) as error:
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                ErrorCode.INTERNAL,
                "small pictures cannot be kept: the folder processed/previews of the data folder cannot be written",
            ) from error


def _photos(request: Request) -> PhotoFiles:
    return cast("PhotoFiles", request.app.state.photos)


Photos = Annotated[PhotoFiles, Depends(_photos)]
