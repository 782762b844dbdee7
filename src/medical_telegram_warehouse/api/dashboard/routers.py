"""All pages."""

from __future__ import annotations

from medical_telegram_warehouse.api.dashboard import (
    assets,
    channel,
    channels,
    image,
    images,
    message,
    messages,
    overview,
    pipeline,
    product,
    products,
)

PAGES = tuple(
    each.router
    for each in (assets, overview, products, product, channels, channel, images, image, messages, message, pipeline)
)
