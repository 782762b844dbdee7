"""What a schema holds, for tests that compare two states of it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

# When a row was written says nothing of what it says.
TIMES_OF_BUILDS = ("updated_at", "content_updated_at")


def relations(connection: psycopg.Connection, schema: str) -> list[str]:
    """Its tables and views."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1"
    return [name for (name,) in connection.execute(query, [schema]).fetchall()]


def contents(connection: psycopg.Connection, schema: str) -> dict[str, list[str]]:
    """Every row of every table and view as text, in an order that does not depend on how it was built."""
    return {name: sorted(_rows(connection, schema, name)) for name in relations(connection, schema)}


def records(connection: psycopg.Connection, schema: str) -> dict[str, list[dict[str, Any]]]:
    """The same as dictionaries, times of builds included."""
    cursor = connection.cursor(row_factory=dict_row)
    return {
        name: cursor.execute(SQL("SELECT * FROM {}").format(Identifier(schema, name))).fetchall()
        for name in relations(connection, schema)
    }


def _rows(connection: psycopg.Connection, schema: str, name: str) -> list[str]:
    cursor = connection.execute(SQL("SELECT * FROM {} LIMIT 0").format(Identifier(schema, name)))
    columns = [column.name for column in cursor.description or () if column.name not in TIMES_OF_BUILDS]
    row = SQL(", ").join(map(Identifier, columns))
    query = SQL("SELECT row({})::text FROM {}").format(row, Identifier(schema, name))
    return [text for (text,) in connection.execute(query).fetchall()]
