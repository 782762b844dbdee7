"""How many photos a second detectors look at, side by side.

Belongs here: running them in turn and taking medians. Does not belong here: which detectors and photos (`mtw models
benchmark`), printing.

    rounds of: each detector, bare inference, then everything from a photo's bytes -> medians over the rounds

A machine's speed changes while it works: others use it, it grows warm. So detectors take turns within each round, and
a slow minute is slow for all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from medical_telegram_warehouse.progress import Progress
from medical_telegram_warehouse.vision.decoding.decode import decode_photo
from medical_telegram_warehouse.vision.detector import Detector

logger = logging.getLogger(__name__)

MIN_LOOKS = 32  # in a turn, so that a few photos do not make a turn too short to be measured
PREPARED = 16  # arrays held in memory for bare inference


class Speed(NamedTuple):
    """Photos a second, the medians over all rounds."""

    inference: float
    """The model alone."""
    whole: float
    """Decoding, fitting, the model, suppression."""


def measure(
    detectors: Sequence[Detector], photos: Sequence[bytes], *, workers: int, rounds: int, threshold: float
) -> list[Speed]:
    """Each detector's speed on these photos.

    Args:
        detectors: What to compare; each was made for as many workers.
        photos: Files of readable photos, at least one.
        workers: How many threads look at photos at once.
        rounds: How often each detector has its turn.
        threshold: The lowest score of an object, as in a scan.

    Raises:
        ModelError: A model failed.
    """
    contenders = [_Contender(detector, photos, threshold) for detector in detectors]
    progress = Progress(logger, "looks", 2 * rounds * sum(len(contender.looks) for contender in contenders))
    with ThreadPoolExecutor(workers, thread_name_prefix="speed") as threads:
        for contender in contenders:
            _rate(threads, contender.look, contender.looks[: 2 * workers])  # the first looks also set things up
        for _ in range(rounds):
            for contender in contenders:
                contender.inference.append(_rate(threads, contender.detector.run, contender.prepared))
                progress.advance(len(contender.looks))
                contender.whole.append(_rate(threads, contender.look, contender.looks))
                progress.advance(len(contender.looks))
    return [Speed(median(contender.inference), median(contender.whole)) for contender in contenders]


class _Contender:
    """One detector, what it looks at, and its rates so far."""

    def __init__(self, detector: Detector, photos: Sequence[bytes], threshold: float) -> None:
        self.detector = detector
        self.looks = list(islice(cycle(photos), max(len(photos), MIN_LOOKS)))
        arrays = [detector.prepare(decode_photo(data).image) for data in photos[:PREPARED]]
        self.prepared = list(islice(cycle(arrays), len(self.looks)))
        self.inference: list[float] = []
        self.whole: list[float] = []
        self._threshold = threshold

    def look(self, data: bytes) -> object:
        """What a scan does with a photo's bytes."""
        side = max(self.detector.width, self.detector.height)
        photo = decode_photo(data, enough_side=side)
        return self.detector.detect(photo.image, threshold=self._threshold, size=(photo.width, photo.height))


def _rate(threads: ThreadPoolExecutor, work: Callable[[Any], object], items: Sequence[Any]) -> float:
    started = perf_counter()
    for _ in threads.map(work, items):
        pass
    return len(items) / (perf_counter() - started)
