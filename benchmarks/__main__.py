"""Run the benchmarks that are named, or all: `make bench ARGS="load scrape"`. Exit code 1: a limit was missed.

PostgreSQL and all folders are of their own, and go. Without make, `offers` and `scrape` find what they take from the
tests with PYTHONPATH=tests.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import SecretStr

from benchmarks.load import MESSAGES, measure_load
from benchmarks.pipeline import measure_pipeline
from benchmarks.table import print_table
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress

TABLES = ("load", "offers", "pipeline", "scrape")
_ON_POSTGRES = {"load", "pipeline"}


def main() -> int:
    names = _named()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    with tempfile.TemporaryDirectory(prefix="mtw-benchmarks-") as temporary:
        # A list, not a generator: a missed limit shall not end the run.
        met = list(_measured(names, Path(temporary)))
    return 0 if all(met) else 1


def _named() -> Collection[str]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"one of {', '.join(TABLES)}; without any, all")
    names: list[str] = parser.parse_args().tables
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; there are {', '.join(TABLES)}")
    return names or TABLES


def _measured(names: Collection[str], folder: Path) -> Iterator[bool]:
    """Print the tables; yields of each whether its limits are met."""
    if _ON_POSTGRES & set(names):
        yield from _measured_on_postgres(names, folder)
    if "offers" in names:
        # Only here: it needs `tests` on the path.
        from benchmarks.offers import MESSAGES as POSTS
        from benchmarks.offers import measure_offers

        title = f"Offers of {POSTS:,} sample posts, whose shares of genres follow those counted in 601 real messages"
        yield print_table(title, measure_offers(folder / "offers"))
    if "scrape" in names:
        # Only here: it needs `tests` on the path, and what it imports takes a second.
        from benchmarks.scrape import ANSWER_SECONDS, measure_scrape

        title = f"Scrape of Telegram, each answer after {ANSWER_SECONDS * 1000:.0f} ms"
        yield print_table(title, measure_scrape(folder / "scrape"))


def _measured_on_postgres(names: Collection[str], folder: Path) -> Iterator[bool]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = DatabaseAddress("127.0.0.1", port, "load", "bench", SecretStr("bench"))
    server = EmbeddedServer(folder, address)
    server.ensure()
    try:
        with connect(address) as connection:
            if "load" in names:
                migrate(connection)
                yield print_table(f"Load of {MESSAGES:,} messages", measure_load(connection, folder / "load"))
            connection.execute("CREATE DATABASE pipeline")
        if "pipeline" in names:
            with connect(address._replace(database="pipeline")) as connection:
                yield print_table("The whole job, 1,500 messages", measure_pipeline(connection, folder / "job"))
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
