"""The default weights: really downloaded once, converted, and looked through."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.decoding.decode import decode_photo
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.weights import ModelFile, fetch_model, resolve_model
from medical_telegram_warehouse.vision.rules import load_categories

PROJECT = Path(__file__).parents[2]
NAME = "yolov7-tiny"


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return Path(os.environ.get("MODELS_DIR", PROJECT / "models"))


@pytest.fixture(scope="session")
def model(models_dir: Path) -> ModelFile:
    return fetch_model(NAME, models_dir)


@pytest.fixture(scope="session")
def detector(model: ModelFile) -> Detector:
    return Detector(model)


def street_with_stop_sign(*, width: int = 900, height: int = 700, centre: tuple[int, int] = (300, 300)) -> Image.Image:
    """A drawing that the weights take for the real thing, so that no photo must be shipped."""
    x, y = centre
    picture = Image.new("RGB", (width, height), (150, 190, 225))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height * 0.75, width, height), fill=(90, 120, 70))
    draw.rectangle((x - 12, y, x + 12, height), fill=(120, 120, 120))
    for radius, colour in ((180, "white"), (169, (190, 20, 30))):
        draw.regular_polygon((x, y, radius), 8, fill=colour)
    draw.text(centre, "STOP", font=ImageFont.load_default(size=112), fill="white", anchor="mm", stroke_width=3)
    return picture


def test_the_default_model_knows_the_classes_that_the_rules_name(detector: Detector) -> None:
    assert len(detector.class_names) == 80
    assert set(detector.class_names) >= load_categories().person_classes | load_categories().product_classes


def test_a_drawn_stop_sign_is_found_where_it_is(detector: Detector) -> None:
    """Wrong weights, colours, anchors or letterbox would lose it or move it."""
    (found,) = detector.detect(street_with_stop_sign(), threshold=0.25)
    assert found.detected_class == "stop sign"
    assert found.confidence_score > 0.8
    box = np.array([found.x_min, found.y_min, found.x_max, found.y_max])
    assert np.abs(box - [134, 134, 466, 466]).max() < 15


def test_a_tall_photo_has_its_boxes_in_its_own_pixels(detector: Detector) -> None:
    (found,) = detector.detect(street_with_stop_sign(width=700, height=1300, centre=(350, 900)), threshold=0.25)
    assert (found.x_min + found.x_max) / 2 == pytest.approx(350, abs=15)
    assert (found.y_min + found.y_max) / 2 == pytest.approx(900, abs=15)


def test_a_photo_decoded_smaller_shows_the_same(detector: Detector, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    street_with_stop_sign().resize((2700, 2100)).save(path)
    whole, smaller = (decode_photo(path.read_bytes(), enough_side=side) for side in (None, detector.width))
    assert smaller.image.width < whole.image.width
    (in_whole,) = detector.detect(whole.image, threshold=0.25)
    (in_smaller,) = detector.detect(smaller.image, threshold=0.25, size=(smaller.width, smaller.height))
    assert in_smaller.detected_class == in_whole.detected_class
    assert in_smaller.x_max == pytest.approx(in_whole.x_max, abs=15)


def test_a_tall_photo_gets_a_narrow_field_and_shows_what_it_shows_in_the_whole_one(detector: Detector) -> None:
    tall = street_with_stop_sign(width=700, height=1300, centre=(350, 900))
    assert detector.prepare(tall).shape == (1, 448, 256, 3)
    whole = Image.new("RGB", (1300, 1300), (114, 114, 114))
    whole.paste(tall, (300, 0))
    assert detector.prepare(whole).shape == (1, 448, 448, 3)
    (narrow,), (square,) = (detector.detect(picture, threshold=0.25) for picture in (tall, whole))
    assert narrow.detected_class == square.detected_class
    assert narrow.confidence_score == pytest.approx(square.confidence_score, abs=0.1)
    assert narrow.x_min == pytest.approx(square.x_min - 300, abs=15)
    assert narrow.y_max == pytest.approx(square.y_max, abs=15)


def test_an_empty_picture_shows_nothing(detector: Detector) -> None:
    assert detector.detect(Image.new("RGB", (500, 400), "white"), threshold=0.25) == ()


def test_the_same_picture_gives_the_same_detections(detector: Detector, model: ModelFile) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 500, 3), dtype=np.uint8))
    assert detector.detect(noise, threshold=0.001) == Detector(model).detect(noise, threshold=0.001)


def test_a_fetched_model_is_found_by_name_and_by_path(model: ModelFile, models_dir: Path) -> None:
    assert resolve_model(NAME, models_dir, PROJECT) == model
    assert resolve_model(model.path.name, models_dir, PROJECT).sha256 == model.sha256


def test_a_damaged_model_is_fetched_again_and_is_the_same(model: ModelFile, tmp_path: Path) -> None:
    """Downloads and converts into a folder of its own: the conversion is repeatable."""
    path = tmp_path / model.path.name
    path.write_bytes(model.path.read_bytes()[:-1])
    path.with_name(f"{path.name}.sha256").write_text(f"{model.sha256}  {path.name}\n")
    assert fetch_model(NAME, tmp_path).sha256 == model.sha256
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, f"{path.name}.sha256"]


@pytest.mark.parametrize("seed", [1, 2])
def test_openvino_sees_what_the_default_runtime_sees(model: ModelFile, detector: Detector, seed: int) -> None:
    other = Detector(model, RuntimeName.OPENVINO, workers=2)
    random = np.random.default_rng(seed)
    for centre in random.integers(150, 500, (3, 2)).tolist():
        picture = street_with_stop_sign(centre=(centre[0], centre[1]))
        pixels = other.prepare(picture)
        assert np.abs(other.run(pixels) - detector.run(pixels)).max() < 0.05
        (ours,), (theirs,) = (one.detect(picture, threshold=0.25) for one in (detector, other))
        assert ours.detected_class == theirs.detected_class == "stop sign"
        # OpenVINO is given the whole field, ONNX Runtime a narrower one.
        assert ours.confidence_score == pytest.approx(theirs.confidence_score, abs=0.1)


def test_another_input_size_is_a_model_of_its_own(tmp_path: Path) -> None:
    small = fetch_model(NAME, tmp_path, size=320)
    assert (small.name, small.path) == ("yolov7-tiny-320.onnx", tmp_path / "yolov7-tiny-320.onnx")
    detector = Detector(resolve_model("yolov7-tiny-320.onnx", tmp_path, PROJECT))
    assert (detector.width, detector.height) == (320, 320)
    (found,) = detector.detect(street_with_stop_sign(), threshold=0.25)
    assert found.detected_class == "stop sign"


QUANTISE = """
import sys
from pathlib import Path
from medical_telegram_warehouse.vision.models.photo_choice import distinct_photos
from medical_telegram_warehouse.vision.models.quantize import quantise
from medical_telegram_warehouse.vision.models.weights import known_path, quantised_path, resolve_model

