"""The sample's photos: real pictures, the same each time, often uploaded again, one of them broken."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from io import BytesIO

import pytest
from PIL import Image, UnidentifiedImageError

from medical_telegram_warehouse.records import ImageCategory
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.sample import SampleSource
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.photos import VARIANTS, render
from observing import channels_of, collected, new_observations, photo_bytes

TODAY = date(2026, 1, 20)


@pytest.fixture(scope="module")
def photographed() -> list[Observation]:
    source = SampleSource(TODAY)
    return [
        observation
        for channel in channels_of(source)
        for observation in new_observations(source, channel)
        if observation.photo is not None
    ]


@pytest.fixture(scope="module")
def contents(photographed: list[Observation]) -> Counter[bytes]:
    return Counter(photo_bytes(observation.photo) for observation in photographed if observation.photo is not None)


def test_a_message_with_a_photo_says_so_and_leaves_the_path_to_the_writer(
    photographed: list[Observation],
) -> None:
    for message, _ in photographed:
        assert (message.has_media, message.media_type, message.image_path) == (True, "photo", None)


def test_there_are_some_hundred_photos_of_which_many_are_exact_uploads_again(
    photographed: list[Observation], contents: Counter[bytes]
) -> None:
    assert 240 <= len(photographed) <= 400
    assert 100 <= len(contents) <= 150
    assert 0.29 <= 1 - len(contents) / len(photographed) <= 0.55


def test_one_or_two_files_are_no_pictures(contents: Counter[bytes]) -> None:
    broken = 0
    for content, count in contents.items():
        try:
            with Image.open(BytesIO(content)) as image:
                image.load()
                assert image.format == "JPEG"
        except UnidentifiedImageError:
            assert content[4:8] == b"ftyp"
            broken += count
    assert broken in {1, 2}


@pytest.mark.parametrize("category", list(ImageCategory))
def test_every_category_has_photos_of_a_usual_size(category: ImageCategory) -> None:
    different = set()
    for variant in range(min(VARIANTS[category], 12)):
        content = render(PhotoKey(category, variant))
        different.add(content)
        assert 15_000 < len(content) < 80_000
        with Image.open(BytesIO(content)) as image:
            image.load()
            assert image.mode == "RGB"
            assert min(image.size) >= 400
    assert len(different) == min(VARIANTS[category], 12)


def test_a_photo_has_the_same_bytes_when_it_is_drawn_again() -> None:
    key = PhotoKey(ImageCategory.PROMOTIONAL, 3)
    first = hashlib.sha256(render(key)).hexdigest()
    render.cache_clear()
    assert hashlib.sha256(render(key)).hexdigest() == first


def test_photos_are_not_drawn_before_they_are_asked_for() -> None:
    render.cache_clear()
    source = SampleSource(TODAY)
    for channel in channels_of(source):
        collected(source.new_messages(channel, None), 100)
    assert render.cache_info().currsize == 0


def test_another_day_keeps_the_photos_of_old_messages(photographed: list[Observation]) -> None:
    source = SampleSource(date(2026, 1, 21))
    later = {
        (o.message.channel_name, o.message.message_id): o.photo
        for channel in channels_of(source)
        for o in new_observations(source, channel)
    }
    compared = 0
    for message, photo in photographed[5:40]:
        again = later.get((message.channel_name, message.message_id))
        if photo is not None and again is not None:
            assert photo_bytes(photo) == photo_bytes(again)
            compared += 1
    assert compared > 20
