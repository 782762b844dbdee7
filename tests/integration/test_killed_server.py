"""A server that is killed, or a process that is, in the middle of a load or a build: running it again is enough.

A lock of the test's own session stops each victim first, so that the kill always lands in the middle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import PASSWORD, PROJECT, USER, Database, free_port
from factories import NOW, lake
from medical_telegram_warehouse.errors import DatabaseUnavailableError
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.postgres.connection import connect, is_listening
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.scrape import scrape
from medical_telegram_warehouse.sources.sample import SampleSource
from medical_telegram_warehouse.transform import TransformStep, TransformSummary, build
from warehouse_rows import contents, records

CHUNK = 40
WHEN_AND_WHERE = ("loaded_at", "first_loaded_at", "rejected_at", "rejected_id", "extracted_at", "file_id")
BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = %s AND datname = %s"
)
KEEP_FROM_LOADS = (
    "INSERT INTO raw.telegram_messages (channel_name, message_id, message_date, message_text, observed_at,"
    " observation_id, record, file_id, file_position)"
    " VALUES ('sample_glow_cosmetics', %s, now(), '', now(), gen_random_uuid(), '{}', 1, 0)"
    " ON CONFLICT (channel_name, message_id) DO UPDATE SET message_text = EXCLUDED.message_text"
)
"""Its transaction never ends well, and a load that comes to this message waits for it."""
KEEP_FROM_BUILDS = "LOCK TABLE raw.telegram_message_texts"
"""Little depends on it, so that the build's other half goes on meanwhile."""
IN_CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from pydantic import SecretStr
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.postgres.connection import connect, is_listening
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform import TransformStep, build
what, folder, project, port, name, user, password, now = sys.argv[1:]
address = DatabaseAddress("127.0.0.1", int(port), name, user, SecretStr(password))
if what == "load":
    with connect(address, application="loader") as connection:
        load_messages(connection, [Lake("own", Path(folder))], now=datetime.fromisoformat(now), chunk_rows=10)
else:
    build(TransformStep.MESSAGES, project_dir=Path(project), address=address,
          report_timezone="Africa/Addis_Ababa", state_dir=Path(folder))
"""


class Victim:
    """A server of the test's own, with one migrated database."""

    def __init__(self, folder: Path) -> None:
        self.database = Database("127.0.0.1", free_port(), "warehouse", USER, PASSWORD)
        self.server = EmbeddedServer(folder, self.database.address)
        self.server.ensure()
        with connect(self.database.address) as connection:
            migrate(connection)

    @contextmanager
    def holding(self, query: str, *parameters: Any) -> Iterator[None]:
        """Keep what the statement locks. The session may die with its server."""
        connection = psycopg.connect(**self.database._asdict())
        try:
            connection.execute(query, parameters)
            yield
        finally:
            connection.close()

    def is_blocked(self, application: str) -> bool:
        return bool(self.database.value(BLOCKED, application, self.database.dbname))

    def crash_in(self, step: Callable[[], object], is_in_the_middle: Callable[[], bool]) -> None:
        """Kill the server while a step runs, see what the step says of it, and start the server again."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            running = pool.submit(step)
            wait_for(is_in_the_middle, running.done)
            # Its first process, as a system short of memory does. The others end as soon as they notice.
            os.kill(int((self.server.cluster / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            with pytest.raises(DatabaseUnavailableError, match=r"connection .* was lost|server closed|unexpected"):
                running.result()
        wait_for(lambda: not is_listening(self.database.host, self.database.port))
        assert self.server.ensure()

    def kill_child(self, what: str, folder: Path, is_in_the_middle: Callable[[], bool]) -> None:
        """Kill a process that loads from the folder, or builds with it."""
        address = (str(self.database.port), self.database.dbname, USER, PASSWORD)
        command = [sys.executable, "-c", IN_CHILD, what, str(folder), str(PROJECT), *address, NOW.isoformat()]
        with subprocess.Popen(command) as child:
            try:
                wait_for(is_in_the_middle, lambda: child.poll() is not None)
            finally:
                child.kill()


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    made = Victim(tmp_path / "data")
    yield made
    made.server.stop()


def load(database: Database, *lakes: Lake) -> LoadSummary:
    with connect(database.address, application="loader") as connection:
        return load_messages(connection, lakes, now=NOW, chunk_rows=CHUNK)


def extract(database: Database) -> None:
    with connect(database.address) as writer, connect(database.address) as reader:
        extract_message_offers(writer, reader, workers=1)


def build_messages(database: Database, state_dir: Path) -> TransformSummary:
    return build(
        TransformStep.MESSAGES,
        project_dir=PROJECT,
        address=database.address,
        report_timezone="Africa/Addis_Ababa",
        state_dir=state_dir,
    )


def wait_for(condition: Callable[[], bool], is_over: Callable[[], bool] = lambda: False) -> None:
    """Look until it is so, or until the one who should bring it about has ended."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        assert not is_over(), "it ended before it could be killed"
        time.sleep(0.02)


