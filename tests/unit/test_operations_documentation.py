"""docs/operations.md names services, units, files and commands that exist, and quotes messages as they are."""

from __future__ import annotations

import ast
import re
import shlex
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml

from command_lines import parse_command
from factories import PROJECT

DOCUMENT = (PROJECT / "docs" / "operations.md").read_text("utf-8")
SERVICES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text("utf-8"))["services"]
UNITS = {unit.stem for unit in (PROJECT / "deploy" / "systemd").iterdir()}
OURS, _, DAGSTERS = DOCUMENT.partition("\n## When something fails\n")[2].partition("Dagster's own messages:")
# Where Dagster's messages stand; reading all of it would take seconds.
DAGSTER_FILES = ("_grpc/client.py", "_daemon/cli/__init__.py", "_daemon/monitoring/run_monitoring.py")


def messages(section: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def templates() -> list[str]:
    """Every text of the source, with … where a value stands."""
    found = []
    for file in (PROJECT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


@pytest.fixture(scope="module")
def source() -> str:
    return "\0".join(templates())


@pytest.mark.parametrize("message", messages(OURS))
def test_each_quoted_message_is_one_that_we_print(message: str, source: str) -> None:
    parts = [re.escape(part) for part in message.split("…")]
    assert re.search("[^\0]*".join(parts), source)


@pytest.mark.parametrize("message", messages(DAGSTERS))
def test_each_message_of_dagsters_is_one_that_it_prints(message: str) -> None:
    folder = Path(str(distribution("dagster").locate_file("dagster")))
    assert any(message in (folder / name).read_text("utf-8") for name in DAGSTER_FILES)


def test_many_messages_are_explained() -> None:
    assert len(messages(OURS)) > 20
    assert len(messages(DAGSTERS)) > 2


def words() -> list[str]:
    """Every shown line of a shell, and every command within the text."""
    lines = [line.partition(" #")[0] for block in _blocks("sh") for line in block.replace("\\\n", "").splitlines()]
    text = re.sub(r"^```.*?^```", "", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    return [*lines, *(" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text))]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Those of ours, without what says where they run."""
    found = [
        match[1].strip()
        for line in words()
        for part in re.split(r"&&|\|", line)
        if (match := re.search(r"(?:^|bin/|code-location |prepare |api )(mtw(?: [a-z].*)?)$", part.strip()))
    ]
    return sorted({command for command in found if " " in command})


@pytest.mark.parametrize("command", commands())
def test_each_command_of_ours_exists_with_the_options_that_are_shown(command: str) -> None:
    parse_command(shlex.split(command))


def test_commands_of_ours_are_found_in_the_document() -> None:
    assert {"mtw db backup", "mtw doctor", "mtw api-key prometheus", "mtw login --again"} <= set(commands())


def test_each_service_that_docker_compose_is_asked_for_exists() -> None:
    pattern = (
        r"docker-compose (?:--profile \w+ )?(?:exec|run|stop|up|pull|logs)((?: -{1,2}[\w-]+)*)((?: [a-z][a-z-]+)*)"
    )
    named = {
        name
        for _, names in re.findall(pattern, "\n".join(words()))
        for name in names.split()[:1]  # what follows the first of `run` and `exec` is the command
    }
    assert {"postgres", "code-location", "api", "prepare", "prometheus"} <= named
    assert named <= set(SERVICES)


def test_each_unit_is_one_of_ours() -> None:
    named = set(re.findall(r"\bmtw-[a-z]+(?:-[a-z]+)*", DOCUMENT))
    assert named == UNITS - {"mtw"}
    assert "mtw.target" in DOCUMENT


def test_the_mounts_that_are_shown_are_of_services_that_exist() -> None:
    [shown] = (yaml.safe_load(block) for block in _blocks("yaml"))
    assert set(shown["services"]) <= set(SERVICES)


def test_each_file_of_the_project_exists() -> None:
    for path in re.findall(r"\bdeploy/[\w./*-]+", DOCUMENT):
        if path != "deploy/secrets/metrics_api_key":
            assert list(PROJECT.glob(path.rstrip("."))), path
    for link in re.findall(r"\]\(([^)#:]+)\)", DOCUMENT):
        assert (PROJECT / "docs" / link).exists(), link
