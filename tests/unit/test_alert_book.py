"""What is told when: once when it begins, once a day while it lasts, once when it ends, and never not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from medical_telegram_warehouse.alerts.book import open_book
from medical_telegram_warehouse.alerts.book_file import BookError, book_path
from medical_telegram_warehouse.alerts.outbox import Message
from medical_telegram_warehouse.alerts.problems import Event, Found, Kind, News, Problem, Severity

START = datetime(2026, 10, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def problem(key: str = "run:pipeline", **changes: Any) -> Problem:
    values: dict[str, Any] = {
        "key": key,
        "kind": Kind.RUN,
        "severity": Severity.ERROR,
        "title": f"{key} failed",
        "since": START,
    }
    return Problem(**{**values, **changes})


class Looks:
    """Looks at one book, and what each wrote to its destinations."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.destinations = ["here"]

    def at(self, now: datetime, *problems: Problem, **source: Any) -> News:
        found = Found(source=source.pop("source", "runs"), problems=problems, **source)
        with open_book(self.path) as book:
            return book.note([found], now, DAY, self.destinations, lambda _news: Message(f"{now:%H:%M}", "", None))

    def events(self, now: datetime, *keys: str, source: str = "rule:1") -> list[str]:
        events = [Event(key=key, kind=Kind.NEW_PRODUCT, text=key) for key in keys]
        return [event.key for event in self.at(now, source=source, events=events).events]

    def pending(self, destination: str = "here") -> list[str]:
        with open_book(self.path) as book:
            return [message.title for message in book.outbox.pending(destination).values()]


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    return Looks(tmp_path / "home" / "alerts.sqlite")


def told(news: News) -> tuple[list[str], list[str], list[str]]:
    return (
        [each.key for each in news.new],
        [each.key for each in news.again],
        [each.title for each in news.recovered],
    )


def test_a_problem_is_told_once_and_again_after_a_day_and_when_it_has_gone(looks: Looks) -> None:
    assert told(looks.at(START, problem())) == (["run:pipeline"], [], [])
    for minute in range(1, 5):
        assert not looks.at(START + minute * HOUR, problem())
    assert told(looks.at(START + DAY, problem())) == ([], ["run:pipeline"], [])
    assert not looks.at(START + DAY + HOUR, problem())
    gone = looks.at(START + 2 * DAY)
    assert told(gone) == ([], [], ["run:pipeline failed"])
    assert gone.recovered[0].ended_at - gone.recovered[0].since == 2 * DAY
    assert not looks.at(START + 3 * DAY)
    assert looks.pending() == ["02:00", "02:00", "02:00"]


def test_what_begins_together_is_one_message_and_what_lasts_is_repeated_in_one(looks: Looks) -> None:
    """Problems that began at different hours would otherwise each have a daily message of their own."""
    assert len(looks.at(START, problem("a"), problem("b")).new) == 2
    assert told(looks.at(START + 5 * HOUR, problem("a"), problem("b"), problem("c")))[0] == ["c"]
    assert told(looks.at(START + DAY, problem("a"), problem("b"), problem("c"))) == ([], ["a", "b", "c"], [])
    assert not looks.at(START + DAY + 5 * HOUR, problem("a"), problem("b"), problem("c"))
    assert len(looks.pending()) == 3


def test_it_lasts_since_it_was_first_found_whatever_later_looks_say(looks: Looks) -> None:
    looks.at(START, problem(since=START))
    again = looks.at(START + DAY, problem(since=START + 23 * HOUR))
    assert again.again[0].since == START


def test_another_failure_of_the_same_job_is_told_at_once(looks: Looks) -> None:
    looks.at(START, problem(mark="scrape"))
    assert told(looks.at(START + HOUR, problem(mark="transform")))[0] == ["run:pipeline"]
    assert not looks.at(START + 2 * HOUR, problem(mark="transform"))


def test_what_cannot_be_looked_at_neither_begins_nor_ends(looks: Looks) -> None:
    """A database that is away must not make every failed run look mended."""
    looks.at(START, problem())
    assert not looks.at(START + HOUR, source="checks")
    assert not looks.at(START + HOUR, is_whole=False)
    assert told(looks.at(START + 2 * HOUR))[2] == ["run:pipeline failed"]


def test_what_comes_and_goes_each_minute_is_one_problem(looks: Looks) -> None:
    flapping = problem("tick:sensor", kind=Kind.TICK, settles_after=timedelta(minutes=10))
    minute = timedelta(minutes=1)
    assert looks.at(START, flapping)
    for number in range(1, 30):
        news = looks.at(START + number * minute, *([flapping] if number % 3 == 0 else []))
        assert not news, number
    assert not looks.at(START + 37 * minute)
    assert told(looks.at(START + 38 * minute))[2] == ["tick:sensor failed"]


