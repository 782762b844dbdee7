"""`mtw models`, as a person runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from detector_models import photos, seeing_model
from pytorch_files import archive, checkpoint

MTW = Path(sys.executable).with_name("mtw")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mtw(tmp_path: Path) -> Run:
    """The command in a project of its own, whose models' folder holds one small model."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YOLO_")}
    environment |= {
        "PROJECT_DIR": str(tmp_path),
        "MODELS_DIR": str(tmp_path / "models"),
        "DATA_DIR": str(tmp_path / "data"),
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    seeing_model(tmp_path / "models", name="small.onnx")

    def run(*arguments: str, code: int = 0, **settings: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(MTW), "models", *arguments],
            env=environment | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.mark.parametrize("command", ["list", "fetch", "info", "export", "benchmark"])
def test_the_help_of_each_command_has_an_example(mtw: Run, command: str) -> None:
    assert f"mtw models {command}" in mtw(command, "--help").stdout


def test_the_list_shows_known_names_and_files_and_which_is_used(mtw: Run, tmp_path: Path) -> None:
    (tmp_path / "models" / "broken.onnx").write_bytes(b"half")
    archive(tmp_path / "models" / "mine.pt", checkpoint())
    lines = {
        match[2]: match[0]
        for match in re.finditer(r"(?m)^ *(used)? *([\w.-]+) .*$", mtw("list", YOLO_MODEL="small.onnx").stdout)
    }
    assert "mtw models fetch yolov7-tiny" in lines["yolov7-tiny"]
    assert "mtw models export yolov7-tiny --int8" in lines["yolov7-tiny-int8"]
    assert "used" in lines["small.onnx"]
    for fact in ("64 x 64 float32", " 3 ", "a file of yours", "CC0"):
        assert fact in lines["small.onnx"]
    assert "not an ONNX model" in lines["broken.onnx"]
    assert "a checkpoint" in lines["mine.pt"]


def test_a_list_with_a_model_that_cannot_be_used_says_why(mtw: Run) -> None:
    assert "no such file" in mtw("list", YOLO_MODEL="gone.onnx").stdout


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_info_tells_what_a_model_takes_gives_and_is_worth_for_categories(mtw: Run, runtime: str) -> None:
    shown = " ".join(mtw("info", "models/small.onnx", YOLO_RUNTIME=runtime).stdout.split())
    for fact in (
        f"runtime {runtime} ", "64 x 64 float32", "objectness", "3: person, bottle, cup", "persons person",
        "products bottle, cup", "licence CC0", "sha256 ",
    ):  # fmt: skip
        assert fact in shown


def test_info_of_a_model_that_is_not_there_is_an_error_without_a_traceback(mtw: Run) -> None:
    assert "mtw detect --fetch-weights" in mtw("info", code=1).stderr


def test_a_model_is_made_in_8_bits_from_a_folder_of_photos_and_compared(mtw: Run, tmp_path: Path) -> None:
    photos(tmp_path / "some" / "photos", 18)
    said = mtw("export", "small.onnx", "--int8", "--photos", "some").stdout
    assert str(tmp_path / "models" / "small-int8.onnx") in said
    assert "YOLO_MODEL=small-int8.onnx" in said
    assert "8 bits" in mtw("info", "small-int8.onnx").stdout
    compared = mtw("benchmark", "small.onnx", "small-int8.onnx", "--photos", "some", "--rounds", "2", "--count", "3")
    rows = re.findall(r"(?m)^ *(small\S*) +(onnxruntime|openvino) [\d.]+ +64 x 64((?: +[\d,.]+){3})", compared.stdout)
    assert [(model, runtime) for model, runtime, _ in rows] == [
        ("small.onnx", "onnxruntime"), ("small.onnx", "openvino"),
        ("small-int8.onnx", "onnxruntime"), ("small-int8.onnx", "openvino"),
    ]  # fmt: skip
    assert rows[0][2].split()[2] == "1.00"
    assert all(float(number.replace(",", "")) > 0 for *_, numbers in rows for number in numbers.split())


def test_photos_come_from_the_lake_where_no_folder_is_named(mtw: Run, tmp_path: Path) -> None:
    """As files of a channel's folder; 8 bits need sixteen different ones."""
    photos(tmp_path / "data" / "raw" / "images" / "shop", 16)
    assert "small-int8.onnx" in mtw("export", "small.onnx", "--int8").stdout
    assert "16 distinct photos" in mtw("benchmark", "small.onnx", "--runtime", "onnxruntime", "--rounds", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("export", "small.onnx"), "--int8"),
        (("export", "small.onnx", "--int8"), "too few"),
        (("export", "small.onnx", "--int8", "--size", "96"), "input size is fixed"),
        (("export", "yolov7-tiny"), "--size"),
        (("export", "yolov7-tiny", "--size", "100"), "multiple of 32"),
        (("export", "gone.pt"), "Looked for"),
        (("fetch", "resnet"), "yolov7-tiny"),
        (("benchmark", "small.onnx"), "no readable photos"),
        (("benchmark", "small.onnx", "--photos", "nowhere"), "no folder nowhere"),
        (("info", "gone.onnx"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_what_to_do(mtw: Run, arguments: tuple[str, ...], reason: str) -> None:
    said = mtw(*arguments, code=1).stderr
    assert said.startswith("error:")
    assert reason in said
