"""The commands of `mtw`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.alerts import alerts
from medical_telegram_warehouse.cli.console import command_settings, console, errors, friendly_errors
from medical_telegram_warehouse.cli.database import db
from medical_telegram_warehouse.cli.detect import detect
from medical_telegram_warehouse.cli.dictionary import dictionary
from medical_telegram_warehouse.cli.models import models
from medical_telegram_warehouse.cli.offers import offers
from medical_telegram_warehouse.cli.operations import backfill, maintenance, prepare_steps
from medical_telegram_warehouse.cli.serve import api_key, serve, serve_beside
from medical_telegram_warehouse.settings import Settings, SourceName

if TYPE_CHECKING:  # importing the steps takes half a second
    from medical_telegram_warehouse.steps import StepOutcome

app = typer.Typer(
    name="mtw",
    help="Turns public Telegram shop channels into a tested PostgreSQL warehouse.\n\n"
    "`mtw run` does everything; the other commands do one step, look at what there is, or mend it. "
    "Settings come from the environment and .env (see .env.example).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(alerts)
app.add_typer(db)
app.add_typer(detect)
app.add_typer(models)
app.add_typer(offers)


class LoadPart(StrEnum):
    """What `mtw load` loads."""

    ALL = "all"
    MESSAGES = "messages"
    DETECTIONS = "detections"


class TransformPart(StrEnum):
    """What `mtw transform` builds."""

    ALL = "all"
    MESSAGES = "messages"
    PHOTOS = "photos"


SourceOption = Annotated[
    SourceName | None,
    typer.Option("--source", help="Where messages come from; else TELEGRAM_SOURCE.", show_default=False),
]
LakeOption = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        help="For `--source lake`: the folder that holds telegram_messages/ and images/, or its parent. "
        "It is read where it lies, and remembered.",
        show_default=False,
    ),
]
MessagesOption = Annotated[
    int | None,
    typer.Option("--messages", min=1, help="For `--source sample`: about how many messages.", show_default=False),
]


@app.command()
def run(source: SourceOption = None, lake: LakeOption = None, messages: MessagesOption = None) -> None:
    """Run the whole pipeline: scrape, load, read offers, transform, detect, load detections, join them.

    The run is kept in Dagster's history (`mtw dev` shows it). Running it again does only what is new. Ends with a
    summary, and with exit code 1 when a step failed.

    Examples: `mtw run`, `mtw run --source web`, `mtw run --source lake --lake ~/scraped`
    """
    settings = _settings(telegram_source=source, source_lake=lake, sample_messages=messages)
    with friendly_errors():
        prepare_steps(settings)
        from medical_telegram_warehouse.cli.summary import print_summary
        from medical_telegram_warehouse.orchestration.runs import run_job
        from medical_telegram_warehouse.steps import SCRAPE, ensure_data_folder

        ensure_data_folder(settings)
        report = run_job(
            settings,
            ops={SCRAPE: {"config": _scrape_config(settings, source=source, lake=lake, sample_messages=messages)}},
        )
        print_summary(console, settings, report)
        if not report.is_success:
            raise typer.Exit(1)


@app.command()
def login(
    again: Annotated[bool, typer.Option("--again", help="Log in although somebody is logged in already.")] = False,
    print_session: Annotated[
        bool,
        typer.Option("--print", help="Print the session for TELEGRAM_SESSION, rather than keep it in a file."),
    ] = False,
) -> None:
    """Log in to Telegram once, with a user account; runs then never ask for anything.

    Needs TELEGRAM_API_ID and TELEGRAM_API_HASH (from my.telegram.org). Asks for the phone number, the code that
    Telegram sends and the two-step password, or takes them from TELEGRAM_PHONE, TELEGRAM_CODE and TELEGRAM_PASSWORD.
    docs/connecting-telegram.md leads through it.
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.login import print_login

        print_login(console, errors, settings, again=again, print_session=print_session)


@app.command()
def scrape(source: SourceOption = None, lake: LakeOption = None, messages: MessagesOption = None) -> None:
    """Step 1: bring what is new from the source into the lake, data/raw.

    `telegram` reads the channels of TELEGRAM_CHANNELS with the account of `mtw login`; `web` reads their public
    preview without an account. Ends with a table of channels; one that cannot be read does not stop the others. With
    `--source lake`, remember someone else's lake instead: every later step reads it too.
    """
    settings = _settings(telegram_source=source, source_lake=lake, sample_messages=messages)
    with friendly_errors():
        from medical_telegram_warehouse.cli.scraping import print_channels, scrape_display
        from medical_telegram_warehouse.steps import ensure_data_folder, scrape_step

        ensure_data_folder(settings)
        with scrape_display(errors) as observer:
            outcome = scrape_step(settings, observer)
        _print_outcome(outcome.step, outcome.headline)
        print_channels(console, outcome.details.get("channels", []))


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="Telegram Desktop's result.json, or the folder that holds it.")],
    chat: Annotated[
        list[str] | None,
        typer.Option("--chat", help="Of a whole account's export: only this chat (name or id). May be repeated."),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="The channel's name in the lake, such as its user name; else the chat's title."),
    ] = None,
) -> None:
    """Bring an export of Telegram Desktop (JSON) into the lake: messages and photos, without an account.

    In Telegram Desktop: the chat's menu, Export chat history, format JSON. Importing the same export again changes
    nothing, and a later export adds what is new. `mtw run` then loads it. Exports know no views and no forwards.

    Example: `mtw import ~/Downloads/Telegram/ChatExport_2026-01-01 --channel CheMed`
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.scraping import print_channels, scrape_display
        from medical_telegram_warehouse.sources.desktop_export import DesktopExportSource
        from medical_telegram_warehouse.steps import ensure_data_folder, scrape_source

        ensure_data_folder(settings)
        export = DesktopExportSource(path.expanduser().resolve(), chats=tuple(chat or ()), channel_name=channel)
        with scrape_display(errors) as observer:
            outcome = scrape_source(settings, export, observer)
        _print_outcome("import", outcome.headline)
        print_channels(console, outcome.details["channels"])
        for what, count in sorted(export.skipped.items()):
            console.print(f"  {what.replace('_', ' ')}: {count:,} left out")


@app.command()
def load(
    what: Annotated[LoadPart, typer.Argument(help="Messages of the lakes, detections of photos, or both.")] = (
        LoadPart.ALL
    ),
) -> None:
    """Steps 2 and 5: load the lakes' messages and the photos' detections into the schema `raw`, and read the offers.

    Only what is new is read. Records that cannot be used go to raw.rejected_records, with the reason.
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse import steps

        names: list[str] = []
        if what is not LoadPart.DETECTIONS:
            names.extend((steps.LOAD, steps.EXTRACT))
        has_detections = (settings.processed_dir / steps.DETECTIONS_FILE).exists()
        if what is LoadPart.DETECTIONS or (what is LoadPart.ALL and has_detections):
            names.append(steps.LOAD_DETECTIONS)
        _run_steps(settings, {name: steps.STEP_FUNCTIONS[name] for name in names})
        if what is LoadPart.ALL and not has_detections:
            console.print("no detections to load yet: `mtw detect` makes them")


