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
from medical_telegram_warehouse.steps import PIPELINE_JOB

_RUNS = 5
_RESULTS = {
    "started": "[yellow]running, or killed[/]",
    "success": "[green]success[/]",
    "failed": "[red]failed[/]",
    "canceled": "[yellow]canceled[/]",
    "killed": "[red]killed[/]",
}
# Most runs are of this one, whose name is long.
_SHORT_JOBS = {PIPELINE_JOB: "pipeline"}
_REASON_WIDTH = 140


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
        for name in ("started (UTC)", "seconds", "job", "by", "steps done", "result", "run"):
            table.add_column(name, header_style="dim", no_wrap=name != "result")
        reasons = []
        for run_id, job, launched_by, status, started_at, finished_at, asked, succeeded, retries, error in runs:
            seconds = "" if finished_at is None else f"{(finished_at - started_at).total_seconds():.0f}"
            result = _RESULTS[status] + (f", {retries} tried again" if retries else "")
            begun = f"{started_at:%Y-%m-%d %H:%M:%S}"
            done = f"{succeeded} of {asked}"
            table.add_row(begun, seconds, _SHORT_JOBS.get(job, job), launched_by, done, result, run_id)
            if error and status in ("failed", "killed"):
                reasons.append(f"  {run_id[:8]}  {escape(shorten(error, _REASON_WIDTH, placeholder=' …'))}")
        if runs:
            console.print(table)
        for reason in reasons:
            console.print(reason, soft_wrap=True)
        try:
            print_warehouse(console, connection)
        except psycopg.errors.UndefinedTable:
            console.print("\nthe marts are not built yet: `mtw transform` does")
