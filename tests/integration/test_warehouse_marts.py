"""What the marts say of a small market: shops that share message ids, albums, forwards, reposts, stray photos."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.transform import TransformStep, build
from warehouse_rows import records

PROJECT = Path(__file__).resolve().parents[2]
Marts = dict[str, list[dict[str, Any]]]
GONE_AT = datetime(2026, 1, 19, 3, tzinfo=UTC)


def insert(connection: psycopg.Connection, table: str, **row: Any) -> None:
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


def message(connection: psycopg.Connection, channel: str, message_id: int, text: str = "", **changes: Any) -> None:
    row = {
        "channel_name": channel,
        "message_id": message_id,
        "message_date": datetime(2026, 1, 15, message_id % 20, tzinfo=UTC),
        "message_text": text,
        "source": "telegram",
        "observed_at": datetime(2026, 1, 20, tzinfo=UTC),
        "observation_id": uuid4(),
        "record": "{}",
        "file_id": 1,
        "file_position": message_id,
    }
    insert(connection, "raw.telegram_messages", **(row | changes))


def photo(connection: psycopg.Connection, path: str, channel: str, message_id: int | None, **changes: Any) -> None:
    row = {"image_path": path, "channel_name": channel, "message_id": message_id, "lake": "own", "status": "ok"}
    readable = {"image_category": "other", "num_detections": 0, "image_width": 8, "image_height": 6}
    values = row | (readable if changes.get("status", "ok") == "ok" else {}) | changes
    insert(connection, "raw.image_scans", **values)


def detection(connection: psycopg.Connection, path: str, index: int, found: str | None, **changes: Any) -> None:
    row = {
        "image_path": path,
        "detection_index": index,
        "channel_name": "alpha",
        "detected_class": found,
        "confidence_score": None if found is None else 0.5,
        "image_category": "promotional",
        "num_detections": 0 if found is None else 2,
    }
    insert(connection, "raw.yolo_detections", **(row | changes))


def fill(connection: psycopg.Connection) -> None:
    """A market that holds each case once."""
    insert(connection, "ops.lakes", lake="own", root="raw")
    insert(
        connection,
        "ops.loaded_files",
        lake_id=1,
        file_path="f",
        file_size=0,
        file_mtime_ns=0,
        loaded_bytes=0,
        loaded_records=0,
        loaded_sha256=b"",
    )
    seen = datetime(2026, 1, 20, tzinfo=UTC)
    for channel, title in (("alpha", "Alpha Shop"), ("beta", None), ("only_a_record", "Nobody")):
        row = {"channel_name": channel, "observed_at": seen, "title": title, "subscribers": 50, "source": "telegram"}
        insert(connection, "raw.telegram_channels", **row)
    later = {"channel_name": "alpha", "observed_at": seen + timedelta(days=1), "source": "web"}
    insert(connection, "raw.telegram_channels", **later, username="alpha_shop", telegram_type="channel", is_scam=False)

    message(
        connection,
        "alpha",
        1,
        "Vitamin-C tablets, zinc",
        views=10,
        forwards=1,
        image_path="data/raw/images/alpha/1.jpg",
    )
    message(connection, "alpha", 2, grouped_id=7, views=30, image_path="data/raw/images/alpha/2.jpg")
    deleted: dict[str, Any] = {"deleted_at": GONE_AT, "is_pinned": True, "views_exact": False}
    message(connection, "alpha", 3, grouped_id=7, views=32, image_path="data/raw/images/alpha/3.jpg", **deleted)
    message(connection, "alpha", 4, "Big news", views=9000, forwarded_from="somebody")
    message(connection, "alpha", 5, "late", message_date=datetime(2026, 1, 15, 22, tzinfo=UTC))
    message(
        connection, "beta", 1, "vitamin-c  TABLETS, zinc\n", views=100, message_date=datetime(2026, 1, 17, tzinfo=UTC)
    )
    message(connection, "beta", 2, "ለፓራሲታሞል ይደውሉ", views=200, repairs=["date"])
    message(connection, "sample_corner_pharmacy", 1, source="sample")

    photo(connection, "own/alpha/1.jpg", "alpha", 1, sha256="a", num_detections=2, image_category="promotional")
    photo(connection, "else/alpha/1.jpg", "alpha", 1, sha256="a", lake="else", num_detections=2)
    photo(connection, "own/alpha/3.jpg", "alpha", 3, status="unreadable")
    photo(connection, "own/beta/2.jpg", "beta", 2, sha256="a")
    photo(connection, "own/beta/99.jpg", "beta", 99, sha256="b")
    photo(connection, "own/gallery/cover.jpg", "gallery", None, sha256="c")
    for path in ("own/alpha/1.jpg", "else/alpha/1.jpg"):
        detection(connection, path, 0, "person")
        detection(connection, path, 1, "bottle")
    detection(connection, "own/beta/2.jpg", 0, None)
    insert(
        connection,
        "raw.rejected_records",
        lake_id=1,
        file_path="f",
        reason="not_json",
        detail="line 3",
        payload="{",
    )


@pytest.fixture(scope="module")
def cache() -> dict[str, Marts]:
    return {}


@pytest.fixture
def marts(cache: dict[str, Marts], request: pytest.FixtureRequest) -> Marts:
    """Every mart's rows. Built once for the module, since building takes seconds and no test changes anything."""
    if not cache:
        database = request.getfixturevalue("database")
        address = DatabaseAddress(
            database.host, database.port, database.dbname, database.user, SecretStr(database.password)
        )
        with database.connect() as connection:
            fill(connection)
            for step in TransformStep:
                build(
                    step,
                    project_dir=PROJECT,
                    address=address,
                    report_timezone="Africa/Addis_Ababa",
                )
            cache["marts"] = records(connection, "marts")
    return cache["marts"]


