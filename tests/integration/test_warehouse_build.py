"""The two dbt steps as the pipeline runs them: in order, again, and when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from factories import copied_project
from medical_telegram_warehouse.errors import DatabaseRefusedError, DatabaseUnavailableError, TransformError
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform import STEP_ARGUMENTS, TransformStep, TransformSummary, build
from medical_telegram_warehouse.transform.invocation import invoke
from warehouse_rows import contents

PROJECT = Path(__file__).resolve().parents[2]
BOTH_STEPS = (TransformStep.MESSAGES, TransformStep.PHOTOS)


def address_of(database: Any, **changes: Any) -> DatabaseAddress:
    values = {
        "host": database.host,
        "port": database.port,
        "database": database.dbname,
        "user": database.user,
        "password": SecretStr(database.password),
    }
    return DatabaseAddress(**(values | changes))


def run(step: TransformStep, database: Any, **changes: Any) -> TransformSummary:
    values = {"address": address_of(database), "report_timezone": "Africa/Addis_Ababa"} | changes
    return build(step, project_dir=PROJECT, **values)


def environment_of(database: Any) -> dict[str, str]:
    """What plain dbt reads."""
    return {
        "POSTGRES_HOST": database.host,
        "POSTGRES_PORT": str(database.port),
        "POSTGRES_DB": database.dbname,
        "POSTGRES_USER": database.user,
        "POSTGRES_PASSWORD": database.password,
    }


def add_message(connection: psycopg.Connection, message_id: int = 1, **changes: Any) -> None:
    """Land one message in the raw schema, as the loader would."""
    connection.execute("INSERT INTO ops.lakes (lake, root) VALUES ('own', 'raw') ON CONFLICT DO NOTHING")
    connection.execute(
        "INSERT INTO ops.loaded_files"
        " (lake_id, file_path, file_size, file_mtime_ns, loaded_bytes, loaded_records, loaded_sha256)"
        " SELECT lake_id, 'f', 0, 0, 0, 0, '' FROM ops.lakes ON CONFLICT DO NOTHING"
    )
    row = {
        "channel_name": "shop",
        "message_id": message_id,
        "message_date": datetime(2026, 1, 14, 12, tzinfo=UTC) + timedelta(hours=message_id),
        "message_text": f"Zinc {message_id}",
        "image_path": f"data/raw/images/shop/{message_id}.jpg",
        "views": 10 * message_id,
        "observed_at": datetime(2026, 1, 20, tzinfo=UTC),
        "observation_id": uuid4(),
        "record": "{}",
    } | changes
    connection.execute(
        f"INSERT INTO raw.telegram_messages ({', '.join(row)}, file_id, file_position)"
        f" SELECT {', '.join(['%s'] * len(row))}, file_id, 0 FROM ops.loaded_files",
        list(row.values()),
    )


def marts(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Every row of every mart, in an order that does not depend on how it was built."""
    return contents(connection, "marts")


def names_of_marts(database: Any) -> set[str]:
    """Tables and views that can be read now."""
    query = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'marts'::regnamespace"
    with database.connect() as connection:
        return {name for (name,) in connection.execute(query).fetchall()}


def test_both_steps_pass_on_an_empty_database_and_so_does_plain_dbt_build(database: Any, tmp_path: Path) -> None:
    """The first run of the product meets exactly this; a test of a model not yet built would fail it.

    Plain `dbt build` also runs the unit tests, which need the relations that the steps made.
    """
    for step in BOTH_STEPS:
        summary = run(step, database)
        assert summary.models > 0
        assert summary.tests > 0
        assert summary.warnings == ()
        assert summary.skipped == 0
    with database.connect() as connection:
        rows = {name: len(found) for name, found in marts(connection).items()}
    checks = rows.pop("rpt_data_quality")
    assert checks == 12
    assert {name: count for name, count in rows.items() if count} == {"dim_dates": 1}

    results = invoke(["build"], project_dir=PROJECT, target_dir=tmp_path, environment=environment_of(database)).results
    assert {str(result.status) for result in results} <= {"success", "pass", "no-op"}
    assert sum(result.node.resource_type == "unit_test" for result in results) >= 10


def test_building_twice_gives_identical_tables_and_one_message_is_enough(database: Any) -> None:
    """Keys come from the data alone, so that a report or a bookmark survives the next run; that one writes no facts.

    Nor is a table gone between the steps, for hours perhaps: what the second makes stands on views of the first.
    """
    with database.connect() as connection:
        add_message(connection)
    written, relations = [], []
    for _ in range(2):
        messages = run(TransformStep.MESSAGES, database)
        relations.append(names_of_marts(database))
        photos = run(TransformStep.PHOTOS, database)
        relations.append(names_of_marts(database))
        with database.connect() as connection:
            written.append((messages.rows["fct_messages"], photos.rows["fct_images"], marts(connection)))
    assert [rows for *rows, _ in written] == [[1, 1], [0, 0]]
    assert written[0][2] == written[1][2]
    assert "fct_image_detections" in relations[1]
    assert relations[1] == relations[2] == relations[3]


