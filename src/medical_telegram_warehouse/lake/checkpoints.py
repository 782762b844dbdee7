"""What the lake's writer remembers between scrapes, in one SQLite file beside the lines.

    channels        how far each source has read each channel, and how long its newest file was then
    seen            what was last stored of each message that may be observed again
    missing_photos  photos that lines name and the lake does not hold yet
    names           under which name each Telegram channel is stored, whatever it is called later

All of it can be made again from the lake's lines, and is where the file is gone. A page costs what is on it: the file
is changed, never rewritten as a whole.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from medical_telegram_warehouse.errors import LakeError

CHECKPOINTS_FILE = ".checkpoints.sqlite"
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS channels (
        channel_id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        channel_name TEXT NOT NULL,
        first_message_id INTEGER,
        last_message_id INTEGER,
        file TEXT NOT NULL DEFAULT '',
        file_bytes INTEGER NOT NULL DEFAULT 0,
        UNIQUE (source, channel_name)
    );
    CREATE TABLE IF NOT EXISTS seen (
        channel_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        message_date INTEGER NOT NULL,
        fingerprint BLOB NOT NULL,
        photo_id INTEGER,
        is_deleted INTEGER NOT NULL,
        PRIMARY KEY (channel_id, message_id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS missing_photos (
        channel_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        PRIMARY KEY (channel_id, message_id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS names (telegram_id INTEGER PRIMARY KEY, channel_name TEXT NOT NULL);
"""
_ADD_CHANNEL = "INSERT INTO channels (source, channel_name) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND_CHANNEL = """
    SELECT channel_id, first_message_id, last_message_id, file, file_bytes
    FROM channels
    WHERE source = ? AND channel_name = ?
"""
_FIND_SEEN = """
    SELECT message_id, message_date, fingerprint, photo_id, is_deleted FROM seen
    WHERE channel_id = ? AND message_id IN (SELECT value FROM json_each(?))
"""
_FIND_EXPECTED = """
    SELECT message_id, message_date FROM seen
    WHERE channel_id = ? AND NOT is_deleted AND message_date >= ? AND message_id <= ?
"""
_SAVE_CHANNEL = """
    UPDATE channels SET first_message_id = ?, last_message_id = ?, file = ?, file_bytes = ? WHERE channel_id = ?
"""
_SAVE_SEEN = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)"


class Seen(NamedTuple):
    """What was last stored of a message."""

    message_id: int
    message_date: datetime
    fingerprint: bytes
    photo_id: int | None
    is_deleted: bool


class Checkpoints:
    """The file; opened while holding the lake's lock.

    Raises:
        LakeError: it is damaged, or cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / CHECKPOINTS_FILE
        with self._explained():
            self._database = sqlite3.connect(self._path)
            # No sync at each page: after a loss of power the lines are read back, as they are after a kill.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def channel(self, source: str, channel_name: str) -> ChannelCheckpoint:
        """What is remembered of one channel as one source has read it."""
        with self.changing() as database:
            database.execute(_ADD_CHANNEL, (source, channel_name))
        [row] = self.read(_FIND_CHANNEL, source, channel_name)
        return ChannelCheckpoint(self, *row)

    def name_of(self, telegram_id: int) -> str | None:
        """Under which name a Telegram channel is stored."""
        rows = self.read("SELECT channel_name FROM names WHERE telegram_id = ?", telegram_id)
        return rows[0][0] if rows else None

    def owner_of(self, channel_name: str) -> int | None:
        """Which Telegram channel is stored under a name."""
        rows = self.read("SELECT telegram_id FROM names WHERE channel_name = ?", channel_name)
        return rows[0][0] if rows else None

    def has_names(self) -> bool:
        """Whether any name is remembered."""
        return bool(self.read("SELECT 1 FROM names LIMIT 1"))

    def keep_names(self, names: Iterable[tuple[int, str]]) -> None:
        """Store these Telegram channels under these names from now on. A channel's first name stays."""
        with self.changing() as database:
            database.executemany("INSERT INTO names VALUES (?, ?) ON CONFLICT DO NOTHING", names)

    def read(self, query: str, *values: object) -> list[Any]:
        """Run a query."""
        with self._explained():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._explained(), self._database:
            yield self._database

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise LakeError(
                f"cannot write the lake's checkpoints, {self._path}: {error}; check free space and that this user may "
                f"write there"
            ) from error
        except sqlite3.DatabaseError as error:
            raise LakeError(
                f"the lake's checkpoints, {self._path}, are damaged ({error}); delete that file, and the next scrape "
                f"makes it again from the lake's lines"
            ) from error


class ChannelCheckpoint:
    """What is remembered of one channel; made by `Checkpoints.channel`."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        channel_id: int,
        first_message_id: int | None,
        last_message_id: int | None,
        file: str,
        file_bytes: int,
    ) -> None:
        self._checkpoints = checkpoints
        self._channel_id = channel_id
        self.first_message_id = first_message_id
        self.last_message_id = last_message_id
        self.file = file
        self.file_bytes = file_bytes

    def seen(self, message_ids: Iterable[int]) -> dict[int, Seen]:
        """What was last stored of these messages, where that is remembered."""
        rows = self._checkpoints.read(_FIND_SEEN, self._channel_id, json.dumps(list(message_ids)))
        return {
            message_id: Seen(message_id, datetime.fromtimestamp(date, UTC), fingerprint, photo_id, bool(is_deleted))
            for message_id, date, fingerprint, photo_id, is_deleted in rows
        }

    def expected(self, since: datetime, up_to_message_id: int) -> dict[int, datetime]:
        """The messages of a window that were there when last seen, with their dates."""
        rows = self._checkpoints.read(_FIND_EXPECTED, self._channel_id, int(since.timestamp()), up_to_message_id)
        return {message_id: datetime.fromtimestamp(date, UTC) for message_id, date in rows}

    def missing_photos(self) -> list[int]:
        """The messages whose photos are not in the lake yet."""
        query = "SELECT message_id FROM missing_photos WHERE channel_id = ? ORDER BY message_id"
        return [message_id for (message_id,) in self._checkpoints.read(query, self._channel_id)]

    def include(self, message_id: int) -> None:
        """Extend the known range of messages."""
        self.first_message_id = min(self.first_message_id or message_id, message_id)
        self.last_message_id = max(self.last_message_id or message_id, message_id)

    def save(self, seen: Iterable[Seen], *, missing: Collection[int] = (), found: Collection[int] = ()) -> None:
        """Remember a page, and how far the channel and its file have come."""
        number = self._channel_id
        with self._checkpoints.changing() as database:
            database.executemany(
                _SAVE_SEEN,
                (
                    (
                        number,
                        each.message_id,
                        int(each.message_date.timestamp()),
                        each.fingerprint,
                        each.photo_id,
                        int(each.is_deleted),
                    )
                    for each in seen
                ),
            )
            database.executemany(
                "INSERT INTO missing_photos VALUES (?, ?) ON CONFLICT DO NOTHING", [(number, each) for each in missing]
            )
            database.executemany(
                "DELETE FROM missing_photos WHERE channel_id = ? AND message_id = ?", [(number, each) for each in found]
            )
            progress = (self.first_message_id, self.last_message_id, self.file, self.file_bytes)
            database.execute(_SAVE_CHANNEL, (*progress, number))

    def forget_before(self, moment: datetime) -> None:
        """Forget messages too old to be observed again."""
        with self._checkpoints.changing() as database:
            query = "DELETE FROM seen WHERE channel_id = ? AND message_date < ?"
            database.execute(query, (self._channel_id, int(moment.timestamp())))