def by(rows: list[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    """Rows by their key, which must be one."""
    found = {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_messages_of_two_channels_with_one_id_stay_apart(marts: Marts) -> None:
    """Message ids are unique only within a channel."""
    messages = by(marts["fct_messages"], "channel_name", "message_id")
    assert len(messages) == 8
    assert messages["alpha", 1]["message_key"] == md5(b"alpha:1", usedforsecurity=False).hexdigest()
    assert messages["alpha", 1]["message_key"] != messages["beta", 1]["message_key"]
    channels = by(marts["dim_channels"], "channel_name")
    assert {name: row["total_messages"] for name, row in channels.items()} == {
        "alpha": 5,
        "beta": 2,
        "sample_corner_pharmacy": 1,
        "gallery": 0,
    }


def test_average_views_leave_forwards_out_and_count_an_album_once(marts: Marts) -> None:
    """One forwarded advertisement would otherwise outweigh all posts of its channel."""
    alpha = by(marts["dim_channels"], "channel_name")["alpha"]
    assert alpha["avg_views"] == (10 + 32) / 2
    day = by(marts["rpt_channel_activity_daily"], "channel_name", "date_key")["alpha", 20260115]
    assert (day["message_count"], day["original_message_count"], day["original_post_count"]) == (4, 3, 2)
    assert (day["total_views"], day["original_views"], day["avg_views"]) == (9072, 42, 21)
    assert (day["total_forwards"], day["image_message_count"]) == (1, 3)


def test_a_channel_has_a_row_for_its_messages_or_photos_not_for_its_title_alone(marts: Marts) -> None:
    """A row without any fact would stand in every report with nothing to say."""
    channels = by(marts["dim_channels"], "channel_name")
    assert "only_a_record" not in channels
    gallery = channels["gallery"]
    assert (gallery["first_message_date"], gallery["avg_views"], gallery["is_sample"]) == (None, None, False)
    assert (channels["alpha"]["title"], channels["alpha"]["subscribers"]) == ("Alpha Shop", 50)
    assert (channels["beta"]["title"], channels["beta"]["channel_type"]) == ("beta", "unclassified")
    facts = ("username", "telegram_type", "is_verified", "is_scam")
    assert [channels["alpha"][name] for name in facts] == ["alpha_shop", "channel", None, False]
    assert [channels["beta"][name] for name in facts] == [None] * 4
    sample = channels["sample_corner_pharmacy"]
    assert (sample["is_sample"], sample["channel_type"]) == (True, "Pharmacy")


def test_days_are_the_shops_days_in_both_calendars(marts: Marts) -> None:
    """A post at 22:00 UTC is read at one in the morning of the next day."""
    late = by(marts["fct_messages"], "channel_name", "message_id")["alpha", 5]
    assert late["date_key"] == 20260116
    days = by(marts["dim_dates"], "date_key")
    assert min(days) == 20260115
    assert len(days) == (max(row["full_date"] for row in days.values()) - date(2026, 1, 15)).days + 1
    first = days[20260115]
    assert (first["ethiopian_year"], first["ethiopian_month_name"], first["ethiopian_day"]) == (2018, "Tir", 7)
    assert (first["day_name"], first["week"], first["is_weekend"]) == ("Thursday", 3, False)


def test_a_text_posted_again_elsewhere_is_a_repost(marts: Marts) -> None:
    """Nearly a third of real posts repeat a text; white space and case change between copies."""
    messages = by(marts["fct_messages"], "channel_name", "message_id")
    assert [key for key, row in messages.items() if row["is_repost"]] == [("beta", 1)]
    assert messages["alpha", 2]["repost_cluster"] is None


def test_a_deleted_message_stays_in_the_fact_with_its_counters(marts: Marts) -> None:
    """It was a post: without it, a channel that clears up after itself would seem to post less."""
    messages = by(marts["fct_messages"], "channel_name", "message_id")
    gone = messages["alpha", 3]
    assert (gone["is_deleted"], gone["deleted_at"], gone["views"], gone["is_original_post"]) == (
        True,
        GONE_AT,
        32,
        True,
    )
    assert (gone["is_pinned"], gone["views_exact"]) == (True, False)
    assert [key for key, row in messages.items() if row["is_deleted"]] == [("alpha", 3)]
    kept = messages["alpha", 1]
    assert (kept["deleted_at"], kept["is_pinned"], kept["views_exact"]) == (None, None, None)


def test_photos_are_present_absent_unreadable_or_without_a_message_but_never_lost(marts: Marts) -> None:
    """A photo named but not there is no photo, and a photo that nobody names is one."""
    images = marts["fct_images"]
    state = {(row["channel_name"], row["message_id"]): (row["image_status"], row["has_message"]) for row in images}
    assert state == {
        ("alpha", 1): ("ok", True),
        ("alpha", 2): ("absent", True),
        ("alpha", 3): ("unreadable", True),
        ("beta", 2): ("ok", True),
        ("beta", 99): ("ok", False),
        ("gallery", None): ("ok", False),
    }
    assert len(images) == 6
    paths = by(images, "image_path")
    assert paths["own/alpha/1.jpg"]["is_duplicate"] is False
    assert paths["own/beta/2.jpg"]["is_duplicate"] is True
    assert paths["own/beta/99.jpg"]["date_key"] is None


def test_objects_count_once_however_many_lakes_hold_their_photo(marts: Marts) -> None:
    """Two lakes hold the same photo; two people on it would be one person seen twice."""
    found = by(marts["fct_image_detections"], "detected_class")
    assert set(found) == {"person", "bottle"}
    assert found["person"]["image_path"] == "own/alpha/1.jpg"
    assert (found["person"]["message_id"], found["person"]["views"], found["person"]["date_key"]) == (1, 10, 20260115)
    content = by(marts["rpt_visual_content"], "channel_name", "image_category")
    assert (content["alpha", "promotional"]["detection_count"], content["alpha", "promotional"]["avg_views"]) == (2, 10)
    beta = content["beta", "other"]
    assert (beta["photo_count"], beta["distinct_photo_count"], beta["posted_photo_count"]) == (2, 1, 1)
    assert by(marts["rpt_detected_classes"], "channel_name", "detected_class")["alpha", "bottle"]["photo_count"] == 1


def test_products_are_mentioned_by_the_shipped_vocabulary(marts: Marts) -> None:
    """A repost is a mention but no new text; an Amharic prefix does not hide a name."""
    products = by(marts["rpt_product_mentions"], "product")
    assert set(products) == {"vitamin C", "zinc", "paracetamol"}
    vitamin = products["vitamin C"]
    assert (vitamin["mention_count"], vitamin["distinct_mention_count"]) == (2, 1)
    assert (vitamin["channels"], vitamin["total_views"]) == (["alpha", "beta"], 110)
    assert (vitamin["first_mention_date"], vitamin["last_mention_date"]) == (date(2026, 1, 15), date(2026, 1, 17))


def test_the_quality_report_counts_what_the_data_lacks(marts: Marts) -> None:
    """The summary after a run reads nothing else."""
    counts = {(row["check_name"], row["detail"]): row["issue_count"] for row in marts["rpt_data_quality"]}
    assert counts == {
        ("rejected_records", "not_json"): 1,
        ("repaired_messages", "all"): 1,
        ("messages_edited", "all"): 0,
        ("messages_deleted", "all"): 1,
        ("messages_from_the_future", "all"): 0,
        ("messages_not_read", "all"): 8,
        ("channels_silent", "all"): 3,
        ("unusual_days", "all"): 0,
        ("unclassified_channels", "all"): 3,
        ("photos_without_message", "all"): 2,
        ("photos_absent", "all"): 1,
        ("photos_missing", "all"): 0,
        ("photos_unreadable", "all"): 1,
    }