def test_an_edited_view_is_made_anew(database: Any, tmp_path: Path) -> None:
    """Also by plain dbt, and where a column that PostgreSQL cannot take out of a view is gone."""
    project = copied_project(tmp_path / "project")
    view = project / "warehouse/models/staging/stg_telegram__moved_messages.sql"
    options: dict[str, Any] = {
        "project_dir": project, "target_dir": tmp_path / "target", "environment": environment_of(database)
    }  # fmt: skip
    columns_of = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass"
    seen = []
    for text in (view.read_text(encoding="utf-8"), "select 1 as number", "select 1 as number"):
        view.write_text(text, encoding="utf-8")
        invoke(["run", "--select", view.stem], **options)
        with database.connect() as connection:
            [(columns,)] = connection.execute(columns_of, ["staging.stg_telegram__moved_messages"]).fetchall()
            [(comment,)] = connection.execute(
                "SELECT obj_description('staging.stg_telegram__moved_messages'::regclass)"
            ).fetchall()
            seen.append((columns, bool(comment)))
    assert seen == [("channel_name message_id former_timestamp moved_at", True), ("number", True), ("number", True)]


def test_a_null_where_none_may_be_keeps_the_table_as_it_was_and_is_named(database: Any, tmp_path: Path) -> None:
    project = copied_project(tmp_path / "project")
    options: dict[str, Any] = {
        "project_dir": project, "target_dir": tmp_path / "target", "environment": environment_of(database)
    }  # fmt: skip
    invoke(["seed"], **options)
    invoke(["run", "--select", "+rpt_data_quality"], **options)
    quality = "SELECT * FROM marts.rpt_data_quality ORDER BY 1, 2"
    before = database.rows(quality)
    model = project / "warehouse/models/marts/photos/rpt_data_quality.sql"
    model.write_text(model.read_text("utf-8").replace("cast(issue_count as", "cast(null as"), "utf-8")
    results = invoke(["run", "--select", model.stem], **options).results
    [failed] = [result for result in results if result.node.name == model.stem]
    assert failed.status == "error"
    assert 'null value in column "issue_count"' in failed.message
    assert database.rows(quality) == before != []


