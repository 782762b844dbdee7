"""Ultralytics' `.pt` files: what is said without the library, and what it makes with it."""

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from detector_models import constant_model
from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.model_files import recorded_checksums
from medical_telegram_warehouse.vision.models.ultralytics_export import export_checkpoint, is_exported
from medical_telegram_warehouse.vision.models.weights import resolve_model
from pytorch_files import archive, call, checkpoint, together, value

HAS_LIBRARY = find_spec("ultralytics") is not None
WITH_LIBRARY = pytest.mark.skipif(not HAS_LIBRARY, reason="the extra `ultralytics` is not installed")
WITHOUT_LIBRARY = pytest.mark.skipif(HAS_LIBRARY, reason="the extra `ultralytics` is installed")


def exported_before(folder: Path) -> Path:
    """A checkpoint, and what an earlier run made of it."""
    path = archive(folder / "mine.pt", checkpoint())
    content = constant_model(folder / "made").path.read_bytes()
    target = folder / "models" / "mine.pt.onnx"
    target.parent.mkdir()
    target.write_bytes(content)
    sums = [hashlib.sha256(part).hexdigest() for part in (content, path.read_bytes())]
    target.with_name("mine.pt.onnx.sha256").write_text(f"{sums[0]}  mine.pt.onnx\n{sums[1]}  mine.pt\n")
    return path


