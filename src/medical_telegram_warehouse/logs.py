"""Our own log lines: for people or as JSON, with what they are about, without secrets and control characters.

    12:34:56  CheMed: 120 new messages
    {"time": "2026-01-31T02:00:07.1+00:00", "level": "info", "run_id": "…", "step": "…", "channel": "CheMed", …}

What a line is about is said once, by `about`, and holds for every line of the block, in tasks that it starts, too.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum

from medical_telegram_warehouse.text import printable

PACKAGE = "medical_telegram_warehouse"
_SUBJECTS = ("run_id", "step", "channel")
_HIDDEN = "***"
_BELOW_THE_MESSAGE = "\n" + " " * len("12:34:56  ")
# A shorter one would be found in words that are none.
_SHORTEST_SECRET = 5
_about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 - never changed, only replaced
_secrets: list[str] = []


class LogFormat(StrEnum):
    """For whom lines are."""

    TEXT = "text"
    JSON = "json"


def configure_logging(level: int, log_format: LogFormat, secrets: Iterable[str] = ()) -> None:
    """Print our own lines to stderr from now on; as text with tracebacks only where the level is DEBUG.

    Args:
        level: as the logging module counts it.
        log_format: for whom.
        secrets: what no line may show.
    """
    hide(secrets)
    handler = _StderrHandler()
    is_json = log_format is LogFormat.JSON
    handler.setFormatter(_JsonFormatter() if is_json else _LineFormatter(with_tracebacks=level <= logging.DEBUG))
    logger = logging.getLogger(PACKAGE)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


def hide(secrets: Iterable[str]) -> None:
    """Let no line show any of these. The longest first: one may be a part of another."""
    _secrets[:] = sorted(
        {*_secrets, *(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)}, key=len, reverse=True
    )


def redacted(text: str) -> str:
    """The text without secrets."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return text


@contextmanager
def about(**subjects: str) -> Iterator[None]:
    """Say of every line in this block what it is about: its run_id, step or channel."""
    token = _about.set({**_about.get(), **subjects})
    try:
        yield
    finally:
        _about.reset(token)


class _StderrHandler(logging.Handler):
    """Writes to whatever stderr is at the moment: a live display takes its place, and goes on below each line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line. Nobody may be there to read it any more, which is no reason to stop working."""
        line = f"{printable(self.format(record))}\n"
        with suppress(BrokenPipeError):
            sys.stderr.write(line)
            sys.stderr.flush()


class _LineFormatter(logging.Formatter):
    """`12:34:56  message`; a warning or an error says that it is one. Its further lines are indented.

    So nothing that came from outside can look like a line of its own.
    """

    def __init__(self, *, with_tracebacks: bool) -> None:
        super().__init__("%(asctime)s  %(message)s", datefmt="%H:%M:%S")
        self._with_tracebacks = with_tracebacks

    def format(self, record: logging.LogRecord) -> str:
        if not self._with_tracebacks:
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        if record.levelno >= logging.WARNING:
            record.msg = f"{record.levelname.lower()}: {record.msg}"
        return redacted(super().format(record)).replace("\n", _BELOW_THE_MESSAGE)


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        known = _about.get()
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: known[name] for name in _SUBJECTS if name in known},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # Before it is JSON: quotes and line feeds of a secret would be written otherwise in there.
        return json.dumps({name: redacted(value) for name, value in line.items()}, ensure_ascii=False)
