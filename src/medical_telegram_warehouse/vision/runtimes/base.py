"""What every runtime can do.

Belongs here: the interface. Does not belong here: any library.
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from medical_telegram_warehouse.vision.models.model_facts import ModelInput


class Session(Protocol):
    """A loaded model."""

    @property
    def runtime(self) -> str:
        """The library and its version, such as `onnxruntime 1.32.0`."""
        ...

    @property
    def takes(self) -> ModelInput:
        """What it takes for a picture, which may be narrower than what the model would take."""
        ...

    def run(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The first output for this input.

        May be called from several threads at once; the array is the caller's until the same thread calls again.

        Raises:
            ModelError: The model failed.
        """
        ...
