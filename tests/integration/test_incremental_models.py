"""Building what changed gives the same tables, row by row, as building everything anew.

A small market lives through days on which everything happens that reaches a warehouse: new posts, late views, edits,
deletions, corrected dates, older observations from another lake, answers and lists of terms, texts read anew; its
photos are scanned between dbt's two steps. After each day the models add what changed; then the same raw tables are
built whole, and compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from pprint import pformat
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import Database
from factories import copied_project
from medical_telegram_warehouse.transform import TransformStep, build
from warehouse_rows import contents

SCHEMAS = ("intermediate", "marts")
CHANNELS = ("alpha", "beta", "gamma")
NAMES = ("zinc", "iron", "amoxicillin", "glow up", "Shine!")
MORNING = datetime(2026, 1, 5, 4, tzinfo=UTC)


class Market:
    """Changes raw tables as the loaders, the extractor and the scanner do."""

    def __init__(self, connection: psycopg.Connection, seed: int) -> None:
        self.db = connection
        self.chance = random.Random(seed)
        self.now = MORNING
        self.ids = dict.fromkeys(CHANNELS, 0)
        self.db.execute("INSERT INTO ops.lakes (lake, root) VALUES ('own', 'raw') ON CONFLICT DO NOTHING")

    def day(self, posts: int = 12) -> None:
        """One more day."""
        self.now += timedelta(hours=self.chance.randint(7, 30))
        for _ in range(posts):
            self.post()
        for change in (
            *(self.view, self.view, self.view, self.edit, self.delete, self.move, self.observed_late, self.read_anew),
            *(self.name_photo, self.channel, self.relink, self.reject),
        ):
            change()

    def post(self) -> None:
        channel = self.chance.choice(CHANNELS)
        self.ids[channel] += 1
        key = (channel, self.ids[channel])
        kind = self.chance.random()
        views = self.chance.choice([None, *range(5, 90)])
        row: dict[str, Any] = {"views": views, "forwards": self.chance.randint(0, 9)}
        if kind < 0.15:
            row |= {"forwarded_from": "news"}
        elif kind < 0.45:
            row |= {"grouped_id": self.ids[channel] // 3 + 1}
        if self.chance.random() < 0.6:
            row |= {"image_path": f"data/raw/images/{channel}/{key[1]}.jpg", "media_type": "photo", "has_media": True}
        date = self.now - timedelta(minutes=self.chance.randint(0, 2500))
        text = self.chance.choice(["", "Vitamin C and zinc here", f"Offer {self.chance.randint(1, 6)} of paracetamol"])
        self._store(key, text, date, row)
        self.read(key, text)

    def view(self) -> None:
        if key := self._any():
            self._observe(key, views=self.chance.randint(90, 900), forwards=self.chance.randint(0, 30))
            self.db.execute(
                "UPDATE raw.telegram_messages m SET views = o.views, forwards = o.forwards, loaded_at = now()"
                " FROM raw.telegram_message_observations o WHERE (m.channel_name, m.message_id) = (%s, %s)"
                " AND (o.channel_name, o.message_id) = (%s, %s) AND o.observed_at = %s",
                [*key, *key, self.now],
            )

    def edit(self) -> None:
        if key := self._any():
            text = f"Edited to {self.chance.randint(1, 4)}: diabetes and amoxicillin"
            self._keep_text(key, text)
            self.db.execute(
                "UPDATE raw.telegram_messages SET message_text = %s, edit_date = %s, loaded_at = now()"
                " WHERE (channel_name, message_id) = (%s, %s)",
                [text, self.now, *key],
            )
            self._observe(key, text=text)
            self.read(key, text)

    def delete(self) -> None:
        if key := self._any():
            self._change(key, deleted_at=self.now)

    def move(self) -> None:
        if key := self._any():
            self.db.execute(
                "INSERT INTO ops.moved_messages (channel_name, message_id, former_date)"
                " SELECT channel_name, message_id, message_date FROM raw.telegram_messages"
                " WHERE (channel_name, message_id) = (%s, %s) ON CONFLICT DO NOTHING",
                [*key],
            )
            days = self.chance.choice([-40, -8, -1, 1, 9])
            self._change(key, message_date=self.now + timedelta(days=days, hours=self.chance.randint(0, 23)))

    def observed_late(self) -> None:
        """An older observation comes from another lake, with a text that was edited since."""
        if key := self._any():
            text = f"As it was {self.chance.randint(1, 3)}"
            self._keep_text(key, text)
            self._observe(key, text=text, at=MORNING - timedelta(hours=self.chance.randint(1, 99)), views=1)

    def read(self, key: tuple[str, int], text: str) -> None:
        """What the extractor makes of it: sometimes nothing, sometimes several lines."""
        self.db.execute("DELETE FROM raw.message_offers WHERE (channel_name, message_id) = (%s, %s)", [*key])
        self.db.execute("DELETE FROM raw.message_genres WHERE (channel_name, message_id) = (%s, %s)", [*key])
        offers = self.chance.choice([0, 0, 1, 2, 4])
        repost_key = None if not text else self.chance.choice([None, _uuid(text)])
        self._insert(
            "raw.message_genres",
            channel_name=key[0], message_id=key[1], genre="price_list" if offers else "news_other",
            genre_confidence=0.9, offer_count=offers, text_hash=_uuid(text), extractor_version="1",
            repost_key=repost_key,
        )  # fmt: skip
        for index in range(offers):
            name = self.chance.choice(NAMES)
            known = name in NAMES[:3]
            price = self.chance.choice([None, 10, 10, 12, 12.5, 14, 150, 1])
            self._insert(
                "raw.message_offers",
                channel_name=key[0], message_id=key[1], offer_index=index,
                name=self.chance.choice([name, name.upper()]), name_key=name.strip("!").lower(),
                product_name=self.chance.choice([name, name.upper()]) if not known else name,
                generic=name if known else None, brand=self.chance.choice([None, "Brand"]),
                product_class=self.chance.choice(["medicine", "other"]), link_method="exact" if known else "none",
                link_score=1 if known else 0, product_strength=self.chance.choice([None, "20mg"]),
                pack_units=self.chance.choice([None, 10]), price=price, prices=[price] if price else [],
                currency=self.chance.choice(["ETB", "ETB", "USD"]),
                availability=self.chance.choice(["offered", "offered", "stock_out"]) if price else "price_withheld",
                span_start=0, span_end=1, confidence=0.9,
            )  # fmt: skip

    def read_anew(self) -> None:
        if key := self._any():
            [(text,)] = self.db.execute(
                "SELECT message_text FROM raw.telegram_messages WHERE (channel_name, message_id) = (%s, %s)", [*key]
            ).fetchall()
            self.read(key, text)

    def relink(self) -> None:
        """A reposted message becomes the first of its kind: what was first is edited away."""
        self.edit()

    def scan(self) -> None:
        if key := self._any():
            lake = self.chance.choice(["own", "else"])
            status = self.chance.choice(["ok", "ok", "unreadable", "missing"])
            self._scan(f"{lake}/{key[0]}/{key[1]}.jpg", key[0], key[1], lake, status)

    def scan_photos(self) -> None:
        """What the detection finds between dbt's steps: also a file without a number, named by a message or not."""
        for _ in range(20):
            self.scan()
        channel = self.chance.choice(CHANNELS)
        self._scan(f"else/{channel}/photo_{self.chance.randint(1, 3)}.jpg", channel, None, "else", "ok")

    def name_photo(self) -> None:
        """Before such a file is scanned, or after."""
        if key := self._any():
            self._change(key, image_path=f"photos/photo_{self.chance.randint(1, 3)}.jpg", media_type="photo")

    def reject(self) -> None:
        self._insert(
            "raw.rejected_records",
            lake_id=1, file_path="a.jsonl", file_position=self.chance.getrandbits(30), reason="not_json", detail="",
            payload="{", rejected_at=self.now,
        )  # fmt: skip

    def channel(self) -> None:
        self._insert(
            "raw.telegram_channels",
            channel_name=self.chance.choice(CHANNELS), observed_at=self.now + timedelta(seconds=self.chance.random()),
            subscribers=self.chance.choice([None, self.chance.randint(50, 90)]), source="telegram",
        )  # fmt: skip

    def _any(self) -> tuple[str, int] | None:
        channel = self.chance.choice(CHANNELS)
        return (channel, self.chance.randint(1, self.ids[channel])) if self.ids[channel] else None

    def _store(self, key: tuple[str, int], text: str, date: datetime, row: dict[str, Any]) -> None:
        observation = UUID(int=self.chance.getrandbits(128))
        self._insert(
            "raw.telegram_messages",
            channel_name=key[0], message_id=key[1], message_date=date, message_text=text, observed_at=self.now,
            observation_id=observation, record="{}", file_id=1, file_position=key[1],
            source=self.chance.choice(["telegram", "sample"]), **row,
        )  # fmt: skip
        self._observe(key, text=text, views=row["views"], forwards=row["forwards"])

    def _observe(
        self, key: tuple[str, int], *, text: str = "", at: datetime | None = None, **counters: int | None
    ) -> None:
        self._insert(
            "raw.telegram_message_observations",
            channel_name=key[0], message_id=key[1], observation_id=UUID(int=self.chance.getrandbits(128)),
            observed_at=at or self.now, text_hash=_uuid(text), file_id=1, file_position=0,
            reactions=Jsonb({"👍": self.chance.randint(0, 5)}), **counters,
        )  # fmt: skip

    def _keep_text(self, key: tuple[str, int], text: str) -> None:
        self.db.execute(
            "INSERT INTO raw.telegram_message_texts (channel_name, message_id, text_hash, message_text)"
            " SELECT channel_name, message_id, md5(message_text)::uuid, message_text FROM raw.telegram_messages"
            " WHERE (channel_name, message_id) = (%s, %s) UNION SELECT %s, %s, %s, %s ON CONFLICT DO NOTHING",
            [*key, *key, _uuid(text), text],
        )

    def _change(self, key: tuple[str, int], **values: Any) -> None:
        columns = ", ".join(f"{name} = %s" for name in values)
        self.db.execute(
            f"UPDATE raw.telegram_messages SET {columns}, loaded_at = now()"
            " WHERE (channel_name, message_id) = (%s, %s)",
            [*values.values(), *key],
        )

    def _scan(self, path: str, channel: str, message_id: int | None, lake: str, status: str) -> None:
        self.db.execute("DELETE FROM raw.image_scans WHERE image_path = %s", [path])
        is_ok = status == "ok"
        category = self.chance.choice(["promotional", "product_display", "other"]) if is_ok else None
        objects = self.chance.randint(0, 2) if is_ok else None
        self._insert(
            "raw.image_scans",
            image_path=path, channel_name=channel, message_id=message_id, lake=lake, status=status,
            sha256=f"sha{self.chance.randint(1, 5)}" if is_ok else None, image_category=category,
            num_detections=objects,
        )  # fmt: skip
        for index in range(max(objects or 0, 1) if is_ok else 0):
            found = self.chance.choice(["person", "bottle"]) if objects else None
            self._insert(
                "raw.yolo_detections",
                image_path=path, detection_index=index, channel_name=channel, message_id=message_id,
                detected_class=found, confidence_score=0.5 if found else None, image_category=category,
                num_detections=objects,
            )  # fmt: skip

    def _insert(self, table: str, **row: Any) -> None:
        self.db.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )


