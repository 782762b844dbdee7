"""A small warehouse that the whole pipeline built, and the service over it, on a port of its own.

Besides the sample's channels it holds `test_shop`, whose posts are what a service must get right: markup, telephone
numbers, letters that sound alike, a misspelt drug, an edit, a deletion, a record that cannot be used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from factories import lake_file, line
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.vision.drawn.preview_folder import PREVIEWS_FOLDER
from waiting import wait_for

if TYPE_CHECKING:  # conftest imports this module for every test, and few need the service
    from medical_telegram_warehouse.api import ApiOptions

TODAY = "2026-10-01"
SHOP = "test_shop"
MARKUP = "<script>alert('x')</script><b>bold</b> & \"quoted\""


def _posts() -> bytes:
    texts = [
        f"{MARKUP} Zinc sulphate 20mg 150 birr",
        "Amoxacilin 500mg capsule 320 ETB\nCall +251 911 23 45 67 or 0922-33-44-55",
        "የሐኪም ማዘዣ መድሀኒት አሞክሲሲሊን 500mg ዋጋ 310 ብር 0911234567",
        "𝐕𝐢𝐭𝐚𝐦𝐢𝐧 𝐂 1000mg effervescent, price 450 birr",
        '=HYPERLINK("http://example.invalid") Panadol 80 birr',
        "We are hiring a pharmacist. Send your CV to the office.",
    ]
    lines = [
        line(
            number,
            channel_name=SHOP,
            message_text=text,
            message_date=f"2026-09-{19 + number}T09:00:00+00:00",
            views=100 * number,
            forwards=number,
            scraped_at="2026-09-30T10:00:00+00:00",
            source="telegram",
            **({"forwarded_from": "elsewhere"} if number == len(texts) else {}),
        )
        for number, text in enumerate(texts, start=1)
    ]
    edited = line(
        1,
        channel_name=SHOP,
        message_text=f"{MARKUP} Zinc sulphate 20mg 180 birr",
        message_date="2026-09-20T09:00:00+00:00",
        edit_date="2026-09-30T12:00:00+00:00",
        views=250,
        forwards=2,
        scraped_at="2026-09-30T13:00:00+00:00",
        source="telegram",
    )
    return b"".join([*lines, edited, line("no number", channel_name=SHOP), b"{broken\n"])


def built_warehouse(
    name: str, server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, models_dir: Path, messages: int
) -> Settings:
    """Settings of a database of that name, which every step has run on."""
    from medical_telegram_warehouse import steps
    from pipeline_runs import settings_with_database

    settings = settings_with_database(
        name,
        server,
        tmp_path_factory,
        models_dir=models_dir,
        telegram_source="sample",
        sample_messages=messages,
        sample_date=TODAY,
    )
    run_id, started = f"run_of_{name}", datetime.now(UTC)
    for step in steps.STEPS:
        if step == steps.LOAD:
            lake_file(settings.lake_root, _posts(), day="2026-09-30", name=f"{SHOP}.jsonl")
        outcome = steps.STEP_FUNCTIONS[step](settings)
        finished = datetime.now(UTC)
        with steps.open_database(settings) as connection:
            row = {
                "run_id": run_id,
                "step": step,
                "attempt": 1,
                "status": "success",
                "started_at": started,
                "finished_at": finished,
                "new_rows": outcome.new_rows,
                "details": Jsonb({"headline": outcome.headline}),
            }
            connection.execute(statement("add_step_run"), row)
        started = finished
    return settings


@pytest.fixture(scope="session")
def sample_warehouse(server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Settings:
    """About 300 messages with their photos."""
    return built_warehouse("api_sample", server, tmp_path_factory, models_dir, 300)


def options_of(settings: Settings, **changes: Any) -> ApiOptions:
    """The service's options over a warehouse, without a limit of requests."""
    from medical_telegram_warehouse.api import ApiOptions

    options = ApiOptions(
        database=settings.database,
        timezone=ZoneInfo(settings.report_timezone),
        project_root=settings.data_dir.parent,
        photo_roots=(settings.lake_root,),
        previews=settings.processed_dir / PREVIEWS_FOLDER,
        requests_per_minute=0,
    )
    return replace(options, **changes)


@contextmanager
def serving(options: ApiOptions) -> Iterator[str]:
    """The service in a thread, behind a real server; yields its address."""
    from medical_telegram_warehouse.api.server import listen, server_of

    server = server_of(options)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def service(sample_warehouse: Settings) -> Iterator[str]:
    """The address of a service without keys or limits."""
    with serving(options_of(sample_warehouse)) as url:
        yield url


@pytest.fixture(scope="session")
def api(service: str) -> Iterator[httpx.Client]:
    """A client of that service, once its version is known, so that answers are kept."""
    with httpx.Client(base_url=service, timeout=30) as client:
        wait_for(lambda: client.get("/health").status_code == 200)
        yield client


@pytest.fixture(scope="session")
def forgetful(sample_warehouse: Settings) -> Iterator[httpx.Client]:
    """A client of a service that keeps no answer."""
    with (
        serving(options_of(sample_warehouse, cache_bytes=0)) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def marts(sample_warehouse: Settings) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection to the same database, for what the answers are compared with."""
    address = sample_warehouse.database
    with psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.database,
        user=address.user,
        password=address.password.get_secret_value(),
        autocommit=True,
        row_factory=dict_row,
        options="-c timezone=UTC",
    ) as connection:
        yield connection
