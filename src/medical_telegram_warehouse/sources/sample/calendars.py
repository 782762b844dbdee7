"""The Ethiopian calendar, in which vacancies and announcements are dated."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

MONTHS = (
    "መስከረም", "ጥቅምት", "ኅዳር", "ታህሳስ", "ጥር", "የካቲት", "መጋቢት", "ሚያዝያ", "ግንቦት", "ሰኔ", "ሐምሌ", "ነሐሴ", "ጳጉሜ",
)  # fmt: skip
_CYCLE_START = 2431  # Python's ordinal of a day on which a four-year cycle began
_FOUR_YEARS = 1461


class EthiopianDate(NamedTuple):
    """A day of the Ethiopian calendar: twelve months of thirty days and a short thirteenth."""

    year: int
    month: int
    day: int

    @property
    def numeric(self) -> str:
        """As in `07/05/2018`, which looks Gregorian and is not."""
        return f"{self.day:02}/{self.month:02}/{self.year}"

    @property
    def long(self) -> str:
        """As in `ጥር 08 ቀን 2018`."""
        return f"{MONTHS[self.month - 1]} {self.day:02} ቀን {self.year}"


def ethiopian(day: date) -> EthiopianDate:
    """The Ethiopian date of a Gregorian one."""
    cycles, rest = divmod(day.toordinal() - _CYCLE_START, _FOUR_YEARS)
    of_year = rest % 365 + 365 * (rest // 1460)
    year = 4 * cycles + rest // 365 - rest // 1460
    return EthiopianDate(year, of_year // 30 + 1, of_year % 30 + 1)
