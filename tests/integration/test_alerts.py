"""What goes wrong is told, to a real mail server and a real HTTP endpoint: once, with its reason, and when it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, Definitions, build_sensor_context
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_shared.error import SerializableErrorInfo

from alert_servers import PASSWORD, TOKEN, Hook, MailServer
from conftest import Database, free_port
from medical_telegram_warehouse import steps
from medical_telegram_warehouse.alerts.look import look
from medical_telegram_warehouse.orchestration import alerting, jobs, schedules
from medical_telegram_warehouse.orchestration.definitions import build_definitions
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import PIPELINE_JOB
from pipeline_runs import environment_of, execute, run_once
from waiting import wait_for

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise
MTW = Path(sys.executable).with_name("mtw")
MakeSettings = Callable[..., Settings]
LOADED = [
    ("raw", "telegram_messages"),
    ("raw", "telegram_message_observations"),
    ("raw", "telegram_message_texts"),
    ("raw", "telegram_channels"),
    ("raw", "rejected_records"),
    ("ops", "moved_messages"),
]
RUN = """
from medical_telegram_warehouse.orchestration.runs import run_job
from medical_telegram_warehouse.settings import load_settings
run_job(load_settings())
"""
LOOK = """
from medical_telegram_warehouse.alerts.look import look
from medical_telegram_warehouse.settings import load_settings
look(load_settings())
"""


class Sensor:
    """The alerts' sensor, asked as the daemon asks it."""

    def __init__(self, settings: Settings, instance: DagsterInstance) -> None:
        self.definitions: Definitions = build_definitions(settings)
        self._instance = instance

    def look(self) -> str:
        context = build_sensor_context(
            instance=self._instance, repository_def=self.definitions.get_repository_def(), sensor_name=alerting.ALERTS
        )
        tick = self.definitions.resolve_sensor_def(alerting.ALERTS).evaluate_tick(context)
        assert not tick.run_requests
        return tick.skip_message or ""


def telling(settings: Settings, *urls: str) -> Settings:
    """The same settings with somebody to tell."""
    return Settings(_env_file=None, **{**settings.model_dump(exclude_unset=True), "alert_urls": " ".join(urls)})


def environment_with(settings: Settings, *urls: str) -> dict[str, str]:
    plain = Settings(_env_file=None, **settings.model_dump(exclude_unset=True, exclude={"alert_urls"}))
    return environment_of(plain) | {"ALERT_URLS": " ".join(urls), "NO_COLOR": "1", "COLUMNS": "200"}


def test_a_failed_run_is_told_by_mail_with_its_reason_once_and_its_recovery_too(
    make_settings: MakeSettings, mail: MailServer, instance: DagsterInstance, database: Database
) -> None:
    report = run_once(make_settings(telegram_source="telegram"), jobs.SCRAPE_ONLY)
    assert not report.is_success
    settings = telling(make_settings(dagster_url="http://dagster.example.org/"), mail.url)
    sensor = Sensor(settings, instance)

    assert "1 sent" in sensor.look()
    [letter] = mail.mails
    assert letter.subject == f"{database.dbname}: a run of {jobs.SCRAPE_ONLY} failed"
    assert letter.recipients == ["person-on-call@example.org"]
    assert f"look: http://dagster.example.org/runs/{report.run_id}" in letter.body
    assert "  - scrape_telegram_data failed" in letter.body
    assert "TELEGRAM_API_ID" in letter.body, "the error itself"
    assert " UTC (" in letter.body
    assert "Africa/Addis_Ababa" in letter.body

    assert ", 0 sent" in sensor.look()
    assert len(mail.mails) == 1

    assert run_once(make_settings(sample_messages=40), jobs.SCRAPE_ONLY).is_success
    sensor.look()
    assert len(mail.mails) == 2
    assert mail.mails[1].subject == f"{database.dbname}: recovered: a run of {jobs.SCRAPE_ONLY} failed"
    assert f"RECOVERED: a run of {jobs.SCRAPE_ONLY} failed\nit lasted" in mail.mails[1].body.replace("\r", "")
    for letter in mail.mails:
        assert database.password.encode() not in letter.raw
        assert PASSWORD.encode() not in letter.raw


