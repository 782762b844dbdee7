"""What every command shares: how it begins, where it prints, how log lines look, how an error ends a command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.settings import Settings, load_settings

PACKAGE = "medical_telegram_warehouse"
# Lines of a log file are not bound to a terminal's width.
_WIDE = 120
console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
errors = Console(stderr=True, highlight=False)
_FAILED = 1
_INTERRUPTED = 130


def command_settings(**overrides: object) -> Settings:
    """The settings of this command, whose log lines are printed from now on.

    Raises:
        SettingsError: A setting is missing or malformed.
    """
    settings = load_settings(**overrides)
    configure_logging(settings)
    return settings


def configure_logging(settings: Settings) -> None:
    """Print our own log lines, from LOG_LEVEL up; with DEBUG also their tracebacks."""
    handler = _StderrHandler()
    handler.setFormatter(_LineFormatter(with_tracebacks=settings.log_level == "DEBUG"))
    logger = logging.getLogger(PACKAGE)
    logger.handlers = [handler]
    logger.setLevel(settings.log_level_number)
    logger.propagate = False


class _StderrHandler(logging.Handler):
    """Writes to whatever stderr is at the moment: a live display takes its place, and goes on below each line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        sys.stderr.write(f"{self.format(record)}\n")
        sys.stderr.flush()


class _LineFormatter(logging.Formatter):
    """`12:34:56  message`; a warning or an error says that it is one."""

    def __init__(self, *, with_tracebacks: bool) -> None:
        super().__init__("%(asctime)s  %(message)s", datefmt="%H:%M:%S")
        self._with_tracebacks = with_tracebacks

    def format(self, record: logging.LogRecord) -> str:
        if not self._with_tracebacks:
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        if record.levelno >= logging.WARNING:
            record.msg = f"{record.levelname.lower()}: {record.msg}"
        return super().format(record)


@contextmanager
def friendly_errors() -> Iterator[None]:
    """End the command with the message of an error that a person can mend, and with no traceback."""
    try:
        yield
    except WarehouseError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(_FAILED) from error
    except KeyboardInterrupt:
        errors.print("interrupted; running it again continues where it stopped")
        raise typer.Exit(_INTERRUPTED) from None
