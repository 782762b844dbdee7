"""The part of every answer that says which state of the warehouse it tells of."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.database.version import WarehouseVersion


class WarehouseState(BaseModel):
    """Which state of the warehouse an answer tells of."""

    version: int = Field(
        description="Number of builds that the marts have seen. Two answers of one version fit together.", examples=[42]
    )
    built_at: datetime | None = Field(description="When the last build ended; null before the first.")
    is_building: bool = Field(
        description="Whether a build was changing the marts when this was read, or was killed: tables may then be of "
        "two states."
    )

    @classmethod
    def of(cls, version: WarehouseVersion) -> WarehouseState:
        """The state in words of the API."""
        return cls(version=version.number, built_at=version.built_at, is_building=version.is_building)