def test_a_run_that_was_killed_is_told_although_it_could_not_say_so(
    make_settings: MakeSettings, hook: Hook, instance: DagsterInstance, database: Database
) -> None:
    settings = telling(make_settings(), hook.url)
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=environment_of(make_settings()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        wait_for(lambda: database.value("SELECT count(*) FROM ops.step_runs WHERE status = 'success'") > 0, seconds=120)
        os.killpg(run.pid, signal.SIGKILL)
    Sensor(settings, instance).look()
    [post] = hook.posts
    assert post["title"] == f"{database.dbname}: a run of {PIPELINE_JOB} was killed"
    assert "it was killed, or crashed" in post["message"]
    assert database.value("SELECT run_id FROM ops.runs") in post["message"]


def test_stale_data_is_told_even_if_nothing_ever_ran(make_settings: MakeSettings, hook: Hook) -> None:
    settings = telling(make_settings(stale_after_hours=26), hook.url)
    now = datetime.now(UTC)
    assert look(settings, now=now + timedelta(hours=25)).open_problems == []
    look(settings, now=now + timedelta(hours=27))
    [post] = hook.posts
    assert post["title"].endswith("no successful run for 26 hours")
    assert "no run has ever succeeded" in post["message"]
    assert "no run has begun since then" in post["message"]
    assert post["type"] == "failure"

    look(settings, now=now + timedelta(hours=28))
    assert len(hook.posts) == 1, "not each hour"
    look(settings, now=now + timedelta(hours=52))
    assert "STILL WRONG" in hook.posts[1]["message"]


def test_a_database_that_is_away_is_told_without_it_and_what_failed_before_stays_open(
    make_settings: MakeSettings, hook: Hook, database: Database
) -> None:
    now = datetime.now(UTC)
    failed = {"job": "scrape_only", "status": "failed", "steps": ["scrape_telegram_data"]}
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps, error)"
            " VALUES ('r1', %(job)s, 'ui', %(status)s, now(), now(), %(steps)s, 'no network')",
            failed,
        )
    here = telling(make_settings(), hook.url)
    away = telling(make_settings(postgres_port=free_port(), postgres_password="secret-of-the-database"), hook.url)
    assert len(look(here, now=now).open_problems) == 1
    report = look(away, now=now + timedelta(hours=1))
    assert [problem.title for problem in report.open_problems] == [
        "a run of scrape_only failed",
        f"the database {database.dbname} cannot be used",
    ]
    assert "no PostgreSQL answers at" in hook.posts[1]["message"]
    assert "RECOVERED" not in hook.posts[1]["message"]

    look(here, now=now + timedelta(hours=2))
    look(here, now=now + timedelta(hours=3))
    assert [post["title"] for post in hook.posts[2:]] == [
        f"{database.dbname}: recovered: the database {database.dbname} cannot be used"
    ]
    assert "secret-of-the-database" not in json.dumps(hook.posts)


def test_a_check_that_fails_is_told_with_its_rows_until_it_passes(
    make_settings: MakeSettings, hook: Hook, instance: DagsterInstance
) -> None:
    settings = telling(make_settings(), hook.url)
    steps.scrape_step(settings)
    load = [AssetKey([schema, name]) for schema, name in LOADED]
    execute(settings, instance, load)
    sensor = Sensor(settings, instance)
    sensor.look()
    assert hook.posts == []

    lost = next((settings.lake_root / "telegram_messages").rglob("*.jsonl"))
    content = lost.read_bytes()
    lost.unlink()
    execute(settings, instance, load)
    sensor.look()
    [post] = hook.posts
    assert "check lake_files_are_whole of raw/telegram_messages failed" in post["title"]
    assert post["type"] == "warning"
    assert f"file: {lost.relative_to(settings.lake_root)}" in post["message"]
    assert "/assets/raw/telegram_messages?view=checks" in post["message"]

    lost.write_bytes(content)
    execute(settings, instance, load)
    sensor.look()
    assert "recovered: check lake_files_are_whole" in hook.posts[1]["title"]


def test_a_schedule_whose_ticks_fail_is_told_with_the_error(
    make_settings: MakeSettings, hook: Hook, instance: DagsterInstance
) -> None:
    """What it starts does not start, and no run is there to tell of it."""
    settings = telling(make_settings(), hook.url)
    sensor = Sensor(settings, instance)
    tick(instance, TickStatus.FAILURE, "RuntimeError: the disk is full")
    sensor.look()
    [post] = hook.posts
    assert post["title"].endswith("the schedule daily_pipeline_schedule fails")
    assert "  | RuntimeError: the disk is full" in post["message"]
    sensor.look()
    tick(instance, TickStatus.SKIPPED)
    sensor.look()
    assert len(hook.posts) == 1, "it must have been well for some minutes"


