"""The PostgreSQL of the benchmarks: embedded, on a port that is free."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
_README = """\
Databases and lakes of the benchmarks; they may be deleted once the server is stopped: DATA_DIR=. mtw db stop

host={host} port={port} user={user} password={password}

HISTORY_raw   loaded, offers read, photos' records inserted, nothing built by dbt; each run starts from a copy of it
HISTORY_run   what the last run left; the next one makes it anew
"""


@contextmanager
def serving(folder: Path, database: str, *, is_kept: bool = False) -> Iterator[DatabaseAddress]:
    """The server of a folder, and a database of it, made where there is none.

    A kept server goes on running, and is found again by the next run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nowhere = DatabaseAddress("127.0.0.1", 0, database, "bench", SecretStr("bench"))
    server = EmbeddedServer(folder, nowhere)
    port = _port_of(server) if server.is_running() else _free_port()
    address = nowhere._replace(port=port)
    server = EmbeddedServer(folder, address)
    server.ensure()
    if is_kept:
        facts = {**address._asdict(), "password": address.password.get_secret_value()}
        (folder / "README.txt").write_text(_README.format(**facts), encoding="utf-8")
        logger.info("PostgreSQL of %s runs on port %d and stays", folder, port)
    try:
        yield address
    finally:
        if not is_kept:
            server.stop()


def postmaster(folder: Path) -> int:
    """The process of a folder's server, whose children do the work."""
    return int(_facts(folder / "postgres" / "cluster")[0])


def _port_of(server: EmbeddedServer) -> int:
    return int(_facts(server.cluster)[3])


def _facts(cluster: Path) -> list[str]:
    return (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
