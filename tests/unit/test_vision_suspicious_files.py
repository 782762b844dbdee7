"""Files that lie, that cost more than they say, or that few programs read: each is a picture, or has a reason."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from medical_telegram_warehouse.vision.decoding.decode import MAX_SCANS, UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.decoding.unreadable import MAX_PIXELS

RED = (200, 20, 30)
PICTURE = Image.new("RGB", (64, 48), RED)


def saved(image: Image.Image = PICTURE, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heic(*images: Image.Image) -> bytes:
    file = io.BytesIO()
    whole = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for image in images or (PICTURE,):
        whole.add_from_pillow(image)
    whole.save(file, quality=80)
    return file.getvalue()


def reason(data: bytes) -> str:
    with pytest.raises(UnreadablePhotoError) as caught:
        decode_photo(data)
    return caught.value.reason


def shows_red(data: bytes) -> bool:
    pixel = decode_photo(data).image.getpixel((5, 5))
    assert isinstance(pixel, tuple)
    return all(abs(value - wanted) < 16 for value, wanted in zip(pixel, RED, strict=True))


def test_a_heic_photo_of_a_phone_is_decoded() -> None:
    photo = decode_photo(heic())
    assert (photo.image.mode, photo.width, photo.height) == ("RGB", 64, 48)
    assert shows_red(heic())


def test_of_several_heic_pictures_the_first_is_shown() -> None:
    assert shows_red(heic(PICTURE, Image.new("RGB", (64, 48), "blue")))


def test_a_heic_photo_is_not_told_to_pillow_at_large() -> None:
    decode_photo(heic())
    assert "HEIF" not in Image.OPEN


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF decoder")
def test_an_avif_photo_is_decoded() -> None:
    assert shows_red(saved(kind="AVIF"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_or_of_pages_the_first_is_shown(kind: str) -> None:
    others = [Image.new("RGB", PICTURE.size, colour) for colour in ("blue", "green")]
    assert shows_red(saved(kind=kind, save_all=True, append_images=others))


@pytest.mark.parametrize("size", [(1, 1), (20_000, 10), (10, 20_000)])
def test_the_smallest_and_the_narrowest_pictures_are_pictures(size: tuple[int, int]) -> None:
    photo = decode_photo(saved(Image.new("RGB", size, RED)), enough_side=448)
    assert (photo.width, photo.height) == size


def jpeg_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def png_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved(kind="PNG"))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def gif_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved(kind="GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    at = data.index(b",", 13)
    data[at + 5 : at + 9] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved(kind="BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def tiff_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved(kind="TIFF"))
    for tag, value in ((256, width), (257, height)):
        at = data.index(struct.pack("<HHI", tag, 4, 1)) if struct.pack("<HHI", tag, 4, 1) in data else -1
        if at < 0:
            at = data.index(struct.pack("<HHI", tag, 3, 1))
            data[at + 2 : at + 4] = struct.pack("<H", 4)
        data[at + 8 : at + 12] = struct.pack("<I", value)
    return bytes(data)


BOMBS = {
    "JPEG": jpeg_that_claims, "PNG": png_that_claims, "GIF": gif_that_claims, "BMP": bmp_that_claims,
    "TIFF": tiff_that_claims,
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_by_its_size_before_anything_is_decoded(kind: str) -> None:
    data = BOMBS[kind](60_000, 60_000)
    tracemalloc.start()
    try:
        said = reason(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "60000 x 60000 pixels" in said or "million pixels" in said
    assert peak < MAX_PIXELS


@pytest.mark.parametrize("kind", BOMBS)
def test_the_same_headers_with_the_true_size_are_fine(kind: str) -> None:
    assert shows_red(BOMBS[kind](64, 48))


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    """Each goes over the whole picture, and is as short as a line of text."""
    data = saved(progressive=True)
    last = data.rindex(b"\xff\xda")
    assert shows_red(data)
    assert reason(data[:-2] + data[last:-2] * (MAX_SCANS + 5) + b"\xff\xd9") == "a JPEG of too many pieces"


def test_a_tiff_whose_tile_is_larger_than_its_picture_may_be_is_refused() -> None:
    entries = [(256, 1), (257, 1), (322, 60_000), (323, 60_000)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    said = reason(b"II*\x00" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4))
    assert said == "a tile of 60000 x 60000 pixels, the limit is 64 million pixels"


def test_a_tiff_of_too_many_strips_is_refused() -> None:
    directory = struct.pack("<HHII", 273, 4, 9_000_000, 100)
    assert reason(b"II*\x00" + struct.pack("<IH", 8, 1) + directory + bytes(4)) == "a TIFF of too many pieces"


def test_what_pillow_logs_of_a_file_is_not_printed(tmp_path: Path) -> None:
    samples = struct.pack("<HHIHH", 277, 3, 1, 3, 0)  # SamplesPerPixel
    data = saved(kind="TIFF")
    assert data.count(samples) == 1
    path = tmp_path / "many-samples.tiff"
    path.write_bytes(data.replace(samples, struct.pack("<HHIHH", 277, 3, 1, 2048, 0)))
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo\n"
        "try: decode_photo(Path(sys.argv[1]).read_bytes())\n"
        "except UnreadablePhotoError as error: print(error.reason)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "TIFF" in done.stdout
    assert not done.stderr


def test_a_text_in_a_png_that_unpacks_to_a_gigabyte_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(100_000_000))
    body = b"zTXt" + b"note\x00\x00" + packed
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = saved(kind="PNG")
    tracemalloc.start()
    try:
        said = reason(data[:33] + chunk + data[33:])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert said == "truncated or damaged PNG"
    assert peak < 50_000_000


def test_exif_that_names_millions_of_values_does_not_lose_the_photo() -> None:
    entries = b"".join(struct.pack("<HHII", 40_000 + n, 5, 8_000_000, 8) for n in range(100))
    exif = b"Exif\x00\x00II*\x00" + struct.pack("<IH", 8, 100) + entries + bytes(4)
    assert shows_red(saved(exif=exif))


WHOLE: dict[str, Callable[[], bytes]] = {
    **{kind: lambda kind=kind: saved(kind=kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")},  # type: ignore[misc]
    "progressive JPEG": lambda: saved(progressive=True),
    "HEIC": heic,
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_truncated_file_is_a_reason_and_no_picture(kind: str) -> None:
    data = WHOLE[kind]()
    for part in (0.3, 0.6):
        assert reason(data[: int(len(data) * part)]).startswith("truncated")


@pytest.mark.parametrize("kind", WHOLE)
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_bytes_are_a_picture_or_a_reason_and_never_another_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(WHOLE[kind]())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        photo = decode_photo(bytes(content), enough_side=32)
    except UnreadablePhotoError:
        return  # whatever else is raised fails the test
    assert photo.image.mode == "RGB"
