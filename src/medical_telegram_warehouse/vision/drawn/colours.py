"""Which colour means what on pictures that people look at.

Belongs here: the colours of classes and categories. Does not belong here: lines and letters (`drawing`). Imports
nothing heavy, so that names of previews can be told without Pillow.

Orange is a person, blue and green are products, grey and violet is whatever counts for no category. Orange and blue
are told apart by nearly everybody, also on light and on dark photos, and the third kind has dashed lines besides.
"""

from __future__ import annotations

from enum import StrEnum
from zlib import crc32

from medical_telegram_warehouse.records import ImageCategory, ScanStatus
from medical_telegram_warehouse.vision.rules import Categories

Colour = tuple[int, int, int]


class Role(StrEnum):
    """What a class counts as."""

    PERSON = "person"
    PRODUCT = "product"
    OTHER = "other object"


ROLE_COLOURS: dict[Role, tuple[Colour, ...]] = {
    Role.PERSON: ((252, 112, 0),),
    Role.PRODUCT: ((0, 118, 222), (0, 158, 148), (60, 86, 224), (0, 150, 70), (0, 164, 214)),
    Role.OTHER: ((132, 104, 176), (122, 128, 140), (150, 112, 128), (104, 120, 96)),
}
# Also of what stands in place of a category, where a photo has none.
CATEGORY_COLOURS: dict[str, Colour] = {
    ImageCategory.PROMOTIONAL: (168, 38, 140),
    ImageCategory.PRODUCT_DISPLAY: (0, 98, 190),
    ImageCategory.LIFESTYLE: (204, 84, 0),
    ImageCategory.OTHER: (98, 104, 114),
    ScanStatus.UNREADABLE: (176, 28, 40),
    ScanStatus.MISSING: (176, 28, 40),
}
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
DARK_ENOUGH_FOR_WHITE = 135


def role_of(detected_class: str, categories: Categories) -> Role:
    """What a class counts as under these rules."""
    if detected_class in categories.person_classes:
        return Role.PERSON
    return Role.PRODUCT if detected_class in categories.product_classes else Role.OTHER


def colour_of(detected_class: str, role: Role) -> Colour:
    """A class's colour: the same on every picture, on every machine."""
    colours = ROLE_COLOURS[role]
    return colours[crc32(detected_class.encode(errors="replace")) % len(colours)]


def ink_on(background: Colour) -> Colour:
    """Black or white, whichever is easier to read there."""
    red, green, blue = background
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return WHITE if luma < DARK_ENOUGH_FOR_WHITE else BLACK
