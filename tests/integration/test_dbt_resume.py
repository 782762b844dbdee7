"""A build that loses the database on the way: the next attempt does what is left, and nothing is missing."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import PROJECT, Database
from factories import lake, lake_file, line
from medical_telegram_warehouse.errors import TransientError
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.transform import TransformStep, TransformSummary, build
from waiting import wait_for
from warehouse_rows import contents

WAITING = """
SELECT pid FROM pg_locks
WHERE NOT granted AND relation = 'marts.rpt_channel_scorecard'::regclass
"""


def run(database: Database, state_dir: Path, *, is_whole: bool = False) -> TransformSummary:
    return build(
        TransformStep.MESSAGES,
        project_dir=PROJECT,
        address=database.address,
        report_timezone="Africa/Addis_Ababa",
        state_dir=state_dir,
        is_whole=is_whole,
    )


def load(database: Database, root: Path, numbers: range, name: str = "shop.jsonl") -> None:
    lake_file(root, b"".join(line(number) for number in numbers), name=name)
    with database.connect() as writer, database.connect() as reader:
        load_messages(writer, [lake(root)])
        extract_message_offers(writer, reader, workers=1)


def cut(database: Database, state_dir: Path) -> None:
    """A build whose connections are cut when it has come to a late table."""
    with ThreadPoolExecutor(1) as pool, database.connect() as holder:
        with holder.transaction():
            holder.execute("LOCK TABLE marts.rpt_channel_scorecard")
            building = pool.submit(run, database, state_dir)
            wait_for(lambda: bool(database.rows(WAITING)))
            holder.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'dbt'"
            )
        with pytest.raises(TransientError):
            building.result()


@pytest.fixture
def built(database: Database, tmp_path: Path) -> Path:
    load(database, tmp_path / "lake", range(1, 20))
    run(database, tmp_path / "dbt")
    load(database, tmp_path / "lake", range(20, 40), "more.jsonl")
    return tmp_path / "dbt"


def test_the_next_attempt_does_what_is_left_and_tells_of_all(
    built: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cut(database, built)
    with caplog.at_level(logging.INFO, "medical_telegram_warehouse"):
        summary = run(database, built)
    assert "going on where the attempt before stopped" in caplog.text
    built_now = [record.message for record in caplog.records if record.message.startswith("marts.")]
    assert not any(message.startswith("marts.fct_messages:") for message in built_now), "it was done already"
    assert any(message.startswith("marts.rpt_channel_scorecard:") for message in built_now)
    assert {"fct_messages", "rpt_channel_scorecard", "dim_channels"} <= set(summary.rows)
    assert database.value("SELECT count(*) FROM marts.fct_messages") == 39
    with database.connect() as connection:
        resumed = contents(connection, "marts")
    run(database, built, is_whole=True)
    with database.connect() as connection:
        assert contents(connection, "marts") == resumed


def test_after_a_load_in_between_everything_is_done_again(
    built: Path, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Tables that were made would hold less than those that are left."""
    cut(database, built)
    load(database, tmp_path / "lake", range(40, 50), "again.jsonl")
    with caplog.at_level(logging.INFO, "medical_telegram_warehouse"):
        run(database, built)
    assert "going on where" not in caplog.text
    assert database.value("SELECT count(*) FROM marts.fct_messages") == 49
    assert database.value("SELECT sum(total_messages) FROM marts.dim_channels") == 49


def test_a_build_that_ended_well_leaves_nothing_to_go_on_with(
    built: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cut(database, built)
    run(database, built)
    with caplog.at_level(logging.INFO, "medical_telegram_warehouse"):
        run(database, built)
    assert "going on where" not in caplog.text
    assert list(built.rglob("unfinished.json")) == []
