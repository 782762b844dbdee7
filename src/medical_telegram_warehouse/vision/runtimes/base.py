"""What every runtime can do.

Belongs here: the interface. Does not belong here: any library.
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray


class Session(Protocol):
    """A loaded model."""

    @property
    def runtime(self) -> str:
        """The library and its version, such as `onnxruntime 1.32.0`."""
        ...

    def run(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The first output for this input.

        May be called from several threads at once; the array is the caller's until the same thread calls again.

        Raises:
            ModelError: The model failed.
        """
        ...
