"""Why a connection cannot be had is said in words that help, and soon."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from conftest import Database, free_port
from medical_telegram_warehouse.errors import DatabaseRefusedError, DatabaseUnavailableError
from medical_telegram_warehouse.postgres import connection as connection_module
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer, is_local
from medical_telegram_warehouse.records import DatabaseAddress

SECRET = "q7-unguessable"


def at(port: int, host: str = "127.0.0.1") -> DatabaseAddress:
    return DatabaseAddress(host, port, "warehouse", "someone", SecretStr(SECRET))


def refusal(address: DatabaseAddress, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught, connect(address):
        pass
    assert SECRET not in str(caught.value)
    return str(caught.value)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something on a port of this machine that is not PostgreSQL."""
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            client, _ = listener.accept()
            with client, suppress(OSError):  # the other side may hang up at any moment
                if not done.is_set():
                    answer(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            done.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


def web_server(client: socket.socket) -> None:
    client.recv(8)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def ssh_server(client: socket.socket) -> None:
    """Speaks first, and with the letter by which PostgreSQL accepts encryption."""
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    client.recv(1000)


def chatty_server(client: socket.socket) -> None:
    client.recv(8)
    client.sendall(b"N")
    client.recv(1000)
    client.sendall(b"what do you mean?" * 10)


def hangs_up(client: socket.socket) -> None:
    client.recv(8)


@pytest.mark.parametrize("answer", [web_server, ssh_server, chatty_server, hangs_up])
def test_a_port_taken_by_something_else_is_named_as_that(
    answer: Callable[[socket.socket], None], tmp_path: Path
) -> None:
    with listening(answer) as port:
        message = refusal(at(port), DatabaseRefusedError)
        assert f"port {port} on 127.0.0.1 is taken by something that is not PostgreSQL" in message
        assert "set POSTGRES_PORT to another port" in message
        assert not EmbeddedServer(tmp_path, at(port)).ensure(), "something listens: nothing is started beside it"
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_accepts_and_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_TIMEOUT_SECONDS", 2)
    with listening(lambda _client: time.sleep(3)) as port:
        message = refusal(at(port), DatabaseUnavailableError)
    assert f"something listens on port {port} of 127.0.0.1, but did not answer as PostgreSQL within 2 s" in message
    assert "set POSTGRES_PORT" in message


def test_a_wrong_password_is_named_without_printing_it(database: Database) -> None:
    message = refusal(database.address._replace(password=SecretStr(SECRET)), DatabaseRefusedError)
    assert "refused the password of user 'test_user'; set POSTGRES_USER and POSTGRES_PASSWORD" in message


def test_an_unknown_user_is_answered_as_a_wrong_password_is(database: Database) -> None:
    assert "user 'someone'" in refusal(at(database.port)._replace(database="postgres"), DatabaseRefusedError)


def test_an_unknown_database_is_named(database: Database) -> None:
    message = refusal(database.address._replace(database="no_such"), DatabaseRefusedError)
    assert '"no_such" does not exist' in message
    assert "POSTGRES_DB" in message


def test_where_nothing_listens_it_may_come_up_later() -> None:
    port = free_port()
    assert f"no PostgreSQL answers at 127.0.0.1:{port}" in refusal(at(port), DatabaseUnavailableError)
    assert "no PostgreSQL answers at nowhere.invalid:5433" in refusal(
        at(5433, "nowhere.invalid"), DatabaseUnavailableError
    )


def test_a_connection_that_is_lost_in_use_may_be_tried_again(database: Database) -> None:
    def lose_it() -> None:
        with connect(database.address) as connection, database.connect() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            connection.execute("SELECT 1")

    with pytest.raises(DatabaseUnavailableError, match=r"was lost: .*; the step can be run again"):
        lose_it()


def test_moments_are_read_in_utc_and_statements_stand_for_themselves(database: Database) -> None:
    with connect(database.address, application="test") as connection:
        assert connection.autocommit
        row = connection.execute("SELECT current_setting('timezone'), current_setting('application_name')").fetchone()
    assert row == ("UTC", "test")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.5.0.1", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("db.example.org", False),
        ("", False),
    ],
)
def test_only_the_loopback_is_this_machine(host: str, expected: bool) -> None:
    assert is_local(host) is expected
