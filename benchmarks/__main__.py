"""Run every benchmark, on a PostgreSQL and in folders of its own. Exit code 1: a limit was missed."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from benchmarks.load import MESSAGES, measure_load
from benchmarks.pipeline import measure_pipeline
from benchmarks.table import print_table
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mtw-benchmarks-") as temporary, socket.socket() as probe:
        folder = Path(temporary)
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        address = DatabaseAddress("127.0.0.1", port, "load", "bench", SecretStr("bench"))
        server = EmbeddedServer(folder, address)
        server.ensure()
        try:
            print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
            with connect(address) as connection:
                migrate(connection)
                load_met = print_table(f"Load of {MESSAGES:,} messages", measure_load(connection, folder / "load"))
                connection.execute("CREATE DATABASE pipeline")
            with connect(address._replace(database="pipeline")) as connection:
                job_met = print_table("The whole job, 1,500 messages", measure_pipeline(connection, folder / "job"))
        finally:
            server.stop()
    return 0 if load_met and job_met else 1


if __name__ == "__main__":
    sys.exit(main())
