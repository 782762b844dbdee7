"""Whole databases: who uses one, how another takes its place, how it goes. All from a connection to a third one."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

import psycopg
from psycopg import errors as pg
from psycopg import sql

from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.postgres.groups import MAX_NAME_BYTES
from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)
TIMESTAMP = "%Y%m%dT%H%M%SZ"
_LISTED = 5


def now_stamp() -> str:
    """This moment, as it stands in names of files and databases."""
    return datetime.now(UTC).strftime(TIMESTAMP)


def draft_name(database: str, stamp: str) -> str:
    """What a database is called until it is whole."""
    return _with_ending(database, f"_restoring_{stamp}")


def kept_name(database: str, stamp: str) -> str:
    """What a database is called that another one took the place of."""
    return _with_ending(database, f"_before_restore_{stamp}")


def _with_ending(database: str, ending: str) -> str:
    return database.encode()[: MAX_NAME_BYTES - len(ending)].decode(errors="ignore") + ending


def refuse_while_in_use(server: psycopg.Connection, database: str) -> None:
    """Make sure that nobody is connected.

    Raises:
        DatabaseRefusedError: names those who are.
    """
    sessions = server.execute(statement("sessions_of_database"), {"name": database}).fetchall()
    if sessions:
        named = [f"{user} ({program or 'no name'}, {client}, process {pid})" for pid, user, program, client in sessions]
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        raise DatabaseRefusedError(
            f"database {database!r} is in use, and a restore would take its place: {', '.join(named[:_LISTED])}{more}. "
            f"End these sessions (close BI tools and psql, stop `mtw dev` and runs) and run this again, or restore "
            f"beside it: --into NAME. Nothing was changed"
        )


def create(server: psycopg.Connection, database: str) -> None:
    """Make an empty database, without what was added to the server's template."""
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))


def put_in_place(server: psycopg.Connection, draft: str, target: str, *, keep_as: str | None) -> None:
    """Give a draft its name, and the database that has it another one, both or neither.

    Args:
        server: a connection to another database.
        draft: the new database.
        target: the name that it shall have.
        keep_as: what the database of that name is called from now on; None where there is none.

    Raises:
        DatabaseRefusedError: somebody is connected.
    """
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    if keep_as is not None:
        # ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET are no part of a backup.
        for owner, setting in server.execute(statement("database_settings"), {"name": target}):
            logger.warning("the old database had the setting %s%s; set it again where it is wanted", setting, owner)
    try:
        with server.transaction():
            if keep_as is not None:
                server.execute(rename.format(sql.Identifier(target), sql.Identifier(keep_as)))
            server.execute(rename.format(sql.Identifier(draft), sql.Identifier(target)))
    except pg.ObjectInUse as error:
        refuse_while_in_use(server, target)
        raise DatabaseRefusedError(
            f"database {target!r} came into use meanwhile ({error.diag.message_primary}); run this again. "
            f"Nothing was changed"
        ) from error


def drop(server: psycopg.Connection, database: str, *, force: bool = True) -> None:
    """Drop a database if it is there; where it cannot be dropped, say so and go on.

    Args:
        server: a connection to another database.
        database: its name.
        force: end the sessions of those who use it.
    """
    text = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)" if force else "DROP DATABASE IF EXISTS {}")
    try:
        server.execute(text.format(sql.Identifier(database)))
    except psycopg.Error as error:
        logger.warning("database %s is left over, and could not be dropped: %s", database, str(error).splitlines()[0])


def drop_left_drafts(server: psycopg.Connection, database: str) -> None:
    """Drop what killed restores left; a draft that somebody still works in stays."""
    stamp = now_stamp()
    pattern = re.compile(re.escape(draft_name(database, stamp).removesuffix(stamp)) + r"\d{8}T\d{6}Z")
    for (name,) in server.execute("SELECT datname FROM pg_database").fetchall():
        if pattern.fullmatch(name):
            logger.info("dropping %s, which a killed restore left behind", name)
            drop(server, name, force=False)
