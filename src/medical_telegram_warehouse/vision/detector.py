"""One ONNX detector, ready to look at photos.

Belongs here: loading a model, fitting a photo into its input, and mapping its boxes back to the photo. Does not
belong here: what an output means (`heads`), what a photo's bytes mean (`decode`), which photos to look at (`scan`).

    picture -> letterbox -> onnxruntime -> heads -> boxes in pixels of the upright photo, rounded and ordered

This is the only module that imports onnxruntime. An ONNX file holds a graph of arithmetic and no code, and it is
loaded with the standard operators only.
"""

from __future__ import annotations

import ast
import logging
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.heads import read_boxes, recognise
from medical_telegram_warehouse.vision.weights import ModelFile

logger = logging.getLogger(__name__)

PADDING = 114  # the grey that the YOLO family was trained with
DEFAULT_SIDE = 640  # for models exported with a free input size
PICTURE_AXES = 4
TENSORS = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}
ERRORS_ONLY = 3  # onnxruntime's log level


class Detector:
    """A loaded model. `detect` may be called from several threads at once; each call uses the caller's core only."""

    def __init__(self, model: ModelFile) -> None:
        """Loads the model and looks at one grey picture, so that a model that cannot work is refused here.

        Raises:
            ModelError: The file is no usable detector.
        """
        self._model = model
        options = onnxruntime.SessionOptions()
        # One thread a picture and several pictures at once is a fifth faster than several threads on one picture.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY + 1
        try:
            session = onnxruntime.InferenceSession(
                str(model.path), sess_options=options, providers=["CPUExecutionProvider"]
            )
            facts = session.get_modelmeta().custom_metadata_map
        except Exception as error:  # its errors share no base class but Exception
            raise ModelError(f"{model.path} is not a model that onnxruntime can load: {_first_line(error)}") from error
        self._session = session
        self._read_input()
        names = _class_names(facts.get("names", ""))
        output = self._run(Image.new("RGB", (self.width, self.height), (PADDING,) * 3))
        try:
            self._layout, classes = recognise(output.shape, len(names) or None)
        except ValueError as error:
            raise ModelError(f"{model.path} is not a detector that can be read: {error}") from error
        if not names:
            logger.warning("%s names no classes; they are called class_0, class_1 and so on", model.path)
        self.class_names = names or tuple(f"class_{number}" for number in range(classes))

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
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        width, height = size or image.size
        scale = min(self.width / width, self.height / height)
        fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
        left, top = (self.width - fitted[0]) // 2, (self.height - fitted[1]) // 2
        canvas = Image.new("RGB", (self.width, self.height), (PADDING,) * 3)
        canvas.paste(image.convert("RGB").resize(fitted, Image.Resampling.BILINEAR), (left, top))
        found = read_boxes(self._run(canvas), self._layout, threshold)
        back = np.array([width / fitted[0], height / fitted[1]] * 2)
        corners = (found.corners - np.array([left, top] * 2)) * back
        corners = np.clip(corners, 0, np.array([width, height] * 2)).round(1)
        detections = [
            Detection(
                detected_class=self._name(int(number)),
                confidence_score=round(float(score), 4),
                x_min=float(box[0]),
                y_min=float(box[1]),
                x_max=float(box[2]),
                y_max=float(box[3]),
            )
            for box, score, number in zip(corners, found.scores, found.classes, strict=True)
            if box[0] < box[2] and box[1] < box[3]
        ]
        return tuple(sorted(detections, key=_order))

    def _read_input(self) -> None:
        first, *others = self._session.get_inputs()
        shape = [side if isinstance(side, int) and side > 0 else None for side in first.shape]
        if others or first.type not in TENSORS or len(shape) != PICTURE_AXES or shape[0] not in (None, 1):
            raise ModelError(
                f"{self._model.path} does not take one picture at a time: its inputs are "
                f"{[(one.name, one.type, one.shape) for one in (first, *others)]}. Export it with batch size 1."
            )
        self._input = first.name
        self._type = TENSORS[first.type]
        self._channels_last = shape[3] == 3  # noqa: PLR2004
        sides = shape[1:3] if self._channels_last else shape[2:4]
        self.height, self.width = (side or DEFAULT_SIDE for side in sides)

    def _run(self, canvas: Image.Image) -> NDArray[np.float32]:
        pixels: NDArray[Any] = np.asarray(canvas)[None]
        if self._type is not np.uint8:
            pixels = (pixels / np.float32(255)).astype(self._type)
        if not self._channels_last:
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        try:
            first, *_ = self._session.run(None, {self._input: pixels})
            return np.asarray(first, dtype=np.float32)
        except Exception as error:  # as above
            raise ModelError(f"{self._model.path} failed on a picture: {_first_line(error)}") from error

    def _name(self, number: int) -> str:
        return self.class_names[number] if 0 <= number < len(self.class_names) else f"class_{number}"


def _order(found: Detection) -> tuple[float, str, float, float, float, float]:
    box = (found.x_min, found.y_min, found.x_max, found.y_max)
    return -found.confidence_score, found.detected_class, *box


def _class_names(text: str) -> tuple[str, ...]:
    """The class names in a model's metadata: `person,bicycle`, or the `{0: 'person'}` that ultralytics writes."""
    if not text.lstrip().startswith(("{", "[")):
        return tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    try:
        names = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(names, dict):
        names = [names.get(number, f"class_{number}") for number in range(len(names))]
    return tuple(str(name) for name in names)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
