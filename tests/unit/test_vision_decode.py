"""Every kind of file that real channels hide behind `.jpg`."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo

RED = (200, 20, 30)


def photo_bytes(*, image: Image.Image | None = None, kind: str = "JPEG", **options: object) -> bytes:
    picture = image or Image.new("RGB", (60, 40), RED)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadablePhotoError) as caught:
        decode_photo(data)
    return caught.value.reason


def close_to(pixel: object, expected: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.array(pixel, dtype=int) - expected).max() <= 6)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that says it is huge and holds nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_of_each_supported_format_is_decoded_to_rgb(kind: str) -> None:
    photo = decode_photo(photo_bytes(kind=kind))
    assert (photo.image.mode, photo.width, photo.height) == ("RGB", 60, 40)
    assert close_to(photo.image.getpixel((30, 20)), RED)


@pytest.mark.parametrize(
    ("mode", "kind", "shade"),
    [("L", "PNG", 90), ("1", "PNG", 1), ("P", "PNG", 7), ("CMYK", "JPEG", (0, 255, 255, 0)), ("CMYK", "TIFF", 0),
     ("LA", "PNG", (90, 255)), ("YCbCr", "JPEG", (90, 128, 128)), ("I;16", "PNG", 30000), ("I", "TIFF", 30000),
     ("F", "TIFF", 0.5), ("LAB", "TIFF", (120, 10, 10)), ("RGBA", "WEBP", (9, 9, 9, 255))],
)  # fmt: skip
def test_every_mode_becomes_rgb(mode: str, kind: str, shade: float | tuple[int, ...]) -> None:
    photo = decode_photo(photo_bytes(image=Image.new(mode, (20, 10), shade), kind=kind))
    assert (photo.image.mode, photo.image.size) == ("RGB", (20, 10))


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    photo = decode_photo(photo_bytes(image=Image.new("I;16", (20, 10), 32768), kind="PNG"))
    assert close_to(photo.image.getpixel((5, 5)), (128, 128, 128))


def test_a_cmyk_photo_keeps_its_colour() -> None:
    photo = decode_photo(photo_bytes(image=Image.new("CMYK", (16, 16), (0, 255, 255, 0))))
    assert close_to(photo.image.getpixel((8, 8)), (255, 0, 0))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_shown_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (20, 10), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": clear.getpixel((0, 0))} if mode == "P" else {}
    photo = decode_photo(photo_bytes(image=clear, kind="PNG", **options))
    assert photo.image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("orientation", "size", "corner_of_mark"),
    [(1, (60, 40), (0, 0)), (2, (60, 40), (1, 0)), (3, (60, 40), (1, 1)), (4, (60, 40), (0, 1)),
     (5, (40, 60), (0, 0)), (6, (40, 60), (1, 0)), (7, (40, 60), (1, 1)), (8, (40, 60), (0, 1))],
)  # fmt: skip
@pytest.mark.parametrize("enough_side", [None, 8])
def test_a_photo_taken_sideways_is_turned_upright(
    orientation: int, size: tuple[int, int], corner_of_mark: tuple[int, int], enough_side: int | None
) -> None:
    stored = Image.new("RGB", (60, 40), "white")
    stored.paste((0, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decode_photo(photo_bytes(image=stored, exif=exif), enough_side=enough_side)
    assert (photo.width, photo.height) == size
    right, bottom = corner_of_mark
    at = (right * (photo.image.width - 1), bottom * (photo.image.height - 1))
    assert close_to(photo.image.getpixel(at), (0, 0, 0))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_lose_the_photo() -> None:
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03"
    assert decode_photo(photo_bytes(exif=exif)).width == 60


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in (RED, "blue", "green")]
    photo = decode_photo(photo_bytes(image=frames[0], kind="GIF", save_all=True, append_images=frames[1:]))
    assert close_to(photo.image.getpixel((5, 5)), RED)


def test_a_large_jpeg_is_decoded_smaller_but_keeps_its_own_size() -> None:
    photo = decode_photo(photo_bytes(image=Image.new("RGB", (1600, 1200), RED)), enough_side=400)
    assert photo.image.size == (400, 300)
    assert (photo.width, photo.height) == (1600, 1200)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"\x00" * 5000, "only zero bytes: the download was never finished"),
        (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 64, "a video (MP4), not a picture"),
        (b"\x00\x00\x00\x14ftypqt  " + b"\x00" * 64, "a video (QuickTime), not a picture"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64, "truncated or damaged HEIC"),
        (b"\x1aE\xdf\xa3" + b"\x01" * 64, "a video (WebM or Matroska), not a picture"),
        (b"RIFF\x10\x00\x00\x00AVI LIST", "a video (AVI), not a picture"),
        (b"%PDF-1.7\n%", "a PDF document, not a picture"),
        (b"PK\x03\x04rest", "a ZIP archive, not a picture"),
        (b"\n<!doctype html><title>429 Too Many Requests</title>", "a web page or other marked-up text, not a picture"),
        (b"just some words", "not a picture of a supported format"),
        (b"\xff\xd8\xff", "truncated or damaged JPEG"),
        (b"\x89PNG\r\n\x1a\n", "truncated or damaged PNG"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_half_a_download_is_called_truncated_whatever_its_format(kind: str, kept: float) -> None:
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    whole = photo_bytes(image=noise, kind=kind)
    assert reason_of(whole[: int(len(whole) * kept)]).startswith("truncated")


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    """9,000 is above our limit, 12,000 above Pillow's warning, 60,000 above its error."""
    assert "million pixels" in reason_of(png_claiming(side, side))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_give_a_picture_or_a_reason_and_nothing_else(seed: int) -> None:
    chance = np.random.default_rng(seed)
    kind = ("JPEG", "PNG", "GIF", "TIFF", "WEBP")[seed % 5]
    data = bytearray(photo_bytes(image=Image.effect_noise((80, 60), 80).convert("RGB"), kind=kind))
    for position in chance.integers(0, len(data), 25):
        data[position] = chance.integers(0, 256)
    with contextlib.suppress(UnreadablePhotoError):
        assert decode_photo(bytes(data)).image.mode == "RGB"
