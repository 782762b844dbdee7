"""How fast photos are scanned, beside the model alone, the loop that one would write first, and 8 bits.

    photos of a folder, or drawn ones -> files of different contents, and the same as they were posted, copies and all
    -> rounds in which each way to look at them has its turn -> medians, ratios within a round

A round's ways run within a minute of each other, so a slow minute of the machine is slow for all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.table import Measurement
from medical_telegram_warehouse.lake.photos import PHOTO_SUFFIXES
from medical_telegram_warehouse.records import PhotoFile, RuntimeName
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.sources.sample.draft import PhotoKey
from medical_telegram_warehouse.sources.sample.photos import VARIANTS, render
from medical_telegram_warehouse.vision.decoding.decode import Photo, UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.detections_read import read_detections
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.heads import read_boxes
from medical_telegram_warehouse.vision.letterbox import as_input, letterbox
from medical_telegram_warehouse.vision.models.quantize import quantise
from medical_telegram_warehouse.vision.models.weights import ModelFile, fetch_model
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, scan_photos

REAL_PHOTOS = Path(__file__).parents[2] / "shared/data/real"
"""Photos of real channels, where they lie beside the project; the warehouse's sample stands in for them."""
ROUNDS = 3
LEAST_CONTENTS = 500  # loading a model is part of a scan, and a day's photos are about as many
CALIBRATED_ON = 64
THRESHOLD = 0.25
LEAST_OF_BARE = 0.85
LEAST_OF_LOOP = 2.0
LEAST_OF_FP32 = 1.8
LEAST_UNCHANGED = 0.95
_PREPARED = 64  # arrays held in memory
_LAKE = "benchmark"


class _Files(NamedTuple):
    """Files to scan."""

    distinct: list[Path]
    """Each of another content."""
    posted: list[Path]
    """With the copies that the channels posted."""


class _Turns:
    """Photos a second of each way to look at them, a figure for each round."""

    def __init__(self, ways: Mapping[str, tuple[int, Callable[[], object]]]) -> None:
        """Measure each way, of which the number of its photos is told, once in each round."""
        self._rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (photos, look) in ways.items():
                started = perf_counter()
                look()
                self._rates[name].append(photos / (perf_counter() - started))

    def row(self, label: str, name: str, to: str, least: float | None = None) -> Measurement:
        """The rate of one way, and its ratio to another of the same round."""
        ratio = median(mine / other for mine, other in zip(self._rates[name], self._rates[to], strict=True))
        value = f"{median(self._rates[name]):.1f} photos/s"
        if least is None:
            return Measurement(label, value, ratio, "baseline" if name == to else "for comparison")
        return Measurement(label, value, ratio, f"at least {least}", ratio >= least)


def photos_for(folder: Path | None) -> tuple[str, list[bytes]]:
    """What the photos are, and the readable ones: of a folder, of real channels, or drawn.

    Raises:
        SystemExit: The folder holds none.
    """
    chosen = folder or (REAL_PHOTOS if REAL_PHOTOS.is_dir() else None)
    if chosen is None:
        keys = [PhotoKey(kind.value, variant) for kind, count in VARIANTS.items() for variant in range(count)]
        return "photos of the sample", [render(key) for key in keys]
    paths = [path for path in sorted(chosen.rglob("*")) if path.suffix.lower() in PHOTO_SUFFIXES]
    photos = [data for data in (path.read_bytes() for path in paths) if _picture(data) is not None]
    if not photos:
        raise SystemExit(f"there are no readable photos in {chosen}")
    return f"photos of {chosen.name if folder else 'real channels'}", photos


