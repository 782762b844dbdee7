"""One detector, ready to look at photos.

Belongs here: what a detector is to the rest of this product: a picture in, objects on the photo out. Does not belong
here: checking a model file (`model_facts`), fitting a picture into its input (`letterbox`), computing it
(`runtimes`), what its output means (`heads`), which photos to look at (`scan`).

    picture -> letterbox -> runtime -> heads -> boxes in pixels of the upright photo, rounded and ordered
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import Detection, RuntimeName
from medical_telegram_warehouse.vision.heads import Floats, Layout, read_boxes, recognise
from medical_telegram_warehouse.vision.letterbox import STEP, as_input, letterbox
from medical_telegram_warehouse.vision.models.model_facts import ModelInput, read_model
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.runtimes import open_session

logger = logging.getLogger(__name__)


class Detector:
    """A loaded model. `detect` may be called from several threads at once; each call uses one core only."""

    class_names: tuple[str, ...]
    """The model's own, by number."""
    layout: Layout
    """How its output is read."""
    takes: ModelInput
    """What it takes for a picture."""
    notes: dict[str, str]
    """What else the model's file says of itself, such as its licence."""

    def __init__(self, model: ModelFile, runtime: RuntimeName = RuntimeName.ONNXRUNTIME, *, workers: int = 1) -> None:
        """Loads the model and looks at one grey picture, so that a model that cannot work is refused here.

        Args:
            model: Its file.
            runtime: What computes it.
            workers: How many threads will call at once; more may, and some of them then wait.

        Raises:
            ModelError: The file is no usable detector, or the runtime is not installed.
        """
        checked = read_model(model.path)
        self.notes = checked.notes
        self._session = open_session(runtime, checked, max(1, workers))
        self.takes = self._session.takes
        names = checked.class_names
        try:
            output = self.run(self.prepare(Image.new("RGB", (self.width, self.height))))
            self.layout, classes = recognise(output.shape, len(names) or None, (self.width, self.height))
        except (ValueError, TypeError) as error:
            raise ModelError(f"{model.path} is not a detector that can be read: {error}") from error
        if self.takes.is_free and not self._is_free():
            self.takes = replace(self.takes, is_free=False)
        if not names:
            logger.warning("%s names no classes; they are called class_0, class_1 and so on", model.path)
        self.class_names = names or tuple(f"class_{number}" for number in range(classes))

    @property
    def runtime(self) -> str:
        """What computes the model, and its version, such as `onnxruntime 1.32.0`."""
        return self._session.runtime

    @property
    def width(self) -> int:
        """Of the input, at most."""
        return self.takes.width

    @property
    def height(self) -> int:
        """Of the input, at most."""
        return self.takes.height

    def detect(
        self, picture: Image.Image | NDArray[np.uint8], *, threshold: float, size: tuple[int, int] | None = None
    ) -> tuple[Detection, ...]:
        """The objects on an upright RGB picture that reach the threshold, best first.

        Args:
            picture: The picture; an array is height by width by 3.
            threshold: The lowest score to report.
            size: Width and height of the photo when `picture` is a smaller version of it; boxes are in its pixels.

        Raises:
            ModelError: The model failed while it ran.
        """
        field, placement = letterbox(picture, self.takes, size)
        found = read_boxes(self.run(as_input(field, self.takes)), self.layout, threshold)
        if not len(found):
            return ()
        detections = [
            Detection(
                detected_class=self._name(number),
                confidence_score=round(score, 4),
                x_min=x_min,
                y_min=y_min,
                x_max=x_max,
                y_max=y_max,
            )
            for (x_min, y_min, x_max, y_max), score, number in zip(
                placement.on_photo(found.corners).tolist(), found.scores.tolist(), found.classes.tolist(), strict=True
            )
            if x_min < x_max and y_min < y_max
        ]
        return tuple(sorted(detections, key=_order))

    def prepare(self, picture: Image.Image | NDArray[np.uint8]) -> NDArray[Any]:
        """The array that the model takes for this picture."""
        return as_input(letterbox(picture, self.takes)[0], self.takes)

    def run(self, pixels: NDArray[Any]) -> Floats:
        """The model's output for what `prepare` gave; it is the caller's until the same thread calls again.

        Raises:
            ModelError: The model failed.
        """
        return np.asarray(self._session.run(pixels), np.float32)

    def _is_free(self) -> bool:
        """Whether the model, whose file says so, works with another size: some halve a picture six times."""
        tall = Image.new("RGB", (max(1, self.width - STEP), self.height))
        try:
            self.run(self.prepare(tall))
        except ModelError as error:
            logger.info("Photos get the whole of the model's input, although it declares a free one: %s", error)
            return False
        return True

    def _name(self, number: int) -> str:
        return self.class_names[number] if 0 <= number < len(self.class_names) else f"class_{number}"


def _order(found: Detection) -> tuple[float, str, float, float, float, float]:
    box = (found.x_min, found.y_min, found.x_max, found.y_max)
    return -found.confidence_score, found.detected_class, *box
