"""Files under a photo's name: a picture of bounded size, or the reason why not, in time and memory that can be had."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutations import each_seed, fuzzed, mutated_bytes
from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.decoding.unreadable import MAX_PIXELS
from medical_telegram_warehouse.vision.fingerprint import perceptual_hash

TOKENS = [
    *(b"\xff\xd8\xff", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4\x00\x02", b"\xff\xe1\xff\xff"),
    *(b"\xff\xfe", b"\x89PNG\r\n\x1a\n", b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"zTXt", b"iCCP", b"fcTL"),
    *(b"acTL", b"fdAT", b"GIF89a", b"GIF87a", b"\x21\xf9\x04", b"\x2c", b"\x3b", b"BM", b"II*\x00", b"MM\x00*"),
    *(b"II+\x00", b"Exif\x00\x00", b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH"),
    *(b"\x00\x00\x00\x18ftypheic", b"ftypavif", b"meta", b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ipma"),
    *(b"ispe", b"iref", b"dimg", b"grid", b"mdat", b"Exif", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"),
    *(b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x01", b"\x00\x01", b"\xff\xff", b"\x00\x10"),
    *(b"\x40\x00\x40\x00", b"\xfa\x00\x00\x00", b"\x00\x00\xfa\x00"),
]


def check(content: bytes, enough_side: int | None = None) -> None:
    reason = picture = None
    try:
        picture = decode_photo(content, enough_side=enough_side)
    except UnreadablePhotoError as error:
        reason = error.reason
    if picture is None:
        assert reason
        assert len(reason) <= 100
        assert reason.isprintable(), "it stands in a table's cell"
        return
    assert picture.image.mode == "RGB"
    assert 0 < picture.width * picture.height <= MAX_PIXELS
    assert picture.image.width <= picture.width
    assert picture.image.height <= picture.height
    if enough_side is None:
        assert picture.image.size == (picture.width, picture.height)
    if picture.image.width * picture.image.height < 1_000_000:
        found = perceptual_hash(picture.image)
        assert found is None or len(found) == 32
        again = decode_photo(content, enough_side=enough_side)
        assert (again.image.tobytes(), again.width) == (picture.image.tobytes(), picture.width)


@each_seed("photos")
def test_each_seed_is_a_picture_or_has_a_reason(seed: bytes) -> None:
    tracemalloc.start()
    try:
        check(seed)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    check(seed, enough_side=8)


@fuzzed(3)
@given(content=mutated_bytes("photos", TOKENS), enough_side=st.sampled_from([None, 8, 448]))
def test_any_file_is_a_picture_or_has_a_reason(content: bytes, enough_side: int | None) -> None:
    check(content, enough_side)
