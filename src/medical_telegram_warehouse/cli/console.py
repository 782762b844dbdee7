"""What every command shares: how it begins, where it prints, how an error ends a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.segment import Segment

from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.logs import configure_logging
from medical_telegram_warehouse.settings import Settings, load_settings
from medical_telegram_warehouse.text import printable

# Lines of a log file are not bound to a terminal's width.
_WIDE = 120
_FAILED = 1
_INTERRUPTED = 130


class _Printable:
    """What is printed, with pictures of control characters: names come from outside. Colours are no part of texts."""

    def __init__(self, printed: ConsoleRenderable) -> None:
        self._printed = printed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        for segment in console.render(self._printed, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


class _PrintableHook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printable(each) for each in renderables]


def _printing(console: Console) -> Console:
    console.push_render_hook(_PrintableHook())
    return console


console = _printing(Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE))
errors = _printing(Console(stderr=True, highlight=False))


def command_settings(**overrides: object) -> Settings:
    """The settings of this command, whose log lines are printed from now on.

    Raises:
        SettingsError: A setting is missing or malformed.
    """
    settings = load_settings(**overrides)
    use_logging(settings)
    return settings


def use_logging(settings: Settings) -> None:
    """Print our own log lines from now on, as the settings say."""
    configure_logging(settings.log_level_number, settings.log_format, settings.secrets)


@contextmanager
def friendly_errors() -> Iterator[None]:
    """End the command with the message of an error that a person can mend, and with no traceback."""
    try:
        yield
    except WarehouseError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(_FAILED) from error
    except BrokenPipeError:
        # Whoever read the output has gone, as `head` does; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_FAILED) from None
    except KeyboardInterrupt:
        errors.print("interrupted; running it again continues where it stopped")
        raise typer.Exit(_INTERRUPTED) from None
