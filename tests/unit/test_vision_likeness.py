"""Which pictures are the same one, uploaded again in another encoding."""

from io import BytesIO
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medical_telegram_warehouse.records import ImageCategory
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.photos import render
from medical_telegram_warehouse.vision.fingerprint import perceptual_hash
from medical_telegram_warehouse.vision.likeness import MAX_BITS, image_groups

PICTURES = [
    Image.open(BytesIO(render(PhotoKey(kind.value, variant)))).convert("RGB")
    for kind in ImageCategory
    for variant in range(5)
]


def encoded(picture: Image.Image, *, kind: str = "JPEG", quality: int = 75, scale: float = 1.0) -> Image.Image:
    file = BytesIO()
    picture.resize((round(picture.width * scale), round(picture.height * scale))).save(file, kind, quality=quality)
    return Image.open(file).convert("RGB")


def differing(one: Image.Image, other: Image.Image) -> int:
    hashes = [perceptual_hash(each) for each in (one, other)]
    assert None not in hashes
    first, second = (int.from_bytes(each) for each in hashes if each)
    return (first ^ second).bit_count()


@pytest.mark.parametrize(
    "change",
    [{"quality": 30}, {"quality": 90, "scale": 0.5}, {"scale": 0.3}, {"kind": "WEBP", "quality": 60}, {"kind": "PNG"}],
)
def test_an_encoding_hardly_changes_the_hash(change: dict[str, object]) -> None:
    assert max(differing(picture, encoded(picture, **change)) for picture in PICTURES) <= MAX_BITS  # type: ignore[arg-type]


def test_different_pictures_have_different_hashes_even_cards_of_one_design() -> None:
    assert min(differing(one, other) for one, other in combinations(PICTURES, 2)) > MAX_BITS


def test_a_picture_of_one_colour_has_no_hash_and_is_alike_to_none() -> None:
    assert perceptual_hash(Image.new("RGB", (300, 200), "white")) is None
    assert image_groups([("aa", None), ("bb", None)]) == {"aa": "aa", "bb": "bb"}


def flipped(value: int, *bits: int) -> bytes:
    for bit in bits:
        value ^= 1 << bit
    return value.to_bytes(32)


BASE = int.from_bytes(bytes(range(7, 39)))


def test_a_group_is_named_after_its_first_member() -> None:
    contents = [("c" * 64, flipped(BASE)), ("a" * 64, flipped(BASE, 3, 77)), ("b" * 64, flipped(BASE, *range(40)))]
    assert image_groups(contents) == {"c" * 64: "c" * 16, "a" * 64: "c" * 16, "b" * 64: "b" * 16}


def test_equal_hashes_are_one_group() -> None:
    assert set(image_groups([("a", flipped(BASE)), ("b", flipped(BASE)), ("c", flipped(BASE))]).values()) == {"a"}


def test_a_chain_of_likeness_is_one_group() -> None:
    chain = [(str(step), flipped(BASE, *range(step * 8))) for step in (0, 2, 1)]
    assert set(image_groups(chain).values()) == {"0"}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 255), max_size=14, unique=True), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_groups_are_those_that_comparing_each_with_each_gives(changes: list[list[int]], chance: object) -> None:
    contents = [(f"{number:064d}", flipped(BASE, *bits)) for number, bits in enumerate(changes)]
    groups = image_groups(contents)
    for (one, first), (other, second) in combinations(contents, 2):
        if (int.from_bytes(first) ^ int.from_bytes(second)).bit_count() <= MAX_BITS:
            assert groups[one] == groups[other]
    shuffled = list(contents)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    again = image_groups(shuffled)
    assert {frozenset(k for k in groups if groups[k] == name) for name in groups.values()} == {
        frozenset(k for k in again if again[k] == name) for name in again.values()
    }, "whatever their order"
