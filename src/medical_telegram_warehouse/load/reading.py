"""Reads one lake file from where its last load ended, and knows how far it has come."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from medical_telegram_warehouse.lake.lines import Hash, hash_prefix, is_array
from medical_telegram_warehouse.lake.parse import ParsedRecord, RejectedRecord
from medical_telegram_warehouse.lake.reader import MessageFile, read_records

logger = logging.getLogger(__name__)


class LoadedFile(NamedTuple):
    """What the database knows of a file; `size` is -1 while it is being read."""

    size: int
    mtime_ns: int
    loaded_bytes: int
    sha256: bytes


class FileReading:
    """One file on its way into the database.

    Args:
        source: the file.
        loaded: what is known of it, or None for a new file.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, source: MessageFile, loaded: LoadedFile | None) -> None:
        self.source = source
        self.rejections: list[RejectedRecord] = []
        self.is_first_report = True
        self.start = 0
        self._digest: Hash = hashlib.sha256()
        self._records = 0
        self._is_finished = False
        if loaded is not None and loaded.loaded_bytes and not is_array(source.path):
            digest, is_whole = hash_prefix(source.path, loaded.loaded_bytes)
            if is_whole and digest.digest() == loaded.sha256:
                self.start, self._digest = loaded.loaded_bytes, digest
            else:
                logger.warning("%s was rewritten since it was loaded; it is read again as a whole", source.file_path)
        self._position = self.start

    def parsed(self, now: datetime) -> Iterator[ParsedRecord]:
        """Yield the usable records, setting the others aside in `rejections`.

        Raises:
            OSError: the file cannot be read any further.
        """
        with self.source.path.open("rb") as file:
            for raw, record in read_records(self.source, file, self.start, self._digest, now):
                self._position = raw.end
                is_torn = raw.problem == "torn_line"
                self._records += not is_torn  # it will be counted once it has been completed
                if isinstance(record, ParsedRecord):
                    yield record
                    continue
                self.rejections.append(record)
                if is_torn:  # nothing after it counts as read
                    break
            else:
                self._position = file.tell()
        self._is_finished = True

    def progress(self) -> dict[str, object]:
        """What the database shall know since the last report: size and time only once the file is read to its end."""
        values: dict[str, object] = {
            "file_size": self.source.size if self._is_finished else -1,
            "file_mtime_ns": self.source.mtime_ns,
            "loaded_bytes": self._position,
            "sha256": self._digest.digest(),
            "records": self._records,
            "restarted": self.is_first_report and self.start == 0,
        }
        self._records, self.is_first_report = 0, False
        return values

    def take_rejections(self) -> list[RejectedRecord]:
        """The rejections since the last report."""
        taken, self.rejections = self.rejections, []
        return taken
