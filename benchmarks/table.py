"""One figure and the table of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Measurement(NamedTuple):
    """A figure, its ratio to the baseline of the same run, and what the ratio shall be."""

    name: str
    value: str
    ratio: float | None = None
    limit: str = ""
    is_met: bool | None = None
    """None where there is no limit."""


def print_table(title: str, measurements: Iterable[Measurement]) -> bool:
    """Print the figures; returns whether every limit is met."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for header, justify in (
        ("what", "left"),
        ("measured", "right"),
        ("ratio", "right"),
        ("limit", "left"),
        ("", "left"),
    ):
        table.add_column(header, justify="right" if justify == "right" else "left", header_style="dim")
    all_met = True
    for name, value, ratio, limit, is_met in measurements:
        mark = "" if is_met is None else "[green]met[/]" if is_met else "[bold red]MISSED[/]"
        table.add_row(name, value, "" if ratio is None else f"{ratio:.3f}", limit, mark)
        all_met = all_met and is_met is not False
    console = Console(width=120)
    console.print(table)
    console.print()
    return all_met
