"""Several photos at once through one detector.

Belongs here: the threads and their bounded queue. Does not belong here: which photos are new (`scan`), where results
are kept (`cache`).

    submit(sha256, bytes) -> a thread: decode, detect, fingerprint -> keep([(sha256, scan), ...]) in the caller's thread

One loaded model serves all threads: the runtimes release the interpreter's lock while they compute, and with one
thread a call they compute in the calling thread. A session for each thread was no faster and took the memory twice.
While one thread decodes, another computes; the caller reads the next files.
Only `scan` imports this, and only when there is something to scan: numpy, Pillow and a runtime come with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import PhotoScan, RuntimeName, ScanStatus
from medical_telegram_warehouse.vision.content import MAX_FILE_BYTES
from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.detector import Detector
from medical_telegram_warehouse.vision.fingerprint import perceptual_hash
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.rules import Categories

QUEUED_PER_WORKER = 2  # enough to keep a worker busy; each queued photo holds its bytes in memory
KEPT_EACH_SECONDS = 0.5  # what a killed run loses; keeping each at once took 0.3 ms a photo from the workers
Keep = Callable[[list[tuple[str, PhotoScan]]], None]


class ScanPool:
    """Scans contents in threads. Leaving it, even by an error or Ctrl-C, keeps every scan that was finished."""

    def __init__(self, detector: Detector, *, floor: float, workers: int, keep: Keep) -> None:
        self._detector = detector
        self._floor = floor
        self._keep = keep
        self._limit = workers * (1 + QUEUED_PER_WORKER)
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="vision")
        self._pending: dict[Future[PhotoScan], str] = {}
        self._finished: list[tuple[str, PhotoScan]] = []
        self._kept_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            while kind is None and self._pending:
                self._collect()
        finally:
            self._executor.shutdown(cancel_futures=True)
            finished = [future for future in self._pending if not future.cancelled() and not future.exception()]
            self._finished += [(self._pending[future], future.result()) for future in finished]
            self._keep(self._finished)

    def submit(self, sha256: str, data: bytes | None) -> None:
        """Queues one content, waiting while the queue is full. An error of a worker is raised here or on leaving."""
        while len(self._pending) >= self._limit:
            self._collect()
        self._pending[self._executor.submit(self._scan, data)] = sha256

    def _collect(self) -> None:
        done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        for future in done:
            self._finished.append((self._pending.pop(future), future.result()))  # raises what a worker raised
        if time.monotonic() - self._kept_at >= KEPT_EACH_SECONDS:
            self._keep(self._finished)
            self._finished, self._kept_at = [], time.monotonic()

    def _scan(self, data: bytes | None) -> PhotoScan:
        if data is None:
            reason = f"larger than {MAX_FILE_BYTES // 1024**2} MiB"
            return PhotoScan(status=ScanStatus.UNREADABLE, error=reason)
        detector = self._detector
        try:
            photo = decode_photo(data, enough_side=max(detector.width, detector.height))
        except UnreadablePhotoError as error:
            return PhotoScan(status=ScanStatus.UNREADABLE, error=error.reason)
        return PhotoScan(
            status=ScanStatus.OK,
            image_width=photo.width,
            image_height=photo.height,
            perceptual_hash=perceptual_hash(photo.image),
            detections=detector.detect(photo.image, threshold=self._floor, size=(photo.width, photo.height)),
        )


def load_detector(model: ModelFile, runtime: RuntimeName, categories: Categories, workers: int) -> Detector:
    """The detector, if it knows anything that the categories ask for.

    Raises:
        ModelError: the model cannot be used, or none of its classes is a person or a product: every photo would be
            `other`.
    """
    detector = Detector(model, runtime, workers=workers)
    if not (categories.person_classes | categories.product_classes) & set(detector.class_names):
        known = ", ".join(detector.class_names[:8]) + (", ..." if len(detector.class_names) > 8 else "")  # noqa: PLR2004
        raise ModelError(
            f"{model.path} knows none of the classes that make a photo's category; its classes are {known}. Name them "
            "in a copy of src/medical_telegram_warehouse/vision/categories.toml, and set YOLO_CATEGORIES to it."
        )
    return detector
