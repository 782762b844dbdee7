"""What clients may choose of photos."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from medical_telegram_warehouse.api.answers.parameters import ChannelFilter, DateFilter, Page
from medical_telegram_warehouse.api.images.schemas import ImageStatus
from medical_telegram_warehouse.records import ImageCategory


class ImageSort(StrEnum):
    """Orders of photos."""

    NEWEST = "newest"
    MOST_USED = "most_used"


class ImageParameters(Page, ChannelFilter, DateFilter):
    """Of `/api/images`."""

    content_category: ImageCategory | None = Field(
        default=None, description="Only photos that show this, with their posts."
    )
    image_category: ImageCategory | None = Field(default=None, description="Only photos whose objects alone say this.")
    detected_class: str | None = Field(
        default=None, min_length=1, max_length=100, description="Only photos with such an object.", examples=["bottle"]
    )
    image_status: ImageStatus | None = Field(default=None, description="Only photos whose file is so.")
    image_group: str | None = Field(
        default=None, min_length=1, max_length=100, description="Only copies of this picture, in any encoding."
    )
    has_message: bool = Field(default=True, description="`false`: only photos of which no message is known.")
    sort: ImageSort = Field(
        default=ImageSort.NEWEST,
        description="`newest` first; or `most_used`: each picture once, by its first photo, most often posted first.",
    )

    @model_validator(mode="after")
    def _dates_need_messages(self) -> Self:
        if not self.has_message and (self.from_date or self.to_date):
            message = "photos without a message have no date; leave from_date and to_date out"
            raise ValueError(message)
        return self
