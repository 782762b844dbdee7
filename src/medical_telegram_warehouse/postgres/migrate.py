"""Applies the numbered migrations in `migrations/`, each once, in order, in a transaction of its own.

Several processes may start at once: an advisory lock lets one migrate while the others wait. A login that may change no
table can start as well, as long as there is nothing to apply.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)
# Any constant does; this one is the product's own.
MIGRATION_LOCK = 7_240_115_002
_MAY_NOT = (pg.InsufficientPrivilege, pg.ReadOnlySqlTransaction)


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
        DatabaseRefusedError: the database was migrated by a newer version, an applied migration was changed, or there
            is something to apply and this user may not.
    """
    with migration_lock(connection):
        applied = applied_migrations(connection)
        known = {migration.number: migration for migration in migrations()}
        _refuse_newer(applied)
        _refuse_changed(applied, known)
        pending = [migration for number, migration in known.items() if number not in applied]
        if pending:
            _apply(connection, pending)
        return [migration.name for migration in pending]


@contextmanager
def migration_lock(connection: psycopg.Connection) -> Iterator[None]:
    """Let nobody else migrate this database meanwhile."""
    connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def applied_migrations(connection: psycopg.Connection) -> dict[int, str]:
    """Number and checksum of what was applied; nothing for a database that is not ours.

    Raises:
        DatabaseRefusedError: this user may not read it.
    """
    if not _is_ours(connection):
        return {}
    try:
        rows = connection.execute("SELECT number, checksum FROM public.mtw_migrations").fetchall()
    except pg.InsufficientPrivilege as error:
        raise DatabaseRefusedError(
            f"user {connection.info.user!r} may not read which migrations were applied to database "
            f"{connection.info.dbname!r} ({error.diag.message_primary}); this command needs the user who owns the "
            f"schemas, or a login of the role loader or owner: set POSTGRES_USER and POSTGRES_PASSWORD"
        ) from error
    return {int(number): str(checksum) for number, checksum in rows}


def _is_ours(connection: psycopg.Connection) -> bool:
    """Whether there is a table of migrations; CREATE TABLE IF NOT EXISTS takes the right to create although it is."""
    row = connection.execute("SELECT to_regclass('public.mtw_migrations') IS NOT NULL").fetchone()
    return row is not None and bool(row[0])


def unknown_migrations(applied: Collection[int]) -> list[int]:
    """Those that only a newer version of this product has."""
    return sorted(set(applied) - {migration.number for migration in migrations()})


def _refuse_newer(applied: dict[int, str]) -> None:
    if newer := unknown_migrations(applied):
        raise DatabaseRefusedError(
            f"the database was migrated by a newer version of this product (migration {newer[-1]}); "
            f"update the product, or use another database (POSTGRES_DB)"
        )


def _refuse_changed(applied: dict[int, str], known: dict[int, Migration]) -> None:
    changed = [known[number].name for number, checksum in applied.items() if known[number].checksum != checksum]
    if changed:
        raise DatabaseRefusedError(
            f"migration {changed[0]} differs from the one that was applied to this database; "
            f"restore the file, or start with a fresh database"
        )


def _apply(connection: psycopg.Connection, pending: list[Migration]) -> None:
    migration = pending[0]
    try:
        with logged_warnings(connection):
            if not _is_ours(connection):
                connection.execute(statement("create_migrations_table"))
            for migration in pending:
                with connection.transaction():
                    connection.execute(migration.sql)
                    connection.execute(
                        "INSERT INTO public.mtw_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                        [migration.number, migration.name, migration.checksum],
                    )
                logger.info("database migrated: %s", migration.name)
    except _MAY_NOT as error:
        raise DatabaseRefusedError(
            f"migration {migration.name} must be applied to database {connection.info.dbname!r}, and user "
            f"{connection.info.user!r} may not ({error.diag.message_primary}); run `mtw db start` once with the user "
            f"who owns the schemas (POSTGRES_USER, POSTGRES_PASSWORD), or let that user create them: "
            f"GRANT CREATE ON DATABASE"
        ) from error


@contextmanager
def logged_warnings(connection: psycopg.Connection) -> Iterator[None]:
    """Let people read what the server warns of meanwhile."""

    def log(diagnostic: pg.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            logger.warning("%s", diagnostic.message_primary)

    connection.add_notice_handler(log)
    try:
        yield
    finally:
        connection.remove_notice_handler(log)
