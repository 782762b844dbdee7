"""One look at everything: find what is wrong, write it down, tell what is new, send what waits.

The orchestrator's sensor and `mtw alerts check` both do exactly this, each minute or each hour; the book makes sure
that nothing is told twice, and nothing is lost, whoever looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import psycopg
from psycopg import errors as pg

from medical_telegram_warehouse import logs
from medical_telegram_warehouse.alerts import channels, orchestrated, runs, text, watches
from medical_telegram_warehouse.alerts.book import OpenProblem, open_book
from medical_telegram_warehouse.alerts.book_file import book_path
from medical_telegram_warehouse.alerts.delivery import deliver, destinations_of
from medical_telegram_warehouse.alerts.facts import OrchestratorFacts
from medical_telegram_warehouse.alerts.outbox import Message
from medical_telegram_warehouse.alerts.problems import Found, Kind, Problem, Severity
from medical_telegram_warehouse.alerts.rules import AlertRules, load_rules
from medical_telegram_warehouse.errors import DatabaseUnavailableError, SettingsError, WarehouseError
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.settings import Settings

logger = logging.getLogger(__name__)
# A server that restarts is no problem yet.
_CONNECT_ATTEMPTS = 3
_PAUSE_SECONDS = 2.0
_DATABASE_SETTLES_AFTER = timedelta(minutes=5)
_STATEMENT_TIMEOUT = "20s"
# Before the first build there are no marts, during one they may be locked, and before the first run of a new version
# ops is an older one's.
_CANNOT_TELL = (pg.UndefinedTable, pg.UndefinedColumn, pg.InvalidSchemaName, pg.QueryCanceled, pg.LockNotAvailable)
_Finder = Callable[[psycopg.Connection], Found | Iterator[Found]]


@dataclass(frozen=True)
class LookReport:
    """What there is after a look."""

    open_problems: list[OpenProblem]
    news: int
    """How many problems, events and recoveries were new, whether or not there is anybody to tell."""
    sendings: dict[str, str | None]
    """By destination that there was something for: why it failed; None where it has arrived."""
    unsent: int


def look(settings: Settings, facts: OrchestratorFacts | None = None, now: datetime | None = None) -> LookReport:
    """Look once, and tell.

    Args:
        settings: of the warehouse, and whom to tell.
        facts: of the orchestrator; without them its checks and ticks stay as they were.
        now: the time; else it is asked.

    Raises:
        BookBusyError: somebody else is looking, and does not end.
        BookError: the book cannot be written.
    """
    logs.hide(settings.secrets)
    now = now or datetime.now(UTC)
    destinations = destinations_of(settings.alert_urls)
    compose = partial(text.compose, name=settings.postgres_db, zone=ZoneInfo(settings.report_timezone), now=now)
    with open_book(book_path(settings.dagster_home, settings.data_dir)) as book:
        news = book.note(
            list(_find(settings, facts, now)),
            now,
            timedelta(hours=settings.alert_repeat_hours),
            [destination.fingerprint for destination in destinations],
            compose,
        )
        sendings = deliver(book.outbox, destinations, now)
        count = len(news.new) + len(news.again) + len(news.recovered) + len(news.events)
        return LookReport(book.open_problems(), count, sendings, book.outbox.unsent())


def test_message(settings: Settings, now: datetime) -> Message:
    """What `mtw alerts test` sends."""
    logs.hide(settings.secrets)
    when = text.moment(now, ZoneInfo(settings.report_timezone))
    body = f"Sent by `mtw alerts test` at {when}. What is wrong will be told here."
    return Message(f"{settings.postgres_db}: a test of alerts", body, Severity.NOTICE)


def _find(settings: Settings, facts: OrchestratorFacts | None, now: datetime) -> Iterator[Found]:
    rules, found = _rules(settings, now)
    yield found
    if facts is not None:
        yield from orchestrated.find(settings, facts, now)
    known_runs = facts.runs if facts is not None else ()
    try:
        yield from _find_in_database(
            settings,
            [
                lambda connection: runs.find_failed_runs(settings, connection, known_runs),
                lambda connection: runs.find_stale_data(settings, connection, now),
                lambda connection: channels.find_silent_channels(connection, rules.silent_channel),
                channels.find_unusual_volumes,
                lambda connection: watches.find_watched(connection, rules),
            ],
        )
    except WarehouseError as error:
        yield Found(source="database", problems=[_database_problem(settings, error, now)])
        yield runs.find_failed_runs(settings, None, known_runs)


def _find_in_database(settings: Settings, finders: list[_Finder]) -> Iterator[Found]:
    """What the finders find; a source that cannot be asked now is left as it was.

    Raises:
        WarehouseError: the database does not answer, or refuses us.
    """
    for attempt in range(1, _CONNECT_ATTEMPTS + 1):
        try:
            with connect(settings.database, application="mtw alerts") as connection:
                connection.execute("SELECT set_config('statement_timeout', %s, false)", [_STATEMENT_TIMEOUT])
                found = [each for finder in finders for each in _asked(finder, connection)]
        except DatabaseUnavailableError:
            if attempt == _CONNECT_ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            yield from found
            yield Found(source="database")
            return


def _asked(finder: _Finder, connection: psycopg.Connection) -> list[Found]:
    try:
        found = finder(connection)
        return [found] if isinstance(found, Found) else list(found)
    except _CANNOT_TELL as error:
        logger.debug("alerts cannot tell now: %s", error)
        return []


def _database_problem(settings: Settings, error: WarehouseError, now: datetime) -> Problem:
    return Problem(
        key="database",
        kind=Kind.DATABASE,
        severity=Severity.ERROR,
        title=f"the database {settings.postgres_db} cannot be used",
        since=now,
        error=str(error),
        advice="`mtw db start` starts the embedded server, `mtw doctor` looks at everything",
        settles_after=_DATABASE_SETTLES_AFTER,
    )


def _rules(settings: Settings, now: datetime) -> tuple[AlertRules, Found]:
    """The analysts' rules; where they cannot be read, that is told, and everything else goes on."""
    try:
        return load_rules(settings.alert_rules), Found(source="rules")
    except SettingsError as error:
        problem = Problem(
            key="rules",
            kind=Kind.RULES,
            severity=Severity.ERROR,
            title="the analysts' rules of alerts cannot be used",
            since=now,
            error=str(error),
            mark=str(error),
        )
        return AlertRules(), Found(source="rules", problems=[problem])