def measure_vision(folder: Path, photos: Sequence[bytes]) -> Iterator[Measurement]:
    """Yield the figures; files go into the folder.

    Args:
        folder: Empty.
        photos: Readable photos as they were posted.
    """
    settings = Settings()
    workers = settings.yolo_workers
    model = fetch_model("yolov7-tiny", settings.models_dir)
    pictures = [picture for picture in (_picture(data) for data in dict.fromkeys(photos)) if picture]
    small = quantise("int8", model, folder / "int8.onnx", pictures[:CALIBRATED_ON])
    files = _written(folder, photos, -(-LEAST_CONTENTS // len(pictures)))
    detector = Detector(model, workers=workers)
    whole, fitted = (
        [_array(detector, picture, is_whole=is_whole) for picture in pictures[:_PREPARED]] for is_whole in (True, False)
    )
    scans = _Scans(folder, workers)
    contents, posts = len(files.distinct), len(files.posted)
    with ThreadPoolExecutor(workers) as threads:
        for arrays in (whole, fitted):
            _run(detector, threads, arrays, 2 * workers)  # the first calls also set things up
        turns = _Turns(
            {
                "bare": (contents, lambda: _run(detector, threads, whole, contents)),
                "bare fitted": (contents, lambda: _run(detector, threads, fitted, contents)),
                "scan": (contents, lambda: scans.scan("scan", model, files.distinct)),
                "loop": (contents, lambda: _straightforward(model, detector, files.distinct)),
                "scan posted": (posts, lambda: scans.scan("scan posted", model, files.posted)),
                "loop posted": (posts, lambda: _straightforward(model, detector, files.posted)),
                "fp32": (contents, lambda: scans.scan("fp32", model, files.distinct, RuntimeName.OPENVINO)),
                "int8": (contents, lambda: scans.scan("int8", small, files.distinct, RuntimeName.OPENVINO)),
            }
        )
    yield from _speeds(turns, contents, posts)
    for label, name, least in (
        ("  categories as with 32 bits", "fp32", LEAST_UNCHANGED),
        ("  as with the default runtime", "scan", None),
    ):
        share = scans.agreement("int8", name)
        is_met = None if least is None else share >= least
        yield Measurement(label, f"{share:.1%}", share, f"at least {least}" if least else "for comparison", is_met)


def _speeds(turns: _Turns, contents: int, posts: int) -> Iterator[Measurement]:
    yield turns.row("the model alone, its whole input", "bare", "bare")
    yield turns.row("the model alone, input as fitted to each photo", "bare fitted", "bare")
    yield turns.row(f"scan of {contents:,} contents, from file to CSV", "scan", "bare", LEAST_OF_BARE)
    yield turns.row("  the same, to the model with fitted input", "scan", "bare fitted")
    yield turns.row("a straightforward loop over them", "loop", "loop")
    yield turns.row("scan of them", "scan", "loop")
    label = f"the loop over photos as posted, {1 - contents / posts:.0%} of them copies"
    yield turns.row(label, "loop posted", "loop posted")
    yield turns.row("scan of them", "scan posted", "loop posted", LEAST_OF_LOOP)
    yield turns.row("OpenVINO, 32 bits: scan of the contents", "fp32", "fp32")
    yield turns.row("OpenVINO, 8 bits", "int8", "fp32", LEAST_OF_FP32)


class _Scans:
    """Scans as `mtw detect` does them, each from nothing."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._workers = workers
        self._categories = load_categories()

    def scan(
        self, name: str, model: ModelFile, paths: Iterable[Path], runtime: RuntimeName = RuntimeName.ONNXRUNTIME
    ) -> None:
        cache = self._folder / f"{name}.sqlite"
        cache.unlink(missing_ok=True)
        summary = scan_photos(
            [
                PhotoFile(lake=_LAKE, channel_name="shop", message_id=int(path.stem), path=path, image_path=str(path))
                for path in paths
            ],
            ScanOptions(model, self._categories, THRESHOLD, runtime, self._workers),
            cache_path=cache,
            csv_path=self._csv(name),
            reachable_lakes={_LAKE},
        )
        assert summary.scanned == summary.contents, "the scan did not begin from nothing"
        assert not summary.unreadable

    def agreement(self, one: str, other: str) -> float:
        """The share of photos with the same category in both scans."""
        left, right = self._categories_of(one), self._categories_of(other)
        assert left.keys() == right.keys()
        return sum(left[path] == right[path] for path in left) / len(left)

    def _categories_of(self, name: str) -> Mapping[str, str | None]:
        return {photo.image_path: photo.image_category for photo in read_detections(self._csv(name))}

    def _csv(self, name: str) -> Path:
        return self._folder / f"{name}.csv"


def _picture(data: bytes) -> Photo | None:
    try:
        return decode_photo(data)
    except UnreadablePhotoError:
        return None


def _written(folder: Path, photos: Sequence[bytes], times: int) -> _Files:
    """The photos several times over, told apart by what stands after a picture's end, where no decoder looks."""
    distinct: dict[str, Path] = {}
    posted: list[Path] = []
    for time in range(times):
        for data in photos:
            content = data + bytes([time]) * time
            path = folder / f"{len(posted)}.jpg"
            path.write_bytes(content)
            posted.append(path)
            distinct.setdefault(hashlib.sha256(content).hexdigest(), path)
    return _Files(list(distinct.values()), posted)


def _array(detector: Detector, photo: Photo, *, is_whole: bool) -> NDArray[Any]:
    takes = replace(detector.takes, is_free=detector.takes.is_free and not is_whole)
    return as_input(letterbox(photo.image, takes)[0], takes)


def _run(detector: Detector, threads: ThreadPoolExecutor, arrays: Sequence[NDArray[Any]], count: int) -> None:
    for _ in threads.map(detector.run, islice(cycle(arrays), count)):
        pass


def _straightforward(model: ModelFile, detector: Detector, paths: Iterable[Path]) -> None:
    """One session as the library sets it up; each photo decoded, fitted, looked at and suppressed, then the next."""
    session = onnxruntime.InferenceSession(str(model.path))
    takes = replace(detector.takes, is_free=False)
    for path in paths:
        with Image.open(path) as picture:
            field, _ = letterbox(picture.convert("RGB"), takes)
        (output,) = session.run(None, {takes.name: as_input(field, takes)})
        read_boxes(np.asarray(output), detector.layout, THRESHOLD)
