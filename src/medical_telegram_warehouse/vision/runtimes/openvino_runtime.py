"""OpenVINO: several times quicker than 32 bits with an 8-bit model on Intel's processors.

Belongs here: everything that is said to the library openvino. Does not belong here: what other runtimes share.
"""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.model_facts import CheckedModel


class OpenVinoSession:
    """A model in OpenVINO; as many calls at once as there are workers, each on one core."""

    def __init__(self, model: CheckedModel, workers: int) -> None:
        """Loads and compiles the model.

        Raises:
            ModelError: It cannot be loaded.
        """
        self._path = model.path
        # A free size took a third of an 8-bit model's speed, and a network for each size 100 MB of memory.
        self.takes = replace(model.takes, is_free=False)
        self._thread = threading.local()
        how = {
            "INFERENCE_PRECISION_HINT": "f32",  # where it may choose it takes bf16, which was slower and less exact
            "NUM_STREAMS": workers,
            "INFERENCE_NUM_THREADS": workers,
            "ENABLE_CPU_PINNING": False,  # two processes would be bound to the same cores
        }
        try:
            network = _core().read_model(io.BytesIO(model.content))
            self._takes_input = bool(network.inputs)  # it drops what no output depends on
            if self._takes_input:
                network.reshape({model.takes.name: list(model.takes.shape)})
            self._compiled = _core().compile_model(network, "CPU", how)
        except Exception as error:  # its errors share no base class but Exception
            raise ModelError(f"{model.path} is not a model that openvino can load: {_reason(error)}") from error

    @property
    def runtime(self) -> str:
        """The library and its version."""
        return f"openvino {openvino.__version__.split('-')[0]}"  # the rest names a build

    def run(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The first output for this input.

        Raises:
            ModelError: The model failed.
        """
        try:
            request = getattr(self._thread, "request", None)
            if request is None:
                request = self._thread.request = self._compiled.create_infer_request()
            request.infer({0: pixels} if self._takes_input else {}, share_inputs=True)
            return np.asarray(request.get_output_tensor(0).data)
        except Exception as error:  # as above
            raise ModelError(f"{self._path} failed on a picture: {_reason(error)}") from error


@cache
def _core() -> openvino.Core:
    """The one core of this process, which is never given up.

    With a core for each model, a process that loaded many of them died of a segmentation fault while it read one.
    Ultralytics met the same (ultralytics/ultralytics#25864).
    """
    return openvino.Core()


def _reason(error: Exception) -> str:
    """What OpenVINO said, without where in its source it said so."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from ", "Check '"))]
    return (telling or lines or [type(error).__name__])[0]
