"""What computes a model: one interface, one adapter for each library.

Belongs here: choosing the adapter, and saying what to install. Does not belong here: what goes in and comes out
(`letterbox`, `heads`). Each adapter is the only module that imports its library, and is imported only when chosen.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.records import RuntimeName
from medical_telegram_warehouse.vision.models.model_facts import CheckedModel
from medical_telegram_warehouse.vision.runtimes.base import Session

OPENVINO_INSTALL = 'pip install "medical-telegram-warehouse[openvino]"'


def open_session(name: RuntimeName, model: CheckedModel, workers: int) -> Session:
    """The model, loaded to be run by up to `workers` threads at once, with one core for each.

    Raises:
        ModelError: The runtime is not installed, or cannot load the model.
    """
    from medical_telegram_warehouse.vision.runtimes.onnx_runtime import OnnxRuntimeSession

    if name is RuntimeName.ONNXRUNTIME:
        return OnnxRuntimeSession(model)
    if not is_installed(name):
        raise ModelError(f"YOLO_RUNTIME is {name.value}, which is not installed. Run: {OPENVINO_INSTALL}")
    from medical_telegram_warehouse.vision.runtimes.openvino_runtime import OpenVinoSession

    # Of files that were damaged at random, some brought OpenVINO down, and all of those ONNX Runtime refuses.
    OnnxRuntimeSession(model).run(np.zeros(model.takes.shape, model.takes.dtype))
    return OpenVinoSession(model, workers)


def is_installed(name: RuntimeName) -> bool:
    """Whether this runtime can be imported."""
    return find_spec(name.value) is not None
