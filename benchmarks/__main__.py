"""Run the benchmarks that are named, or all: `make bench ARGS="load scrape"`. Exit code 1: a limit was missed.

PostgreSQL and all folders are of their own, and go, but for those of `warehouse --keep FOLDER`. Without make, `offers`
and `scrape` find what they take from the tests with PYTHONPATH=tests.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from benchmarks.indexes import measure_indexes
from benchmarks.load import MESSAGES, measure_load
from benchmarks.orchestration import measure_orchestration
from benchmarks.pipeline import measure_pipeline
from benchmarks.server import serving
from benchmarks.table import print_table
from benchmarks.warehouse import LEAST_MESSAGES as LEAST_STORED
from benchmarks.warehouse import MESSAGES as STORED
from benchmarks.warehouse import measure_warehouse
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.migrate import migrate

TABLES = ("api", "indexes", "load", "offers", "orchestration", "pipeline", "scrape", "vision", "warehouse")
_ON_POSTGRES = {"indexes", "load", "orchestration", "pipeline"}


def main() -> int:
    options = _options()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    with tempfile.TemporaryDirectory(prefix="mtw-benchmarks-") as temporary:
        # A list, not a generator: a missed limit shall not end the run.
        met = list(_measured(options, Path(temporary)))
    return 0 if all(met) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"one of {', '.join(TABLES)}; without any, all")
    only = parser.add_argument_group("only for the tables warehouse and api")
    only.add_argument("--messages", type=int, default=STORED, metavar="N", help="of the long history (%(default)s)")
    only.add_argument("--details", action="store_true", help="the largest tables and the slowest models, too")
    only.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep lakes, databases and the running server there, and begin with what an earlier run prepared",
    )
    parser.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="only for the table vision: photos to look at, instead of its own"
    )
    options = parser.parse_intermixed_args()
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; there are {', '.join(TABLES)}")
    if options.messages < LEAST_STORED:
        parser.error(f"--messages must be at least {LEAST_STORED:,}")
    options.tables = options.tables or TABLES
    return options


def _measured(options: argparse.Namespace, folder: Path) -> Iterator[bool]:
    """Print the tables; yields of each whether its limits are met."""
    names: Collection[str] = options.tables
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
    if "vision" in names:
        # Only here: what it imports takes a second.
        from benchmarks.vision import measure_vision, photos_for

        what, photos = photos_for(options.photos)
        into = folder / "vision"
        into.mkdir()
        yield print_table(f"Scan of {what}", measure_vision(into, photos))
    if "warehouse" in names:
        figures = measure_warehouse(
            _history_folder(options, folder),
            options.messages,
            is_kept=options.keep is not None,
            with_details=options.details,
        )
        yield print_table("The warehouse over a short and over a long history", figures)
    if "api" in names:
        # Only here: what it imports takes a second. After the warehouse, whose databases it finds in a kept folder.
        from benchmarks.api import measure_api

        stored = _history_folder(options, folder)
        measured = measure_api(stored, options.messages, is_kept=options.keep is not None)
        yield print_table(f"The HTTP API over {options.messages:,} messages", measured)


def _history_folder(options: argparse.Namespace, temporary: Path) -> Path:
    """Where the long history's databases are."""
    keep: Path | None = options.keep
    return keep.resolve() if keep else temporary / "warehouse"


def _measured_on_postgres(names: Collection[str], folder: Path) -> Iterator[bool]:
    with serving(folder, "load") as address, connect(address) as connection:
        if "load" in names:
            migrate(connection)
            yield print_table(f"Load of {MESSAGES:,} messages", measure_load(connection, folder / "load"))
        if "indexes" in names:
            connection.execute("CREATE DATABASE indexes")
            with connect(address._replace(database="indexes")) as of_indexes:
                yield print_table("Ways to find the rows that were written since", measure_indexes(of_indexes))
        if "orchestration" in names:
            connection.execute("CREATE DATABASE orchestration")
            with connect(address._replace(database="orchestration")) as of_runs:
                figures = measure_orchestration(of_runs, folder / "steps")
                yield print_table("The whole job when its steps have nothing to do", figures)
        if "pipeline" in names:
            connection.execute("CREATE DATABASE pipeline")
            with connect(address._replace(database="pipeline")) as of_runs:
                yield print_table("The whole job, 1,500 messages", measure_pipeline(of_runs, folder / "job"))


if __name__ == "__main__":
    sys.exit(main())
