"""What Prometheus reads of the warehouse is what the marts hold, asked once for each version."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api_service import SHOP, options_of, serving
from medical_telegram_warehouse.api.metrics.catalogue import MOST_CHANNELS
from medical_telegram_warehouse.settings import Settings
from waiting import wait_for

Marts = psycopg.Connection[dict[str, Any]]


def values(api: httpx.Client, name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric by their labels' values."""
    families = text_string_to_metric_families(api.get("/metrics").text)
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == f"mtw_{name}"
    }


def one(marts: Marts, query: Any) -> Any:
    row = marts.execute(query).fetchone()
    assert row is not None
    [value] = row.values()
    return value


def test_photos_are_counted_by_what_became_of_their_files(api: httpx.Client, marts: Marts) -> None:
    rows = marts.execute("SELECT image_status, count(*) AS n FROM marts.fct_images GROUP BY 1").fetchall()
    expected = dict.fromkeys(("ok", "unreadable", "missing", "absent"), 0) | {
        row["image_status"]: row["n"] for row in rows
    }
    assert {status: found for (status,), found in values(api, "photos").items()} == expected
    assert expected["ok"] > 0


def test_the_detection_rate_is_the_share_of_readable_photos_with_an_object(api: httpx.Client, marts: Marts) -> None:
    shown = one(marts, "SELECT count(*) FROM marts.fct_images WHERE image_status = 'ok' AND num_detections > 0")
    readable = one(marts, "SELECT count(*) FROM marts.fct_images WHERE image_status = 'ok'")
    assert values(api, "detection_rate") == {(): pytest.approx(shown / readable)}
    assert 0 < shown < readable, "a share of all or of none would be right by chance"


def test_each_channel_tells_its_newest_message(api: httpx.Client, marts: Marts) -> None:
    query = (
        "SELECT channel_name, extract(epoch FROM max(message_timestamp))::float AS at"
        " FROM marts.fct_messages GROUP BY 1"
    )
    expected = {(row["channel_name"],): row["at"] for row in marts.execute(query).fetchall()}
    assert values(api, "channel_newest_message_timestamp_seconds") == expected
    assert (SHOP,) in expected


def test_labels_of_channels_are_bounded_to_those_that_posted_last(sample_warehouse: Settings, marts: Marts) -> None:
    """Prometheus keeps a series for each label that it ever saw."""
    marts.execute(
        "INSERT INTO marts.dim_channels SELECT (jsonb_populate_record(dim_channels, jsonb_build_object("
        "'channel_key', 'invented_' || number, 'channel_name', 'invented_' || number,"
        " 'last_message_date', '2030-01-01'))).* FROM marts.dim_channels, generate_series(1, %s) AS number"
        " WHERE channel_name = %s",
        [MOST_CHANNELS, SHOP],
    )
    try:
        with serving(options_of(sample_warehouse)) as url, httpx.Client(base_url=url, timeout=30) as fresh:
            wait_for(lambda: fresh.get("/health").status_code == 200)
            assert len(values(fresh, "channel_newest_message_timestamp_seconds")) == 0, "invented ones have no message"
            assert values(fresh, "detection_rate")
    finally:
        marts.execute("DELETE FROM marts.dim_channels WHERE channel_name LIKE 'invented_%%'", [])


def test_photos_that_no_scan_has_met_wait(sample_warehouse: Settings, marts: Marts, api: httpx.Client) -> None:
    assert values(api, "photos_waiting") == {(): 0}
    with serving(options_of(sample_warehouse)) as url, httpx.Client(base_url=url, timeout=30) as fresh:
        marts.execute(
            "CREATE TABLE marts.kept AS SELECT * FROM marts.fct_images"
            " WHERE image_key IN (SELECT message_key FROM marts.fct_messages WHERE image_path IS NOT NULL LIMIT 3)"
        )
        marts.execute("DELETE FROM marts.fct_images WHERE image_key IN (SELECT image_key FROM marts.kept)")
        try:
            assert values(fresh, "photos_waiting") == {(): 3}
        finally:
            marts.execute("INSERT INTO marts.fct_images SELECT * FROM marts.kept")
            marts.execute("DROP TABLE marts.kept")


def test_marts_are_asked_once_for_each_version(sample_warehouse: Settings, marts: Marts) -> None:
    """They are large, and Prometheus asks several times a minute for years."""
    with serving(options_of(sample_warehouse)) as url, httpx.Client(base_url=url, timeout=30) as fresh:
        before = values(fresh, "warehouse_rows")
        marts.execute("ALTER TABLE marts.dim_channels RENAME TO away")
        try:
            assert values(fresh, "warehouse_rows") == before
            marts.execute("UPDATE ops.warehouse_version SET version = version + 1")
            assert values(fresh, "warehouse_rows") == {}, "what cannot be read is left out, never 0"
            assert values(fresh, "photos") != {}, "one table that lacks hides nothing else"
            assert values(fresh, "database_up") == {(): 1}
        finally:
            marts.execute("ALTER TABLE marts.away RENAME TO dim_channels")
        marts.execute("UPDATE ops.warehouse_version SET version = version + 1")
        assert values(fresh, "warehouse_rows") == before


def test_the_pool_tells_how_many_connections_there_may_be(sample_warehouse: Settings) -> None:
    with serving(options_of(sample_warehouse, connections=3)) as url, httpx.Client(base_url=url) as fresh:
        assert values(fresh, "pool_connections_max") == {(): 3}
        assert set(values(fresh, "pool_connections")) == {("idle",), ("busy",)}
