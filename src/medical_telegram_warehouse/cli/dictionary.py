"""`mtw dictionary`: writes the page that describes every table and column."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors


def dictionary(
    path: Annotated[
        Path | None,
        typer.Argument(help="Where the page goes; else docs/data-dictionary.md of the project.", show_default=False),
    ] = None,
) -> None:
    """Write the data dictionary, a Markdown page: every table that people read, its grain, columns, types and keys.

    It is made of the descriptions in `warehouse/`, without a database. Run it after a change there; a test compares.
    """
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.transform.dictionary import write_dictionary

        written = write_dictionary(settings.project_dir, path.expanduser() if path else None)
        console.print(
            f"{written.tables} tables with {written.columns} columns described: {written.path}", soft_wrap=True
        )
