"""`mtw` as a person uses it: a process of its own, in a data folder of its own, with the embedded server in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from medical_telegram_warehouse.steps import STEPS
from ports import free_port

MTW = Path(sys.executable).with_name("mtw")
PASSWORD = "secret-of-the-command-tests"
API_HASH = "0123456789abcdef-of-the-command-tests"
# `auto` takes Telegram where its credentials are set.
LOGGED_OUT = {"TELEGRAM_SOURCE": "auto", "TELEGRAM_API_ID": "12345", "TELEGRAM_API_HASH": API_HASH}


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"


class Place:
    """A data folder with a port of its own, and `mtw` in it."""

    def __init__(self, folder: Path, models_dir: Path) -> None:
        self.data = folder / "data"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))},
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "300",
            "DATA_DIR": str(self.data),
            "DAGSTER_HOME": str(folder / "dagster"),
            "MODELS_DIR": str(models_dir),
            "POSTGRES_PORT": str(free_port()),
            "POSTGRES_PASSWORD": PASSWORD,
            "TELEGRAM_SOURCE": "sample",
            "SAMPLE_MESSAGES": "150",
            "SAMPLE_DATE": "2026-10-01",
        }

    def mtw(self, *arguments: str, **environment: str) -> Result:
        done = subprocess.run(
            [str(MTW), *arguments],
            capture_output=True,
            text=True,
            env={**self.environment, **environment},
            timeout=300,
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        for secret in (PASSWORD, API_HASH, environment.get("POSTGRES_PASSWORD", PASSWORD)):
            assert secret not in result.text
        assert "Traceback" not in result.text
        return result


@pytest.fixture
def empty(tmp_path: Path, models_dir: Path) -> Iterator[Place]:
    """A place where nothing was done yet."""
    place = Place(tmp_path, models_dir)
    yield place
    place.mtw("db", "stop")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Place]:
    """A place whose warehouse was filled by the single commands, one by one."""
    place = Place(tmp_path_factory.mktemp("place"), models_dir)
    try:
        yield place
    finally:
        place.mtw("db", "stop")


@pytest.fixture(scope="module")
def step_by_step(place: Place) -> dict[str, Result]:
    commands = ("status", "scrape", "load", "status", "detect", "load", "transform")
    return {f"{number} {command}": place.mtw(command) for number, command in enumerate(commands)}


@pytest.fixture(scope="module")
def run(place: Place, step_by_step: dict[str, Result]) -> Result:
    return place.mtw("run")


def test_status_before_anything_says_that_no_server_answers(step_by_step: dict[str, Result]) -> None:
    status = step_by_step["0 status"]
    assert status.code == 1
    assert status.out == ""
    assert "no PostgreSQL answers" in status.err


def test_each_step_has_a_command_that_says_what_it_did(step_by_step: dict[str, Result]) -> None:
    said = {name: result.out for name, result in step_by_step.items() if "status" not in name}
    assert {step_by_step[name].code for name in said} == {0}, step_by_step
    assert re.search(r"scrape_telegram_data +\d+ new messages, .*invented sample", said["1 scrape"])
    assert re.search(r"load_raw_to_postgres +\d+ new messages", said["2 load"])
    assert "no detections to load yet: `mtw detect` makes them" in said["2 load"]
    assert re.search(r"run_yolo_enrichment +\d+ contents scanned of \d+ photos", said["4 detect"])
    assert re.search(r"load_raw_to_postgres +nothing new", said["5 load"])
    assert re.search(r"load_yolo_to_postgres +\d+ new photos", said["5 load"])
    assert re.search(r"run_dbt_transformations +\d+ models built", said["6 transform"])
    assert re.search(r"run_dbt_yolo_model +\d+ models built", said["6 transform"])


def test_status_between_load_and_transform_says_what_is_missing(step_by_step: dict[str, Result]) -> None:
    status = step_by_step["3 status"]
    assert status.code == 0, status.err
    assert "no run yet: `mtw run`" in status.out
    assert "`mtw transform` does" in status.out


def test_a_run_shows_every_step_the_warehouse_and_what_to_do_next(run: Result) -> None:
    assert run.code == 0, run.text
    for step in STEPS:
        assert re.search(rf"{step} +success +\d+\.\d", run.out), step
        assert f"{step} starts" in run.err
    titles = ("SAMPLE DATA", "Top products", "Photos by what they show", "Next")
    for words in (*titles, "marts.fct_messages", "with their posts"):
        assert words in run.out
    for command in ("make dev", "psql -h", "mtw run --source lake --lake PATH", "mtw doctor"):
        assert command in run.out


def test_a_run_after_the_single_commands_finds_nothing_new(run: Result) -> None:
    assert "Nothing was new." in run.out
    assert len(re.findall("nothing new", run.out)) == 5


def test_status_after_a_run_lists_it_and_shows_the_warehouse(place: Place, run: Result) -> None:
    [run_id] = re.findall(r"Run ([0-9a-f-]{36})", run.out)
    status = place.mtw("status")
    assert status.code == 0
    assert re.search(rf"7 of 7 +success +{run_id}", status.out)
    assert "marts.fct_messages" in status.out


def test_after_a_run_the_doctor_finds_nothing_to_mend(place: Place, run: Result) -> None:
    doctor = place.mtw("doctor")
    assert doctor.code == 0, doctor.text
    assert "everything that a run needs is there" in doctor.out
    levels = re.findall(r"^(ok|warn|fail) +(.+?)  ", doctor.out, re.MULTILINE)
    assert {level for level, _ in levels} == {"ok"}
    assert len(levels) == 8


def test_a_failed_step_is_named_with_its_reason_and_the_exit_code_is_one(place: Place, run: Result) -> None:
    failed = place.mtw("run", YOLO_MODEL="nowhere.onnx")
    assert failed.code == 1
    assert re.search(r"run_yolo_enrichment +failed", failed.out)
    assert re.search(r"run_dbt_transformations +success", failed.out)
    assert re.search(r"load_yolo_to_postgres +not run", failed.out)
    assert "run_yolo_enrichment failed after 1 attempt" in failed.out
    assert "nowhere.onnx" in failed.out
    assert "Done in" not in failed.out
    status = place.mtw("status")
    assert re.search(r"run_yolo_enrichment: YOLO_MODEL is", status.out)


@pytest.mark.parametrize(
    ("environment", "check", "says", "mend"),
    [
        ({"POSTGRES_PORT": "many"}, "settings", "POSTGRES_PORT is 'many'", "in .env or the environment"),
        ({"REPORT_TIMEZONE": "Moon"}, "settings", "REPORT_TIMEZONE is 'Moon'", "in .env or the environment"),
        ({"TELEGRAM_API_ID": "your_api_id"}, "settings", "TELEGRAM_API_ID is 'your_api_id'", ".env"),
        ({"POSTGRES_PASSWORD": "wrong-password-4711"}, "database", "refused the password", "POSTGRES_PASSWORD"),
        ({"POSTGRES_DB": "no_such_database"}, "database", "does not exist", "POSTGRES_DB"),
        ({"YOLO_MODEL": "nowhere.onnx"}, "weights", "no such file", "YOLO_MODEL"),
        ({"TELEGRAM_SOURCE": "telegram"}, "source", "no channel is named", "set TELEGRAM_CHANNELS"),
        ({"TELEGRAM_SOURCE": "web"}, "source", "no channel is named", "set TELEGRAM_CHANNELS"),
        (
            {"TELEGRAM_SOURCE": "telegram", "TELEGRAM_CHANNELS": "chemed"},
            "source",
            "its credentials are not set",
            "TELEGRAM_SOURCE=web",
        ),
        ({**LOGGED_OUT, "TELEGRAM_CHANNELS": "chemed"}, "source", "nobody is logged in", "mtw login"),
        ({"TELEGRAM_SOURCE": "lake"}, "source", "SOURCE_LAKE is not set", "set it to a folder"),
    ],
)
def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(
    place: Place, run: Result, environment: dict[str, str], check: str, says: str, mend: str
) -> None:
    doctor = place.mtw("doctor", **environment)
    assert doctor.code == 1
    [finding] = re.findall(r"^fail +(.+(?:\n .+)*)", doctor.out, re.MULTILINE)
    assert finding.startswith(check)
    assert says in finding
    assert mend in finding.split("mend:")[-1]
    assert "1 to mend" in doctor.out


def test_the_doctor_names_a_missing_dbt_project(place: Place, tmp_path: Path) -> None:
    doctor = place.mtw("doctor", PROJECT_DIR=str(tmp_path))
    assert doctor.code == 1
    assert re.search(rf"^fail +dbt project +there is no dbt_project.yml in {tmp_path}.*PROJECT_DIR", doctor.out, re.M)


def test_the_doctor_says_which_command_fetches_missing_weights(place: Place, tmp_path: Path) -> None:
    """A run would fetch them by itself, so this is no failure."""
    doctor = place.mtw("doctor", MODELS_DIR=str(tmp_path))
    assert doctor.code == 0
    assert re.search(r"^warn +weights .*\n +mend: mtw detect --fetch-weights", doctor.out, re.MULTILINE)


@pytest.mark.parametrize("half", [{"TELEGRAM_API_ID": "12345"}, {"TELEGRAM_API_HASH": API_HASH}])
def test_the_doctor_sees_half_of_the_credentials(place: Place, half: dict[str, str]) -> None:
    doctor = place.mtw("doctor", TELEGRAM_SOURCE="auto", **half)
    assert re.search(r"^warn +source .*\n +mend: set both TELEGRAM_API_ID and TELEGRAM_API_HASH", doctor.out, re.M)


def test_a_port_that_something_else_holds_is_named_by_doctor_and_run(empty: Place) -> None:
    """Nothing is started there, and nothing is tried again: it will not go away by itself."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        def answer() -> None:
            while True:
                try:
                    connection, _ = other.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        doctor = empty.mtw("doctor", POSTGRES_PORT=port)
        load = empty.mtw("load", POSTGRES_PORT=port)
        other.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert re.search(r"^fail +database .*not PostgreSQL", doctor.out, re.MULTILINE)
    assert "POSTGRES_PORT" in doctor.out
    assert load.code == 1
    assert "not PostgreSQL" in load.err