def test_what_only_warns_is_not_repeated_for_ever(looks: Looks) -> None:
    """A channel that was closed stays silent, and nobody can mend that."""
    silent = problem("silent:x", kind=Kind.SILENT_CHANNEL, severity=Severity.WARNING)
    looks.at(START, silent)
    assert not looks.at(START + 30 * DAY, silent)
    assert looks.at(START + 31 * DAY).recovered


def test_events_that_were_there_before_a_rule_are_known_and_later_ones_are_told_once(looks: Looks) -> None:
    assert looks.events(START, "a", "b") == []
    assert looks.events(START + HOUR, "a", "b", "c") == ["c"]
    assert looks.events(START + 2 * HOUR, "a", "b", "c") == []
    assert looks.events(START + 3 * HOUR, "c", "d", source="rule:2") == [], "another rule begins anew"
    assert looks.events(START + 4 * HOUR, "c", "d", "e", source="rule:2") == ["e"]
    assert looks.events(START + 4 * HOUR, "e") == [], "two rules that find one event tell it once"


def test_without_anybody_to_tell_nothing_counts_as_told(looks: Looks) -> None:
    looks.destinations = []
    looks.events(START, "a")
    assert looks.at(START, problem()).new
    looks.destinations = ["here"]
    assert looks.at(START + HOUR, problem()).new
    looks.destinations = []
    assert looks.events(START + HOUR, "b") == ["b"]
    looks.destinations = ["here"]
    assert looks.events(START + 2 * HOUR, "b") == ["b"]
    assert looks.events(START + 3 * HOUR, "b") == []


def test_each_destination_has_messages_of_its_own_until_it_has_got_them(looks: Looks) -> None:
    looks.destinations = ["here", "there"]
    looks.at(START, problem())
    with open_book(looks.path) as book:
        [number] = book.outbox.pending("here")
        book.outbox.sent([number], "here", START)
        assert book.outbox.not_sent([number], "there") == 1
        assert book.outbox.not_sent([number], "there") == 2
        assert book.outbox.unsent() == 1
    assert looks.pending("here") == []
    assert looks.pending("there") == ["02:00"]


def test_a_url_that_is_mended_gets_what_the_wrong_one_did_not(looks: Looks) -> None:
    looks.destinations = ["good", "mistyped"]
    looks.at(START, problem())
    with open_book(looks.path) as book:
        book.outbox.sent(list(book.outbox.pending("good")), "good", START)
        book.outbox.readdress(["good", "mended"])
        assert len(book.outbox.pending("mended")) == 1
        assert book.outbox.pending("mistyped") == {}
        assert book.outbox.pending("good") == {}, "who has got it does not get it twice"
        book.outbox.readdress([])
        assert book.outbox.unsent() == 1, "who empties ALERT_URLS for a while loses nothing"


def test_a_message_that_cannot_be_made_leaves_the_book_as_it_was(looks: Looks) -> None:
    def fails(_news: News) -> Message:
        raise RuntimeError

    with open_book(looks.path) as book, pytest.raises(RuntimeError):
        book.note([Found(source="runs", problems=[problem()])], START, DAY, ["here"], fails)
    assert looks.at(START, problem()).new


def test_a_damaged_book_is_put_aside_and_everything_is_told_anew(
    looks: Looks, caplog: pytest.LogCaptureFixture
) -> None:
    looks.at(START, problem())
    looks.path.write_bytes(b"not a database at all" * 1000)
    assert looks.at(START + HOUR, problem()).new
    assert looks.path.with_suffix(".damaged").exists()
    assert "damaged" in caplog.text


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A file where a folder should be: root may write whatever its mode says."""
    (tmp_path / "home").write_text("")
    return tmp_path / "home" / "alerts.sqlite"


def test_a_book_that_cannot_be_written_says_so(unwritable: Path) -> None:
    with pytest.raises(BookError, match="cannot be written"), open_book(unwritable):
        pass


def test_old_messages_and_events_are_let_go_but_never_what_was_not_sent(looks: Looks) -> None:
    looks.at(START, problem("a"))
    with open_book(looks.path) as book:
        book.outbox.sent(list(book.outbox.pending("here")), "here", START)
    looks.at(START + HOUR, problem("a"), problem("b"))
    looks.events(START, "old")
    looks.events(START + 61 * DAY, "new")
    looks.at(START + 61 * DAY, problem("a"), problem("b"), problem("c"))
    with closing(sqlite3.connect(looks.path)) as connection:
        assert connection.execute("SELECT key FROM known_events").fetchall() == [("new",)]
        titles = connection.execute("SELECT title FROM messages ORDER BY message_id").fetchall()
    assert titles[0] == ("03:00",), "the first was sent, and is old"


def test_two_data_folders_that_share_a_history_have_a_book_each(tmp_path: Path) -> None:
    assert book_path(tmp_path, Path("/a")) != book_path(tmp_path, Path("/b"))
    assert book_path(tmp_path, Path("/a")) == book_path(tmp_path, Path("/a"))
