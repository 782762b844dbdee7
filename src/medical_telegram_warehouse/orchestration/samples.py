"""A few rows of a table, and about how many it has, for people who look at an asset.

Long numbers are left out of texts: posts hold their sellers' telephone numbers, and Dagster keeps what it is told.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

import psycopg
from dagster import AssetKey, MetadataValue, TableRecord
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from medical_telegram_warehouse.errors import WarehouseError
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.settings import Settings

Metadata = dict[str, Any]
_ROWS = 3
_LONGEST = 80
_LONG_NUMBER = re.compile(r"\d(?:[ ().-]{0,2}\d){6,}")
logger = logging.getLogger(__name__)


def of_tables(settings: Settings, keys: Iterable[AssetKey]) -> dict[AssetKey, Metadata]:
    """Metadata of tables by the keys of their assets, which are schema and name; of those that can be read."""
    found: dict[AssetKey, Metadata] = {}
    try:
        with connect(settings.database, application="mtw samples") as connection:
            for key in keys:
                if (metadata := _of_table(connection, *key.path)) is not None:
                    found[key] = metadata
    except (WarehouseError, psycopg.Error) as error:
        logger.warning("no samples of tables: %s", error)
    return found


def _of_table(connection: psycopg.Connection, schema: str, table: str) -> Metadata | None:
    row = connection.execute(statement("estimated_rows"), {"schema": schema, "table": table}).fetchone()
    if row is None:
        return None
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(SQL("SELECT * FROM {} LIMIT %s").format(Identifier(schema, table)), [_ROWS])
        rows = [TableRecord({name: _plain(value) for name, value in each.items()}) for each in cursor]
    metadata: Metadata = {"rows_about": MetadataValue.int(row[0])}
    if rows:
        metadata["sample"] = MetadataValue.table(rows)
    return metadata


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    if isinstance(value, str | dict | list):
        text = _LONG_NUMBER.sub("…", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
