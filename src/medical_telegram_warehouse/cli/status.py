"""`mtw status`: the last runs and what the warehouse holds, without starting anything."""

from __future__ import annotations

from textwrap import shorten

import psycopg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.cli.summary import print_warehouse
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import STEPS

_RUNS = 5
_REASON_WIDTH = 80


def print_status(console: Console, settings: Settings) -> None:
    """Print the last runs and the warehouse's contents.

    Raises:
        DatabaseUnavailableError: nothing answers; `mtw db start` starts the embedded server.
    """
    with connect(settings.database) as connection:
        try:
            runs = connection.execute(statement("recent_runs"), {"limit": _RUNS}).fetchall()
        except psycopg.errors.UndefinedTable:
            console.print("nothing has run on this database yet: `mtw run` does")
            return
        if not runs:
            console.print("no run yet: `mtw run` does every step")
        table = Table(title="Last runs", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        for name in ("started (UTC)", "seconds", "steps done", "result", "run"):
            table.add_column(name, header_style="dim")
        for run_id, started_at, finished_at, succeeded, failed_step, error in runs:
            result = "[green]success[/]" if succeeded == len(STEPS) else "[yellow]not finished[/]"
            if failed_step and succeeded < len(STEPS):
                result = f"[red]{failed_step}: {escape(shorten(error or '', _REASON_WIDTH, placeholder=' …'))}[/]"
            seconds = f"{(finished_at - started_at).total_seconds():.0f}"
            table.add_row(f"{started_at:%Y-%m-%d %H:%M:%S}", seconds, f"{succeeded} of {len(STEPS)}", result, run_id)
        if runs:
            console.print(table)
        try:
            print_warehouse(console, connection)
        except psycopg.errors.UndefinedTable:
            console.print("\nthe marts are not built yet: `mtw transform` does")