photos, models_dir, into = map(Path, sys.argv[1:])
model = resolve_model("yolov7-tiny", models_dir, models_dir)
chosen = [photo for _, photo in distinct_photos(sorted(photos.iterdir()), 448)]
quantise("yolov7-tiny-int8", model, quantised_path(model.path, into), chosen)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])  # getrusage would tell of the parent
"""


def test_in_8_bits_it_still_sees_the_stop_sign_and_was_made_in_bounded_memory(
    model: ModelFile, models_dir: Path, tmp_path: Path
) -> None:
    """What every layer gives for all photos at once would take gigabytes."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(24):
        centre = (220 + 13 * number, 230 + 7 * (number % 9))
        street_with_stop_sign(centre=centre).save(photos / f"{number:02}.jpg")
    with pytest.raises(ModelError, match="mtw models export yolov7-tiny --int8"):
        resolve_model("yolov7-tiny-int8", tmp_path, PROJECT)
    command = [sys.executable, "-c", QUANTISE, str(photos), str(models_dir), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kilobytes = int(done.stdout)
    assert kilobytes < 1_500_000
    small = resolve_model("yolov7-tiny-int8", tmp_path, PROJECT)
    assert (small.name, small.path) == ("yolov7-tiny-int8", tmp_path / "yolov7-tiny-448-int8.onnx")
    for runtime in RuntimeName:
        (found,) = Detector(small, runtime).detect(street_with_stop_sign(), threshold=0.25)
        assert found.detected_class == "stop sign"
        box = np.array([found.x_min, found.y_min, found.x_max, found.y_max])
        assert np.abs(box - [134, 134, 466, 466]).max() < 25
