"""`mtw alerts`: a test message, one look, and what is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.cli.console import command_settings, console, errors, friendly_errors
from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.settings import Settings

if TYPE_CHECKING:
    from medical_telegram_warehouse.alerts.book import OpenProblem
    from medical_telegram_warehouse.alerts.look import LookReport

alerts = typer.Typer(
    name="alerts",
    help="Who is told when something is wrong: a test message, a look, and what is open. docs/alerts.md explains it.",
    no_args_is_help=True,
)
_NOBODY = (
    "ALERT_URLS is empty, so nobody is told: set it in .env or the environment, for example to "
    "mailtos://USER:PASSWORD@smtp.example.org/?from=alerts@example.org&to=you@example.org "
    "(docs/alerts.md has Slack, Telegram and more)"
)


@alerts.command("test")
def test() -> None:
    """Send a test message to each of ALERT_URLS, and say of each whether it has arrived.

    Exit code 1 when one has not, or when there is none.
    """
    with friendly_errors():
        settings = command_settings()
        if not settings.alert_urls:
            raise SettingsError(_NOBODY)
        from medical_telegram_warehouse.alerts.delivery import destinations_of
        from medical_telegram_warehouse.alerts.look import test_message

        message = test_message(settings, datetime.now(UTC))
        reasons = {destination.name: destination.send(message) for destination in destinations_of(settings.alert_urls)}
        _print_sendings(reasons)
        if any(reason is not None for reason in reasons.values()):
            raise typer.Exit(1)


@alerts.command()
def check() -> None:
    """Look at everything now, and tell what is new: what Dagster's sensor does each minute while its daemon runs.

    For cron or a timer, so that somebody is told even if Dagster is dead. Exit code 0 when nothing is wrong or only
    warnings are open, 1 when an error is open or a message could not be sent.
    """
    with friendly_errors():
        settings = command_settings()
        report = _look(settings)
        _print_problems(report.open_problems, settings)
        _print_sendings(report.sendings)
        if not settings.alert_urls:
            errors.print(escape(_NOBODY), soft_wrap=True)
        is_wrong = any(problem.severity == "error" for problem in report.open_problems)
        if is_wrong or any(reason is not None for reason in report.sendings.values()):
            raise typer.Exit(1)


@alerts.command("list")
def list_() -> None:
    """Show what was wrong at the last look, since when, and when somebody was last told."""
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.alerts.book import open_book
        from medical_telegram_warehouse.alerts.book_file import book_path

        with open_book(book_path(settings.dagster_home, settings.data_dir)) as book:
            _print_problems(book.open_problems(), settings)
            if unsent := book.outbox.unsent():
                console.print(f"not sent yet, because a destination could not be reached: {unsent}")


def _look(settings: Settings) -> LookReport:
    """With what Dagster knows, where it can be asked: its history, or the dbt project, may be what is broken."""
    from medical_telegram_warehouse.alerts.facts import OrchestratorFacts
    from medical_telegram_warehouse.alerts.look import look

    try:
        from medical_telegram_warehouse.orchestration import alerting
        from medical_telegram_warehouse.orchestration.definitions import build_definitions
        from medical_telegram_warehouse.orchestration.instance import open_instance

        definitions = build_definitions(settings)
        with open_instance(settings.dagster_home) as instance:
            facts = alerting.collect_with(settings, instance, definitions)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with Dagster, the rest is looked at
        facts = OrchestratorFacts(error=f"{type(error).__name__}: {error}")
    return look(settings, facts)


def _print_sendings(reasons: dict[str, str | None]) -> None:
    for name, reason in reasons.items():
        verdict = "[green]sent[/]" if reason is None else f"[red]failed[/]: {escape(reason)}"
        console.print(f"{escape(name)}  {verdict}", soft_wrap=True)


def _print_problems(problems: list[OpenProblem], settings: Settings) -> None:
    if not problems:
        console.print("nothing is wrong")
        return
    from medical_telegram_warehouse.alerts import text

    zone = ZoneInfo(settings.report_timezone)
    table = Table("severity", "what", "since", "last told", box=None, header_style="bold", pad_edge=False)
    for problem in problems:
        told = text.moment(problem.told_at, zone) if problem.told_at else "not yet"
        style = "red" if problem.severity == "error" else "yellow"
        severity = f"[{style}]{problem.severity}[/]"
        table.add_row(severity, escape(problem.title), text.moment(problem.since, zone), told)
    console.print(table)