def scrape_days(own: Lake, *days: int) -> None:
    for day in days:
        source = SampleSource(date(2026, 9, day), messages=240, days=60, photos=False)
        scrape(source, lake_root=own.root, relative_to=own.root.parent)


def ids(own: Lake, pattern: str) -> set[tuple[str, int]]:
    """Which messages the files hold."""
    lines = [line for path in own.root.glob(pattern) for line in path.read_bytes().splitlines()]
    return {(record["channel_name"], record["message_id"]) for record in map(json.loads, lines)}


def messages_of(own: Lake) -> int:
    return len(ids(own, "telegram_messages/*/*.jsonl"))


def newest_of(own: Lake, day: int) -> int:
    """The newest message of a day's file that is neither the first nor the last of that day."""
    return max(number for _, number in ids(own, f"telegram_messages/2026-09-{day}/sample_glow_cosmetics.jsonl"))


def warehouse(database: Database) -> dict[str, list[str]]:
    """Every row, but for when it was written and the numbers of files."""
    with database.connect() as connection:
        found = {
            name: sorted(str({key: value for key, value in row.items() if key not in WHEN_AND_WHERE}) for row in rows)
            for name, rows in records(connection, "raw").items()
        }
        return found | contents(connection, "intermediate") | contents(connection, "marts")


def test_a_killed_server_or_process_leaves_what_an_undisturbed_warehouse_has(
    victim: Victim, database: Database, tmp_path: Path
) -> None:
    """A night with too little memory: each step fails as one that may be tried again, and trying again completes it."""
    own, state_dir = lake(tmp_path / "lake", "own"), tmp_path / "dbt"
    disturbed = victim.database

    scrape_days(own, 20)
    with victim.holding(KEEP_FROM_LOADS, newest_of(own, 20)):
        victim.crash_in(lambda: load(disturbed, own), lambda: victim.is_blocked("loader"))
    assert disturbed.value("SELECT count(*) FROM ops.transform_state") == 0
    assert disturbed.value("SELECT count(*) FROM raw.telegram_messages") < messages_of(own)
    load(disturbed, own)
    assert disturbed.value("SELECT count(*) FROM raw.telegram_messages") == messages_of(own)
    extract(disturbed)

    first = "SELECT to_regclass('marts.fct_messages') IS NOT NULL"
    with victim.holding(KEEP_FROM_BUILDS):
        victim.crash_in(
            lambda: build_messages(disturbed, state_dir),
            lambda: victim.is_blocked("dbt") and disturbed.value(first),
        )
    assert disturbed.value("SELECT to_regclass('marts.rpt_top_products') IS NULL"), "the build was not at its end"
    assert build_messages(disturbed, state_dir).is_whole

    scrape_days(own, 21, 22)
    with victim.holding(KEEP_FROM_LOADS, newest_of(own, 22)):
        victim.kill_child("load", own.root, lambda: victim.is_blocked("loader"))
    load(disturbed, own)
    extract(disturbed)

    built = "SELECT max(read_up_to) FROM ops.model_builds"
    before = disturbed.value(built)
    with victim.holding(KEEP_FROM_BUILDS):
        victim.crash_in(
            lambda: build_messages(disturbed, state_dir),
            lambda: victim.is_blocked("dbt") and disturbed.value(built) > before,
        )
    before = disturbed.value(built)
    with victim.holding(KEEP_FROM_BUILDS):
        victim.kill_child("build", state_dir, lambda: victim.is_blocked("dbt") and disturbed.value(built) > before)
    assert not build_messages(disturbed, state_dir).is_whole

    load(database, own)
    extract(database)
    build_messages(database, state_dir)
    assert warehouse(disturbed) == warehouse(database)
    assert load(disturbed, own).records == 0
