"""`mtw detect`: scan the photos, judge the detector, and look at what it saw."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.cli.evaluation import evaluate
from medical_telegram_warehouse.cli.previews import previews, sheet

detect = typer.Typer(
    name="detect",
    help="Step 4: detect objects on every photo that was not scanned yet.\n\n"
    "Writes data/processed/yolo_detections.csv. Each content is scanned once, however often it was posted. What was "
    "scanned with another model, runtime or threshold stays as it is until `--rescan`; the summary counts it.\n\n"
    "Examples: `mtw detect`, `mtw detect sheet CheMed`, `mtw detect evaluate labels.jsonl --lake ~/labelled`",
    invoke_without_command=True,
)
detect.command()(evaluate)
detect.command()(sheet)
detect.command()(previews)


@detect.callback()
def scan(
    context: typer.Context,
    fetch_weights: Annotated[
        bool, typer.Option("--fetch-weights", help="Only fetch the weights that YOLO_MODEL names, and stop.")
    ] = False,
    rescan: Annotated[
        bool, typer.Option("--rescan", help="Also scan what was scanned with another model, runtime or threshold.")
    ] = False,
) -> None:
    """Scan, unless a command follows."""
    if context.invoked_subcommand is not None:
        return
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse import steps

        if fetch_weights:
            console.print(f"weights ready: {steps.model_of(settings).path}")
            return
        steps.ensure_data_folder(settings)
        outcome = steps.detect_step(settings, rescan=rescan)
        console.print(f"[bold]{outcome.step}[/]  {escape(outcome.headline)}", soft_wrap=True)
