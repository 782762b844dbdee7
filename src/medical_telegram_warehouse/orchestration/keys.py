"""Keys of the assets that steps other than dbt's make, and the pools that steps wait for."""

from __future__ import annotations

from dagster import AssetKey

CHANNEL_LIST = AssetKey(["telegram", "channels"])
LAKE_MESSAGES = AssetKey(["lake", "telegram_messages"])
LAKE_IMAGES = AssetKey(["lake", "images"])
RAW_MESSAGES = AssetKey(["raw", "telegram_messages"])
IMAGE_SCANS = AssetKey(["raw", "image_scans"])
DETECTIONS_FILE = AssetKey(["processed", "yolo_detections"])

STEP_TAG = "step"
"""On each asset: which step makes it. Jobs choose their assets by it."""

# One step of a pool at a time (dagster.yaml says so), that a small machine is not drowned.
CORES_POOL = "every_core"
"""Steps that use every core by themselves."""
WAREHOUSE_POOL = "warehouse_writes"
"""Steps that write tables in bulk. Those that only add a little wait in the database, by its locks."""
LAKE_POOL = "lake_writes"
