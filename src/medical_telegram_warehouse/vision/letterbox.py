"""A picture into a model's input, and boxes in that input back onto the photo.

Belongs here: shrinking, padding, and the numbers that a model takes for a pixel. Does not belong here: decoding a
photo (`decode`), running a model (`runtimes`). Detection, calibration and benchmarks all fit pictures with this.

    upright RGB picture -> fitted and padded, bytes of height by width by 3 -> the array that the model takes
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medical_telegram_warehouse.vision.models.model_facts import ModelInput

PADDING = 114  # the grey that the YOLO family was trained with
STEP = 32  # pixels; the family's networks halve a picture five times, and put the halves together again
BRIGHTEST = np.float32(255)


@dataclass(frozen=True)
class Placement:
    """Where a photo lies in the input."""

    left: int
    top: int
    width: int
    height: int
    photo_width: int
    photo_height: int

    def on_photo(self, corners: NDArray[np.float32]) -> NDArray[np.float64]:
        """Boxes of the input (x_min, y_min, x_max, y_max) in the photo's pixels, cut at its edges, in tenths."""
        back = np.array([self.photo_width / self.width, self.photo_height / self.height] * 2)
        moved = (corners - np.array([self.left, self.top] * 2)) * back
        return np.asarray(np.clip(moved, 0, np.array([self.photo_width, self.photo_height] * 2)).round(1), np.float64)


def letterbox(
    picture: Image.Image | NDArray[np.uint8], takes: ModelInput, size: tuple[int, int] | None = None
) -> tuple[NDArray[np.uint8], Placement]:
    """The picture in the middle of a grey field, as large as it fits into a model's input without distortion.

    Where the input is free, the field is no larger than it must be: nothing is gained by looking at more grey.

    Args:
        picture: Upright and RGB; an array is height by width by 3.
        takes: What the model takes.
        size: Width and height of the photo when `picture` is a smaller version of it.
    """
    width, height = takes.width, takes.height
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    photo_width, photo_height = size or image.size
    scale = min(width / photo_width, height / photo_height)
    fitted = (max(1, round(photo_width * scale)), max(1, round(photo_height * scale)))
    if takes.is_free:
        width, height = (
            min(most, ceil(side / STEP) * STEP) for side, most in zip(fitted, (width, height), strict=True)
        )
    left, top = (width - fitted[0]) // 2, (height - fitted[1]) // 2
    if image.mode != "RGB":  # converting RGB to itself copies it
        image = image.convert("RGB")
    if image.size != fitted:
        image = image.resize(fitted, Image.Resampling.BILINEAR)
    field = np.full((height, width, 3), PADDING, np.uint8)
    field[top : top + fitted[1], left : left + fitted[0]] = np.asarray(image)
    return field, Placement(left, top, *fitted, photo_width, photo_height)


def as_input(field: NDArray[np.uint8], takes: ModelInput) -> NDArray[Any]:
    """The field as the one picture of the array that the model takes."""
    # Bytes are transposed before they become four times as many.
    pixels = field[None] if takes.channels_last else np.ascontiguousarray(field.transpose(2, 0, 1)[None])
    if takes.dtype == np.uint8:
        return pixels
    return (pixels / BRIGHTEST).astype(takes.dtype, copy=False)
