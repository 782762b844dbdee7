"""The job on a persistent Dagster instance and a real database: what a run leaves behind, and how it fails."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRunStatus

from factories import copied_project
from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration.definitions import build_definitions, pipeline_job
from medical_telegram_warehouse.orchestration.exclusive import RunActiveError
from medical_telegram_warehouse.orchestration.instance import open_instance
from medical_telegram_warehouse.orchestration.runs import run_job
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from pipeline_runs import (
    EAGER_RETRIES,
    LAKE_ASSETS,
    PROJECT,
    TwoRuns,
    assert_secret_free,
    connect,
    execute,
    recorded,
    run_once,
    run_twice,
    settings_with_database,
)
from waiting import wait_for

MakeSettings = Callable[..., Settings]
RAW_MESSAGE_ASSETS = [
    AssetKey(["ops", "moved_messages"]),
    *(
        AssetKey(["raw", name])
        for name in (
            "telegram_messages",
            "telegram_message_observations",
            "telegram_message_texts",
            "telegram_channels",
            "rejected_records",
        )
    ),
]
HOLD_THE_LAKE = """
import sys
from pathlib import Path
from medical_telegram_warehouse.lake.writer import open_lake
with open_lake(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


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
    assert empty <= {
        *("raw.rejected_records", "raw.telegram_message_texts", "marts.fct_message_versions"),
        *("marts.rpt_price_outliers", "marts.rpt_rejected_records", "marts.rpt_volume_anomalies"),
    }
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
    assert set(made) == set(graph.materializable_asset_keys)
    counted = {
        key.path[1]: materialization.metadata["dagster/row_count"].value
        for key, materialization in made.items()
        if key.path[0] == "marts" and "dagster/row_count" in materialization.metadata
    }
    views = {"fct_offers", "fct_image_detections", "fct_message_topics", "rpt_rejected_records"}
    assert counted == {name: len(rows) for name, rows in runs.after_first["marts"].items() if name not in views}


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
    assert done.ran == {steps.SCRAPE, steps.LOAD, steps.EXTRACT, steps.TRANSFORM, steps.DETECT}
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


def test_a_dbt_test_that_fails_is_a_failed_check_and_what_was_built_counts_as_built(
    make_settings: MakeSettings, instance: DagsterInstance, tmp_path: Path
) -> None:
    """Else the check would still show what it found at the last good run."""
    project = copied_project(tmp_path / "project")
    failing = "select channel_key, 1 as one from {{ ref('dim_channels') }} union all select 'x', 1\n"
    (project / "warehouse" / "tests" / "assert_nothing_ever.sql").write_text(failing, encoding="utf-8")
    settings = make_settings(project_dir=project)
    graph = build_definitions(settings).resolve_asset_graph()
    assets = [key for key in graph.materializable_asset_keys if graph.get(key).tags.get("step") == steps.TRANSFORM]
    done = execute(settings, instance, assets)
    assert not done.result.success
    assert "assert_nothing_ever" in done.failed[steps.TRANSFORM]
    results = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed
        for event in done.result.all_events
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    }
    assert results["assert_nothing_ever"] is False
    assert sum(results.values()) > 100
    assert AssetKey(["marts", "dim_channels"]) in {
        event.asset_key
        for event in done.result.all_events
        if event.event_type is DagsterEventType.ASSET_MATERIALIZATION
    }


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
            run_job(settings)
        other.stdin.close()


def test_a_killed_run_is_marked_as_failed_by_the_next(make_settings: MakeSettings, instance: DagsterInstance) -> None:
    """Otherwise the history says for ever that it is running."""
    settings = make_settings(telegram_source="telegram")
    job = pipeline_job(build_definitions(settings))
    killed = instance.create_run_for_job(job_def=job, status=DagsterRunStatus.STARTED, tags=job.run_tags)
    other = instance.create_run_for_job(
        job_def=job, status=DagsterRunStatus.STARTED, tags={"data_folder": "/another/folder"}
    )
    report = run_once(settings)
    assert not report.is_success
    after = {run.run_id: run.status for run in instance.get_runs()}
    assert after[killed.run_id] is DagsterRunStatus.FAILURE
    assert after[other.run_id] is DagsterRunStatus.STARTED


def test_the_report_names_the_failed_step_and_those_that_did_not_run(make_settings: MakeSettings) -> None:
    report = run_once(make_settings(telegram_source="telegram"))
    scrape, *others = report.steps
    assert (scrape.step, scrape.status, scrape.attempts) == (steps.SCRAPE, "failed", 1)
    assert (scrape.error or "").startswith("the source is `telegram`, but its credentials are not set")
    assert {(step.status, step.attempts, step.error) for step in others} == {("not run", 0, None)}


def test_every_query_of_the_documents_runs_on_the_sample(runs: TwoRuns) -> None:
    """People copy them first; a renamed column would greet them with an error."""
    queries = []
    for page in [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]:
        for block in re.findall(r"^```sql\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            queries += [(page.name, statement) for statement in block.split(";\n") if "SELECT" in statement]
    assert len(queries) > 15
    failed = []
    with connect(runs.settings) as connection:
        for name, query in queries:
            try:
                connection.execute(query.encode())
            except psycopg.Error as error:
                failed.append((name, query.strip().splitlines()[0], str(error).splitlines()[0]))
    assert failed == []
