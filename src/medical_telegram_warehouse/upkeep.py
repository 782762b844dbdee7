"""What keeps a warehouse that runs for years small and quick: vacuum, and letting go of what is old.

Nothing is let go unless a setting says so, except the history of runs. Each part may be run at any time, and again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from medical_telegram_warehouse.postgres.locks import LOAD_LOCK, writing_raw
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import open_database
from medical_telegram_warehouse.vision.drawn.preview_folder import PREVIEWS_FOLDER, remove_previews_older_than


@dataclass(frozen=True)
class UpkeepOutcome:
    """What one part did."""

    part: str
    headline: str
    details: dict[str, int] = field(default_factory=dict)


def delete_old_observations(settings: Settings, now: datetime | None = None) -> UpkeepOutcome:
    """Forget observations older than RAW_HISTORY_DAYS between the first and the newest of each message.

    The lake keeps them. Tables that were made of them are made anew by the next build.
    """
    part = "raw history"
    if not settings.raw_history_days:
        return UpkeepOutcome(part, "all observations are kept (RAW_HISTORY_DAYS is 0)")
    before = (now or datetime.now(UTC)) - timedelta(days=settings.raw_history_days)
    with open_database(settings) as connection, writing_raw(connection, LOAD_LOCK), connection.transaction():
        deleted = connection.execute(statement("delete_old_observations"), {"before": before}).rowcount
        if deleted:
            connection.execute(statement("build_whole_next"))
    headline = f"{deleted:,} observations from before {before:%Y-%m-%d} deleted"
    return UpkeepOutcome(
        part,
        f"{headline}; the next build makes all tables anew" if deleted else "no observation is old enough",
        {"deleted_observations": deleted},
    )


def delete_old_previews(settings: Settings, now: datetime | None = None) -> UpkeepOutcome:
    """Delete small pictures that were made more than PREVIEW_DAYS ago; what somebody looks at is made again."""
    part = "previews"
    if not settings.preview_days:
        return UpkeepOutcome(part, "all previews are kept (PREVIEW_DAYS is 0)")
    if settings.yolo_previews:
        return UpkeepOutcome(part, "all previews are kept, because YOLO_PREVIEWS makes one of every photo at each run")
    before = (now or datetime.now(UTC)) - timedelta(days=settings.preview_days)
    removed = remove_previews_older_than(settings.processed_dir / PREVIEWS_FOLDER, before)
    return UpkeepOutcome(
        part, f"{removed:,} previews from before {before:%Y-%m-%d} deleted", {"deleted_files": removed}
    )


def delete_old_runs(settings: Settings, now: datetime | None = None) -> UpkeepOutcome:
    """Forget what ops.runs and ops.step_runs say of runs older than RUN_HISTORY_DAYS."""
    before = (now or datetime.now(UTC)) - timedelta(days=settings.run_history_days)
    with open_database(settings) as connection:
        deleted = connection.execute(statement("delete_old_runs"), {"before": before}).rowcount
    return UpkeepOutcome("run records", f"{deleted:,} records of steps from before {before:%Y-%m-%d} deleted")


def vacuum(settings: Settings) -> UpkeepOutcome:
    """Give the space of deleted rows back to their tables, and count anew what the planner goes by."""
    with open_database(settings) as connection:
        before = _size_of(connection)
        connection.execute("VACUUM (ANALYZE)")
        after = _size_of(connection)
    sizes = {"bytes_before": before, "bytes_after": after}
    return UpkeepOutcome("vacuum", f"database of {after / 1e6:,.1f} MB vacuumed, before {before / 1e6:,.1f} MB", sizes)


def _size_of(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0
