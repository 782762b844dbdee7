"""Shapes of the reports."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.answer import Envelope
from medical_telegram_warehouse.api.answers.masking import PublicText
from medical_telegram_warehouse.api.answers.types import Price
from medical_telegram_warehouse.records import ImageCategory


class TopProduct(BaseModel):
    """A product by how often it is offered, or a term by how many messages hold it."""

    term: PublicText = Field(
        description="What it is called: name, strength and form; of a term, the vocabulary's name.",
        examples=["amoxicillin 500mg capsule"],
    )
    mention_count: int = Field(description="Offers; of a term, messages. Repetitions and copies included.")
    distinct_mention_count: int = Field(description="The same without repetitions and forwarded copies.")
    total_views: int | None = Field(description="Views of the messages; null where none are known.")
    total_forwards: int | None = Field(description="Forwards of the messages; null where none are known.")
    channels: list[str] = Field(description="Names of the channels, sorted.")
    product_key: str | None = Field(description="The product: `/api/products/{product_key}`; null for a term.")
    product_class: str = Field(description="What kind of product it is.")
    min_price: Price | None = Field(description="Lowest price in ETB, outliers left out; null without any.")
    median_price: Price | None = Field(description="Median price in ETB.")
    max_price: Price | None = Field(description="Highest price in ETB.")
    first_mention_date: date | None = Field(description="Business day of the first one.")
    last_mention_date: date | None = Field(description="Business day of the last one.")


class TopProducts(Envelope):
    """What is offered most."""

    limit: int = Field(description="How many were asked for.")
    total_found: int = Field(description="How many there are with at least `min_mentions`.")
    kind: str = Field(description="`products`: products with offers; `terms`: words of the list product_terms.")
    products: list[TopProduct] = Field(description="Those with most mentions first.")


class DetectedClass(BaseModel):
    """A kind of object on photos."""

    detected_class: str = Field(description="As the model names it.", examples=["bottle"])
    detection_count: int = Field(description="Objects of this class.")
    photo_count: int = Field(description="Photos with at least one of them.")
    avg_confidence: float | None = Field(description="The model's mean confidence, 0 to 1.")


class CategoryEngagement(BaseModel):
    """Posts whose photos are of one category."""

    image_category: ImageCategory = Field(description="What the photos show.")
    photo_count: int = Field(description="Readable photos, re-uploads included.")
    original_post_count: int = Field(description="Posts behind them, forwarded copies left out, albums counted once.")
    total_views: int | None = Field(description="Views of these posts; null where none are known.")
    avg_views: float | None = Field(description="Mean views of these posts; null where none are known.")


class VisualStats(BaseModel):
    """What photos show, and what that earns."""

    total_images: int = Field(description="Readable photos.")
    total_detections: int = Field(description="Objects found on them.")
    avg_detections_per_image: float = Field(description="The same for each photo.")
    image_categories: dict[ImageCategory, int] = Field(description="Photos by what their objects alone say.")
    content_categories: dict[ImageCategory, int] = Field(
        description="Photos by what their objects and their posts say, which is right more often."
    )
    top_detected_classes: list[DetectedClass] = Field(description="Kinds of objects, the most frequent first.")
    engagement_by_category: list[CategoryEngagement] = Field(description="By image category.")
    engagement_by_content: list[CategoryEngagement] = Field(description="By content category.")


class VisualContent(Envelope):
    """The report on photos."""

    channel_name: str | None = Field(description="The channel; null for all.")
    stats: VisualStats = Field(description="The figures.")
