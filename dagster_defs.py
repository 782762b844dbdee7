"""Entry point for Dagster: `dagster dev -f dagster_defs.py`."""

from medical_telegram_warehouse.orchestration.location import defs

__all__ = ["defs"]
