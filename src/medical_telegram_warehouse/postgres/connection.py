"""Opens connections, and says in our own error types why one cannot be had."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse.errors import (
    DatabasePermissionError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
)
from medical_telegram_warehouse.records import DatabaseAddress

CONNECT_TIMEOUT_SECONDS = 10
_NOT_POSTGRES = (
    *("invalid response", "server closed the connection unexpectedly", "protocol"),
    "expected authentication request",
)
_STARTING = ("starting up", "shutting down", "in recovery", "not yet accepting")


def is_listening(host: str, port: int) -> bool:
    """Whether anything accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


@contextmanager
def connect(address: DatabaseAddress, *, application: str = "mtw") -> Iterator[psycopg.Connection]:
    """Connect with autocommit; use `connection.transaction()` for what belongs together.

    Raises:
        DatabaseUnavailableError: nothing answers, or the connection was lost while in use (transient).
        DatabaseRefusedError: the server answered and said no, or this user may not do what was tried (permanent).
    """
    try:
        connection = psycopg.connect(
            host=address.host,
            port=address.port,
            dbname=address.database,
            user=address.user,
            password=address.password.get_secret_value(),
            application_name=application,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
            options="-c timezone=UTC",
        )
    except psycopg.OperationalError as error:
        raise _explain(address, error) from error
    try:
        with connection:
            yield connection
    except pg.InsufficientPrivilege as error:
        raise DatabasePermissionError(
            f"user {address.user!r} may not do this in {address}: {_first_line(error)}; use another login, or give "
            f"this one another role with `mtw db add-user`",
            _first_line(error),
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if isinstance(error, pg.DiskFull):
            raise DatabaseRefusedError(f"the disk of {address} is full: {_first_line(error)}") from error
        raise DatabaseUnavailableError(
            f"the connection to {address} was lost: {_first_line(error)}; the step can be run again"
        ) from error


def _explain(address: DatabaseAddress, error: psycopg.OperationalError) -> Exception:
    answer = _first_line(error)
    if "password authentication failed" in answer or isinstance(error, pg.InvalidPassword):
        return DatabaseRefusedError(
            f"PostgreSQL at {address.host}:{address.port} refused the password of user {address.user!r}; "
            f"set POSTGRES_USER and POSTGRES_PASSWORD (in .env or the environment) to what that server expects"
        )
    if "does not exist" in answer:
        return DatabaseRefusedError(
            f"PostgreSQL at {address.host}:{address.port} answered: {answer}; "
            f"create it there, or set POSTGRES_DB and POSTGRES_USER"
        )
    if any(word in answer for word in _STARTING):
        return DatabaseUnavailableError(f"PostgreSQL at {address.host}:{address.port} is not ready: {answer}")
    if any(word in str(error) for word in _NOT_POSTGRES):
        return DatabaseRefusedError(
            f"port {address.port} on {address.host} is taken by something that is not PostgreSQL ({answer}); "
            f"set POSTGRES_PORT to another port"
        )
    if "timeout" in answer and is_listening(address.host, address.port):
        return DatabaseUnavailableError(
            f"something listens on port {address.port} of {address.host}, but did not answer as PostgreSQL within "
            f"{CONNECT_TIMEOUT_SECONDS} s; if it is another program, set POSTGRES_PORT to another port"
        )
    return DatabaseUnavailableError(
        f"no PostgreSQL answers at {address.host}:{address.port} ({answer}); check that the server runs and that "
        f"POSTGRES_HOST and POSTGRES_PORT name it"
    )


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) if lines else type(error).__name__