@app.command()
def transform(
    part: Annotated[TransformPart, typer.Argument(help="What messages tell, what photos tell, or both.")] = (
        TransformPart.ALL
    ),
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build every table anew.")] = False,
) -> None:
    """Steps 3 and 6: build the schemas `staging` and `marts` with dbt, and test them.

    Only what changed is built, unless the models, macros or REPORT_TIMEZONE are not those of the last build.
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse import steps

        names = {
            TransformPart.MESSAGES: [steps.TRANSFORM],
            TransformPart.PHOTOS: [steps.TRANSFORM_PHOTOS],
            TransformPart.ALL: [steps.TRANSFORM, steps.TRANSFORM_PHOTOS],
        }
        functions = {
            steps.TRANSFORM: partial(steps.transform_step, is_whole=full_refresh),
            steps.TRANSFORM_PHOTOS: partial(steps.transform_photos_step, is_whole=full_refresh),
        }
        _run_steps(settings, {name: functions[name] for name in names[part]})


@app.command()
def status() -> None:
    """Show the last runs, and what the warehouse holds."""
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.cli.status import print_status

        print_status(console, settings)


@app.command()
def doctor() -> None:
    """Check settings, folders, database, dbt project, weights and credentials; say how to mend what is wrong.

    Exit code 1 when something must be mended before `mtw run` can work.
    """
    from medical_telegram_warehouse.cli.doctor import examine, print_findings

    findings = examine()
    print_findings(console, findings)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Dagster's UI, on 127.0.0.1.")] = 3000,
) -> None:
    """Open Dagster's UI on the instance and the database that `mtw run` uses, with the daily schedule on.

    The dashboard and the API run beside it, as `mtw serve` alone runs them. All end with Ctrl-C; the database stays up
    (`mtw db stop` ends it).
    """
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.orchestration.instance import open_instance
        from medical_telegram_warehouse.steps import open_database

        with open_database(settings), open_instance(settings.dagster_home):
            pass
        console.print(f"Dagster's UI: [bold]http://127.0.0.1:{port}[/]   (Ctrl-C ends it)")
        serve_beside(settings)
        command = [sys.executable, "-m", "dagster", "dev", "-f", "dagster_defs.py", "-h", "127.0.0.1", "-p", str(port)]
        sys.stdout.flush()
        os.chdir(settings.project_dir)
        # In place of this process: whoever ends it then ends Dagster, too.
        os.execve(sys.executable, command, {**os.environ, "DAGSTER_HOME": str(settings.dagster_home)})  # noqa: S606


app.command()(backfill)
app.command()(maintenance)
app.command()(dictionary)
app.command()(serve)
app.command()(api_key)


def _settings(**overrides: Any) -> Settings:
    given = {name: str(value) for name, value in overrides.items() if value is not None}
    if "source_lake" in given:
        given["source_lake"] = str(Path(given["source_lake"]).expanduser().resolve())
        given.setdefault("telegram_source", "lake")
    with friendly_errors():
        return command_settings(**given)


def _scrape_config(settings: Settings, **chosen: Any) -> dict[str, Any]:
    """What this command line says otherwise than the settings; steps read those by themselves."""
    config = {name: value for name, value in chosen.items() if value is not None}
    if "lake" in config:
        config |= {"lake": str(settings.source_lake), "source": settings.telegram_source.value}
    elif "source" in config:
        config["source"] = settings.telegram_source.value
    return config


def _run_steps(settings: Settings, functions: Mapping[str, Callable[[Settings], StepOutcome]]) -> None:
    from medical_telegram_warehouse.steps import ensure_data_folder

    ensure_data_folder(settings)
    for name, function in functions.items():
        outcome = function(settings)
        _print_outcome(name, outcome.headline)


def _print_outcome(name: str, headline: str) -> None:
    console.print(f"[bold]{name}[/]  {escape(headline)}", soft_wrap=True)


def main() -> None:
    """Run the command line."""
    app()
