"""The job on a persistent Dagster instance and a real database: what a run leaves behind, and how it fails."""

from __future__ import annotations

import fcntl
import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
    RetryPolicy,
    TableMetadataValue,
)
from PIL import Image
from psycopg.sql import SQL, Identifier

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.orchestration.exclusive import RunActiveError, release_data_folder
from medical_telegram_warehouse.orchestration.instance import open_instance
from medical_telegram_warehouse.orchestration.runs import RunReport, run_pipeline
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from own_telegram import HASH, Telegram
from telegram_server import TelegramServer, World
from telegram_server.fake_channel import FakeChannel

PROJECT = Path(__file__).resolve().parents[2]
MakeSettings = Callable[..., Settings]
LAKE_ASSETS = [AssetKey(["lake", "telegram_messages"]), AssetKey(["lake", "images"])]
RAW_MESSAGE_ASSETS = [
    AssetKey(["raw", name])
    for name in ("telegram_messages", "telegram_message_observations", "telegram_channels", "rejected_records")
]
HOLD_THE_LAKE = """
import sys
from pathlib import Path
from medical_telegram_warehouse.lake.writer import open_lake
with open_lake(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
# Each attempt after the first comes at once; there are enough of them for a slow machine.
EAGER_RETRIES = RetryPolicy(max_retries=200, delay=0.1)


def contents(connection: psycopg.Connection, schema: str) -> dict[str, list[Any]]:
    """Every row of every table of a schema."""
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
    query = SQL("SELECT t::text FROM {} AS t ORDER BY 1")
    return {name: connection.execute(query.format(Identifier(schema, name))).fetchall() for (name,) in names}


def connect(settings: Settings) -> psycopg.Connection:
    address = settings.database
    return psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.database,
        user=address.user,
        password=address.password.get_secret_value(),
        autocommit=True,
    )


class TwoRuns(NamedTuple):
    """A first run and one right after it, and what the warehouse held after each."""

    settings: Settings
    first: RunReport
    second: RunReport
    after_first: dict[str, dict[str, list[Any]]]
    after_second: dict[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def runs(server: DatabaseAddress, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    settings = settings_with_database(
        "two_runs",
        server,
        tmp_path_factory,
        models_dir=models_dir,
        telegram_source="sample",
        sample_messages=150,
        sample_date="2026-10-01",
    )
    return run_twice(settings, between=lambda: None)


def settings_with_database(
    name: str, server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, **more: Any
) -> Settings:
    """Settings of folders and a database of that name, which is made."""
    folder = tmp_path_factory.mktemp(name)
    with psycopg.connect(
        host=server.host,
        port=server.port,
        dbname="postgres",
        user=server.user,
        password=server.password.get_secret_value(),
        autocommit=True,
    ) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    values: dict[str, Any] = {
        "project_dir": PROJECT,
        "data_dir": folder / "data",
        "dagster_home": folder / "dagster",
        "postgres_host": server.host,
        "postgres_port": server.port,
        "postgres_db": name,
        "postgres_user": server.user,
        "postgres_password": server.password,
    }
    return Settings(_env_file=None, **values, **more)


def run_twice(settings: Settings, *, between: Callable[[], None]) -> TwoRuns:
    reports, states = [], []
    for number in range(2):
        if number:
            between()
        reports.append(run_pipeline(settings))
        with connect(settings) as connection:
            states.append({schema: contents(connection, schema) for schema in ("raw", "marts")})
    return TwoRuns(settings, reports[0], reports[1], states[0], states[1])


def test_every_step_succeeds_at_the_first_attempt(runs: TwoRuns) -> None:
    for report in (runs.first, runs.second):
        assert report.is_success
        assert [(step.step, step.status, step.attempts) for step in report.steps] == [
            (step, "success", 1) for step in steps.STEPS
        ]


def test_the_warehouse_holds_real_rows(runs: TwoRuns) -> None:
    rows = {
        f"{schema}.{name}": len(found) for schema, tables in runs.after_first.items() for name, found in tables.items()
    }
    empty = {name for name, count in rows.items() if not count}
    assert empty <= {"raw.rejected_records"}
    assert rows["raw.telegram_messages"] >= 150
    assert rows["marts.fct_messages"] == rows["raw.telegram_messages"]
    assert rows["marts.fct_images"] == rows["raw.image_scans"]
    assert rows["marts.dim_channels"] >= 5


def test_a_second_run_changes_nothing_in_the_raw_tables_and_rebuilds_the_same_marts(runs: TwoRuns) -> None:
    """Even `loaded_at` stays: no row is written again."""
    assert runs.after_second == runs.after_first


def test_the_database_tells_what_each_step_of_both_runs_did(runs: TwoRuns) -> None:
    with connect(runs.settings) as connection:
        rows = connection.execute(
            "SELECT run_id, step, attempt, status, details ->> 'headline', new_rows FROM ops.step_runs"
        ).fetchall()
    for report in (runs.first, runs.second):
        own = [row[1:] for row in rows if row[0] == report.run_id]
        assert {(step, attempt, status) for step, attempt, status, *_ in own} == {
            (step, 1, "success") for step in steps.STEPS
        }
        assert all(headline for *_, headline, _ in own)
    new = {step: new_rows for run_id, step, _, _, _, new_rows in rows if run_id == runs.second.run_id}
    assert set(new.values()) == {0}
    said = {step: headline for run_id, step, _, _, headline, _ in rows if run_id == runs.second.run_id}
    for step in (steps.SCRAPE, steps.LOAD, steps.DETECT, steps.LOAD_DETECTIONS):
        assert said[step].startswith("nothing new"), said[step]


def test_every_asset_is_materialized_and_tables_tell_their_rows(runs: TwoRuns) -> None:
    graph = build_definitions(runs.settings).resolve_asset_graph()
    with open_instance(runs.settings.dagster_home) as instance:
        events = instance.all_logs(runs.first.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    made = {
        event.asset_materialization.asset_key: event.asset_materialization
        for event in events
        if event.asset_materialization
    }
    assert set(made) == set(graph.get_all_asset_keys())
    for key, materialization in made.items():
        if key.path[0] == "marts":
            assert materialization.metadata["dagster/row_count"].value == len(runs.after_first["marts"][key.path[1]]), (
                key
            )


def test_every_dbt_test_and_whether_every_channel_was_read_is_an_asset_check_with_a_result(runs: TwoRuns) -> None:
    graph = build_definitions(runs.settings).resolve_asset_graph()
    with open_instance(runs.settings.dagster_home) as instance:
        events = instance.all_logs(runs.first.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    results = [event.dagster_event.asset_check_evaluation_data for event in events if event.dagster_event]
    assert {result.asset_check_key for result in results} == set(graph.asset_check_keys)
    assert [result.passed for result in results if result.check_name == "every_channel_was_read"] == [True]
    assert [result.check_name for result in results if not result.passed and result.severity.value == "ERROR"] == []


def test_the_log_of_the_run_holds_our_own_lines(runs: TwoRuns) -> None:
    with open_instance(runs.settings.dagster_home) as instance:
        messages = [entry.user_message for entry in instance.all_logs(runs.first.run_id)]
    for step in steps.STEPS:
        assert any(message.startswith(f"{step} starts") for message in messages), step
    assert any("marts.fct_messages" in message for message in messages)


def test_the_password_is_nowhere_in_dagsters_history(runs: TwoRuns) -> None:
    assert_secret_free(runs.settings.dagster_home, runs.settings.postgres_password.get_secret_value())


def assert_secret_free(folder: Path, *secrets: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    contents = {path: path.read_bytes() for path in files}
    assert [path for path, content in contents.items() if any(secret.encode() in content for secret in secrets)] == []


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with open_instance(tmp_path / "dagster") as instance:
        yield instance


class Execution(NamedTuple):
    """What became of an execution with retries of the test's own."""

    result: ExecuteInProcessResult
    ran: set[str]
    failed: dict[str, str]
    """The description of each failed step."""
    retried: set[str]


