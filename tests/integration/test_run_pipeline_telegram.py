"""The job over Telegram: what reaches the marts, what becomes of channels that fail, and what stays secret."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEventType, DagsterInstance, TableMetadataValue
from PIL import Image

from medical_telegram_warehouse import steps
from medical_telegram_warehouse.orchestration.instance import open_instance
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from own_telegram import HASH, Telegram
from pipeline_runs import (
    EAGER_RETRIES,
    LAKE_ASSETS,
    TwoRuns,
    assert_secret_free,
    connect,
    execute,
    recorded,
    run_twice,
    settings_with_database,
)
from telegram_server import TelegramServer, World
from telegram_server.fake_channel import FakeChannel
from waiting import wait_for
from warehouse_rows import contents

MakeSettings = Callable[..., Settings]


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
