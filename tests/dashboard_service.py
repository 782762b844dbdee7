"""Services over warehouses in states that the sample's is not in: with tables and no rows, or few of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.sql import SQL, Identifier

from conftest import Database
from medical_telegram_warehouse.api import ApiOptions
from medical_telegram_warehouse.records import DatabaseAddress


def options_over(address: DatabaseAddress, folder: Path, **changes: Any) -> ApiOptions:
    """The service's options over a database without photos."""
    return ApiOptions(address, ZoneInfo("Africa/Addis_Ababa"), folder, requests_per_minute=0, **changes)


def add_empty_marts(database: Database, built: psycopg.Connection[dict[str, Any]]) -> None:
    """Give a migrated database the marts of a built one, without a row: a build of nothing takes half a minute."""
    tables = built.execute(
        """
        SELECT classes.relname AS name,
            array_agg(attributes.attname ORDER BY attributes.attnum) AS columns,
            array_agg(format_type(attributes.atttypid, attributes.atttypmod) ORDER BY attributes.attnum) AS types
        FROM pg_class AS classes JOIN pg_attribute AS attributes ON classes.oid = attributes.attrelid
        WHERE classes.relnamespace = 'marts'::regnamespace AND classes.relkind IN ('r', 'v') AND attributes.attnum > 0
            AND NOT attributes.attisdropped
        GROUP BY classes.relname
        """
    ).fetchall()
    with database.connect() as connection:
        for each in tables:
            columns = [
                SQL("{} {}").format(Identifier(name), SQL(kind))
                for name, kind in zip(each["columns"], each["types"], strict=True)
            ]
            connection.execute(
                SQL("CREATE TABLE marts.{} ({})").format(Identifier(each["name"]), SQL(", ").join(columns))
            )
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA marts TO mtw_reader")
        connection.execute("UPDATE ops.warehouse_version SET version = 1, built_at = now()")


def add_row(connection: psycopg.Connection[Any], table: str, **values: Any) -> None:
    """Put one row into a table of the marts."""
    connection.execute(
        SQL("INSERT INTO marts.{} ({}) VALUES ({})").format(
            Identifier(table),
            SQL(", ").join(Identifier(name) for name in values),
            SQL(", ").join(SQL("%s") for _ in values),
        ),
        list(values.values()),
    )
