"""Shapes of answers about photos."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope, PageEnvelope
from medical_telegram_warehouse.records import ImageCategory


class ImageStatus(StrEnum):
    """What became of a photo's file."""

    OK = "ok"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    ABSENT = "absent"


class Image(BaseModel):
    """A photo."""

    image_key: str = Field(description="The photo's key; `/api/images/{image_key}/thumbnail` shows it.")
    channel_name: str = Field(description="The channel.")
    message_id: int | None = Field(description="The message's number there; null where the file does not tell.")
    message_key: str | None = Field(description="The message: `/api/messages/{message_key}`; null where unknown.")
    message_timestamp: datetime | None = Field(description="When it was posted.")
    image_status: ImageStatus = Field(
        description="`ok`; `unreadable`: no photo by its content; `missing`: a lake had it; `absent`: never seen."
    )
    image_category: ImageCategory | None = Field(description="What its objects alone say; null if unreadable.")
    content_category: ImageCategory | None = Field(description="What its objects and its post say.")
    num_detections: int | None = Field(description="Objects found on it; null where it was not scanned.")
    detected_classes: list[str] | None = Field(description="Kinds of these objects, sorted.")
    width_pixels: int | None = Field(description="Width of the upright photo.")
    height_pixels: int | None = Field(description="Height of the upright photo.")
    image_group: str | None = Field(description="The picture; copies and re-encoded copies share it.")
    use_count: int | None = Field(description="How many photos are this picture.")
    is_duplicate: bool = Field(description="Whether an earlier photo has the same content.")
    views: int | None = Field(description="The message's view counter; null where unknown.")
    forwards: int | None = Field(description="The message's forward counter; null where unknown.")


class ImageList(PageEnvelope):
    """A part of the photos."""

    images: list[Image] = Field(description="The photos.")


class DetectedObject(BaseModel):
    """An object on a photo."""

    detected_class: str = Field(description="As the model names it.", examples=["bottle"])
    confidence_score: float = Field(description="The model's confidence, 0 to 1.")
    x_min: float = Field(description="Left edge of the box, in pixels of the upright photo.")
    y_min: float = Field(description="Upper edge.")
    x_max: float = Field(description="Right edge.")
    y_max: float = Field(description="Lower edge.")


class ImageDetail(Envelope):
    """One photo."""

    image: Image = Field(description="The photo.")
    model: str | None = Field(description="The model that scanned it.")
    person_score: float | None = Field(description="Best score of a person that counts for the category.")
    product_score: float | None = Field(description="Best score of a product that counts for it.")
    is_product_offered: bool | None = Field(
        description="Whether its message offers a product; null where nothing says."
    )
    first_used_at: datetime | None = Field(description="When the picture was first posted, in any encoding.")
    detections: list[DetectedObject] = Field(description="The objects, the surest first.")
    same_picture: list[Image] = Field(description="Other photos of the same picture, newest first; 50 at most.")
