"""ONNX Runtime: the default, as quick as any other with 32 bits.

Belongs here: everything that is said to the library onnxruntime. Does not belong here: what other runtimes share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.model_facts import CheckedModel
from medical_telegram_warehouse.vision.models.onnx_file import first_line

NOTHING = 4  # the log level: what goes wrong is raised, and said once


class OnnxRuntimeSession:
    """A model in ONNX Runtime; each call computes in the calling thread."""

    def __init__(self, model: CheckedModel) -> None:
        """Loads the model.

        Raises:
            ModelError: It cannot be loaded.
        """
        self._path = model.path
        self.takes = model.takes
        options = onnxruntime.SessionOptions()
        # One thread a picture and several pictures at once is a fifth faster than several threads on one picture.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = NOTHING
        try:
            self._session = onnxruntime.InferenceSession(
                model.content,
                sess_options=options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # it would try the same again, and print that it does
            )
        except Exception as error:  # its errors share no base class but Exception
            raise ModelError(f"{model.path} is not a model that onnxruntime can load: {first_line(error)}") from error
        self._output = self._session.get_outputs()[0].name

    @property
    def runtime(self) -> str:
        """The library and its version."""
        return f"onnxruntime {onnxruntime.__version__}"

    def run(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The first output for this input.

        Raises:
            ModelError: The model failed.
        """
        try:
            (output,) = self._session.run([self._output], {self.takes.name: pixels})
            return np.asarray(output)
        except Exception as error:  # as above
            raise ModelError(f"{self._path} failed on a picture: {first_line(error)}") from error
