"""No secret is printed or stored, by a whole run that is asked to say all that it can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from killed_runs import Place

SECRETS = {
    "POSTGRES_PASSWORD": "pw-8c1f0d5e77",
    "TELEGRAM_API_HASH": "hash-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "TELEGRAM_SESSION": "session-1BVtsOK4BuzQm7",
    "TELEGRAM_PASSWORD": "two-step-5512",
    "API_DATABASE_PASSWORD": "reader-pw-4477",
    "ALERT_URLS": "json://user:alert-pw-9931@127.0.0.1:9/ jsons://token-abc-7788@127.0.0.1:9/",
}
PARTS = [
    *(value for name, value in SECRETS.items() if name != "ALERT_URLS"),
    *("alert-pw-9931", "token-abc-7788"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Place]:
    telling = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", "TELEGRAM_API_ID": "4711"}
    place = Place(tmp_path_factory.mktemp("secrets") / "place", models_dir, **SECRETS, **telling)
    place.password = SECRETS["POSTGRES_PASSWORD"]
    place.finish()
    yield place
    place.finish("db", "stop")


def test_what_a_run_prints_holds_none(place: Place) -> None:
    said = place.said()
    assert [secret for secret in PARTS if secret in said] == []
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    steps = {line["step"] for line in lines if "step" in line}
    assert {"scrape_telegram_data", "load_raw_to_postgres", "run_dbt_transformations"} <= steps
    assert any(line.get("channel") == "sample_corner_pharmacy" for line in lines)
    assert len({line["run_id"] for line in lines if "run_id" in line}) == 1


def test_what_a_run_stores_holds_none(place: Place) -> None:
    """The lake, dbt's files, Dagster's history, and the database's own files, where the password is kept as a hash."""
    folders = [place.data, place.history]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    found = {path.name for path in files if any(secret.encode() in path.read_bytes() for secret in PARTS)}
    assert found == set()


def test_a_failing_run_shows_none_either(place: Place, tmp_path: Path, models_dir: Path) -> None:
    """Tracebacks hold what functions were called with."""
    place.finish()
    refused = {**SECRETS, "POSTGRES_PASSWORD": "wrong-pw-6655", "POSTGRES_PORT": str(place.port)}
    other = Place(tmp_path / "other", models_dir, **refused, LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    with other.running() as process:
        assert process.wait(timeout=120) == 1
    assert "refused the password of user" in other.said()
    assert [secret for secret in [*PARTS, "wrong-pw-6655"] if secret in other.said()] == []
    stored = [path for path in other.history.rglob("*") if path.is_file()]
    assert [
        path for path in stored if any(secret.encode() in path.read_bytes() for secret in [*PARTS, "wrong-pw-6655"])
    ] == []
