"""What `mtw models export` makes, and of what.

Belongs here: which model a name means for it. Does not belong here: how models are made (`vision`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.vision.models.model_files import ModelFile
from medical_telegram_warehouse.vision.models.weights import (
    INT8,
    KNOWN_MODELS,
    fetch_model,
    find_file,
    quantised_path,
    resolve_model,
)


def full_model(settings: Settings, name: str, *, size: int | None, is_enough: bool) -> ModelFile:
    """The model in 32 bits, fetched or exported where that is needed.

    Args:
        settings: Where models lie.
        name: A known model's name, or a path.
        size: The input's side in pixels, if another than the usual one is wanted.
        is_enough: Whether a model that is there already will do, since more is made of it.

    Raises:
        ModelError: There is no such model, or nothing would be made.
        ModelDownloadError: It could not be fetched now.
    """
    models_dir, project_dir = settings.models_dir, settings.project_dir
    if size is not None and size % 32:
        raise ModelError(f"--size: the input's side must be a multiple of 32, not {size}.")
    if name in KNOWN_MODELS:
        if size is None and not is_enough:
            raise ModelError(f"{name} is an ONNX model as it is. Add --int8, or --size with another input size.")
        return fetch_model(name, models_dir, size=size)
    if Path(name).suffix.lower() == ".pt":
        if size is None:
            return resolve_model(name, models_dir, project_dir)
        from medical_telegram_warehouse.vision.models.ultralytics_export import export_checkpoint

        return export_checkpoint(find_file(name, models_dir, project_dir), models_dir, size=size)
    model = resolve_model(name, models_dir, project_dir)
    if size is not None:
        raise ModelError(f"{name} is an ONNX model, whose input size is fixed: export its .pt file with --size.")
    if not is_enough:
        raise ModelError(f"{name} is an ONNX model as it is. Add --int8 to make its 8-bit form.")
    return model


def in_8_bits(settings: Settings, model: ModelFile, photos: Sequence[Path], count: int) -> ModelFile:
    """The model in 8 bits, from `count` of these photos.

    Raises:
        ModelError: There are too few photos, or the model cannot be quantised.
    """
    from medical_telegram_warehouse.vision.models.model_facts import read_model
    from medical_telegram_warehouse.vision.models.photo_choice import distinct_photos
    from medical_telegram_warehouse.vision.models.quantize import quantise

    target = quantised_path(model.path, settings.models_dir)
    takes = read_model(model.path).takes
    chosen = distinct_photos(photos, max(takes.width, takes.height))
    name = f"{model.name}{INT8}" if model.name in KNOWN_MODELS else target.name
    return quantise(name, model, target, (photo for _, photo in islice(chosen, count)))
