"""Our own log lines: what they tell, and what they never show."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from medical_telegram_warehouse import logs
from medical_telegram_warehouse.logs import LogFormat, about, configure_logging

logger = logging.getLogger("medical_telegram_warehouse.somewhere")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    package = logging.getLogger(logs.PACKAGE)
    before = package.handlers, package.level, package.propagate, list(logs._secrets)
    yield
    package.handlers, package.level, package.propagate = before[:3]
    logs._secrets[:] = before[3]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_json_tells_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(logging.INFO, LogFormat.JSON)
    with about(run_id="r1", step="load_raw_to_postgres"):
        logger.info("አዲስ %d messages", 3)
        with about(channel="CheMed"):
            logger.warning("slow")
    logger.info("outside")
    first, second, third = lines(capsys)
    assert {name: first[name] for name in ("level", "logger", "message", "run_id", "step")} == {
        "level": "info",
        "logger": "medical_telegram_warehouse.somewhere",
        "message": "አዲስ 3 messages",
        "run_id": "r1",
        "step": "load_raw_to_postgres",
    }
    assert first["time"].endswith("+00:00")
    assert (second["channel"], second["step"], second["level"]) == ("CheMed", "load_raw_to_postgres", "warning")
    assert not {"run_id", "step", "channel"} & set(third)


def test_channels_that_are_read_at_once_do_not_mix_up_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(logging.INFO, LogFormat.JSON)

    async def read(name: str) -> None:
        with about(channel=name):
            await asyncio.sleep(0)
            logger.info("this is %s", name)

    async def both() -> None:
        await asyncio.gather(read("a"), read("b"))

    asyncio.run(both())
    assert [(line["channel"], line["message"]) for line in lines(capsys)] == [("a", "this is a"), ("b", "this is b")]


def test_an_error_keeps_its_traceback_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(logging.INFO, LogFormat.JSON)
    try:
        int("two\nlines")
    except ValueError:
        logger.exception("it failed")
    [line] = lines(capsys)
    assert line["message"] == "it failed"
    assert "ValueError: invalid literal" in line["traceback"]


@pytest.mark.parametrize("log_format", LogFormat)
def test_no_line_shows_a_secret_wherever_it_comes_from(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(logging.DEBUG, log_format, ["hunter2-long", "hunter2", "abc"])
    try:
        int("postgresql://user:hunter2-long@host")
    except ValueError:
        logger.exception("said: %s", "hunter2")
    logger.info("abc is too short to be a secret: it would be found in words")
    shown = capsys.readouterr().err
    assert "hunter2" not in shown
    assert "***-long" not in shown, "the longer one is hidden first"
    assert "user:***@host" in shown
    assert "abc is too short" in shown


@pytest.mark.parametrize("log_format", LogFormat)
def test_a_secret_with_quotes_and_line_feeds_is_hidden_too(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(logging.INFO, log_format, ['it\'s "quoted"\\\nand long'])
    logger.info("said: %s, and so on", 'it\'s "quoted"\\\nand long')
    shown = capsys.readouterr().err
    assert "said: ***, and so on" in shown
    assert "quoted" not in shown


def test_a_reader_that_has_gone_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mtw run | head` closed the pipe, and the step whose next line went there failed."""

    class Closed:
        def write(self, _text: str) -> None:
            raise BrokenPipeError

    configure_logging(logging.INFO, LogFormat.TEXT)
    monkeypatch.setattr("sys.stderr", Closed())
    logger.info("to nobody")


def test_a_name_from_outside_can_neither_move_the_cursor_nor_look_like_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "shop\x1b[2J\x9b1A\x7f\u202e\n12:00:00  error: all is lost"
    configure_logging(logging.INFO, LogFormat.TEXT)
    logger.info("channel %s, ዚንክ\tas it was", name)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("  channel shop␛[2J�1A␡�")
    assert second == " " * 10 + "12:00:00  error: all is lost, ዚንክ\tas it was"
    configure_logging(logging.INFO, LogFormat.JSON)
    logger.info("%s", name)
    [line] = lines(capsys)
    assert line["message"] == "shop\x1b[2J�1A␡�\n12:00:00  error: all is lost"
