"""Pictures made from photos.

Belongs here: shrinking, a shrunk photo with its boxes, encoding. Does not belong here: which
pictures are wanted (`previews`, `sheet`), lines and letters (`drawing`).

    a photo's bytes -> decoded, upright -> shrunk (never enlarged) -> boxes -> WebP or PNG
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.decoding.decode import Photo
from medical_telegram_warehouse.vision.drawn.drawing import draw_boxes
from medical_telegram_warehouse.vision.rules import Categories

# Measured on photos of shop channels: one step more takes twice the time and saves 3 % of the bytes.
WEBP_METHOD = 2
WEBP_QUALITY = 80
# Filters at about three times the final size, after averaging down to it: a third of the time, no visible difference.
REDUCING_GAP = 3.0


def fitting_size(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The greatest size of the same shape that fits into `room` and enlarges nothing."""
    scale = min(1.0, room[0] / size[0], room[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrunk(picture: Image.Image, room: tuple[int, int]) -> Image.Image:
    """A copy of the picture that fits into `room`."""
    size = fitting_size(picture.size, room)
    if size == picture.size:
        return picture.copy()
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)


def with_boxes(
    photo: Photo, detections: Sequence[Detection], room: tuple[int, int], categories: Categories
) -> Image.Image:
    """The photo, shrunk to fit into `room`, with what was detected on it."""
    picture = shrunk(photo.image, room)
    draw_boxes(picture, detections, picture.width / photo.width, categories)
    return picture


def as_webp(picture: Image.Image) -> bytes:
    """The picture as a WebP file's bytes, without any metadata of the photo."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return file.getvalue()


def as_png(picture: Image.Image) -> bytes:
    """The picture as a PNG file's bytes."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