def _uuid(text: str) -> UUID:
    return UUID(bytes=md5(text.encode(), usedforsecurity=False).digest())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dbt project, to be edited."""
    return copied_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def build_step(database: Database, project: Path) -> Callable[[TransformStep], bool]:
    """Builds one, and tells whether it was built whole."""

    def step(step: TransformStep) -> bool:
        zone = "Africa/Addis_Ababa"
        return build(step, project_dir=project, address=database.address, report_timezone=zone).is_whole

    return step


def warehouse(database: Database) -> dict[str, dict[str, list[str]]]:
    with database.connect() as connection:
        return {schema: contents(connection, schema) for schema in SCHEMAS}


def differences(one: dict[str, dict[str, list[str]]], other: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """Per table, the rows that only one of both has."""
    found = {}
    for schema in SCHEMAS:
        for name in one[schema] | other[schema]:
            mine, theirs = set(one[schema][name]), set(other[schema][name])
            if one[schema][name] != other[schema][name]:
                found[f"{schema}.{name}"] = (sorted(mine - theirs)[:3], sorted(theirs - mine)[:3])
    return found


def test_days_of_changes_leave_what_a_whole_build_makes(
    database: Database, project: Path, build_step: Callable[[TransformStep], bool]
) -> None:
    """Whatever an increment forgets stays wrong for ever, and nobody sees it."""
    with database.connect() as connection:
        market = Market(connection, seed=5)
        for number in range(4):
            market.day()
            if number == 2:
                (project / "warehouse/seeds/product_answers.csv").write_text(
                    "name,product,generic,brand,product_class\nglow up,Glow,,Glow,cosmetic\n", encoding="utf-8"
                )
                terms = project / "warehouse/seeds/topic_terms.csv"
                terms.write_text(terms.read_text(encoding="utf-8") + "edited to,edits\n", encoding="utf-8")
            assert build_step(TransformStep.MESSAGES) == (number == 0)
            market.scan_photos()
            assert build_step(TransformStep.PHOTOS) == (number == 0)
    added = warehouse(database)
    with database.connect() as connection:
        connection.execute("DELETE FROM ops.transform_state")
    assert [build_step(step) for step in TransformStep] == [True, True]
    found = differences(added, warehouse(database))
    assert not found, pformat(found, width=200)
    rows = {name: len(found) for schema in added.values() for name, found in schema.items()}
    assert not [name for name, count in rows.items() if not count and name not in ("rpt_volume_anomalies",)]


def test_of_messages_that_were_viewed_again_only_changed_kinds_are_indexed_anew(
    database: Database, project: Path
) -> None:
    """A night brings ten thousand new counters, and the index of words is the slowest of all to write."""

    def indexed() -> int:
        address, zone = database.address, "Africa/Addis_Ababa"
        step = TransformStep.MESSAGES
        summary = build(step, project_dir=project, address=address, report_timezone=zone)
        return summary.rows["rpt_message_search"]

    search = "SELECT count(*) FROM marts.rpt_message_search WHERE search_vector @@ %s::tsquery"
    with database.connect() as connection:
        market = Market(connection, seed=3)
        market.day()
        assert indexed() == 12
        priced = database.value(search, "§price")
        for _ in range(9):
            market.view()
        assert indexed() == 0
        connection.execute("UPDATE raw.message_genres SET extracted_at = now()")
        connection.execute("UPDATE raw.message_offers SET availability = 'stock_out'")
        assert 0 < indexed() == priced
        assert database.value(search, "§price") == 0


def test_another_time_zone_or_another_contract_builds_everything_anew(database: Database, project: Path) -> None:
    """Half of the rows would tell Addis Ababa's days and half London's."""

    def is_whole(zone: str) -> bool:
        step = TransformStep.MESSAGES
        return build(step, project_dir=project, address=database.address, report_timezone=zone).is_whole

    with database.connect() as connection:
        Market(connection, seed=1).day(posts=3)
    zones = ["Africa/Addis_Ababa", "Africa/Addis_Ababa", "Europe/London"]
    assert [is_whole(zone) for zone in zones] == [True, False, True]
    hours = database.rows("SELECT hour_of_day - extract(hour FROM message_timestamp) FROM marts.fct_messages")
    assert {int(hour) for (hour,) in hours} == {0}

    # As a version left it that had no such constraint.
    refuses_null = "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'channel_key'"
    with database.connect() as connection:
        connection.execute("ALTER TABLE marts.fct_messages ALTER COLUMN channel_key DROP NOT NULL")
    with (project / "warehouse/models/marts/core/fct_messages.yml").open("a", encoding="utf-8") as contract:
        contract.write("# another contract\n")
    assert is_whole("Europe/London")
    assert database.value(refuses_null, "marts.fct_messages")
