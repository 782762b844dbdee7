"""What holds for the whole repository, and would quietly stop holding if nobody looked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from medical_telegram_warehouse.cli.app import app
from medical_telegram_warehouse.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
# Where a developer's machine would show itself.
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|root)/|/(?:home|Users)/[a-z]\w+/")


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run([git, "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout
    files = [PROJECT / name for name in listing.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def documentation() -> str:
    return "\n".join(path.read_text("utf-8") for path in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])


def commands(command: Any, name: str) -> list[str]:
    """`mtw run`, `mtw db start`, …"""
    children = getattr(command, "commands", None)
    if children is None:
        return [name]
    return [each for child, value in children.items() for each in commands(value, f"{name} {child}")]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_example_below_a_comment(name: str) -> None:
    lines = (PROJECT / ".env.example").read_text("utf-8").splitlines()
    [number] = [number for number, line in enumerate(lines) if re.match(rf"#?\s*{name.upper()}=", line)]
    block = []
    for line in reversed(lines[:number]):
        if not line.strip():
            break
        block.append(line)
    assert any(line.startswith("# ") for line in block), f"no comment stands above {name.upper()}"


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    lines = (PROJECT / ".env.example").read_text("utf-8").splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#?\s*([A-Z][A-Z0-9_]+)=", line))}
    assert named <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert re.search(rf"\b{name.upper()}\b", documentation())


@pytest.mark.parametrize("command", commands(typer.main.get_command(app), "mtw"))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"\b{command}\b", documentation())


def test_no_module_is_too_long_to_read() -> None:
    modules = [path for path in tracked_files() if path.suffix == ".py" and PROJECT / "tests" not in path.parents]
    lengths = {path.relative_to(PROJECT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in modules}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_file_tells_where_its_author_worked() -> None:
    found = {
        f"{path.relative_to(PROJECT)}: {match[0].decode()}"
        for path in tracked_files()
        if path.suffix not in (".jpg", ".png") and path != Path(__file__)
        for match in MACHINE_PATH.finditer(path.read_bytes())
    }
    assert found == set()
