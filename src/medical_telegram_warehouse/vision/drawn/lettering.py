"""Text on pictures: a font that has the letters, and text that fits its place.

Belongs here: fonts, measuring, shortening, wrapping. Does not belong here: where text stands (`drawing`, `sheet`).

Pillow's own font is there on every machine, and is Latin only. For other letters, such as those of an Amharic
channel's title, a font of the machine is looked for; without one they become question marks.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont
# By the names of their files, as Linux, macOS and Windows have them; the first four have Ethiopic letters.
OTHER_FONTS = (
    "NotoSansEthiopic-Regular.ttf", "AbyssinicaSIL-Regular.ttf", "ebrima.ttf", "Kefa.ttc",
    "NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf",
)  # fmt: skip
# The other engine, where a machine has it, joins Arabic letters, and fails for some mixtures of letters and marks.
PLAIN_LAYOUT = ImageFont.Layout.BASIC
UNKNOWN_LETTER = "\U0010ffff"  # in no font: every font draws it as it draws whatever it lacks


def font_for(text: str, size: int) -> tuple[Font, str]:
    """A font of that size with the letters of `text`, and the text as that font can write it, in one line."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    own = own_font(size)
    if all(_has(own, letter) for letter in set(text)):
        return own, text
    for name in OTHER_FONTS:
        font = _machine_font(name, size)
        if font is not None and all(_has(font, letter) for letter in set(text)):
            return font, text
    return own, "".join(letter if _has(own, letter) else "?" for letter in text)


def width_of(text: str, font: Font) -> int:
    """The width of a line in pixels."""
    return round(font.getlength(text))


def shortened(text: str, font: Font, width: int) -> str:
    """The text, or as much of its beginning as fits; nothing where not even that does."""
    if width_of(text, font) <= width:
        return text
    for length in range(len(text) - 1, 0, -1):
        candidate = f"{text[:length].rstrip()}…"
        if width_of(candidate, font) <= width:
            return candidate
    return ""


def wrapped(text: str, font: Font, width: int, *, lines: int) -> list[str]:
    """The text in at most so many lines; the last one is shortened."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines - 1:
        count = next((n for n in range(len(words), 1, -1) if width_of(" ".join(words[:n]), font) <= width), 1)
        found.append(shortened(" ".join(words[:count]), font, width))
        words = words[count:]
    return [*found, shortened(" ".join(words), font, width)] if words else found


@lru_cache(maxsize=64)
def own_font(size: int) -> Font:
    """Pillow's own font."""
    font = ImageFont.load_default(size=size)
    assert isinstance(font, Font), "Pillow is built with FreeType, as its wheels are"  # noqa: S101
    return font.font_variant(layout_engine=PLAIN_LAYOUT)


@lru_cache(maxsize=64)
def _machine_font(name: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(name, size, layout_engine=PLAIN_LAYOUT)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _has(font: Font, letter: str) -> bool:
    if letter == " ":
        return True
    drawn, unknown = font.getmask(letter), font.getmask(UNKNOWN_LETTER)
    return drawn.size != unknown.size or bytes(drawn) != bytes(unknown)
