"""A photo's bytes to an upright RGB picture, or a short reason why not.

Belongs here: everything that is suspicious about files called .jpg. Does not belong here: where files lie, what is
on the picture.

    bytes -> signature checked -> opened (a closed list of formats) -> pixels counted -> decoded -> upright RGB

The files come from strangers: nothing is decoded before its size in pixels is known.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from medical_telegram_warehouse.errors import PermanentError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 64_000_000

# Pillow warns above a size of its own; that must end the photo, not reach a user as a warning.
warnings.simplefilter("error", Image.DecompressionBombWarning)
# Its other warnings are about metadata that nobody here reads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
)
OTHER_KINDS = (
    (8, b"AVI ", "a video (AVI)"),
    (0, b"\x1aE\xdf\xa3", "a video (WebM or Matroska)"),
    (0, b"OggS", "a sound or video (Ogg)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"<", "a web page or other marked-up text"),
)
# The brand that follows "ftyp" at byte 4; every other brand is a video of the MP4 family.
STILL_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF", b"avif": "AVIF", b"avis": "AVIF"}
# EXIF orientation: how to turn the stored picture so that it stands upright.
ORIENTATION_TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDE_SWAPPING_TURNS = {TURNS[5], TURNS[6], TURNS[7], TURNS[8]}


class UnreadablePhotoError(PermanentError):
    """A file is not a picture that can be decoded; `reason` fits into a table's cell."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Photo:
    """An upright RGB picture. `image` may be smaller than the photo, whose own size is `width` by `height`."""

    image: Image.Image
    width: int
    height: int


def decode_photo(data: bytes, *, enough_side: int | None = None) -> Photo:
    """Decodes a whole file.

    Args:
        data: The file's bytes.
        enough_side: A JPEG may be decoded at a half, a quarter or an eighth of its size as long as the longer side
            stays at least this long: a third less time for a photo that is shrunk afterwards anyway.

    Raises:
        UnreadablePhotoError: With the reason.
    """
    if not data:
        raise UnreadablePhotoError("empty file")
    kind = _picture_kind(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            _check_pixels(width, height)
            turn = TURNS.get(_orientation(image))
            if enough_side is not None and enough_side < max(width, height):
                shrink = enough_side / max(width, height)
                image.draft(None, (ceil(width * shrink), ceil(height * shrink)))
            image.load()
            upright = _to_rgb(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePhotoError(f"more than {MAX_PIXELS // 1_000_000} million pixels") from error
    except UnidentifiedImageError as error:
        reason = f"truncated or damaged {kind}" if kind else "not a picture of a supported format"
        raise UnreadablePhotoError(reason) from error
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error) as error:
        # What Pillow's decoders raise for bytes that lie about themselves.
        cut = "truncated" in str(error).lower() or isinstance(error, EOFError)
        state = "truncated" if cut else "truncated or damaged"
        raise UnreadablePhotoError(f"{state} {kind or 'picture'}") from error
    if turn is not None:
        upright = upright.transpose(turn)
    if turn in SIDE_SWAPPING_TURNS:
        width, height = height, width
    return Photo(upright, width, height)


def _picture_kind(data: bytes) -> str | None:
    """The format that the first bytes promise; other known kinds of file end here, with their name."""
    head = data[:64]
    if not head.strip(b"\x00"):
        raise UnreadablePhotoError("only zero bytes: the download was never finished")
    for offset, signature, name in SIGNATURES:
        if head.startswith(signature, offset):
            return name
    if head[4:8] == b"ftyp":
        still = STILL_BRANDS.get(head[8:12])
        raise UnreadablePhotoError(f"a {still} picture, which is not supported" if still else _video(head[8:12]))
    for offset, signature, name in OTHER_KINDS:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(signature, offset):
            raise UnreadablePhotoError(f"{name}, not a picture")
    return None


def _video(brand: bytes) -> str:
    return f"a video ({'QuickTime' if brand == b'qt  ' else 'MP4'}), not a picture"


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        limit = f"the limit is {MAX_PIXELS // 1_000_000} million pixels"
        raise UnreadablePhotoError(f"{width} x {height} pixels, {limit}")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, UserWarning):
        return 1  # damaged EXIF says nothing about the picture itself


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode as RGB: what is transparent becomes white, and 16 bits are scaled, where Pillow would clip them."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    brightest = 255 if image.mode == "F" else 65535
    if image.mode == "F" and values.max() <= 1:
        brightest = 1
    return np.clip(values * (255 / brightest) + 0.5, 0, 255).astype(np.uint8)
