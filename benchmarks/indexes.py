"""What finds rows that were written since: nothing, BRIN or a B-tree on the time of loading, or partitions by month.

A million rows as wide as messages, in the order in which a load writes them, with ten thousand of them updated
afterwards, as late views are. Each layout is filled, updated and asked for what changed; the baseline has neither index
nor partitions. The decision that came of it is docs/decisions/0010-brin-and-no-partitions.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg

from benchmarks.table import Measurement

ROWS = 1_000_000
UPDATED = 10_000
_LAYOUTS = {
    "no index": "",
    "BRIN on loaded_at": "CREATE INDEX ON measured USING brin (loaded_at)",
    "B-tree on loaded_at": "CREATE INDEX ON measured (loaded_at)",
    "30 partitions by month of the message": "PARTITIONED",
}
_COLUMNS = """
    channel_name text NOT NULL, message_id bigint NOT NULL, message_date timestamptz NOT NULL,
    message_text text NOT NULL, views bigint, loaded_at timestamptz NOT NULL
"""
_PARTITIONS = """
    SELECT format(
        'CREATE TABLE measured_%s PARTITION OF measured FOR VALUES FROM (%L) TO (%L)',
        month_number, timestamptz '2024-01-01' + month_number * interval '1 month',
        timestamptz '2024-01-01' + (month_number + 1) * interval '1 month'
    )
    FROM generate_series(0, 29) AS month_number
"""
# Ten channels, one after the other, as a first load writes them; texts of some 600 bytes.
_FILL = """
    INSERT INTO measured
    SELECT
        'channel_' || number / 100000, number %% 100000,
        timestamptz '2024-01-01' + (number %% 100000) * interval '13 minutes',
        repeat(md5(number::text), 18), number %% 500, timestamptz '2026-01-01' + number / 10000 * interval '1 second'
    FROM generate_series(0, %(rows)s - 1) AS number
"""
_UPDATE = """
    UPDATE measured SET views = views + 1, loaded_at = timestamptz '2026-01-02'
    WHERE channel_name = ANY(%(channels)s) AND message_id >= 99000
"""
_CHANGED = "SELECT count(*) FROM measured WHERE loaded_at >= timestamptz '2026-01-02'"
_ONE = "SELECT views FROM measured WHERE channel_name = 'channel_7' AND message_id = 4711"
_FEW = 20


def measure_indexes(connection: psycopg.Connection) -> Iterator[Measurement]:
    """Yield the figures, measured in an empty database."""
    _create(connection, "")
    _figures(connection)  # not counted: it pays for the server's first files
    baseline: dict[str, float] = {}
    for layout, statement in _LAYOUTS.items():
        _create(connection, statement)
        figures = _figures(connection)
        for what, (seconds, shown) in figures.items():
            base = baseline.setdefault(what, seconds)
            yield Measurement(f"{what}: {layout}", shown, seconds / base, "baseline" if base is seconds else "")


def _create(connection: psycopg.Connection, statement: str) -> None:
    connection.execute("DROP TABLE IF EXISTS measured")
    if statement == "PARTITIONED":
        key = "PRIMARY KEY (channel_name, message_id, message_date)"
        connection.execute(f"CREATE TABLE measured ({_COLUMNS}, {key}) PARTITION BY RANGE (message_date)")
        for (partition,) in connection.execute(_PARTITIONS).fetchall():
            connection.execute(partition)
        return
    connection.execute(f"CREATE TABLE measured ({_COLUMNS}, PRIMARY KEY (channel_name, message_id))")
    if statement:
        connection.execute(statement)


def _figures(connection: psycopg.Connection) -> dict[str, tuple[float, str]]:
    filled = _seconds(connection, _FILL, {"rows": ROWS})
    connection.execute("VACUUM ANALYZE measured")
    updated = _seconds(connection, _UPDATE, {"channels": [f"channel_{number}" for number in range(10)]})
    connection.execute("ANALYZE measured")
    changed = min(_seconds(connection, _CHANGED) for _ in range(_FEW))
    one = min(_seconds(connection, _ONE) for _ in range(_FEW))
    [(size,)] = connection.execute(
        "SELECT sum(pg_indexes_size(oid)) FROM pg_class WHERE relname LIKE 'measured%' AND relkind = 'r'"
    ).fetchall()
    return {
        "write 1,000,000 rows": (filled, f"{filled:.1f} s"),
        "update 10,000 of them": (updated, f"{updated:.2f} s"),
        "find what changed": (changed, f"{changed * 1000:.2f} ms"),
        "find one message": (one, f"{one * 1000:.2f} ms"),
        "size of all indexes": (float(size), f"{size / 1_000_000:.1f} MB"),
    }


def _seconds(connection: psycopg.Connection, statement: str, values: dict[str, object] | None = None) -> float:
    started = time.perf_counter()
    connection.execute(statement, values)
    return time.perf_counter() - started
