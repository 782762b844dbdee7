"""Logins that may do less than the user who migrates: readers, loaders and owners.

The groups and what they may do stand in `migrations/0005_roles.sql`; a login is a member of one group. Only logins
that are members of a group are ever changed or dropped, and never the one that this connection belongs to.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import errors as pg
from psycopg import sql
from pydantic import SecretStr

from medical_telegram_warehouse.errors import DatabaseRefusedError
from medical_telegram_warehouse.postgres.groups import MAX_NAME_BYTES, Role
from medical_telegram_warehouse.postgres.migrate import logged_warnings, migration_lock, migrations
from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)
_MIGRATION = "0005_roles.sql"
MIN_PASSWORD_LENGTH = 12
_READER_STATEMENT_SECONDS = 30
_READER_IDLE_SECONDS = 60
_GROUPS = {role.group: role for role in Role}


class Login(NamedTuple):
    """A login of ours."""

    name: str
    roles: tuple[Role, ...]
    statement_timeout: str | None
    """As PostgreSQL writes it, such as 30s; None for no limit of its own."""
    sessions: int


def new_password() -> SecretStr:
    """A password that nobody guesses, of characters that need no quoting anywhere."""
    return SecretStr(secrets.token_urlsafe(24))


def ensure_roles(connection: psycopg.Connection) -> None:
    """Make the groups, and grant them what is theirs; what cannot be done is logged as a warning."""
    [script] = [migration.sql for migration in migrations() if migration.name == _MIGRATION]
    with migration_lock(connection), logged_warnings(connection), connection.transaction():
        connection.execute(script)


def hand_over(connection: psycopg.Connection) -> None:
    """Let mtw_owner own everything in the product's schemas, now and (for what its logins make) later.

    Raises:
        DatabaseRefusedError: this user may not.
    """
    group = sql.Identifier(Role.OWNER.group)
    with _explained(connection, "hand the schemas over to mtw_owner"), migration_lock(connection):
        row = connection.execute("SELECT pg_has_role(to_regrole(%s), 'USAGE')", [Role.OWNER.group]).fetchone()
        if row is not None and row[0] is False:
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(group))
        with connection.transaction():
            connection.execute(statement("hand_over"))
    ensure_roles(connection)


def logins(connection: psycopg.Connection) -> list[Login]:
    """Every login that is a member of a group, by name."""
    rows = connection.execute(statement("logins"), {"groups": list(_GROUPS)})
    return [Login(name, tuple(_GROUPS[group] for group in groups), limit, count) for name, groups, limit, count in rows]


def add_login(
    connection: psycopg.Connection,
    name: str,
    role: Role,
    password: SecretStr,
    *,
    statement_timeout: int | None = None,
) -> bool:
    """Create a login, or give an existing one of ours another role, password and limit.

    Args:
        connection: to a migrated database, of a user who may create roles.
        name: as it shall be written, in any case and with any marks.
        role: its group.
        password: never sent: the server gets its SCRAM verifier, so that no server log can hold it.
        statement_timeout: seconds after which a statement of this login is cancelled; 0 for no limit. By default 30
            for readers, and none for others.

    Returns:
        Whether it is new.

    Raises:
        DatabaseRefusedError: the name or the password cannot be used, the login is not one of ours, or this user may
            not create roles.
    """
    _check_name(name)
    if len(password.get_secret_value()) < MIN_PASSWORD_LENGTH:
        raise DatabaseRefusedError(
            f"the password for login {name!r} is too short: MTW_NEW_PASSWORD must have at least {MIN_PASSWORD_LENGTH} "
            f"characters; leave it unset, and one is made"
        )
    login = sql.Identifier(name)
    secret = password.get_secret_value().encode()
    verifier = connection.pgconn.encrypt_password(secret, name.encode(), b"scram-sha-256").decode()
    with _explained(connection, f"make login {name!r} a {role}", _by_hand(name, role)):
        ensure_roles(connection)
        with connection.transaction():
            found = _find(connection, name)
            create = sql.SQL("CREATE ROLE {}" if found is None else "ALTER ROLE {}").format(login)
            connection.execute(create + sql.SQL(" LOGIN PASSWORD {}").format(sql.Literal(verifier)))
            for group in found.groups if found is not None else ():
                connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), login))
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role.group), login))
            for setting, value in _session_settings(role, statement_timeout).items():
                change = sql.SQL("ALTER ROLE {} RESET {}") if value is None else sql.SQL("ALTER ROLE {} SET {} = {}")
                connection.execute(change.format(login, sql.Identifier(setting), sql.Literal(value)))
    if role is Role.OWNER:
        hand_over(connection)
    return found is None


def drop_login(connection: psycopg.Connection, name: str) -> int:
    """Drop a login of ours and end its sessions; returns how many of them there were.

    Raises:
        DatabaseRefusedError: there is none of that name, it is not ours, it owns something, or this user may not.
    """
    _check_name(name)
    quoted = sql.Identifier(name).as_string(connection)
    with _explained(connection, f"drop login {name!r}", f"DROP ROLE {quoted}"), connection.transaction():
        found = _find(connection, name)
        if found is None:
            raise DatabaseRefusedError(f"there is no login {name!r} on this server; `mtw db users` lists them")
        try:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        except pg.DependentObjectsStillExist as error:
            raise DatabaseRefusedError(
                f"login {name!r} cannot be dropped, because something depends on it: {error.diag.message_detail}; "
                f"in each database of that list run REASSIGN OWNED BY {quoted} TO CURRENT_USER; "
                f"DROP OWNED BY {quoted}; and drop it again"
            ) from error
    try:
        row = connection.execute(statement("end_sessions"), {"oid": found.oid}).fetchone()
    except pg.InsufficientPrivilege:
        logger.warning("login %s is dropped, but this user may not end its open sessions; they end by themselves", name)
        return 0
    return int(row[0]) if row is not None else 0


def _session_settings(role: Role, statement_timeout: int | None) -> dict[str, str | None]:
    """Settings of a login's sessions; members of a group do not inherit the group's. None takes a setting away."""
    if statement_timeout is None and role is Role.READER:
        statement_timeout = _READER_STATEMENT_SECONDS
    is_reader = role is Role.READER
    return {
        "statement_timeout": f"{statement_timeout}s" if statement_timeout is not None else None,
        "default_transaction_read_only": "on" if is_reader else None,
        "idle_in_transaction_session_timeout": f"{_READER_IDLE_SECONDS}s" if is_reader else None,
        # What an owner makes must belong to the group, or no other owner could rebuild it.
        "role": role.group if role is Role.OWNER else None,
    }


class _Found(NamedTuple):
    oid: int
    groups: list[str]


def _find(connection: psycopg.Connection, name: str) -> _Found | None:
    """The login of this name; None where no role has it.

    Raises:
        DatabaseRefusedError: there is one, and it is not ours to touch.
    """
    row = connection.execute(statement("login"), {"name": name, "groups": list(_GROUPS)}).fetchone()
    if row is None:
        return None
    oid, groups, is_foreign = row
    if is_foreign or not groups:
        raise DatabaseRefusedError(
            f"{name!r} is a role that `mtw db add-user` did not make, and stays as it is; choose another name"
        )
    return _Found(oid, groups)


def _check_name(name: str) -> None:
    if not name.strip() or "\0" in name or len(name.encode()) > MAX_NAME_BYTES:
        raise DatabaseRefusedError(f"{name!r} cannot be a login's name: PostgreSQL takes 1 to {MAX_NAME_BYTES} bytes")


def _by_hand(name: str, role: Role) -> str:
    """What an administrator may run instead; the name goes where the person reads it, not to the server."""
    quoted = '"' + name.replace('"', '""') + '"'
    commands = [f"CREATE ROLE {quoted} LOGIN PASSWORD '...'", f"GRANT {role.group} TO {quoted}"]
    for setting, value in _session_settings(role, None).items():
        if value is not None:
            commands.append(f"ALTER ROLE {quoted} SET {setting} = '{value}'")
    return "; ".join(commands)


@contextmanager
def _explained(connection: psycopg.Connection, attempt: str, by_hand: str = "") -> Iterator[None]:
    """Say in our own error type what the server refused."""
    try:
        yield
    except (pg.ReservedName, pg.InvalidName, pg.UndefinedObject, pg.InsufficientPrivilege) as error:
        user = connection.info.user
        advice = (
            ""
            if isinstance(error, pg.ReservedName | pg.InvalidName)
            else f"; it takes a user who may create roles and administers the groups (ALTER ROLE {user} CREATEROLE; "
            f"GRANT mtw_reader, mtw_loader, mtw_owner TO {user} WITH ADMIN OPTION)"
        )
        if advice and by_hand:
            advice += f", or an administrator of the server who runs: {by_hand}"
        raise DatabaseRefusedError(
            f"could not {attempt}: PostgreSQL at {connection.info.host}:{connection.info.port} answered: "
            f"{error.diag.message_primary}{advice}"
        ) from error