def test_failures_name_the_node_and_leave_the_environment_alone(
    database: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken rule, one broken statement: a person must learn which, and with what message."""
    monkeypatch.setenv("POSTGRES_PORT", "1")
    monkeypatch.delenv("REPORT_TIMEZONE", raising=False)
    with database.connect() as connection:
        add_message(connection)
        connection.execute(
            "INSERT INTO raw.image_scans (image_path, lake, channel_name, message_id, status, image_category)"
            " VALUES ('p/1.jpg', 'own', 'shop', 1, 'ok', 'nonsense')"
        )
    with pytest.raises(TransformError, match=r'fct_messages: (?s:.*)time zone "Mars/Base" not recognized'):
        run(TransformStep.MESSAGES, database, report_timezone="Mars/Base")

    run(TransformStep.MESSAGES, database)
    with pytest.raises(TransformError, match="accepted_values_fct_images_image_category") as caught:
        run(TransformStep.PHOTOS, database)
    assert "2 of " in str(caught.value), "both categories of the photo"
    assert any("accepted_values" in record.message for record in caplog.records if record.levelname == "ERROR")
    assert os.environ["POSTGRES_PORT"] == "1"
    assert "REPORT_TIMEZONE" not in os.environ


def test_quality_warnings_do_not_fail_a_step(database: Any) -> None:
    """A damaged line or a stray photo is worth a look, not a warehouse without today's messages."""
    with database.connect() as connection:
        add_message(connection)
        connection.execute(
            "INSERT INTO raw.rejected_records (lake_id, file_path, file_position, reason, detail, payload)"
            " SELECT lake_id, 'f', 0, 'not_json', 'line 1', '{' FROM ops.lakes"
        )
        connection.execute(
            "INSERT INTO raw.image_scans (image_path, lake, channel_name, message_id, status)"
            " VALUES ('p/7.jpg', 'own', 'shop', 7, 'unreadable')"
        )
    warnings = [{node.name for node in run(step, database).warnings} for step in BOTH_STEPS]
    assert warnings == [
        {"warn_rejected_records", "warn_messages_not_read", "warn_channels_silent"},
        {"warn_photos_without_message", "warn_photos_unreadable"},
    ]


def test_a_second_build_waits_for_the_first(database: Any, tmp_path: Path) -> None:
    """Two at once would rename each other's tables away."""
    finished = threading.Event()

    def second() -> None:
        run(TransformStep.MESSAGES, database, state_dir=tmp_path)
        finished.set()

    with database.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(7240115004)")
        thread = threading.Thread(target=second)
        thread.start()
        assert not finished.wait(1)
        assert not list(tmp_path.iterdir()), "dbt has started"
        connection.execute("SELECT pg_advisory_unlock(7240115004)")
        thread.join()
    assert finished.is_set()


def test_a_wrong_password_is_permanent_and_a_silent_port_is_transient(database: Any) -> None:
    """The pipeline tries transient errors again; a password does not get right by waiting."""
    with pytest.raises(DatabaseRefusedError, match="POSTGRES_PASSWORD"):
        run(
            TransformStep.MESSAGES,
            database,
            address=address_of(database, password=SecretStr("wrong")),
        )
    with pytest.raises(DatabaseUnavailableError, match="POSTGRES_PORT"):
        run(TransformStep.MESSAGES, database, address=address_of(database, port=1))


def test_a_connection_lost_in_a_build_is_transient(database: Any) -> None:
    """A restarted server ends the sessions; the step must be tried again instead of blamed on the models."""
    with database.connect() as connection:
        connection.execute(
            "CREATE FUNCTION raw.hang_up() RETURNS text LANGUAGE sql AS"
            " 'SELECT pg_terminate_backend(pg_backend_pid())::text'"
        )
        add_message(connection)
        connection.execute("ALTER TABLE raw.telegram_channels RENAME TO kept")
        connection.execute(
            "CREATE VIEW raw.telegram_channels AS SELECT channel_name, observed_at, raw.hang_up() AS title,"
            " description, subscribers, source, loaded_at, telegram_id, username, telegram_type, is_verified, is_scam,"
            " is_fake FROM raw.kept UNION ALL"
            " SELECT 'shop', now(), raw.hang_up(), NULL, 1, 's', now(), 1, NULL, NULL, NULL, NULL, NULL"
        )
    with pytest.raises(DatabaseUnavailableError, match=r"terminating connection|closed the connection"):
        run(TransformStep.MESSAGES, database)


def told(connection: psycopg.Connection) -> list[Any]:
    """What a listener has heard until now."""
    return [json.loads(notice.payload) for notice in connection.notifies(timeout=0)]


def test_builds_count_up_the_version_and_tell_who_listens(database: Any, tmp_path: Path) -> None:
    """Readers keep answers as long as the version stands, and must not keep what they read in the middle of a build.

    A build that failed has changed what came before its failure; tests change nothing.
    """
    with database.connect() as listener:
        listener.execute("LISTEN mtw_warehouse_version")
        assert database.rows("SELECT version, built_at, is_building, building_since FROM ops.warehouse_version") == [
            (0, None, False, None)
        ]
        run(TransformStep.MESSAGES, database)
        assert told(listener) == [{"version": 0, "is_building": True}, {"version": 1, "is_building": False}]
        with pytest.raises(TransformError, match="Mars/Base"):
            run(TransformStep.MESSAGES, database, report_timezone="Mars/Base")
        assert told(listener) == [{"version": 1, "is_building": True}, {"version": 2, "is_building": False}]
        [(built_at,)] = database.rows("SELECT built_at FROM ops.warehouse_version WHERE NOT is_building")
        assert datetime.now(UTC) - built_at < timedelta(minutes=1)

        for command in ("test", "compile"):
            options: dict[str, Any] = {"project_dir": PROJECT, "target_dir": tmp_path / "target"}
            invoke([command, "--select", "stg_telegram__channels"], environment=environment_of(database), **options)
        assert told(listener) == []


def test_after_a_killed_build_the_tables_count_as_changing_until_the_next_has_ended(
    database: Any, tmp_path: Path
) -> None:
    """Some are of the old state then and some of the new, for as long as nobody builds."""
    state = "SELECT version, is_building, building_since IS NOT NULL FROM ops.warehouse_version"
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--select", "stg_telegram__channels"]
    folders = [*("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)), *("--target-path", str(tmp_path))]
    environment = os.environ | environment_of(database) | {"DBT_LOG_PATH": str(tmp_path)}
    with database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE ops.model_builds")
        with subprocess.Popen([*command, *folders], env=environment, stdout=subprocess.DEVNULL) as dbt:
            deadline = time.monotonic() + 60
            while database.rows(state) == [(0, False, False)] and time.monotonic() < deadline and dbt.poll() is None:
                time.sleep(0.1)
            dbt.kill()
    assert database.rows(state) == [(0, True, True)]
    invoke(command[1:], project_dir=PROJECT, target_dir=tmp_path, environment=environment_of(database))
    assert database.rows(state) == [(1, False, False)]


def test_every_data_test_runs_in_one_of_the_steps(tmp_path: Path) -> None:
    """A selection that drops a test leaves a rule that nobody checks."""

    def listed(*selection: str) -> set[str]:
        arguments = ["list", "--resource-type", "test", "--output", "name", *selection]
        return set(invoke(arguments, project_dir=PROJECT, target_dir=tmp_path))

    selected = set[str]()
    for arguments in STEP_ARGUMENTS.values():
        selected |= listed(*arguments)
    assert listed() == selected
