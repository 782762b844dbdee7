"""What a message says, as plain text: what is wrong, since when, which rows, the error's end, and what to do.

Everything is made free of secrets, and of line breaks where a line is meant: titles become headers of mails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.alerts.outbox import Message
from medical_telegram_warehouse.alerts.problems import Event, Kind, News, Problem, Recovery, Severity
from medical_telegram_warehouse.logs import redacted

_MOST_ROWS = 20
_MOST_AS_A_WHOLE = 3
_ERROR_LINES = 15
_LONGEST_LINE = 500
_LONGEST_TITLE = 150
_RULE = "-" * 40


def compose(news: News, name: str, zone: ZoneInfo, now: datetime) -> Message:
    """The message that tells of `news`.

    Args:
        news: which is not empty.
        name: of the warehouse, for people who are told of several.
        zone: of whoever reads it; times are in UTC beside it.
        now: when this was found.
    """
    blocks = [
        *_problems("", news.new, zone, now),
        *_events(news.events),
        *_problems("STILL WRONG: ", news.again, zone, now),
        *(_recovery(recovery, zone) for recovery in news.recovered),
    ]
    return Message(
        redacted(_line(f"{name}: {_headline(news)}", _LONGEST_TITLE)),
        redacted(f"\n{_RULE}\n".join(blocks)),
        news.severity,
    )


def combined(messages: list[Message]) -> Message:
    """Several messages as one, the newest first; of very many, the older ones by their titles alone."""
    if len(messages) == 1:
        return messages[0]
    newest_first = messages[::-1]
    parts = [f"{message.title}\n\n{message.body}" for message in newest_first[:_MOST_ROWS]]
    if older := newest_first[_MOST_ROWS:]:
        parts.append("\n".join([f"{len(older)} older ones:", *(message.title for message in older)]))
    found = {message.severity for message in messages}
    return Message(
        f"{newest_first[0].title} (and {len(messages) - 1} earlier, which could not be sent)",
        f"\n\n{'=' * len(_RULE)}\n".join(parts),
        next((severity for severity in Severity if severity in found), None),
    )


def duration(length: timedelta) -> str:
    """`2 days 3 h`, `5 h 10 min`, `4 min`."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} {'day' if days == 1 else 'days'} {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """In UTC and, where that differs, in the reports' time zone."""
    utc = when.astimezone(UTC)
    local = when.astimezone(zone)
    said = f"{utc:%Y-%m-%d %H:%M} UTC"
    return said if local.utcoffset() == timedelta() else f"{said} ({local:%Y-%m-%d %H:%M} {zone.key})"


def _headline(news: News) -> str:
    new = sorted(news.new, key=_worst_first)
    titles = [problem.title for problem in new if problem.severity is Severity.ERROR]
    titles += [f"still: {problem.title}" for problem in news.again]
    titles += [f"recovered: {recovery.title}" for recovery in news.recovered]
    titles += [problem.title for problem in new if problem.severity is not Severity.ERROR]
    titles += [f"{len(events)} {kind}: {events[0].text}" for kind, events in _by_kind(news.events)]
    more = len(titles) - 1
    return titles[0] + (f" (+{more} more)" if more else "")


def _problems(prefix: str, problems: list[Problem], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Each as a whole; many of one kind by a line each."""
    for (severity, kind), same in groupby(
        sorted(problems, key=_worst_first), lambda problem: (problem.severity, problem.kind)
    ):
        alike = list(same)
        if len(alike) <= _MOST_AS_A_WHOLE:
            yield from ("\n".join(_said(prefix, problem, zone, now)) for problem in alike)
            continue
        rows = [
            f"{problem.title}; since {moment(problem.since, zone)}" + (f"; {problem.rows[0]}" if problem.rows else "")
            for problem in alike
        ]
        links = {problem.link for problem in alike if problem.link}
        look = [f"look: {links.pop()}"] if len(links) == 1 else []
        yield "\n".join([f"{prefix}{severity.upper()}: {len(alike)} of the kind {kind}", *_capped(rows), *look])


def _worst_first(problem: Problem) -> tuple[int, int]:
    return list(Severity).index(problem.severity), list(Kind).index(problem.kind)


def _said(prefix: str, problem: Problem, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    yield f"{prefix}{problem.severity.upper()}: {_line(problem.title)}"
    yield f"since {moment(problem.since, zone)}, {duration(now - problem.since)}"
    yield from _capped(problem.rows)
    if problem.error:
        lines = [line.rstrip() for line in problem.error.strip().splitlines()]
        yield "the error's last lines:" if len(lines) > _ERROR_LINES else "the error:"
        yield from (f"  | {_line(line)}" for line in lines[-_ERROR_LINES:])
    if problem.link:
        yield f"look: {problem.link}"
    if problem.advice:
        yield f"what to do: {problem.advice}"


def _events(events: list[Event]) -> Iterator[str]:
    for kind, same in _by_kind(events):
        yield "\n".join([f"{kind.upper()}: {len(same)}", *_capped([event.text for event in same])])


def _by_kind(events: list[Event]) -> list[tuple[str, list[Event]]]:
    ordered = sorted(events, key=lambda event: event.kind)
    return [(kind.value, list(same)) for kind, same in groupby(ordered, lambda event: event.kind)]


def _recovery(recovery: Recovery, zone: ZoneInfo) -> str:
    lines = [
        f"RECOVERED: {_line(recovery.title)}",
        f"it lasted {duration(recovery.ended_at - recovery.since)}, since {moment(recovery.since, zone)}",
    ]
    return "\n".join(lines)


def _capped(rows: Iterable[str]) -> Iterator[str]:
    listed = list(rows)
    yield from (f"  - {_line(row)}" for row in listed[:_MOST_ROWS])
    if len(listed) > _MOST_ROWS:
        yield f"  and {len(listed) - _MOST_ROWS} more"


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    """Strangers write names of products and channels."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
