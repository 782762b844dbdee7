"""What `mtw run` prints at its end: how each step went, what the warehouse holds, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import psycopg
from psycopg.sql import SQL, Identifier
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from medical_telegram_warehouse.cli.charts import bar, sparkline
from medical_telegram_warehouse.cli.scraping import print_channels
from medical_telegram_warehouse.cli.serve import address_of
from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.orchestration.runs import RunReport
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.steps import DETECT, EXTRACT, LOAD, LOAD_DETECTIONS, SCRAPE

_STATUS = {"success": "[green]success[/]", "failed": "[bold red]failed[/]", "not run": "[yellow]not run[/]"}
_NEW_WORK = (SCRAPE, LOAD, EXTRACT, DETECT, LOAD_DETECTIONS)
_TOP_PRODUCTS = 8


def print_summary(console: Console, settings: Settings, report: RunReport) -> None:
    """Print the summary of one run."""
    try:
        with connect(settings.database) as connection:
            rows = _print_steps(console, connection, report)
            _print_channels(console, connection, report)
            if report.is_success:
                print_warehouse(console, connection)
                _print_end(console, settings, report, sum(rows.get(step, 0) for step in _NEW_WORK))
                return
    except WarehouseError:
        _print_steps(console, None, report)
    _print_failure(console, report)


def _print_steps(console: Console, connection: psycopg.Connection | None, report: RunReport) -> dict[str, int]:
    said: dict[str, tuple[int, str]] = {}
    if connection is not None:
        rows = connection.execute(statement("summary_steps"), {"run_id": report.run_id})
        said = {step: (written, headline) for step, written, headline in rows}
    table = Table(title="Steps", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in ("step", "status", "seconds", "rows", "what it did"):
        table.add_column(name, justify="right" if name in ("seconds", "rows") else "left", header_style="dim")
    for step in report.steps:
        written, text = said.get(step.step, (0, ""))
        text = step.error.splitlines()[0] if step.error else text
        if step.attempts > 1:
            text = f"(attempt {step.attempts}) {text}"
        seconds = f"{step.seconds:.1f}" if step.attempts else ""
        count = f"{written:,}" if step.status == "success" else ""
        table.add_row(step.step, _STATUS[step.status], seconds, count, escape(text))
    console.print()
    console.print(table)
    return {step: written for step, (written, _) in said.items()}


def _print_channels(console: Console, connection: psycopg.Connection, report: RunReport) -> None:
    """What became of each channel that was scraped; the sample's need no report."""
    row = connection.execute(statement("summary_channels_scraped"), {"run_id": report.run_id}).fetchone()
    if row is not None and row[0] is not None:
        print_channels(console, row[0])


def print_warehouse(console: Console, connection: psycopg.Connection) -> None:
    """Print what the warehouse holds."""
    channels = connection.execute(statement("summary_channels")).fetchone() or (0, 0, None, None)
    if channels[1]:
        kind = "All of it is" if channels[1] == channels[0] else f"{channels[1]} of {channels[0]} channels are"
        console.print(f"\n[black on yellow] SAMPLE DATA [/] {kind} invented, to try the product with.")
    console.print(_columns("Warehouse", _tables(connection), ("table", "rows")))
    weeks = connection.execute(statement("summary_weeks")).fetchall()
    if weeks:
        console.print(
            f"\n[bold]Messages a week[/]  {sparkline([count for _, count in weeks])}  "
            f"{weeks[0][0]:%d %b %Y} to {weeks[-1][0]:%d %b %Y}, {channels[0]} channels"
        )
    products = connection.execute(statement("summary_products"), {"limit": _TOP_PRODUCTS}).fetchall()
    top = products[0][2] if products else 0
    offered = [
        (name, f"{offers:,}", f"{distinct:,}", f"{shops:,}", _price_range(lowest, highest), bar(offers, top))
        for name, _, offers, distinct, shops, lowest, highest in products
    ]
    headers = ("product", "offers", "distinct", "channels", "price", "")
    console.print(_columns("Top products", offered, headers, numbers=4))
    images = connection.execute(statement("summary_images")).fetchall()
    top = images[0][1] if images else 0
    lines = [
        (category, f"{by_content:,}", f"{by_objects:,}", bar(by_content, top))
        for category, by_content, by_objects in images
    ]
    kinds = ("category", "with their posts", "by objects alone", "")
    console.print(_columns("Photos by what they show", lines, kinds, numbers=2))
    quality = connection.execute(statement("summary_quality")).fetchall()
    notes = [
        (f"{check}" + (f": {detail}" if detail != "all" else ""), f"{n:,}", text) for check, detail, n, text in quality
    ]
    if notes:
        console.print(_columns("Rejected, repaired or missing", notes, ("what", "count", "meaning")))
    else:
        console.print("\n[bold]Rejected, repaired or missing[/]  nothing")


def _tables(connection: psycopg.Connection) -> list[tuple[str, str]]:
    lines = []
    for schema, table in connection.execute(statement("summary_tables")).fetchall():
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(schema, table))).fetchone()
        lines.append((f"{schema}.{table}", f"{row[0] if row else 0:,}"))
    return lines


def _price_range(lowest: Decimal | None, highest: Decimal | None) -> str:
    if lowest is None or highest is None:
        return "no price"
    # Whole birr without the two zeros that nobody writes.
    low, high = (f"{price:,.{0 if price == int(price) else 2}f}" for price in (lowest, highest))
    return f"{low} ETB" if low == high else f"{low} - {high} ETB"


def _columns(title: str, rows: Sequence[tuple[str, ...]], headers: tuple[str, ...], *, numbers: int = 1) -> Padding:
    """A table whose columns after the first, as many as `numbers` says, are aligned to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="right" if 1 <= number <= numbers else "left", header_style="dim")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return Padding(table, (1, 0, 0, 0))


def _print_end(console: Console, settings: Settings, report: RunReport, new_rows: int) -> None:
    address = settings.database
    done = f"Done in {report.seconds:.0f} s." if new_rows else f"Done in {report.seconds:.0f} s. Nothing was new."
    console.print(f"\n[bold green]{done}[/] Run {report.run_id}\n\n[bold]Next[/]")
    source = settings.telegram_source
    connect_hint = "mtw run --source lake --lake PATH" if source != "lake" else "mtw run"
    for what, command in (
        ("see the run and its assets", "make dev"),
        (
            "ask the tables",
            f"psql -h {address.host} -p {address.port} -U {address.user} {address.database}",
        ),
        ("read your own channels", "docs/connecting-telegram.md"),
        ("load what another scraper collected", connect_hint),
        ("check the set-up", "mtw doctor"),
    ):
        console.print(f"  {what:36} {command}", soft_wrap=True)
    console.print("  (`mtw` is in .venv/bin; activate it with: . .venv/bin/activate)", style="dim")
    console.print(f"\n[bold]Open[/] {address_of(settings)} after [bold]mtw serve[/]: the dashboard, and the HTTP API")


def _print_failure(console: Console, report: RunReport) -> None:
    for step in report.steps:
        if step.error:
            console.print(f"\n[bold red]{step.step} failed[/] after {step.attempts} attempt(s):", soft_wrap=True)
            console.print(escape(step.error), soft_wrap=True)
    console.print(
        f"\nRun {report.run_id}: `make dev` shows its whole log; `mtw doctor` checks the set-up. "
        f"What succeeded is kept, and `mtw run` continues from there.",
        soft_wrap=True,
    )
