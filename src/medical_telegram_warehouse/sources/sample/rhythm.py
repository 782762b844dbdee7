"""When a channel posts: how many messages a day, which ids they have, and at which time of day.

Ids are cumulative since the first day of the sample's world, in closed form, so a day's ids are known without
generating the days before it.
"""

from __future__ import annotations

from bisect import bisect_left

from medical_telegram_warehouse.sources.sample.chance import Roll, fraction

_WEEKDAYS = (1.1, 1.1, 1.0, 1.1, 1.1, 0.95, 0.65)
"""Relative activity, Monday to Sunday; seven in all, so that a rate is messages per average day."""
_JITTER = 0.5  # of an average day; less than the quietest weekday, so that ids never run backwards
_FIRST_WEEKDAY = 2  # 1 January 2020 was a Wednesday
_BEFORE = tuple(sum(_WEEKDAYS[(_FIRST_WEEKDAY + offset) % 7] for offset in range(days)) for days in range(8))

_HOURS = (5, 6, 6, 7, 7, 7, 8, 8, 9, 10, 11, 12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 20, 21, 22, 23)
"""UTC. Three hours more in Addis Ababa: the last three belong to the next business day there."""
FIRST_HOUR = 3.5
"""The first post of a day, before all others."""


class Rhythm:
    """The calendar of one channel at a rate of messages per day."""

    def __init__(self, seed: int, channel: str, per_day: float) -> None:
        self._name = (seed, "rhythm", channel)
        self._per_day = per_day

    def ids_before(self, day: int) -> int:
        """How many messages were posted before a day; the day's first id is one more."""
        weeks, rest = divmod(day, 7)
        activity = 7.0 * weeks + _BEFORE[rest] + _JITTER * fraction(*self._name, day)
        return int(self._per_day * activity)

    def day_of(self, message_id: int, first: int, end: int) -> int:
        """The day in [first, end] on which an id was posted, or the nearest of these days."""
        days = range(first, end)
        return first + bisect_left(days, message_id, key=lambda day: self.ids_before(day + 1))


def first_time(roll: Roll) -> int:
    """Second of the day of the first post."""
    return int((FIRST_HOUR + roll() * 1.4) * 3600)


def times(roll: Roll, count: int) -> list[int]:
    """Seconds of the day of the other posts, ascending."""
    hours = len(_HOURS)
    return sorted(_HOURS[int(roll() * hours)] * 3600 + int(roll() * 3600) for _ in range(count))
