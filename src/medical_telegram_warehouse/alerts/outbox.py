"""Messages, and which destination has not got which of them yet. A destination is known by a hash of its URL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from medical_telegram_warehouse.alerts.book_file import to_text, transaction
from medical_telegram_warehouse.alerts.problems import Severity

_FORGET_AFTER = timedelta(days=30)
_ADD_MESSAGE = "INSERT INTO messages (created_at, severity, title, body) VALUES (?, ?, ?, ?)"
_ADD_DELIVERY = "INSERT OR IGNORE INTO deliveries (message_id, destination) VALUES (?, ?)"
_PENDING = """
    SELECT message_id, title, body, severity FROM messages JOIN deliveries USING (message_id)
    WHERE destination = ? AND sent_at IS NULL
    ORDER BY message_id
"""
_ORPHANS = """
    SELECT DISTINCT message_id FROM deliveries
    WHERE sent_at IS NULL AND destination NOT IN (SELECT value FROM json_each(?))
"""
_DROP_ORPHANS = """
    DELETE FROM deliveries WHERE sent_at IS NULL AND destination NOT IN (SELECT value FROM json_each(?))
"""
_SENT = "UPDATE deliveries SET sent_at = ?, attempts = attempts + 1 WHERE message_id = ? AND destination = ?"
_NOT_SENT = "UPDATE deliveries SET attempts = attempts + 1 WHERE message_id = ? AND destination = ?"
_ATTEMPTS = "SELECT attempts FROM deliveries WHERE message_id = ? AND destination = ?"
_UNSENT = "SELECT count(DISTINCT message_id) FROM deliveries WHERE sent_at IS NULL"
_FORGET = """
    DELETE FROM messages WHERE created_at < ? AND NOT EXISTS
        (SELECT * FROM deliveries WHERE deliveries.message_id = messages.message_id AND sent_at IS NULL)
"""


class Message(NamedTuple):
    """What is sent."""

    title: str
    body: str
    severity: Severity | None
    """None for good news."""


class Outbox:
    """The part of the book's file that holds messages."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, message: Message, now: datetime, destinations: Collection[str]) -> None:
        """Keep a message for each destination; within the caller's transaction."""
        row = [to_text(now), message.severity, message.title, message.body]
        message_id = self._connection.execute(_ADD_MESSAGE, row).lastrowid
        self._connection.executemany(_ADD_DELIVERY, [(message_id, destination) for destination in destinations])
        self._connection.execute(_FORGET, [to_text(now - _FORGET_AFTER)])

    def readdress(self, destinations: Collection[str]) -> None:
        """Whoever is configured now gets what others were still to be sent: a URL that was wrong has been mended."""
        if not destinations:
            return
        ours = json.dumps(sorted(destinations))
        with transaction(self._connection):
            orphans = self._connection.execute(_ORPHANS, [ours]).fetchall()
            rows = [(message_id, destination) for (message_id,) in orphans for destination in destinations]
            self._connection.executemany(_ADD_DELIVERY, rows)
            self._connection.execute(_DROP_ORPHANS, [ours])

    def pending(self, destination: str) -> dict[int, Message]:
        """What this destination is still to be sent, by number, the oldest first."""
        return {
            number: Message(title, body, Severity(severity) if severity else None)
            for number, title, body, severity in self._connection.execute(_PENDING, [destination])
        }

    def sent(self, numbers: Sequence[int], destination: str, now: datetime) -> None:
        """These have arrived."""
        with transaction(self._connection):
            self._connection.executemany(_SENT, [(to_text(now), number, destination) for number in numbers])

    def not_sent(self, numbers: Sequence[int], destination: str) -> int:
        """These have not; returns how often that has happened to the first of them."""
        with transaction(self._connection):
            self._connection.executemany(_NOT_SENT, [(number, destination) for number in numbers])
        [attempts] = self._connection.execute(_ATTEMPTS, [numbers[0], destination]).fetchone()
        return int(attempts)

    def unsent(self) -> int:
        """How many messages some destination is still to be sent."""
        [count] = self._connection.execute(_UNSENT).fetchone()
        return int(count)
