"""What commands print of names from outside."""

from __future__ import annotations

import pytest
import typer
from rich.table import Table

from medical_telegram_warehouse.cli.console import console, friendly_errors
from medical_telegram_warehouse.errors import WarehouseError

HOSTILE = "shop\x1b]0;title\x07\x1b[2J"


def test_control_characters_are_printed_as_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("channel")
    table.add_row(HOSTILE)
    console.print(HOSTILE, "[bold]bold[/]")
    console.print(table)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert printed.startswith("shop␛]0;title")
    assert printed.count("␛[2J") == 2


def test_an_error_shows_them_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), friendly_errors():
        raise WarehouseError(f"cannot read {HOSTILE}\nand one line more")
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: cannot read shop␛]0;title")
    assert second == "and one line more"
