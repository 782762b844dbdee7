"""Commands for whoever keeps the warehouse: reading a stretch of time once more, and upkeep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.settings import Settings, SourceName


def backfill(
    first_day: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day (of REPORT_TIMEZONE).")
    ],
    last_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; else today.", show_default=False),
    ] = None,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Only this channel; may be repeated. Else all.")
    ] = None,
    source: Annotated[
        SourceName | None, typer.Option("--source", help="Else TELEGRAM_SOURCE.", show_default=False)
    ] = None,
) -> None:
    """Read the messages of some days once more, also from before the first scrape, and do everything after that.

    For a channel that was added late, days that a failure left out, or counters that shall be as they are now. What
    is already there is not stored again. Messages newer than the last scrape come with the next `mtw run`.

    Example: `mtw backfill --channel CheMed --from 2026-01-01 --to 2026-03-31`
    """
    with friendly_errors():
        settings = command_settings(**({"telegram_source": source.value} if source else {}))
        config: dict[str, Any] = {"backfill_from": f"{first_day:%Y-%m-%d}", "backfill_channels": channel or []}
        if last_day is not None:
            if last_day < first_day:
                raise SettingsError(f"--to {last_day:%Y-%m-%d} is before --from {first_day:%Y-%m-%d}")
            config["backfill_to"] = f"{last_day:%Y-%m-%d}"
        elif first_day.date() > datetime.now(UTC).date():
            raise SettingsError(f"--from {first_day:%Y-%m-%d} is a day to come")
        if source:
            config["source"] = source.value
        prepare_steps(settings)
        from medical_telegram_warehouse.cli.summary import print_summary
        from medical_telegram_warehouse.orchestration.jobs import BACKFILL
        from medical_telegram_warehouse.orchestration.runs import run_job
        from medical_telegram_warehouse.steps import SCRAPE, ensure_data_folder

        ensure_data_folder(settings)
        report = run_job(settings, BACKFILL, {SCRAPE: {"config": config}}, launched_by="backfill")
        print_summary(console, settings, report)
        if not report.is_success:
            raise typer.Exit(1)


def maintenance() -> None:
    """Vacuum the database, and let go of what the settings say is old.

    RAW_HISTORY_DAYS, PREVIEW_DAYS and RUN_HISTORY_DAYS say what that is. Dagster's schedule does the same every week.
    """
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse import upkeep
        from medical_telegram_warehouse.orchestration.exclusive import claim_data_folder
        from medical_telegram_warehouse.orchestration.instance import delete_old_history, open_instance

        claim_data_folder(settings.data_dir)
        for part in (
            upkeep.delete_old_observations,
            upkeep.delete_old_previews,
            upkeep.delete_old_runs,
            upkeep.vacuum,
        ):
            outcome = part(settings)
            console.print(f"[bold]{outcome.part}[/]  {escape(outcome.headline)}", soft_wrap=True)
        with open_instance(settings.dagster_home) as instance:
            console.print(f"[bold]run history[/]  {delete_old_history(instance, settings):,} runs deleted")


def prepare_steps(settings: Settings) -> None:
    """Let another process import what steps need, before and while this one imports Dagster."""
    from medical_telegram_warehouse.orchestration.fork_server import start_fork_server
    from medical_telegram_warehouse.transform.manifest import parse_manifest

    parse_manifest(settings.project_dir)
    start_fork_server()
