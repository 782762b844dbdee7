"""The one place that imports Ultralytics: a process that exports one checkpoint beside itself, and ends.

Belongs here: that call. Does not belong here: everything around it (`ultralytics_export`, which starts this).
"""

from __future__ import annotations

import sys

OPSET = 17  # read by every runtime since 2022


def main() -> None:
    """Export the checkpoint that the first argument names; a second is the input's side in pixels."""
    from ultralytics import YOLO

    checkpoint, *size = sys.argv[1:]
    chosen = {"imgsz": int(size[0])} if size else {}
    YOLO(checkpoint, task="detect").export(format="onnx", opset=OPSET, simplify=False, device="cpu", **chosen)


if __name__ == "__main__":
    main()
