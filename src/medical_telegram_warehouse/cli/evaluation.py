"""`mtw detect evaluate`: how well the categories of photos fit labels.

The figures are of what stands in the warehouse. With lakes named, that is a warehouse of its own, made by the same
steps in a temporary folder and thrown away.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.cli.console import command_settings, console, errors, friendly_errors
from medical_telegram_warehouse.settings import Settings, SourceName

if TYPE_CHECKING:
    from medical_telegram_warehouse.vision.evaluation import Evaluation, Predicted


def evaluate(
    labels: Annotated[
        Path, typer.Argument(help='Labelled photos, one JSON object a line: {"channel", "file", "category"}.')
    ],
    lake: Annotated[
        list[Path] | None,
        typer.Option(
            "--lake",
            help="A lake that holds these photos and their messages; may be repeated. Without any: the warehouse.",
        ),
    ] = None,
    mistakes: Annotated[int, typer.Option("--mistakes", min=0, help="How many mistakes to list.")] = 20,
) -> None:
    """Judge image_category and content_category on labelled photos: accuracy, F1, each category, each channel.

    A label is promotional, product_display, lifestyle, other or unreadable. Both accuracies stand beside that of always
    answering the most frequent category, and beside the one with each channel judged by thresholds that were chosen
    on the others.

    Example: `mtw detect evaluate labels.jsonl --lake ~/labelled`
    """
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.vision.evaluation import evaluate as evaluated
        from medical_telegram_warehouse.vision.evaluation import read_labels
        from medical_telegram_warehouse.vision.rules import load_categories

        labelled = read_labels(labels)
        categories = load_categories(settings.yolo_categories)
        with _warehouse(settings, lake or []) as of_photos:
            predicted = _predicted(of_photos, sorted({channel for channel, _ in labelled}))
        for evaluation in evaluated(labelled, predicted, categories):
            _print(evaluation, mistakes)


@contextmanager
def _warehouse(settings: Settings, lakes: list[Path]) -> Iterator[Settings]:
    """The settings of the warehouse to judge."""
    if not lakes:
        yield settings
        return
    from medical_telegram_warehouse import steps
    from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

    with tempfile.TemporaryDirectory(prefix="mtw-evaluation-") as folder:
        data = Path(folder) / "data"
        own = {"data_dir": data, "lake_dir": data / "raw", "postgres_host": "localhost", "postgres_port": _free_port()}
        temporary = settings.model_copy(update=own | {"telegram_source": SourceName.LAKE, "yolo_previews": False})
        try:
            for path in lakes:
                steps.scrape_step(temporary.model_copy(update={"source_lake": path.expanduser().resolve()}))
            for name in steps.STEPS[1:]:
                outcome = steps.STEP_FUNCTIONS[name](temporary)
                errors.print(f"{name}  {outcome.headline}", soft_wrap=True, highlight=False, markup=False)
            yield temporary
        finally:
            EmbeddedServer(temporary.data_dir, temporary.database).stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _predicted(settings: Settings, channels: list[str]) -> dict[tuple[str, str], Predicted]:
    from medical_telegram_warehouse.postgres.connection import connect
    from medical_telegram_warehouse.postgres.queries import statement
    from medical_telegram_warehouse.vision.evaluation import Predicted
    from medical_telegram_warehouse.vision.rules import Evidence

    with connect(settings.database) as connection:
        rows = connection.execute(statement("evaluated_images"), {"channels": channels}).fetchall()
    return {
        (channel, file): Predicted(is_readable, image, content, Evidence(person, product), is_offered)
        for channel, file, is_readable, image, content, person, product, is_offered in rows
    }


def _print(evaluation: Evaluation, mistakes: int) -> None:
    console.print(f"\n[bold]{evaluation.name}[/]  {evaluation.photos:,} photos")
    if evaluation.unknown:
        console.print(f"[yellow]{evaluation.unknown:,} of them are not in the warehouse; each counts as a mistake[/]")
    console.print(f"accuracy          {evaluation.accuracy:.3f}")
    console.print(f"  always {evaluation.most_frequent!r}  {evaluation.accuracy_of_most_frequent:.3f}")
    if evaluation.held_out_accuracy is not None:
        console.print(f"  each channel with thresholds chosen on the others  {evaluation.held_out_accuracy:.3f}")
    console.print(f"macro F1          {evaluation.macro_f1:.3f}")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("category", "photos", "precision", "recall", "F1"):
        table.add_column(name, justify="left" if name == "category" else "right")
    for score in evaluation.categories:
        shares = (f"{share:.3f}" for share in (score.precision, score.recall, score.f1))
        table.add_row(score.category, f"{score.photos:,}", *shares)
    console.print(table)
    for channel, accuracy in evaluation.channels.items():
        console.print(f"  {escape(channel):28} accuracy {accuracy:.3f}", highlight=False)
    for (channel, file), label, said in evaluation.mistakes[:mistakes]:
        console.print(f"  {escape(f'{channel}/{file}')}: labelled {label}, judged {said}", highlight=False)
    if len(evaluation.mistakes) > mistakes:
        console.print(f"  and {len(evaluation.mistakes) - mistakes:,} more mistakes (--mistakes N shows N)")
