"""Advisory locks that more than one room takes, and the order in which they are taken: as they stand here.

What is read while a build goes on must not change, or its facts and dimensions would not fit together: whoever writes
into the schema `raw` holds BUILD_LOCK shared, a build holds it alone. So any number of loads may run at once, and a
build waits for them, as they wait for a build.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from medical_telegram_warehouse.postgres.watermarks import lower_watermarks

logger = logging.getLogger(__name__)
BUILD_LOCK = 7_240_115_004
EXTRACT_LOCK = 7_240_115_006
"""Held while offers are read. warehouse/macros/incremental.sql names this and the following, too."""
LOAD_LOCK = 7_240_115_003
"""Held while messages are loaded. Whoever holds it knows that no message is half-way into the database."""
DETECTIONS_LOCK = 7_240_115_005
"""Held while detections are loaded."""


@contextmanager
def writing_raw(connection: psycopg.Connection, lock: int) -> Iterator[None]:
    """Wait for builds and for others that hold `lock`, and keep both away until the end of the block.

    Args:
        connection: in autocommit mode; the locks are its session's.
        lock: one of this module's, except BUILD_LOCK.
    """
    row = connection.execute("SELECT pg_try_advisory_lock_shared(%s)", [BUILD_LOCK]).fetchone()
    if row is None or not row[0]:
        logger.info("a build of the marts is running or waits for its turn; waiting for it")
        connection.execute("SELECT pg_advisory_lock_shared(%s)", [BUILD_LOCK])
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", [lock])
        try:
            lower_watermarks(connection)
            yield
        finally:
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", [lock])
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock_shared(%s)", [BUILD_LOCK])
