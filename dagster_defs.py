"""Entry point for Dagster: `dagster dev -f dagster_defs.py`."""

from medical_telegram_warehouse.orchestration.definitions import build_definitions
from medical_telegram_warehouse.settings import load_settings

defs = build_definitions(load_settings())
