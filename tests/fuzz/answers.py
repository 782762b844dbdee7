"""What must hold of whatever a parser answers: that it can be stored, and that the lake reads it as it was meant."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from factories import NOW
from medical_telegram_warehouse import logs
from medical_telegram_warehouse.lake.lines import RawRecord
from medical_telegram_warehouse.lake.parse import FIRST_DAY, FUTURE_TOLERANCE, ParsedRecord, RecordParser
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_CHANNEL_NAME, MAX_COUNT, Message

# What the lake refuses of a message that a source has read: only a page's own words decide its date.
_REFUSED_DATES = {"message_date_in_future", "message_date_too_old"}


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL takes every text in it: no NUL, and nothing that is no UTF-8."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple):
            left += each
        elif isinstance(each, str) and re.search("[\x00\ud800-\udfff]", each):
            return False
    return True


@contextmanager
def checked_log() -> Iterator[None]:
    """What is logged meanwhile can be shown: of a run with a line that is no UTF-8, Dagster's UI shows an error."""
    lines = _Lines()
    logger = logging.getLogger(logs.PACKAGE)
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
    assert is_storable(lines.said)


class _Lines(logging.Handler):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def check_message(message: Message, now: datetime = NOW) -> None:
    """A message holds nothing that its table or a sum over it refuses, and no moment that a page cannot show."""
    assert is_storable(msgspec.to_builtins(message, builtin_types=(datetime,)))
    assert 0 < message.message_id <= MAX_BIGINT
    assert 0 < len(message.channel_name.strip()) <= len(message.channel_name) <= MAX_CHANNEL_NAME
    counters = (message.views, message.forwards, message.replies, *(message.reactions or {}).values())
    assert all(0 <= count <= MAX_COUNT for count in counters if count is not None)
    ids = (message.reply_to_message_id, message.grouped_id, message.forwarded_from_id, message.photo_id)
    assert all(abs(number) <= MAX_BIGINT for number in ids if number is not None)
    moments = (message.message_date, message.edit_date, message.forwarded_date, message.scraped_at)
    assert all(FIRST_DAY <= moment <= now + FUTURE_TOLERANCE for moment in moments if moment is not None)


def check_written(messages: Iterable[Message]) -> None:
    """The line of each message is read back as it was, without a repair, or has a date that the lake refuses."""
    now = datetime.now(UTC)
    parser = RecordParser("", now)
    for message in messages:
        line = msgspec.json.encode(message)
        read = parser.parse(RawRecord(0, line, len(line)))
        if isinstance(read, ParsedRecord):
            assert (read.message, read.repairs) == (message, ())
            check_message(read.message, now)
        else:
            assert read.reason in _REFUSED_DATES