@pytest.mark.parametrize("command", ["run", "status", "load", "doctor"])
def test_the_examples_placeholder_is_refused_in_words_by_every_command(empty: Place, command: str) -> None:
    result = empty.mtw(command, TELEGRAM_API_ID="your_api_id")
    assert result.code == 1
    assert "TELEGRAM_API_ID is 'your_api_id'" in result.text
    assert "placeholder" in result.text
    assert "my.telegram.org" in result.text


def test_credentials_are_never_printed_and_no_sample_is_made_in_place_of_what_they_read(empty: Place) -> None:
    nameless = empty.mtw("scrape", LOG_LEVEL="DEBUG", **LOGGED_OUT)
    assert (nameless.code, nameless.out) == (1, "")
    assert "no channel is named; set TELEGRAM_CHANNELS" in nameless.err
    scrape = empty.mtw("scrape", LOG_LEVEL="DEBUG", TELEGRAM_CHANNELS="chemed", **LOGGED_OUT)
    assert (scrape.code, scrape.out) == (1, "")
    assert re.search(r"nobody is logged in to Telegram here .*run: mtw login", scrape.err, re.DOTALL)
    assert list(empty.data.glob("raw/telegram_messages/*/*")) == []
    bad = empty.mtw("scrape", POSTGRES_PORT="0", **LOGGED_OUT)
    assert bad.code == 1
    assert "POSTGRES_PORT" in bad.err


