"""Model files in the models' folder, each with a record of its checksum.

Belongs here: writing a model with its record, and noticing one that changed since. Does not belong
here: which models there are (`weights`), what is inside one (`model_facts`).

    <name>.onnx          the model
    <name>.onnx.sha256   its checksum, and that of the file it was made from, as `sha256sum` writes them
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.whole_file import write_whole


@dataclass(frozen=True)
class ModelFile:
    """A model that is there to be used; equal checksums give equal detections."""

    name: str
    path: Path
    sha256: str


def sha256_of(path: Path) -> str:
    """The file's checksum.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_path(model: Path) -> Path:
    """Where a model's checksum is recorded."""
    return model.with_name(f"{model.name}.sha256")


def recorded_checksums(model: Path) -> list[str]:
    """The checksums in a model's record: its own, then that of the file it was made from.

    Raises:
        OSError: There is no record, or it cannot be read.
    """
    lines = checksum_path(model).read_text(encoding="ascii", errors="replace").splitlines()
    return [line.split(maxsplit=1)[0] for line in lines if line.strip()]


def save_model(name: str, path: Path, content: bytes, source: tuple[str, str] | None = None) -> ModelFile:
    """Writes a model and its record.

    Args:
        name: How it is called.
        path: Where it goes.
        content: What it holds.
        source: Checksum and name of the file that it was made from, where another file would make another model.

    Raises:
        ModelError: It cannot be written.
    """
    checksum = hashlib.sha256(content).hexdigest()
    lines = [(checksum, path.name), *([source] if source else [])]
    try:
        write_whole(path, content)
        write_whole(checksum_path(path), "".join(f"{sha256}  {of}\n" for sha256, of in lines).encode())
    except OSError as error:
        raise ModelError(f"The model cannot be saved as {path}: {error.strerror or error}.") from error
    return ModelFile(name, path, checksum)


def check_replaceable(path: Path) -> None:
    """Sees to it that no model is overwritten that was not made here: those have a record.

    Raises:
        ModelError: There is such a file.
    """
    if path.exists() and not checksum_path(path).exists():
        raise ModelError(f"{path} is there, and was not made by `mtw`: move it away, or give it another name.")


def saved_model(name: str, path: Path, remedy: str) -> ModelFile:
    """A model that was saved before.

    Raises:
        ModelError: It is not there, or is not what was saved; the message ends with the remedy.
    """
    try:
        recorded = recorded_checksums(path)[:1]
        checksum = sha256_of(path)
    except FileNotFoundError as error:
        raise ModelError(f"The weights of {name} are not here yet: there is no {error.filename}. {remedy}") from error
    except OSError as error:
        raise ModelError(f"The weights of {name} cannot be read: {error}. {remedy}") from error
    if recorded != [checksum]:
        raise ModelError(
            f"{path} is damaged: its sha256 is {checksum}, but {' '.join(recorded) or 'nothing'} was recorded when it "
            f"was saved. {remedy}"
        )
    return ModelFile(name, path, checksum)