def refusal(name: str, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        resolve_model(name, folder / "models", folder)
    return str(caught.value)


def test_a_checkpoint_that_was_exported_is_used_without_the_library(tmp_path: Path) -> None:
    exported_before(tmp_path)
    model = resolve_model("mine.pt", tmp_path / "models", tmp_path)
    assert (model.name, model.path) == ("mine.pt", tmp_path / "models" / "mine.pt.onnx")
    (found,) = Detector(model).detect(Image.new("RGB", (64, 64)), threshold=0.25)
    assert found.detected_class == "bottle"


@pytest.mark.parametrize("changed", ["mine.pt", "models/mine.pt.onnx"])
def test_another_checkpoint_or_a_damaged_export_is_not_taken_for_it(tmp_path: Path, changed: str) -> None:
    path = exported_before(tmp_path)
    assert is_exported(path, tmp_path / "models")
    (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b"\0")
    assert not is_exported(path, tmp_path / "models")


@WITHOUT_LIBRARY
def test_without_the_library_the_error_says_what_to_install_and_how_to_export_elsewhere(tmp_path: Path) -> None:
    archive(tmp_path / "mine.pt", checkpoint())
    message = refusal("mine.pt", tmp_path)
    assert 'pip install "medical-telegram-warehouse[ultralytics]"' in message
    assert f"yolo export model={tmp_path / 'mine.pt'} format=onnx" in message
    assert f"YOLO_MODEL={tmp_path / 'mine.onnx'}" in message


def test_what_only_looks_does_not_export(tmp_path: Path) -> None:
    archive(tmp_path / "mine.pt", checkpoint())
    with pytest.raises(ModelError, match=r"mtw models export mine\.pt"):
        resolve_model("mine.pt", tmp_path / "models", tmp_path, may_export=False)


def test_ultralytics_own_name_that_is_not_there_says_where_it_was_looked_for_and_where_to_get_it(
    tmp_path: Path,
) -> None:
    """A name that older products fetched by themselves."""
    message = refusal("yolov8n.pt", tmp_path)
    assert f"{tmp_path / 'yolov8n.pt'}, {tmp_path / 'models' / 'yolov8n.pt'}" in message
    assert "mtw models fetch yolov8n.pt" in message
    assert "mtw models fetch" not in refusal("runs/best.pt", tmp_path)


def test_a_hostile_checkpoint_is_an_error_and_not_executed(tmp_path: Path) -> None:
    """With the library and without it."""
    mark = tmp_path / "executed"
    path = archive(tmp_path / "evil.pt", checkpoint(extra=call("os", "system", together(value(f"touch {mark}")))))
    with pytest.raises(ModelError, match=r"names os\.system"):
        export_checkpoint(path, tmp_path / "models")
    assert not mark.exists()
    assert not (tmp_path / "models").exists()


@pytest.fixture
def standing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of that name in place of Ultralytics, which brings PyTorch: it exports what lies in its folder."""
    folder = tmp_path / "library"
    folder.mkdir()
    constant_model(folder).path.rename(folder / "exported.onnx")
    (folder / "ultralytics.py").write_text(
        "import pathlib, shutil\n"
        "class YOLO:\n"
        "    def __init__(self, checkpoint, task):\n"
        "        self.checkpoint = pathlib.Path(checkpoint)\n"
        "    def export(self, format, opset, simplify, device, imgsz=640):\n"
        "        here = pathlib.Path(__file__).parent\n"
        "        if (here / 'fails').exists():\n"
        "            raise RuntimeError('no such layer')\n"
        "        shutil.copy(here / 'exported.onnx', self.checkpoint.with_suffix('.onnx'))\n"
        "        (here / 'calls').open('a').write(f'{self.checkpoint.name} {format} {imgsz}\\n')\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@WITHOUT_LIBRARY
def test_a_checkpoint_is_exported_once_in_a_process_of_its_own(tmp_path: Path, standing_in: Path) -> None:
    path = archive(tmp_path / "mine.pt", checkpoint())
    model = export_checkpoint(path, tmp_path / "models")
    assert export_checkpoint(path, tmp_path / "models") == model
    assert recorded_checksums(model.path) == [model.sha256, hashlib.sha256(path.read_bytes()).hexdigest()]
    (found,) = Detector(model).detect(Image.new("RGB", (64, 64)), threshold=0.25)
    assert found.detected_class == "bottle"
    assert (standing_in / "calls").read_text() == "checkpoint.pt onnx 640\n"
    assert "ultralytics" not in sys.modules


@WITHOUT_LIBRARY
def test_another_size_and_another_checkpoint_are_exported_again(tmp_path: Path, standing_in: Path) -> None:
    path = archive(tmp_path / "mine.pt", checkpoint())
    export_checkpoint(path, tmp_path / "models")
    assert export_checkpoint(path, tmp_path / "models", size=64).path.name == "mine-64.onnx"
    archive(path, checkpoint(epoch=value(7)))
    export_checkpoint(path, tmp_path / "models")
    calls = (standing_in / "calls").read_text().splitlines()
    assert [call.split()[-1] for call in calls] == ["640", "64", "640"]


@WITHOUT_LIBRARY
def test_an_export_that_fails_is_an_error_with_what_was_said_and_leaves_nothing(
    tmp_path: Path, standing_in: Path
) -> None:
    (standing_in / "fails").touch()
    with pytest.raises(ModelError, match=r"could not export .*mine\.pt \(exit status 1\)(?s:.*)no such layer"):
        export_checkpoint(archive(tmp_path / "mine.pt", checkpoint()), tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.fixture(scope="session")
def real_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that was never trained, as Ultralytics saves it."""
    folder = tmp_path_factory.mktemp("ultralytics")
    code = (
        "from ultralytics import YOLO\n"
        "model = YOLO('yolov8n.yaml')\n"
        "model.model.names = {n: f'thing {n}' for n in range(80)}\n"
        "model.save('yolov8n.pt')"
    )
    environment = {**os.environ, "YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": str(folder)}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=True)
    return folder / "yolov8n.pt"


@WITH_LIBRARY
def test_a_real_checkpoint_is_exported_once_and_looks_at_photos_with_each_runtime(
    tmp_path: Path, real_checkpoint: Path
) -> None:
    model = export_checkpoint(real_checkpoint, tmp_path, size=64)
    assert model.path.name == "yolov8n-64.onnx"
    assert recorded_checksums(model.path) == [model.sha256, hashlib.sha256(real_checkpoint.read_bytes()).hexdigest()]
    written = model.path.stat().st_mtime_ns
    assert export_checkpoint(real_checkpoint, tmp_path, size=64) == model
    assert model.path.stat().st_mtime_ns == written
    for runtime in RuntimeName:
        detector = Detector(model, runtime)
        assert (detector.width, detector.class_names[:2]) == (64, ("thing 0", "thing 1"))
        detector.detect(Image.new("RGB", (90, 60), "red"), threshold=0.001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["yolov8n-64.onnx", "yolov8n-64.onnx.sha256"]


@WITH_LIBRARY
def test_a_checkpoint_that_ultralytics_cannot_use_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="could not export"):
        export_checkpoint(archive(tmp_path / "odd.pt", checkpoint()), tmp_path / "models")
