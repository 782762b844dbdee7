"""How a scrape looks: a row a channel while it runs, on a terminal, and a table of channels at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from medical_telegram_warehouse.scrape import ChannelReport, ChannelStatus, ScrapeObserver

_MARKS = {
    ChannelStatus.READ: "[green]read[/]",
    ChannelStatus.REPEATED: "[dim]repeated[/]",
    ChannelStatus.PAUSED: "[yellow]paused[/]",
    ChannelStatus.INTERRUPTED: "[bold red]interrupted[/]",
    ChannelStatus.UNREADABLE: "[bold red]unreadable[/]",
}
_COUNTS = {
    "new": "messages",
    "changed": "observed_again",
    "deleted": "deleted",
    "photos": "photos",
    "no photo": "photos_missing",
    "waited s": "seconds_waited",
}


@contextmanager
def scrape_display(console: Console) -> Iterator[ScrapeObserver | None]:
    """Rows that move, on a terminal; elsewhere None, and the scrape logs lines."""
    if not console.is_terminal:
        yield None
        return
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("[bold]{task.description}"),
        TextColumn("{task.fields[counts]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield _Rows(progress)


class _Rows:
    """A row a channel."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rows: dict[str, TaskID] = {}

    def changed(self, channel: ChannelReport) -> None:
        """Show what was brought so far."""
        self._progress.update(self._row(channel), description=escape(channel.name), counts=channel.counts)

    def finished(self, channel: ChannelReport) -> None:
        """Show what became of it."""
        counts = f"{_MARKS[channel.status]}  {channel.counts}"
        self._progress.update(self._row(channel), description=escape(channel.name), counts=counts, total=1, completed=1)

    def _row(self, channel: ChannelReport) -> TaskID:
        if channel.reference not in self._rows:
            self._rows[channel.reference] = self._progress.add_task(escape(channel.name), total=None, counts="")
        return self._rows[channel.reference]


def print_channels(console: Console, channels: Sequence[dict[str, Any]]) -> None:
    """Print the table of channels, and why some were not read to their end.

    Args:
        console: where to.
        channels: `ChannelReport`s as dictionaries, as a step's details hold them.
    """
    table = Table(title="Channels", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("channel", header_style="dim")
    table.add_column("status", header_style="dim")
    for header in _COUNTS:
        table.add_column(header, justify="right", header_style="dim")
    for channel in channels:
        counts = (f"{channel[name]:,.0f}" if channel[name] else "" for name in _COUNTS.values())
        table.add_row(escape(channel["channel_name"] or channel["reference"]), _MARKS[channel["status"]], *counts)
    console.print(Padding(table, (1, 0, 0, 0)))
    for channel in channels:
        if channel["reason"]:
            console.print(f"  {escape(channel['reference'])}: {escape(channel['reason'])}", soft_wrap=True)
