"""Drawn parts of photos: coloured cards and bands of text, as shops make them in a phone app."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
BACKGROUNDS: tuple[Colour, ...] = (
    (236, 244, 240), (252, 243, 228), (228, 238, 250), (246, 232, 238), (240, 240, 240), (226, 242, 244),
)  # fmt: skip
INKS: tuple[Colour, ...] = ((12, 92, 74), (140, 52, 20), (22, 58, 120), (120, 22, 70), (40, 40, 40))


def card(width: int, height: int, variant: int) -> Image.Image:
    """An empty card in one of a few colours."""
    return Image.new("RGB", (width, height), BACKGROUNDS[variant % len(BACKGROUNDS)])


def band(image: Image.Image, top: int, lines: list[str], variant: int) -> None:
    """Write lines over the whole width of an image, on a band of one colour.

    Latin letters only: Pillow's own font has no Ethiopic ones.
    """
    ink = INKS[variant % len(INKS)]
    draw = ImageDraw.Draw(image)
    height = 20 + 42 * len(lines)
    draw.rectangle((0, top, image.width, top + height), fill=ink)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(size=34 if number == 0 else 24)
        draw.text((20, top + 10 + 42 * number), line, font=font, fill=(255, 255, 255))


def text_card(lines: list[str], variant: int) -> Image.Image:
    """A card of nothing but words: an announcement as a picture."""
    image = card(640, 480, variant)
    draw = ImageDraw.Draw(image)
    draw.rectangle((16, 16, 624, 464), outline=INKS[variant % len(INKS)], width=4)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(size=40 if number == 0 else 28)
        draw.text((48, 60 + 64 * number), line, font=font, fill=INKS[variant % len(INKS)])
    return image
