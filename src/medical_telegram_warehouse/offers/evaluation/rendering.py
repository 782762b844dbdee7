"""The report of an evaluation on a console (or as plain text, where that is no terminal), and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as ConsoleTable
from rich.text import Text

from medical_telegram_warehouse.offers.evaluation.comparison import Evaluation
from medical_telegram_warehouse.offers.evaluation.report import Section, Table, sections_of

_TITLE = "Evaluation of offers"
_MARKS = re.compile(r"([\\`*_\[\]<>|#~])")
_WHITE_SPACE = re.compile(r"\s+")


def printable(evaluation: Evaluation, note: str = "") -> RenderableType:
    """What `Console.print` prints; see `sections_of` for the note."""
    return Group(*(each for section in sections_of(evaluation, note) for each in _on_console(section)))


def markdown(evaluation: Evaluation, note: str = "") -> str:
    """The text of a Markdown file; see `sections_of` for the note."""
    parts = [f"# {_TITLE}"]
    for section in sections_of(evaluation, note):
        parts.append(f"## {_escaped(section.heading)}")
        parts += map(_escaped, section.paragraphs)
        parts += map(_markdown_table, section.tables)
    return "\n\n".join(parts) + "\n"


def _on_console(section: Section) -> Iterator[RenderableType]:
    # Text objects, since names of products may hold what rich takes for markup or emoji.
    yield Text(section.heading, style="bold")
    for paragraph in section.paragraphs:
        yield Text(paragraph)
    for table in section.tables:
        yield Padding(_console_table(table), (0, 0, 1, 0))


def _console_table(table: Table) -> ConsoleTable:
    shown = ConsoleTable(box=None, padding=(0, 2, 0, 0))
    for place, name in enumerate(table.header):
        words = place < table.text_columns
        shown.add_column(
            Text(name), justify="left" if words else "right", header_style="dim", overflow="fold" if words else "ignore"
        )
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    return shown


def _markdown_table(table: Table) -> str:
    rule = ["---" if place < table.text_columns else "--:" for place in range(len(table.header))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (_cells(table.header), rule, *map(_cells, table.rows)))


def _cells(row: tuple[str, ...]) -> list[str]:
    return [_escaped(cell) for cell in row]


def _escaped(text: str) -> str:
    """On one line, and as it is: posts write with stars and pipes too."""
    return _MARKS.sub(r"\\\1", _WHITE_SPACE.sub(" ", text).strip())
