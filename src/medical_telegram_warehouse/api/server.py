"""Runs the service in this process until it is told to end."""

from __future__ import annotations

import errno
import gc
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from medical_telegram_warehouse.api.app import create_app
from medical_telegram_warehouse.api.options import ApiOptions
from medical_telegram_warehouse.errors import SettingsError

# Longer than any request may take would keep Ctrl-C waiting.
_LAST_SECONDS = 3
_BACKLOG = 512


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there.

    Raises:
        SettingsError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            advice = (
                "another program listens there, perhaps `mtw serve` already; take another with --port or API_PORT"
                if is_taken
                else "set API_HOST to an address of this machine, and API_PORT to a port that this user may open"
            )
            raise SettingsError(f"cannot listen on {host}:{port} ({error.strerror or error}): {advice}") from error
        yield listener


def server_of(options: ApiOptions) -> uvicorn.Server:
    """The service behind a server that does not run yet."""
    config = uvicorn.Config(
        create_app(options),
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody's word for where a request comes from: limits count by address.
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    return uvicorn.Server(config)


def run_server(options: ApiOptions, listener: socket.socket, *, ends_with_input: bool = False) -> None:
    """Serve until a signal, or until the standard input closes, says to end."""
    server = server_of(options)
    # What was imported stays for good. Collections would walk all of it each time, and hold up requests for tens of
    # milliseconds.
    gc.collect()
    gc.freeze()
    if ends_with_input:

        def wait_for_end() -> None:
            sys.stdin.buffer.read()
            server.should_exit = True

        threading.Thread(target=wait_for_end, daemon=True, name="end of input").start()
    server.run(sockets=[listener])
