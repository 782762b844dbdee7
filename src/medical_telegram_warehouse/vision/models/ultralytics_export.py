"""Ultralytics' own `.pt` files to ONNX, once.

Belongs here: exporting in a process of its own, keeping the result, and what to do without the library. Does not
belong here: what is in such a file (`ultralytics_checkpoint`), downloading one (`release_download`).

    .pt -> checked and written anew -> Ultralytics, in a child process and a folder that vanishes
        -> models_dir/<name>.pt.onnx, and a record of both checksums -> another .pt, and it is exported again
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.model_files import (
    ModelFile,
    check_replaceable,
    recorded_checksums,
    save_model,
    sha256_of,
)
from medical_telegram_warehouse.vision.models.ultralytics_checkpoint import make_safe

logger = logging.getLogger(__name__)

INSTALL = 'pip install "medical-telegram-warehouse[ultralytics]"'
CHILD = "medical_telegram_warehouse.vision.models.ultralytics_child"
TIMEOUT_SECONDS = 900
RELEASED = re.compile(r"yolo[a-z0-9-]{1,30}\.pt")
"""Names on Ultralytics' release page, from which `mtw models fetch` can get a checkpoint."""


def export_checkpoint(checkpoint: Path, models_dir: Path, *, size: int | None = None) -> ModelFile:
    """The checkpoint as an ONNX model, exported unless that was done before.

    Args:
        checkpoint: The `.pt` file.
        models_dir: Where exported models are kept.
        size: The input's side in pixels; else what it was trained with.

    Raises:
        ModelError: It holds something that would be executed, the library is missing, or the export failed.
    """
    target = exported_path(checkpoint, models_dir, size)
    called = target.name if size else checkpoint.name
    try:
        source = (sha256_of(checkpoint), checkpoint.name)
    except OSError as error:
        raise ModelError(f"{checkpoint} cannot be read: {error.strerror or error}.") from error
    if (known := _exported(target, source[0])) is not None:
        return ModelFile(called, target, known)
    check_replaceable(target)
    with tempfile.TemporaryDirectory(prefix="mtw-export-") as folder:
        safe = Path(folder) / "checkpoint.pt"
        make_safe(checkpoint, safe)
        if not is_installed():
            raise ModelError(f"{checkpoint} cannot be used yet. {how_to_export(str(checkpoint))}")
        logger.info("Exporting %s to %s with Ultralytics, once", checkpoint, target)
        _run_child(checkpoint, safe, size)
        exported = safe.with_suffix(".onnx")
        if not exported.is_file():
            raise ModelError(f"Ultralytics exported nothing from {checkpoint}.")
        return save_model(called, target, exported.read_bytes(), source)


def exported_path(checkpoint: Path, models_dir: Path, size: int | None = None) -> Path:
    """Where the model goes; no name that a user's own export has by itself."""
    return models_dir / (f"{checkpoint.stem}-{size}.onnx" if size else f"{checkpoint.name}.onnx")


def is_exported(checkpoint: Path, models_dir: Path) -> bool:
    """Whether there is a whole export of this very file.

    Raises:
        OSError: The checkpoint cannot be read.
    """
    return _exported(exported_path(checkpoint, models_dir), sha256_of(checkpoint)) is not None


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("ultralytics") is not None


def how_to_export(weights: str) -> str:
    """What to do where the library is missing."""
    exported = str(Path(weights).with_suffix(".onnx"))
    return (
        f"A runtime reads ONNX models only, and exporting to ONNX needs more: {INSTALL}. Or export it where "
        f"ultralytics is installed: yolo export model={weights} format=onnx imgsz=640. Then set YOLO_MODEL={exported}."
    )


def _exported(target: Path, checkpoint_sha256: str) -> str | None:
    """The checksum of a whole export of this checkpoint."""
    try:
        found = sha256_of(target)
        return found if recorded_checksums(target) == [found, checkpoint_sha256] else None
    except OSError:
        return None


def _run_child(checkpoint: Path, safe: Path, size: int | None) -> None:
    folder = str(safe.parent)
    # It would otherwise install packages, keep settings in the user's folder, and call home.
    quiet = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": folder, "MPLCONFIGDIR": folder}
    command = [sys.executable, "-P", "-m", CHILD, str(safe), *([str(size)] if size else [])]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"Ultralytics did not export {checkpoint} in {TIMEOUT_SECONDS} s.") from error
    if done.returncode:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]) or "it said nothing"
        raise ModelError(f"Ultralytics could not export {checkpoint} (exit status {done.returncode}):\n{said}")
