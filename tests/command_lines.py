"""Commands that files and documents name, read as their programs would read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import click
import typer.main

from factories import PROJECT
from medical_telegram_warehouse.cli.app import app


@cache
def _program(name: str) -> Any:
    """A program of ours or of Dagster's. Each has a command class of its own: typer brings its own click."""
    match name:
        case "mtw":
            return typer.main.get_command(app)
        case "dagster":
            from dagster._cli import cli

            return cli
        case "dagster-daemon":
            from dagster._daemon.cli import cli as daemon

            return daemon
        case "dagster-webserver":
            from dagster_webserver.cli import dagster_webserver

            return dagster_webserver
    raise AssertionError(f"{name} is no program that is known here")


def parse_command(words: list[str]) -> None:
    """Fail where there is no such command, or not with these options. Nothing is run."""
    name, rest = Path(words[0]).name, words[1:]
    if name == "python":
        assert (PROJECT / rest[0]).is_file(), words
        return
    command = _program(name)
    context = click.Context(command, info_name=name)
    while hasattr(command, "resolve_command"):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None, words
        command = found
    with command.make_context(command.name, list(rest)):
        pass
