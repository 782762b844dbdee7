"""A photo's bytes to an upright RGB picture, or a short reason why not.

Belongs here: decoding with bounded memory and time, and what Pillow lets slip. Does not belong here: what first bytes
promise (`signatures`), formats that must be looked into beforehand (`tiff_tags`, `heif_boxes`), where files lie, what
is on the picture.

    bytes -> signature -> opened by that format's reader alone -> pixels counted -> decoded -> upright RGB

The files come from strangers: nothing is decoded before its size in pixels is known.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from PIL import AvifImagePlugin, Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from medical_telegram_warehouse.vision.decoding.heif_boxes import without_metadata
from medical_telegram_warehouse.vision.decoding.signatures import picture_kind
from medical_telegram_warehouse.vision.decoding.tiff_tags import check_tiff, orientation
from medical_telegram_warehouse.vision.decoding.unreadable import MAX_PIXELS, UnreadablePhotoError, check_pixels

__all__ = ["MAX_PIXELS", "Photo", "UnreadablePhotoError", "decode_photo"]

MAX_READS = 2_000_000  # some seconds
MAX_SCANS = 100  # of one JPEG; an honest one has about ten
START_OF_SCAN = b"\xff\xda"
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
TRUNCATION = re.compile("truncated|end of file", re.IGNORECASE)
# Pillow also logs what it refuses, which Python prints as it is where nobody listens.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# What Pillow warns of is either metadata, which nobody here reads, or a size, which is checked here.
QUIET = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
# EXIF orientation: how to turn the stored picture so that it stands upright.
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
TURNED_BY_ITS_READER = {"TIFF", "HEIC", "HEIF"}


@dataclass(frozen=True)
class Photo:
    """An upright RGB picture. `image` may be smaller than the photo, whose own size is `width` by `height`."""

    image: Image.Image
    width: int
    height: int


def decode_photo(data: bytes, *, enough_side: int | None = None) -> Photo:
    """Decodes a whole file; of an animation or of several pages, the first.

    Args:
        data: The file's bytes.
        enough_side: A JPEG may be decoded at a half, a quarter or an eighth of its size as long as the longer side
            stays at least this long: a third less time for a photo that is shrunk afterwards anyway.

    Raises:
        UnreadablePhotoError: With the reason.
    """
    kind = picture_kind(data)
    read = _reader(kind)
    _hush()
    try:
        image = read(data)
        width, height = image.size
        check_pixels(width, height)
        turn = None if kind in TURNED_BY_ITS_READER else TURNS.get(orientation(image.info.get("exif") or b""))
        if enough_side is not None and kind == "JPEG" and enough_side < max(width, height):
            shrink = enough_side / max(width, height)
            image.draft(None, (ceil(width * shrink), ceil(height * shrink)))
        image.load()
        upright = _to_rgb(image)
        if turn is not None:
            upright = upright.transpose(turn)
    except UnreadablePhotoError:
        raise
    except Image.DecompressionBombError as error:  # while it was opened, by a reader that needs memory for that
        raise UnreadablePhotoError(f"more than {MAX_PIXELS // 1_000_000} million pixels") from error
    except MemoryError as error:
        raise UnreadablePhotoError(f"a {kind} that needs more memory than there is") from error
    except Exception as error:  # Pillow's readers, and those that it calls, agree on no error for bytes that lie
        cut = isinstance(error, EOFError) or TRUNCATION.search(str(error))
        raise UnreadablePhotoError(f"{'truncated' if cut else 'truncated or damaged'} {kind}") from error
    if turn in SIDE_SWAPPING_TURNS:
        width, height = height, width
    return Photo(upright, width, height)


class _Pieces(io.BytesIO):
    """A file that may be read in so many pieces only: 60 megabytes of empty ones took two gigabytes of memory."""

    _left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise UnreadablePhotoError("made of too many pieces")
        return super().read(size)


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Takes seconds for EXIF data that lie, and nobody here wants to know."""


def _reader(kind: str) -> Callable[[bytes], ImageFile.ImageFile]:
    """What opens a file of this format. `Image.open` would look at more formats than one, and at more of a file."""
    if kind in {"HEIC", "HEIF"}:
        # Its decoder is loaded for the first such photo, and Pillow at large is not told of it.
        from pillow_heif import HeifImageFile

        opened: Callable[..., ImageFile.ImageFile] = HeifImageFile
        return lambda data: opened(io.BytesIO(without_metadata(data, kind=kind)))
    if kind == "AVIF" and not AvifImagePlugin.SUPPORTED:
        raise UnreadablePhotoError("an AVIF picture, which is not supported")
    return READERS[kind]


def _open_jpeg(data: bytes) -> ImageFile.ImageFile:
    stream = _Pieces(data)
    image = _Jpeg(stream)
    # Each scan goes over the whole picture, and a scan may be as short as a line of text.
    if data.count(START_OF_SCAN) > MAX_SCANS and _scans(data, stream.tell()) > MAX_SCANS:
        raise UnreadablePhotoError("a JPEG of too many pieces")
    return image


def _scans(data: bytes, place: int) -> int:
    """How often a JPEG's picture is gone over, beginning in its first scan; not counted are previews and videos."""
    scans = 1
    while scans <= MAX_SCANS and (marker := JPEG_MARKER.search(data, place)) and marker[0] != b"\xff\xd9":
        scans += marker[0] == START_OF_SCAN
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans


def _open_tiff(data: bytes) -> ImageFile.ImageFile:
    check_tiff(data)
    return TiffImageFile(_Pieces(data))


READERS: dict[str, Callable[[bytes], ImageFile.ImageFile]] = {
    "JPEG": _open_jpeg,
    "PNG": lambda data: PngImageFile(_Pieces(data)),
    "WebP": lambda data: WebPImageFile(io.BytesIO(data)),
    "GIF": lambda data: GifImageFile(_Pieces(data)),
    "BMP": lambda data: BmpImageFile(_Pieces(data)),
    "TIFF": _open_tiff,
    "AVIF": lambda data: AvifImagePlugin.AvifImageFile(io.BytesIO(without_metadata(data, kind="AVIF"))),
}


def _hush() -> None:
    """Keeps Pillow's warnings from the user, and from a run that makes errors of warnings.

    Filters are the whole process's: `catch_warnings` would take those of another thread away, and what was set once,
    at import, a test runner sets back.
    """
    if QUIET not in warnings.filters[:1]:
        warnings.filterwarnings("ignore", category=QUIET[2], module=QUIET[3].pattern)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode as RGB: what is transparent becomes white, and 16 bits are scaled, where Pillow would clip them."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.has_transparency_data:
        seen = image if image.mode == "RGBA" else image.convert("RGBA")
        shown = Image.new("RGB", image.size, "white")
        shown.paste(seen, mask=seen)
        return shown
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    brightest = 65535.0
    if image.mode == "F":
        _, most = image.getextrema()
        brightest = 255.0 if isinstance(most, (int, float)) and most > 1 else 1.0
    elif image.mode != "I":
        image = image.convert("I")
    return image.point(lambda value: value * (255 / brightest) + 0.5).convert("L")
