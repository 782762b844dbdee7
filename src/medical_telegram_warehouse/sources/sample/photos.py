"""The sample's photos, made from a few shipped photographs and drawn cards.

Each key gives the same bytes whenever and wherever it is rendered with the same Pillow. A detector trained on COCO
finds a person, a cup, both or neither, so every image category occurs. The photographs' licences stand in NOTICE.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from io import BytesIO

from PIL import Image, ImageEnhance, ImageOps

from medical_telegram_warehouse.records import ImageCategory
from medical_telegram_warehouse.sources.sample.cards import band, card, text_card
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.products import PRODUCTS

_PORTRAITS = (0, 2, 4, 5, 9, 12, 14, 15, 16, 17, 20, 24, 25, 26, 27, 31, 32, 33, 34, 35, 36, 38, 39)
"""Shots of the person in which the detector sees no product: in some others it takes the helmet for a cup."""

VARIANTS: dict[ImageCategory, int] = {
    ImageCategory.PROMOTIONAL: 24,
    ImageCategory.PRODUCT_DISPLAY: len(PRODUCTS),
    ImageCategory.LIFESTYLE: len(_PORTRAITS),
    ImageCategory.OTHER: 36,
}
"""How many different photos of each kind there are; a product display belongs to the product of that index."""

_PHOTOGRAPHS = resources.files("medical_telegram_warehouse.sources.sample") / "photographs"
_MOVIE = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41\x00\x00\x00\x08free\x00\x00\x00\x08mdat"
"""The beginning of a movie. Real channels have some of these where a photo is expected."""
_NOTICES = ("CPD TRAINING", "VACANCY", "WE ARE OPEN TODAY", "HAPPY HOLIDAY", "HEALTH TIP", "NEW BRANCH")


@lru_cache(maxsize=256)
def render(key: PhotoKey) -> bytes:
    """The bytes of a photo's file."""
    if key.kind == "broken":
        return _MOVIE
    draw = {
        ImageCategory.PROMOTIONAL: _promotional,
        ImageCategory.PRODUCT_DISPLAY: _product_display,
        ImageCategory.LIFESTYLE: _lifestyle,
        ImageCategory.OTHER: _other,
    }[ImageCategory(key.kind)]
    file = BytesIO()
    draw(key.variant).save(file, "JPEG", quality=76)
    return file.getvalue()


@lru_cache(maxsize=8)
def _photograph(name: str) -> Image.Image:
    with (_PHOTOGRAPHS / f"{name}.jpg").open("rb") as file:
        return Image.open(file).convert("RGB")


def _varied(image: Image.Image, variant: int) -> Image.Image:
    """Another shot of the same thing: cropped, mirrored, brighter or darker, by variant."""
    width, height = image.size
    margin = variant % 5
    left, top = width * margin // 60, height * (variant // 5 % 4) // 60
    shot = image.crop((left, top, width - width * (variant % 3) // 60, height - height * (variant % 4) // 80))
    if variant % 2:
        shot = ImageOps.mirror(shot)
    return ImageEnhance.Brightness(shot).enhance(0.88 + 0.03 * (variant % 7))


def _product_display(variant: int) -> Image.Image:
    """A cup on a card with the product's name. Which thing it is does not matter: COCO has no medicine boxes."""
    product = PRODUCTS[variant]
    image = card(640, 560, variant)
    shot = ImageOps.fit(_varied(_photograph("coffee"), variant), (600, 400))
    image.paste(shot, (20, 20))
    band(image, 440, [product.name, product.pack], variant)
    return image


def _promotional(variant: int) -> Image.Image:
    """A person beside a product."""
    person, product = _varied(_photograph("astronaut"), variant), _varied(_photograph("coffee"), variant + 1)
    product_name = PRODUCTS[variant * 7 % len(PRODUCTS)].name
    if variant % 3 == 2:  # one above the other
        image = card(512, 820, variant)
        image.paste(ImageOps.fit(person, (512, 400)), (0, 0))
        image.paste(ImageOps.fit(product, (512, 320)), (0, 400))
        band(image, 738, [product_name], variant)
        return image
    image = card(900, 480, variant)
    person_left = variant % 3 == 1
    image.paste(ImageOps.fit(person, (400, 400)), (0 if person_left else 500, 0))
    image.paste(ImageOps.fit(product, (500, 400)), (400 if person_left else 0, 0))
    band(image, 400, [product_name], variant)
    return image


def _lifestyle(variant: int) -> Image.Image:
    """A person."""
    portrait = _PORTRAITS[variant]
    shot = ImageOps.fit(_varied(_photograph("astronaut"), portrait), (560, 560))
    if portrait % 2:
        band(shot, 498, [_NOTICES[portrait % len(_NOTICES)]], portrait)
    return shot


def _other(variant: int) -> Image.Image:
    """Words only, or something that no shop sells."""
    if variant % 3 == 0:
        return ImageOps.fit(_varied(_photograph("chelsea"), variant), (600, 400))
    if variant % 3 == 1:
        return ImageOps.fit(_varied(_photograph("rocket"), variant), (640, 427))
    notice = _NOTICES[variant % len(_NOTICES)]
    return text_card([notice, f"Sample notice {variant}", "Call 0900000000", "www.example.org"], variant)