def tick(instance: DagsterInstance, status: TickStatus, error: str | None = None) -> None:
    """What Dagster's daemon writes down of a tick."""
    location = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file="dagster_defs.py"), location_name="here")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), schedules.DAILY)
    if not instance.all_instigator_state():
        data = ScheduleInstigatorData("0 2 * * *")
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data))
    [state] = instance.all_instigator_state()
    instance.create_tick(
        TickData(
            state.instigator_origin_id,
            schedules.DAILY,
            InstigatorType.SCHEDULE,
            status,
            datetime.now(UTC).timestamp(),
            error=SerializableErrorInfo(error, [], None) if error else None,
            selector_id=state.selector_id,
        )
    )


def test_without_anybody_to_tell_the_sensor_looks_at_nothing_and_says_so(
    make_settings: MakeSettings, instance: DagsterInstance
) -> None:
    assert "ALERT_URLS is empty" in Sensor(make_settings(), instance).look()


def test_a_destination_that_is_down_fails_no_tick_and_gets_its_alert_later(
    make_settings: MakeSettings, mail: MailServer, instance: DagsterInstance, database: Database
) -> None:
    hook = Hook(free_port())
    settings = telling(make_settings(), hook.url, mail.url)
    with database.connect() as connection:
        connection.execute("UPDATE public.mtw_migrations SET applied_at = now() - interval '3 days'")
    sensor = Sensor(settings, instance)
    said = sensor.look()
    assert "1 sent; could not be sent to destination 1 (JSON at 127.0.0.1)" in said
    assert TOKEN not in said
    assert len(mail.mails) == 1
    with hook.serving():
        sensor.look()
        sensor.look()
    assert len(hook.posts) == len(mail.mails) == 1


def test_whoever_is_killed_while_sending_loses_no_alert(
    make_settings: MakeSettings, hook: Hook, database: Database
) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE public.mtw_migrations SET applied_at = now() - interval '3 days'")
    settings = telling(make_settings(), hook.url)
    hook.status = 500
    hook.may_answer.clear()
    with subprocess.Popen(
        [sys.executable, "-c", LOOK], env=environment_with(settings, hook.url), stderr=subprocess.DEVNULL
    ) as sending:
        assert hook.is_reached.wait(timeout=60)
        sending.kill()
    hook.may_answer.set()
    hook.status = 200
    report = look(settings)
    assert report.news == 0, "it was written down before it was sent"
    assert list(report.sendings.values()) == [None]
    [post] = hook.posts
    assert "no successful run" in post["title"]


def test_the_command_sends_a_test_and_says_of_each_destination_whether_it_arrived(
    make_settings: MakeSettings, mail: MailServer, hook: Hook
) -> None:
    settings = make_settings()
    done = mtw(settings, [mail.url, hook.url], "test")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sent") == 2
    assert len(mail.mails) == len(hook.posts) == 1
    hook.status = 500
    done = mtw(settings, [mail.url, hook.url], "test")
    assert done.returncode == 1
    assert "destination 2 (JSON at 127.0.0.1)  failed: " in done.stdout
    assert len(mail.mails) == 2
    assert PASSWORD not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    nobody = mtw(settings, [], "test")
    assert nobody.returncode == 1
    assert "ALERT_URLS is empty" in nobody.stderr


def test_the_command_looks_without_dagsters_daemon_and_lists_what_is_open(
    make_settings: MakeSettings, hook: Hook, database: Database
) -> None:
    settings = make_settings()
    good = mtw(settings, [hook.url], "check")
    assert (good.returncode, good.stdout.strip()) == (0, "nothing is wrong"), good.stderr
    with database.connect() as connection:
        connection.execute("UPDATE public.mtw_migrations SET applied_at = now() - interval '3 days'")
    bad = mtw(settings, [hook.url], "check")
    assert bad.returncode == 1
    assert "no successful run for 26 hours" in bad.stdout
    assert len(hook.posts) == 1
    listed = mtw(settings, [hook.url], "list")
    assert listed.returncode == 0
    assert "no successful run for 26 hours" in listed.stdout
    assert "not yet" not in listed.stdout


def test_a_broken_project_is_told_by_the_command_since_dagster_itself_cannot(
    make_settings: MakeSettings, hook: Hook, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    done = mtw(make_settings(project_dir=tmp_path / "project"), [hook.url], "check")
    assert done.returncode == 1
    [post] = hook.posts
    assert "Dagster cannot be asked" in post["title"]
    assert "there is no dbt_project.yml in" in post["message"]


def mtw(settings: Settings, urls: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = environment_with(settings, *urls)
    command = [str(MTW), "alerts", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