def execute(
    settings: Settings, instance: DagsterInstance, assets: list[AssetKey] | None = None, **options: Any
) -> Execution:
    policy = options.pop("retry_policy", RetryPolicy(max_retries=2, delay=0))
    job = pipeline_job(build_definitions(settings, retry_policy=policy))
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    try:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=assets, run_config={**quiet, **options}
        )
    finally:
        release_data_folder(settings.data_dir)
    failed = {}
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            data = event.step_failure_data
            failed[event.step_key] = (data.user_failure_data and data.user_failure_data.description) or str(data.error)
    started = {event.step_key for event in result.all_events if event.is_step_start and event.step_key}
    retried = {event.step_key for event in result.all_events if event.is_step_up_for_retry and event.step_key}
    return Execution(result, started, failed, retried)


def recorded(database: Any) -> dict[tuple[str, int], str]:
    rows = database.rows("SELECT step, attempt, status FROM ops.step_runs")
    return {(step, attempt): status for step, attempt, status in rows}


def test_a_source_that_cannot_be_used_fails_at_once_and_nothing_after_it_runs(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    done = execute(make_settings(telegram_source="telegram"), instance)
    assert not done.result.success
    assert done.ran == {steps.SCRAPE}
    assert done.retried == set()
    assert done.failed[steps.SCRAPE].startswith("the source is `telegram`, but its credentials are not set")
    assert recorded(database) == {(steps.SCRAPE, 1): "failed"}
    error = database.value("SELECT details ->> 'error' FROM ops.step_runs")
    assert error == done.failed[steps.SCRAPE]


def test_a_missing_model_stops_the_photos_and_not_the_messages(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    done = execute(make_settings(yolo_model="nowhere.onnx"), instance)
    assert not done.result.success
    assert done.ran == {steps.SCRAPE, steps.LOAD, steps.TRANSFORM, steps.DETECT}
    assert done.retried == set()
    assert set(done.failed) == {steps.DETECT}
    assert "nowhere.onnx" in done.failed[steps.DETECT]
    assert "mtw detect --fetch-weights" in done.failed[steps.DETECT]
    assert database.value("SELECT count(*) FROM marts.fct_messages") >= 150
    assert recorded(database)[steps.DETECT, 1] == "failed"


def test_a_wrong_password_fails_at_once_says_which_settings_and_shows_none(
    make_settings: MakeSettings, instance: DagsterInstance, tmp_path: Path
) -> None:
    secret = "wrong-and-secret-4711"
    done = execute(make_settings(postgres_password=secret), instance)
    assert not done.result.success
    assert done.ran == {steps.SCRAPE, steps.LOAD, steps.DETECT, steps.LOAD_DETECTIONS}
    assert done.retried == set()
    assert set(done.failed) == {steps.LOAD, steps.LOAD_DETECTIONS}
    assert "refused the password of user" in done.failed[steps.LOAD]
    assert "POSTGRES_PASSWORD" in done.failed[steps.LOAD]
    assert_secret_free(tmp_path / "dagster", secret)


def test_a_step_failure_carries_what_is_needed_to_understand_it(
    make_settings: MakeSettings, instance: DagsterInstance
) -> None:
    done = execute(make_settings(telegram_source="telegram"), instance)
    [event] = [event for event in done.result.all_events if event.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    assert failure is not None, done.failed
    assert failure.metadata["error"].value == "SourceError"
    assert "Traceback" in str(failure.metadata["traceback"].value)
    assert {"database", "data_folder"} <= set(failure.metadata)


def test_an_unwritable_data_folder_is_named(
    make_settings: MakeSettings, instance: DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = execute(make_settings(data_dir=tmp_path / "file" / "data"), instance)
    assert str(tmp_path / "file" / "data") in done.failed[steps.SCRAPE]
    assert "DATA_DIR" in done.failed[steps.SCRAPE]
    assert done.retried == set()


def test_a_run_may_choose_its_own_source_size_in_the_launchpad(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    settings = make_settings(telegram_source="telegram")
    config = {"ops": {steps.SCRAPE: {"config": {"source": "sample", "sample_messages": 20}}}}
    done = execute(settings, instance, LAKE_ASSETS, **config)
    assert done.result.success, done.failed
    lines = [path.read_text().count("\n") for path in settings.lake_root.glob("telegram_messages/*/*.jsonl")]
    assert 0 < sum(lines) < 100


def test_a_busy_lake_is_waited_for_by_the_retry_policy(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    """Another process writes the lake, and ends while this run tries again."""
    settings = make_settings(sample_messages=20)
    settings.lake_root.mkdir(parents=True)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD_THE_LAKE,
            str(settings.lake_root),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"

        def release() -> None:
            wait_for(lambda: (steps.SCRAPE, 1) in recorded(database))
            assert holder.stdin is not None
            holder.stdin.close()

        helper = threading.Thread(target=release)
        helper.start()
        done = execute(settings, instance, LAKE_ASSETS, retry_policy=EAGER_RETRIES)
        helper.join()
    assert done.result.success, done.failed
    assert done.retried == {steps.SCRAPE}
    attempts = sorted((attempt, status) for (_, attempt), status in recorded(database).items())
    assert attempts[0] == (1, "failed")
    assert attempts[-1] == (len(attempts), "success")
    assert database.value("SELECT details ->> 'is_transient' FROM ops.step_runs WHERE attempt = 1") == "true"


def test_a_connection_lost_during_load_is_retried_and_nothing_is_lost_or_doubled(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    settings = make_settings()
    steps.scrape_step(settings)
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mtw'"
        " AND wait_event_type = 'Lock'"
    )

    def cut_the_connection() -> None:
        with database.connect() as connection, connection.transaction():
            # The loader comes as far as this table, within its transaction, and waits.
            connection.execute("LOCK TABLE raw.telegram_message_observations")
            locked.set()
            wait_for(lambda: bool(database.rows(waiting)))
            connection.execute("SELECT pg_terminate_backend(%s)", [database.value(waiting)])

    locked = threading.Event()
    helper = threading.Thread(target=cut_the_connection)
    helper.start()
    assert locked.wait(60)
    done = execute(settings, instance, RAW_MESSAGE_ASSETS)
    helper.join()
    assert done.result.success, done.failed
    assert done.retried == {steps.LOAD}
    assert recorded(database) == {(steps.LOAD, 1): "failed", (steps.LOAD, 2): "success"}
    written = sum(path.read_text().count("\n") for path in settings.lake_root.glob("telegram_messages/*/*.jsonl"))
    assert database.value("SELECT count(*) FROM raw.telegram_message_observations") == written


def test_a_transient_error_that_stays_fails_after_the_last_retry_with_its_message(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance
) -> None:
    settings = make_settings()
    settings.data_dir.mkdir(parents=True)
    with (settings.data_dir / ".run.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = execute(settings, instance, LAKE_ASSETS)
    assert not done.result.success
    assert {attempt for _, attempt in recorded(database)} == {1, 2, 3}
    [event] = [event for event in done.result.all_events if event.is_step_failure]
    assert "another run is working on" in str(event.step_failure_data.error)


def test_a_second_run_over_the_same_data_folder_is_refused(make_settings: MakeSettings) -> None:
    settings = make_settings()
    settings.data_dir.mkdir(parents=True)
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.flock(f, 2); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(settings.data_dir / ".run.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunActiveError, match=r"another run is working on .*mtw status.*DATA_DIR"):
            run_pipeline(settings)
        other.stdin.close()


def test_a_killed_run_is_marked_as_failed_by_the_next(make_settings: MakeSettings, instance: DagsterInstance) -> None:
    """Otherwise the history says for ever that it is running."""
    settings = make_settings(telegram_source="telegram")
    job = pipeline_job(build_definitions(settings))
    killed = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTED, tags=job.run_tags)
    other = instance.create_run_for_job(
        job_def=job, status=DagsterRunStatus.STARTED, tags={"data_folder": "/another/folder"}
    )
    report = run_pipeline(settings)
    assert not report.is_success
    after = {run.run_id: run.status for run in instance.get_runs()}
    assert after[killed.run_id] is DagsterRunStatus.FAILURE
    assert after[other.run_id] is DagsterRunStatus.STARTED


def test_the_report_names_the_failed_step_and_those_that_did_not_run(make_settings: MakeSettings) -> None:
    report = run_pipeline(make_settings(telegram_source="telegram"))
    scrape, *others = report.steps
    assert (scrape.step, scrape.status, scrape.attempts) == (steps.SCRAPE, "failed", 1)
    assert (scrape.error or "").startswith("the source is `telegram`, but its credentials are not set")
    assert {(step.status, step.attempts, step.error) for step in others} == {("not run", 0, None)}


@pytest.fixture(scope="module")
def telegram_runs(
    server: DatabaseAddress, models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TwoRuns]:
    """Twenty recent messages of a channel, beside one that is gone; message 15 is deleted after the first run."""
    world = World()
    account = world.add_account(phone="+251911000001")
    channel = world.add_channel("chemed", title="CheMed Pharmacy", about="Medicines in Addis Ababa", subscribers=1234)
    now = datetime.now(UTC).replace(microsecond=0)  # deletions are looked for among recent messages alone
    for number in range(1, 21):
        photo = picture(number) if number % 10 == 5 else None
        sent = now - timedelta(hours=25 - number)
        channel.post(f"Amoxicillin {number} birr", date=sent, views=10 * number, forwards=number, photo=photo)
    with TelegramServer(world) as telegram:
        session = world.session_string(account, telegram)
        settings = settings_with_database(
            "telegram_runs",
            server,
            tmp_path_factory,
            models_dir=models_dir,
            log_level="DEBUG",
            telegram_channels="chemed,@gone_for_ever",
            **credentials(telegram, session),
        )
        yield run_twice(settings, between=lambda: channel.delete(15))


def credentials(telegram: TelegramServer, session: str) -> dict[str, Any]:
    return {
        "telegram_source": "telegram",
        "telegram_api_id": 12345,
        "telegram_api_hash": HASH,
        "telegram_session": session,
        "telegram_dc": telegram.dc,
        "telegram_dc_public_key": telegram.public_key,
    }


def picture(number: int) -> bytes:
    """A photo that can be opened."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (10 * number % 256, 90, 90)).save(file, "JPEG")
    return file.getvalue()


def test_messages_of_telegram_reach_the_marts_and_their_photos_are_scanned(telegram_runs: TwoRuns) -> None:
    assert telegram_runs.first.is_success, telegram_runs.first
    with connect(telegram_runs.settings) as connection:
        messages = connection.execute(
            "SELECT message_id, message_text, views, forwards, source FROM raw.telegram_messages ORDER BY 1"
        ).fetchall()
        channels = connection.execute("SELECT channel_name, title, subscribers FROM marts.dim_channels").fetchall()
        photos = connection.execute(
            "SELECT message_id, image_status, has_message FROM marts.fct_images ORDER BY 1"
        ).fetchall()
        facts = connection.execute("SELECT count(*) FROM marts.fct_messages").fetchone()
    assert messages == [(n, f"Amoxicillin {n} birr", 10 * n, n, "telegram") for n in range(1, 21)]
    assert channels == [("chemed", "CheMed Pharmacy", 1234)]
    assert photos == [(5, "ok", True), (15, "ok", True)]
    assert facts == (20,)
    assert len(telegram_runs.after_first["marts"]["fct_messages"]) == 20


def test_a_channel_that_is_gone_fails_a_check_that_names_it_and_no_step(telegram_runs: TwoRuns) -> None:
    for report in (telegram_runs.first, telegram_runs.second):
        assert [(step.status, step.attempts) for step in report.steps] == [("success", 1)] * len(steps.STEPS)
        with open_instance(telegram_runs.settings.dagster_home) as instance:
            events = instance.all_logs(report.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
        results = [event.dagster_event.asset_check_evaluation_data for event in events if event.dagster_event]
        [check] = [result for result in results if result.check_name == "every_channel_was_read"]
        assert (check.passed, check.severity.value) == (False, "WARN")
        assert check.asset_key == LAKE_ASSETS[0]
        not_read = check.metadata["not_read"].value
        assert isinstance(not_read, dict)
        assert list(not_read) == ["@gone_for_ever"]
        assert "nobody has this user name" in str(not_read["@gone_for_ever"])


def test_the_scrapes_assets_list_what_became_of_each_channel(telegram_runs: TwoRuns) -> None:
    with open_instance(telegram_runs.settings.dagster_home) as instance:
        events = instance.all_logs(telegram_runs.first.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    made = {event.asset_materialization.asset_key: event for event in events if event.asset_materialization}
    for key in LAKE_ASSETS:
        materialization = made[key].asset_materialization
        assert materialization is not None
        table = materialization.metadata["channels"]
        assert isinstance(table, TableMetadataValue)
        found = [
            [record.data[name] for name in ("reference", "channel_name", "status", "messages", "photos")]
            for record in table.records
        ]
        assert found == [["chemed", "chemed", "read", 20, 2], ["@gone_for_ever", "", "unreadable", 0, 0]]
        assert materialization.metadata["channels_not_read"].value == 1


def test_a_message_that_was_deleted_is_marked_and_keeps_what_was_known_of_it(telegram_runs: TwoRuns) -> None:
    deleted = "SELECT message_id, message_text, views, forwards, deleted_at IS NOT NULL FROM marts.fct_messages"
    with connect(telegram_runs.settings) as connection:
        rows = connection.execute(f"{deleted} WHERE is_deleted").fetchall()
        kept = connection.execute("SELECT count(*) FROM marts.fct_messages WHERE NOT is_deleted").fetchone()
        said = connection.execute(
            "SELECT details ->> 'headline', new_rows FROM ops.step_runs WHERE run_id = %s AND step = %s",
            [telegram_runs.second.run_id, steps.SCRAPE],
        ).fetchone()
    assert rows == [(15, "Amoxicillin 15 birr", 150, 15, True)]
    assert kept == (19,)
    assert said is not None
    assert "1 found deleted" in said[0]
    assert said[1] == 1


def test_no_secret_of_the_account_is_in_the_history_the_database_or_the_data(telegram_runs: TwoRuns) -> None:
    """Even though every debug line is kept."""
    secrets = secrets_of(telegram_runs.settings)
    assert_secret_free(telegram_runs.settings.dagster_home, *secrets)
    assert_secret_free(telegram_runs.settings.data_dir, *secrets)
    with open_instance(telegram_runs.settings.dagster_home) as instance:
        history = [repr(entry) for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    with connect(telegram_runs.settings) as connection:
        database = [repr(contents(connection, schema)) for schema in ("ops", "raw", "marts")]
    assert len(history) > 100
    assert [secret for secret in secrets for text in [*history, *database] if secret in text] == []


def secrets_of(settings: Settings) -> list[str]:
    """The account's secrets; of the long session any good part, as a database breaks long values over pages."""
    assert settings.telegram_session is not None
    session = settings.telegram_session.get_secret_value()
    return [HASH, *(session[start : start + 60] for start in range(0, len(session) - 60, 60))]


def test_a_session_that_was_ended_fails_the_step_at_once_without_showing_it(
    make_settings: MakeSettings, instance: DagsterInstance, telegram: Telegram, shop: FakeChannel, tmp_path: Path
) -> None:
    settings = make_settings(
        telegram_channels="chemed", log_level="DEBUG", **credentials(telegram.server, telegram.session)
    )
    telegram.world.revoke(telegram.account)
    done = execute(settings, instance, LAKE_ASSETS)
    assert done.retried == set()
    assert "mtw login" in done.failed[steps.SCRAPE]
    assert_secret_free(tmp_path / "dagster", *secrets_of(settings))


def test_a_server_that_is_away_is_tried_again_and_what_was_read_stays(
    make_settings: MakeSettings, database: Any, instance: DagsterInstance, telegram: Telegram, shop: FakeChannel
) -> None:
    settings = make_settings(telegram_channels="chemed", **credentials(telegram.server, telegram.session))
    telegram.server.refuse(True, after_accepting=True)

    def come_back() -> None:
        wait_for(lambda: (steps.SCRAPE, 1) in recorded(database))
        telegram.server.refuse(False)

    helper = threading.Thread(target=come_back)
    helper.start()
    done = execute(settings, instance, LAKE_ASSETS, retry_policy=EAGER_RETRIES)
    helper.join()
    assert done.result.success, done.failed
    assert done.retried == {steps.SCRAPE}
    assert recorded(database)[steps.SCRAPE, 1] == "failed"
    # Telethon alone would connect thousands of times in one attempt, and warn of each.
    assert len(instance.all_logs(done.result.run_id)) < 100 * len(recorded(database))
    files = [path.read_text().count("\n") for path in settings.lake_root.glob("telegram_messages/*/*.jsonl")]
    assert files == [250]


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)
