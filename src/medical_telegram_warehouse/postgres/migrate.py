"""Applies the numbered migrations in `migrations/`, each once, in order, in a transaction of its own.

Several processes may start at once: an advisory lock lets one migrate while the others wait.
"""

from __future__ import annotations

import hashlib
import logging
from importlib import resources
from typing import NamedTuple

import psycopg

from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)
# Any constant does; this one is the product's own.
_LOCK_KEY = 7_240_115_002


class Migration(NamedTuple):
    """One file of `migrations/`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether an applied migration was edited afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration that this version brings."""
    folder = resources.files(__package__) / "migrations"
    return sorted(
        Migration(int(entry.name.split("_", 1)[0]), entry.name, entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    )


def migrate(connection: psycopg.Connection) -> list[str]:
    """Bring the schema up to date; returns the names of what was applied.

    Raises:
        DatabaseRefusedError: the database was migrated by a newer version, or an applied migration was changed.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
    try:
        connection.execute(statement("create_migrations_table"))
        rows = connection.execute("SELECT number, checksum FROM public.mtw_migrations").fetchall()
        applied = {int(number): str(checksum) for number, checksum in rows}
        known = {migration.number: migration for migration in migrations()}
        _check(applied, known)
        done = []
        for number, migration in known.items():
            if number not in applied:
                with connection.transaction():
                    connection.execute(migration.sql)
                    connection.execute(
                        "INSERT INTO public.mtw_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                        [number, migration.name, migration.checksum],
                    )
                logger.info("database migrated: %s", migration.name)
                done.append(migration.name)
        return done
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])


def _check(applied: dict[int, str], known: dict[int, Migration]) -> None:
    newer = sorted(set(applied) - set(known))
    if newer:
        raise DatabaseRefusedError(
            f"the database was migrated by a newer version of this product (migration {newer[-1]}); "
            f"update the product, or use another database (POSTGRES_DB)"
        )
    changed = [known[number].name for number, checksum in applied.items() if known[number].checksum != checksum]
    if changed:
        raise DatabaseRefusedError(
            f"migration {changed[0]} differs from the one that was applied to this database; "
            f"restore the file, or start with a fresh database"
        )
