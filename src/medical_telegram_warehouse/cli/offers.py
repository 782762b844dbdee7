"""`mtw offers`: read offers out of texts, explain how, measure how well, and name what no dictionary knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.settings import Settings

offers = typer.Typer(
    name="offers",
    help="Which product, at what price: read texts, explain one, measure the reading, review unknown names.\n\n"
    "`mtw run` does the reading for the warehouse; `mtw offers run` does that step alone.",
    no_args_is_help=True,
)
_CLASSES = ("medicine", "supplement", "baby food", "cosmetic", "device", "supply", "test", "other")


def _settings() -> Settings:
    with friendly_errors():
        return command_settings()


@offers.command()
def run() -> None:
    """Read the offers of every message that is new, was edited, or was read by older rules, into raw.message_offers."""
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse import steps

        steps.ensure_data_folder(settings)
        outcome = steps.extract_step(settings)
        console.print(f"[bold]{outcome.step}[/]  {escape(outcome.headline)}", soft_wrap=True)
        for genre, count in sorted(outcome.details["genres"].items(), key=lambda item: -item[1]):
            console.print(f"  {genre:20} {count:>8,}")


@offers.command()
def extract(
    source: Annotated[Path, typer.Option("--input", help="JSON lines: channel_name, message_id, date, text.")],
    target: Annotated[Path, typer.Option("--output", help="Where the offers go, one message a line.")],
) -> None:
    """Read offers out of a file of messages, without a database.

    Each line of the output is one message: its genre, its offers (each with one `price` or null, and further fields),
    and in `stock_out` what it says is sold out.

    Example: `mtw offers extract --input messages.jsonl --output offers.jsonl`
    """
    with friendly_errors():
        from medical_telegram_warehouse.offers.jsonl import extract_file

        written = extract_file(source, target)
        console.print(
            f"{written.offers:,} offers, {written.priced:,} of them with a price, in {written.messages:,} messages: "
            f"{target}",
            soft_wrap=True,
        )


@offers.command()
def explain(
    text: Annotated[
        str | None, typer.Argument(help="The text; without one, or with -, it is read from the input.")
    ] = None,
) -> None:
    """Show how one text is read: its genre, what each line is, why each number is a price or not, and the offers.

    Example: `mtw offers explain "Amoxicillin 500mg 10x10 💵530"`
    """
    with friendly_errors():
        from medical_telegram_warehouse.offers.explanation import explain as explained
        from medical_telegram_warehouse.offers.extraction import extract_offers

        given = sys.stdin.read() if text in (None, "-") else str(text).replace("\\n", "\n")
        explanation = explained(given)
        verdict = explanation.verdict
        console.print(f"[bold]{verdict.genre}[/] ({verdict.confidence:.0%}): {escape(verdict.reason)}")
        if not explanation.offers_are_read:
            console.print("Posts of this kind offer no products, so no number in it is a price of one.")
        for line in explanation.lines:
            console.print(f"[dim]{line.role:8}[/] {escape(line.text)}", soft_wrap=True)
            for number in line.numbers:
                mark = "[green]price[/]" if number.is_price and explanation.offers_are_read else "[yellow]no price[/]"
                console.print(f"           {escape(number.text)}: {mark}, {escape(number.why)}", soft_wrap=True)
        compared = escape(explanation.repost_text or "none, too little is said to recognise a repost")
        console.print(f"[dim]repost key: the text that is compared:[/] {compared}", soft_wrap=True)
        table = Table(
            "offer", "product", "strength", "form", "pack", "price", "expiry", "span", box=None, header_style="dim"
        )
        for offer in extract_offers(given).offers:
            price = " / ".join(f"{amount:,.10g}" for amount in offer.prices) or offer.availability.value.replace(
                "_", " "
            )
            product = f"{offer.product} ({offer.link})"
            cells = (offer.name, product, offer.strength, offer.form, offer.pack, price, offer.expiry)
            table.add_row(*(escape(cell or "") for cell in cells), f"{offer.start}-{offer.end}")
        if table.row_count:
            console.print(table)


@offers.command()
def evaluate(
    labels: Annotated[Path, typer.Argument(help="Labelled messages, one JSON object a line.")],
    texts: Annotated[Path, typer.Option("--texts", help="Their texts, as for `mtw offers extract`.")],
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="What an extractor made of them; else ours does it now.")
    ] = None,
    document: Annotated[
        Path | None, typer.Option("--markdown", help="Write the figures and every mistake to this file.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="A sentence that stands above the figures.")] = "",
) -> None:
    """Measure the reading on labelled messages: offers, prices, fields and genres, with every mistake.

    Figures come with 95 % intervals over clusters of reposted texts, for each channel, and with each cluster counted
    once.
    """
    with friendly_errors():
        from medical_telegram_warehouse.errors import LabelsError
        from medical_telegram_warehouse.offers.evaluation import PredictedMessage, markdown, printable
        from medical_telegram_warehouse.offers.evaluation import evaluate as evaluated
        from medical_telegram_warehouse.offers.jsonl import extracted, read_input

        predicted: Path | list[PredictedMessage] = predictions or [
            msgspec.convert(line, PredictedMessage) for line in extracted(read_input(texts))
        ]
        evaluation = evaluated(labels, predicted, texts)
        console.print(printable(evaluation, note))
        if document is not None:
            try:
                document.write_text(markdown(evaluation, note), encoding="utf-8")
            except OSError as error:
                raise LabelsError(f"{document} cannot be written: {error.strerror}") from error
            console.print(f"written to {document}")


@offers.command()
def review(limit: Annotated[int, typer.Option(min=1, help="How many names.")] = 30) -> None:
    """List the names that no dictionary knows, the most frequent first.

    Answer one with `mtw offers answer NAME PRODUCT`, or by a row in warehouse/seeds/product_answers.csv; the next
    `mtw transform` takes it, for old offers too.
    """
    settings = _settings()
    with friendly_errors():
        import psycopg

        from medical_telegram_warehouse.errors import PermanentError
        from medical_telegram_warehouse.postgres.queries import statement
        from medical_telegram_warehouse.steps import open_database

        with open_database(settings) as connection:
            try:
                rows = connection.execute(statement("product_review"), {"limit": limit}).fetchall()
            except psycopg.errors.UndefinedTable as error:
                raise PermanentError("no products have been built yet; run `mtw run`, or `mtw transform`") from error
        if not rows:
            console.print("Every name that was offered is known.")
            return
        table = Table(
            "name", "offers", "channels", "with price", "median price", "last seen", box=None, header_style="dim"
        )
        for name, count, channels, priced, median, last in rows:
            table.add_row(
                escape(name), f"{count:,}", str(channels), f"{priced:,}", f"{median:,.0f}" if median else "", str(last)
            )
        console.print(table)


@offers.command()
def answer(
    name: Annotated[str, typer.Argument(help="The name as `mtw offers review` shows it.")],
    product: Annotated[str, typer.Argument(help="The product that it names.")],
    product_class: Annotated[str, typer.Option("--class", help=f"One of: {', '.join(_CLASSES)}.")],
    generic: Annotated[str, typer.Option("--generic", help="The active ingredient.")] = "",
    brand: Annotated[str, typer.Option("--brand", help="The brand.")] = "",
) -> None:
    """Write down what an unknown name is, in warehouse/seeds/product_answers.csv; an earlier answer is replaced."""
    settings = _settings()
    with friendly_errors():
        from medical_telegram_warehouse.errors import SettingsError
        from medical_telegram_warehouse.offers.answers import Answer, save_answer

        if product_class not in _CLASSES:
            raise SettingsError(f"{product_class!r} is no class of products; choose one of: {', '.join(_CLASSES)}")
        path = settings.project_dir / "warehouse" / "seeds" / "product_answers.csv"
        replaced = save_answer(path, Answer(name, product, generic, brand, product_class))
        console.print(f"{'replaced' if replaced else 'added'} in {path}; `mtw transform` takes it")
