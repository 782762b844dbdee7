"""Channels against their own habit: silent for too long, or with unusually many or few messages on a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from medical_telegram_warehouse.alerts.problems import Event, Found, Kind, Problem, Severity
from medical_telegram_warehouse.alerts.queries import statement
from medical_telegram_warehouse.alerts.rules import SilentChannel
from medical_telegram_warehouse.steps import SCRAPE

# A channel that posts daily but for Sundays may be silent for four days, one that posts weekly for two weeks.
_HABIT = {"habit_days": 90, "times": 2, "shortest_hours": 48, "fewest_gaps": 5}
_MOST_ANOMALIES = 1000


def find_silent_channels(connection: psycopg.Connection, rules: Sequence[SilentChannel]) -> Found:
    """A problem for each channel without a message for longer than its habit, or its rule, allows."""
    given: dict[str, Any] = {
        "patterns": [rule.channel_pattern for rule in rules],
        "hours": [rule.hours for rule in rules],
        "scrape_step": SCRAPE,
    }
    problems = []
    for channel, username, last_at, usual_days, rule_hours, hours in connection.execute(
        statement("silent_channels"), {**_HABIT, **given}
    ):
        allowed = f"more than {rule_hours:g} hours" if rule_hours is not None else "against its habit"
        days = "day" if usual_days == 1 else "days"
        problems.append(
            Problem(
                key=f"silent:{channel}",
                kind=Kind.SILENT_CHANNEL,
                severity=Severity.WARNING,
                title=f"channel {channel} is silent, {allowed}",
                since=last_at,
                rows=(
                    f"no message for {hours:,.0f} hours"
                    + (f"; it usually posts every {usual_days:g} {days} or more often" if usual_days else ""),
                ),
                link=f"https://t.me/{username}" if username else None,
                advice="look whether it was renamed, closed or made private (`mtw scrape` says how each was read)",
            )
        )
    return Found(source="silent", problems=problems)


def find_unusual_volumes(connection: psycopg.Connection) -> Found:
    """An event for each day of the last week with unusually many or few messages."""
    row = connection.execute(statement("has_messages")).fetchone()
    if row is None or not row[0]:
        return Found(source="volume")
    events = [
        Event(
            key=f"volume:{key}",
            kind=Kind.VOLUME,
            text=f"{channel} on {day:%Y-%m-%d}: {kind} messages, {count:,} where {expected:g} are usual",
        )
        for key, channel, day, kind, count, expected in connection.execute(
            statement("volume_anomalies"), {"rows": _MOST_ANOMALIES}
        )
    ]
    return Found(source="volume", events=events)
