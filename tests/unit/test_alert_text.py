"""What a message says: enough to act, nothing that is secret, and not more than anybody reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from medical_telegram_warehouse import logs
from medical_telegram_warehouse.alerts.outbox import Message
from medical_telegram_warehouse.alerts.problems import Event, Kind, News, Problem, Recovery, Severity
from medical_telegram_warehouse.alerts.text import combined, compose, duration

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
ADDIS = ZoneInfo("Africa/Addis_Ababa")


def problem(**changes: Any) -> Problem:
    values: dict[str, Any] = {
        "key": "run:pipeline",
        "kind": Kind.RUN,
        "severity": Severity.ERROR,
        "title": "a run of pipeline failed",
        "since": NOW - timedelta(hours=2, minutes=5),
    }
    return Problem(**{**values, **changes})


def said(news: News) -> Message:
    return compose(news, "warehouse", ADDIS, NOW)


def test_a_problem_is_told_with_its_time_rows_error_link_and_what_to_do() -> None:
    message = said(
        News(
            new=[
                problem(
                    rows=("scrape failed 3 times",),
                    error="\n".join(f"line {number}" for number in range(1, 31)),
                    link="http://dagster/runs/1",
                    advice="run it again",
                )
            ]
        )
    )
    assert message.title == "warehouse: a run of pipeline failed"
    assert message.severity is Severity.ERROR
    lines = message.body.splitlines()
    assert lines[:3] == [
        "ERROR: a run of pipeline failed",
        "since 2026-10-01 09:55 UTC (2026-10-01 12:55 Africa/Addis_Ababa), 2 h 5 min",
        "  - scrape failed 3 times",
    ]
    assert lines[3:5] == ["the error's last lines:", "  | line 16"]
    assert lines[-3:] == ["  | line 30", "look: http://dagster/runs/1", "what to do: run it again"]


def test_only_twenty_rows_are_listed_and_the_rest_is_counted() -> None:
    body = said(News(new=[problem(rows=tuple(f"row {number}" for number in range(35)))])).body
    assert "row 19" in body
    assert "row 20" not in body
    assert "and 15 more" in body


def test_of_many_problems_of_one_kind_twenty_are_told() -> None:
    checks = [problem(key=str(number), kind=Kind.CHECK, title=f"check {number} failed") for number in range(25)]
    message = said(News(new=[*checks, problem()]))
    assert message.title == "warehouse: a run of pipeline failed (+25 more)"
    assert "check 19 failed" in message.body
    assert "check 20 failed" not in message.body
    assert "ERROR: 25 of the kind check\n  - check 0 failed; since 2026-10-01 09:55 UTC" in message.body
    assert "and 5 more" in message.body


def test_events_are_grouped_by_kind_and_recoveries_say_how_long_it_lasted() -> None:
    message = said(
        News(
            events=[Event(key=str(n), kind=Kind.NEW_PRODUCT, text=f"product {n}") for n in range(3)],
            recovered=[Recovery("a run of pipeline failed", NOW - timedelta(days=1, hours=3), NOW)],
        )
    )
    assert message.severity is Severity.NOTICE
    assert "NEW PRODUCT: 3\n  - product 0" in message.body
    assert "RECOVERED: a run of pipeline failed\nit lasted 1 day 3 h, since" in message.body


def test_good_news_alone_is_no_alarm() -> None:
    message = said(News(recovered=[Recovery("x failed", NOW, NOW)]))
    assert message.severity is None
    assert message.title == "warehouse: recovered: x failed"


def test_what_lasts_says_that_it_is_still_wrong() -> None:
    message = said(News(again=[problem()]))
    assert message.title == "warehouse: still: a run of pipeline failed"
    assert message.body.startswith("STILL WRONG: ERROR: a run of pipeline failed")


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(logs, "_secrets", [])
    logs.hide(["a-secret-word"])
    return "a-secret-word"


def test_no_secret_gets_into_a_message(hidden: str) -> None:
    message = said(News(new=[problem(title=f"x {hidden}", rows=(hidden,), error=f"failed for {hidden}")]))
    assert hidden not in f"{message}"


def test_what_strangers_write_stays_within_its_line() -> None:
    """A title is a header of a mail, and a product's name is whatever somebody posted."""
    message = said(
        News(
            new=[problem(title="x\r\nBcc: all@example.org")],
            events=[Event(key="1", kind=Kind.NEW_PRODUCT, text=f"zinc\n\x00\x1b[31mERROR: {'x' * 1000}")],
        )
    )
    assert "\n" not in message.title
    assert "\r" not in message.title
    [line] = [line for line in message.body.splitlines() if "zinc" in line]
    assert line.isprintable()
    assert len(line) < 520


def test_what_could_not_be_sent_for_long_arrives_as_one_message() -> None:
    messages = [Message(f"title {number}", f"body {number}", Severity.WARNING) for number in range(30)]
    one = combined(messages)
    assert one.title == "title 29 (and 29 earlier, which could not be sent)"
    assert "body 29" in one.body
    assert "body 9\n" not in one.body
    assert "10 older ones:\ntitle 9" in one.body
    assert combined(messages[:1]) is messages[0]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=30), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=26), "1 day 2 h"),
        (timedelta(days=3), "3 days 0 h"),
        (-timedelta(hours=1), "0 min"),
    ],
)
def test_durations_are_said_as_people_say_them(length: timedelta, text: str) -> None:
    assert duration(length) == text
