"""What `mtw` says of itself, and how little it takes to say it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MTW = Path(sys.executable).with_name("mtw")
PLAIN = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}


def mtw(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(MTW), *arguments], capture_output=True, text=True, env=PLAIN, timeout=120, check=False)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", ["run", "scrape", "load", "transform", "detect", "dev", "db", "status", "doctor", ".env.example"]),
        ("run", ["whole pipeline", "--source", "--lake", "--messages", "exit code 1", "Examples"]),
        ("scrape", ["Step 1", "--source", "--lake"]),
        ("load", ["Steps 2 and 5", "messages", "detections", "rejected_records"]),
        ("transform", ["Steps 3 and 6", "dbt", "messages", "photos"]),
        ("detect", ["Step 4", "--fetch-weights", "yolo_detections.csv"]),
        ("dev", ["--port", "3000", "mtw db stop"]),
        ("db", ["start", "stop", "status", "POSTGRES_PORT"]),
        ("db start", ["embedded server"]),
        ("db stop", ["a server of your own is left alone"]),
        ("db status", ["how to connect"]),
        ("status", ["last runs"]),
        ("doctor", ["how to mend", "Exit code 1"]),
    ],
)
def test_the_help_of_every_command_explains_it(command: str, says: list[str]) -> None:
    result = mtw(*command.split(), "--help")
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.replace("│", " ").split())
    assert [word for word in says if word not in text] == []


def test_an_unknown_command_and_an_unknown_source_are_answered_with_what_there_is() -> None:
    unknown = mtw("runn")
    assert unknown.returncode == 2
    assert "runn" in unknown.stderr
    source = mtw("run", "--source", "carrier-pigeon")
    assert source.returncode == 2
    assert "sample" in source.stderr
    assert "lake" in source.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["doctor", "--help"]])
def test_help_imports_nothing_that_takes_long(arguments: list[str]) -> None:
    """Dagster and dbt take seconds to import; a person who asks for help should not wait for them."""
    code = (
        "import sys\n"
        "from medical_telegram_warehouse.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "slow = {'dagster', 'dagster_dbt', 'dbt', 'numpy', 'onnxruntime', 'psycopg', 'PIL'} & set(sys.modules)\n"
        "print('slow:', sorted(slow), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=PLAIN, timeout=120, check=True
    )
    assert "Usage" in result.stdout
    assert result.stderr.strip().endswith("slow: []")
