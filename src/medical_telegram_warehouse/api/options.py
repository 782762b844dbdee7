"""What the service needs to know, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.records import ApiKey, DatabaseAddress


@dataclass(frozen=True)
class ApiOptions:
    """Everything that a settings file may say about the service. `docs/settings.md` explains each."""

    database: DatabaseAddress
    timezone: ZoneInfo
    """Whose days the reports count."""
    project_root: Path
    """Paths of photos in the warehouse start here: the folder that holds the data folder."""
    photo_roots: tuple[Path, ...] = ()
    """Folders of lakes; only files below one of them are ever sent."""
    previews: Path | None = None
    """Where thumbnails and pictures with boxes are kept."""
    categories: Path | None = None
    """Which classes are persons and products, for the boxes' colours; None for those that ship."""
    keys: tuple[ApiKey, ...] = ()
    require_key: bool = False
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Names under which the service may be asked. Else a page elsewhere could, by a name that it points here."""
    cors_origins: tuple[str, ...] = ()
    requests_per_minute: int = 1200
    """Of each key, or of each address without one; 0 for no limit."""
    request_seconds: float = 10
    statement_seconds: float = 5
    connections: int = 8
    cache_bytes: int = 64 << 20
    dagster_url: str = "http://127.0.0.1:3000"
