"""How far the extractor and the models have read, by the times at which rows were written: the server's clock tells.

A clock that is set back gives new rows earlier times than what was read already, and they would be passed over for
ever. So whoever is about to write looks first whether the clock is where it was.
"""

from __future__ import annotations

import logging

import psycopg

from medical_telegram_warehouse.postgres.queries import statement

logger = logging.getLogger(__name__)


def lower_watermarks(connection: psycopg.Connection) -> None:
    """Let nothing count as read that is written from now on. What was written since then is read once more.

    Args:
        connection: in autocommit mode, to a migrated database.
    """
    row = connection.execute(statement("lower_watermarks")).fetchone()
    if row is not None and row[0] is not None:
        logger.warning(
            "the database server's clock was set back: it was past %s already. What was written since its present time "
            "is read once more; nothing is lost",
            f"{row[0]:%Y-%m-%d %H:%M:%S %Z}",
        )
