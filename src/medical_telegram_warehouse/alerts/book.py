"""What is remembered between looks: which problems last since when, and what was told.

What is new and the message that tells of it are written in one transaction, and the message is sent after it: a
process that is killed at any moment loses no alert, and at worst sends one twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from medical_telegram_warehouse.alerts.book_file import opened, to_text, to_time, transaction
from medical_telegram_warehouse.alerts.outbox import Message, Outbox
from medical_telegram_warehouse.alerts.problems import Found, News, Problem, Recovery

# Finders look back for a week; what none of them has found for so long is not found again.
_FORGET_AFTER = timedelta(days=60)
_PROBLEMS = """
    SELECT key, since, told_at, mark, title, link, settles_after, gone_since FROM problems WHERE source = ?
"""
_SAVE_PROBLEM = """
    INSERT INTO problems (key, source, kind, severity, title, link, mark, since, settles_after)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        severity = excluded.severity, title = excluded.title, link = excluded.link, mark = excluded.mark,
        settles_after = excluded.settles_after, gone_since = NULL
"""
_TOLD = "UPDATE problems SET told_at = ? WHERE key = ?"
_GONE = "UPDATE problems SET gone_since = ? WHERE key = ?"
_CLOSE = "DELETE FROM problems WHERE key = ?"
_OPEN = "SELECT kind, severity, title, since, told_at FROM problems ORDER BY since, key"
_KNOW_SOURCE = "INSERT OR IGNORE INTO known_sources (source, seen_at) VALUES (?, ?)"
_SEE_EVENT = "UPDATE known_events SET seen_at = ? WHERE key = ?"
_KNOW_EVENT = "INSERT INTO known_events (key, seen_at) VALUES (?, ?)"
_FORGET_EVENTS = "DELETE FROM known_events WHERE seen_at < ?"


@dataclass(frozen=True)
class OpenProblem:
    """A problem that lasts."""

    kind: str
    severity: str
    title: str
    since: datetime
    told_at: datetime | None


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """Open it, and let nobody else look or send meanwhile.

    Raises:
        BookBusyError: somebody else does, and does not end.
        BookError: it cannot be written.
    """
    with opened(path) as connection:
        yield Book(connection)


class Book:
    """The open file; `open_book` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.outbox = Outbox(connection)

    def note(
        self,
        found: Iterable[Found],
        now: datetime,
        repeat_after: timedelta,
        destinations: Collection[str],
        compose: Callable[[News], Message],
    ) -> News:
        """Write down what was found, and the message that tells what is new of it, if there is anybody to tell.

        Args:
            found: by source; problems of a source that is not among them stay as they are.
            now: when this look began.
            repeat_after: after how long a problem that lasts is told again.
            destinations: whom to tell.
            compose: makes the message.
        """
        news = News()
        with transaction(self._connection):
            is_repeat_due = False
            for each in found:
                is_repeat_due |= self._note_problems(each, now, repeat_after, news)
                self._note_events(each, now, news, is_told=bool(destinations))
            # The whole list once a day, rather than each problem at an hour of its own.
            if not is_repeat_due:
                news.again.clear()
            if news and destinations:
                told = [(to_text(now), problem.key) for problem in (*news.new, *news.again)]
                self._connection.executemany(_TOLD, told)
                self.outbox.add(compose(news), now, destinations)
            self._connection.execute(_FORGET_EVENTS, [to_text(now - _FORGET_AFTER)])
        return news

    def open_problems(self) -> list[OpenProblem]:
        """All that last, the oldest first."""
        return [
            OpenProblem(kind, severity, title, to_time(since), to_time(told_at) if told_at else None)
            for kind, severity, title, since, told_at in self._connection.execute(_OPEN)
        ]

    def _note_problems(self, found: Found, now: datetime, repeat_after: timedelta, news: News) -> bool:
        """Returns whether it is time to tell again of what lasts."""
        known = {row[0]: row[1:] for row in self._connection.execute(_PROBLEMS, [found.source])}
        is_repeat_due = False
        for problem in found.problems:
            since, told_at, mark, *_ = known.pop(problem.key, (None, None, None))
            lasting = replace(problem, since=to_time(since)) if since is not None else problem
            self._save(found.source, lasting)
            if told_at is None or mark != problem.mark:
                news.new.append(lasting)
            elif problem.severity.is_repeated:
                news.again.append(lasting)
                is_repeat_due |= now - to_time(told_at) >= repeat_after
        if found.is_whole:
            for key, (since, told_at, _, title, link, settles_after, gone_since) in known.items():
                ended_at = to_time(gone_since) if gone_since else now
                if now - ended_at < timedelta(seconds=settles_after):
                    self._connection.execute(_GONE, [to_text(ended_at), key])
                    continue
                self._connection.execute(_CLOSE, [key])
                if told_at is not None:
                    news.recovered.append(Recovery(title, to_time(since), ended_at, link))
        return is_repeat_due

    def _save(self, source: str, problem: Problem) -> None:
        what = [problem.key, source, problem.kind, problem.severity, problem.title, problem.link, problem.mark]
        when = [to_text(problem.since), problem.settles_after.total_seconds()]
        self._connection.execute(_SAVE_PROBLEM, [*what, *when])

    def _note_events(self, found: Found, now: datetime, news: News, *, is_told: bool) -> None:
        if found.events is None:
            return
        is_first = self._connection.execute(_KNOW_SOURCE, [found.source, to_text(now)]).rowcount == 1
        for event in found.events:
            is_known = self._connection.execute(_SEE_EVENT, [to_text(now), event.key]).rowcount == 1
            # What nobody can be told of stays unknown: it is told as soon as there is somebody.
            if not is_known and (is_first or is_told):
                self._connection.execute(_KNOW_EVENT, [event.key, to_text(now)])
            if not is_known and not is_first:
                news.events.append(event)