def test_an_unwritable_data_folder_is_named_before_anything_is_tried(empty: Place, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = empty.mtw("run", DATA_DIR=str(blocked / "data"))
    assert result.code == 1
    assert str(blocked / "data") in result.err
    assert "DATA_DIR" in result.err


def test_the_embedded_server_starts_answers_and_stops(empty: Place) -> None:
    port = empty.environment["POSTGRES_PORT"]
    assert empty.mtw("db", "status").code == 1
    stopped = empty.mtw("db", "stop")
    assert stopped.code == 0
    assert "no embedded server" in stopped.out
    start = empty.mtw("db", "start")
    assert start.code == 0, start.err
    assert f"localhost:{port}" in start.out
    status = empty.mtw("db", "status")
    assert status.code == 0
    assert "the embedded server of" in status.out
    assert f"psql -h localhost -p {port} -U medical_user medical_warehouse" in status.out
    before = empty.mtw("status")
    assert before.code == 0
    assert "no run yet: `mtw run`" in before.out
    assert empty.mtw("db", "stop").out.strip() == "stopped"
    assert empty.mtw("db", "status").code == 1


def test_someone_elses_lake_is_run_from_where_it_lies_and_remembered(
    empty: Place, place: Place, run: Result, tmp_path: Path
) -> None:
    lake = tmp_path / "scraped"
    shutil.copytree(place.data / "raw" / "telegram_messages", lake / "telegram_messages")
    before = {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()}
    first = empty.mtw("scrape", "--source", "lake", "--lake", str(lake))
    assert first.code == 0, first.err
    assert "connected now" in first.out
    assert "connected already" in empty.mtw("scrape", "--lake", str(lake)).out
    load = empty.mtw("load", "messages")
    assert re.search(r"load_raw_to_postgres +1\d\d new messages", load.out), load.text
    assert {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()} == before
