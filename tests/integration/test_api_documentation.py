"""What docs/api.md shows works: its commands, its client, its table of paths."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl -s")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_each_curl_command_gets_an_answer(api: httpx.Client, service: str, command: str, tmp_path: Path) -> None:
    shell = ["/bin/sh", "-c", command.replace(ADDRESS, service)]
    result = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)
    if "-o " in command:
        assert (tmp_path / "products.csv").read_bytes().startswith(b"\xef\xbb\xbfproduct_key,")
    else:
        content = json.loads(result.stdout)
        assert "error" not in content, content
        assert content["warehouse"]["version"] > 0
        assert all(value != [] for name, value in content.items() if name in ("products", "price_changes", "activity"))


def test_there_are_commands_to_try() -> None:
    assert len(COMMANDS) >= 7


def test_the_python_client_runs_and_is_typed(api: httpx.Client, service: str, tmp_path: Path) -> None:
    [client] = blocks("python")
    program = tmp_path / "client.py"
    program.write_text(client, encoding="utf-8")
    typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(program)]
    checked = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    environment = {**os.environ, "WAREHOUSE_URL": service}
    ran = subprocess.run([sys.executable, str(program)], env=environment, capture_output=True, text=True, check=True)
    rises = api.get("/api/price-changes", params={"direction": "up", "min_change": 0.1, "limit": 1000}).json()
    assert len(ran.stdout.splitlines()) == len(rises["price_changes"]) > 0


def test_the_page_names_every_path(api: httpx.Client) -> None:
    named = re.findall(r"`(/[^`?]*)", PAGE)
    for path in api.get("/openapi.json").json()["paths"]:
        short = path.replace("{channel_name}", "{name}")
        below = f"/{short.rsplit('/', 1)[-1]}"
        assert short in named or below in named or short.rsplit("/", 1)[0] in named, path
