"""Two runtimes, one detector: the same objects, names and errors, from one thread or several."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from detector_models import BOTTLE, constant_model, seeing_model
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.letterbox import letterbox
from medical_telegram_warehouse.vision.models.model_facts import ModelInput
from medical_telegram_warehouse.vision.models.weights import ModelFile

FIXED = ModelInput("images", np.uint8, 64, 64, channels_last=True)
FREE = replace(FIXED, is_free=True)
IN_A_CHILD = """
import sys
from pathlib import Path
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.weights import ModelFile
model = ModelFile('tiny', Path(sys.argv[1]), '0' * 64)
"""
BOTH = pytest.mark.parametrize("runtime", list(RuntimeName))
FORMS = [
    ((1, 3, 64, 64), TensorProto.FLOAT),
    ((1, 3, 64, 64), TensorProto.FLOAT16),
    ((1, 64, 64, 3), TensorProto.UINT8),
    (("batch", 3, "height", "width"), TensorProto.FLOAT),
]


def blots(seed: int = 1, *, width: int = 96, height: int = 96) -> Image.Image:
    """Large enough that shrinking them leaves something to see."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)


def printed(code: str, model: ModelFile) -> list[str]:
    """The lines that an interpreter of its own prints, to which `model` is known."""
    command = [sys.executable, "-c", IN_A_CHILD + code, str(model.path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@BOTH
@pytest.mark.parametrize(("shape", "kind"), FORMS)
def test_each_runtime_takes_each_form_of_picture(
    tmp_path: Path, runtime: RuntimeName, shape: tuple[str | int, ...], kind: int
) -> None:
    detector = Detector(constant_model(tmp_path, shape=shape, kind=kind), runtime)
    (found,) = detector.detect(Image.new("RGB", (detector.width, detector.height)), threshold=0.25)
    assert (found.detected_class, found.confidence_score) == ("bottle", 0.72)


@BOTH
def test_class_names_come_from_the_file_with_each_runtime(tmp_path: Path, runtime: RuntimeName) -> None:
    model = constant_model(tmp_path, names="{0: 'tin', 1: 'tube', 2: 'jar'}")
    assert Detector(model, runtime).class_names == ("tin", "tube", "jar")


@BOTH
def test_a_detector_says_what_computes_it(tmp_path: Path, runtime: RuntimeName) -> None:
    """Recorded with each scan, so it holds a library and a version and no name of a build."""
    library, version = Detector(constant_model(tmp_path), runtime).runtime.split(" ")
    assert library == runtime.value
    assert all(part.isdecimal() for part in version.split("."))


def test_both_runtimes_compute_the_same(tmp_path: Path) -> None:
    model = seeing_model(tmp_path)
    ours, theirs = (Detector(model, runtime) for runtime in RuntimeName)
    for seed in range(5):
        pixels = ours.prepare(blots(seed))
        assert np.abs(ours.run(pixels) - theirs.run(pixels)).max() < 1e-3
        found = [
            [
                (one.detected_class, round(one.confidence_score, 2))
                for one in detector.detect(blots(seed), threshold=0.3)
            ]
            for detector in (ours, theirs)
        ]
        assert found[0] == found[1]
        assert found[0]


@BOTH
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_one_detector_serves_more_threads_than_it_has_workers(
    tmp_path: Path, runtime: RuntimeName, workers: int
) -> None:
    """A result that another thread wrote over would differ."""
    detector = Detector(seeing_model(tmp_path), runtime, workers=workers)
    pictures = [blots(seed) for seed in range(8)] * 6
    alone = [detector.detect(picture, threshold=0.2) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda picture: detector.detect(picture, threshold=0.2), pictures))
    assert together == alone
    assert len(set(alone)) == 8


def test_detectors_come_and_go_in_one_process(tmp_path: Path) -> None:
    """In a process of its own, which a fault of the runtime would end."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from PIL import Image\n"
        "found = set()\n"
        "with ThreadPoolExecutor(4) as threads:\n"
        "    for _ in range(50):\n"
        "        detector = Detector(model, RuntimeName.OPENVINO, workers=2)\n"
        "        look = lambda _: detector.detect(Image.new('RGB', (90, 60), (200, 20, 60)), threshold=0.2)\n"
        "        found |= set(threads.map(look, range(4)))\n"
        "print(len(found))\n"
    )
    assert printed(code, seeing_model(tmp_path)) == ["1"]


def test_a_runtime_that_is_not_installed_is_an_error_with_what_to_install(tmp_path: Path) -> None:
    """In an interpreter that finds no such library, as after an installation without the extra."""
    code = (
        "sys.modules['openvino'] = None\n"
        "from medical_telegram_warehouse.errors import ModelError\n"
        "print(Detector(model).runtime)\n"
        "try: Detector(model, RuntimeName.OPENVINO)\n"
        "except ModelError as error: print(error)\n"
    )
    first, second = printed(code, constant_model(tmp_path))
    assert first.startswith("onnxruntime ")
    assert 'pip install "medical-telegram-warehouse[openvino]"' in second


def test_the_default_runtime_does_not_import_the_other(tmp_path: Path) -> None:
    code = (
        "Detector(model)\n"
        "print(sorted({'openvino', 'torch', 'ultralytics', 'onnxruntime.quantization', 'httpx'} & set(sys.modules)))"
    )
    assert printed(code, constant_model(tmp_path)) == ["[]"]


def test_a_letterbox_is_undone_to_a_tenth_of_a_pixel() -> None:
    for size in ((640, 320), (321, 77), (50, 999), (1, 1)):
        field, placement = letterbox(Image.new("RGB", size), FIXED)
        box = np.array([[placement.left, placement.top]], np.float32)
        size_on_field = np.array([[placement.width, placement.height]], np.float32)
        corners = np.concatenate([box, box + size_on_field], axis=1)
        assert placement.on_photo(corners.astype(np.float32)).tolist() == [[0, 0, *size]]
        assert field.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("size", "field_size"),
    [
        ((640, 320), (64, 32)),
        ((640, 330), (64, 64)),
        ((300, 600), (32, 64)),
        ((50, 50), (64, 64)),
        ((999, 1), (64, 32)),
    ],
)
def test_a_free_input_has_no_more_grey_than_it_must(size: tuple[int, int], field_size: tuple[int, int]) -> None:
    field, placement = letterbox(Image.new("RGB", size, "white"), FREE)
    assert field.shape == (field_size[1], field_size[0], 3)
    whole, _ = letterbox(Image.new("RGB", size, "white"), FIXED)
    assert (field == 255).sum() == (whole == 255).sum()
    corners = np.array([[placement.left, placement.top, placement.left + placement.width, 0]], np.float32)
    corners[0, 3] = placement.top + placement.height
    assert placement.on_photo(corners).tolist() == [[0, 0, *size]]


def test_a_free_input_that_is_no_multiple_of_the_step_is_never_exceeded() -> None:
    odd = ModelInput("images", np.uint8, 70, 50, channels_last=True, is_free=True)
    assert letterbox(Image.new("RGB", (700, 500)), odd)[0].shape == (50, 70, 3)


def test_an_object_on_the_grey_around_a_photo_is_none(tmp_path: Path) -> None:
    outside = [[32, 2, 8, 4, *BOTTLE[4:]]]
    assert Detector(constant_model(tmp_path, output=outside)).detect(blots(width=128, height=32), threshold=0.2) == ()
