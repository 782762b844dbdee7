"""What a message was before: its texts, its counters and its dates are kept, whatever order they are loaded in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.sql import SQL, Identifier

from conftest import PROJECT, Database
from factories import DAY, NOW, lake, lake_file, line, record
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.lake.writer import open_lake
from medical_telegram_warehouse.load import messages as messages_module
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.postgres import locks as locks_module
from medical_telegram_warehouse.postgres import migrate as migrate_module
from medical_telegram_warehouse.postgres.migrate import migrate, migrations
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.records import Channel
from medical_telegram_warehouse.transform import TransformStep, build

DAYS = tuple(DAY - timedelta(days=5 - n) for n in range(6))
FIRST_VERSIONS = 3
"""Migrations of the versions that did not keep texts of edits."""


def seen(day: date, message_id: int = 1, **changes: Any) -> bytes:
    """A line that says what a message was like on that day."""
    return line(message_id, **{"scraped_at": f"{day}T09:00:00Z", "message_date": f"{DAYS[0]}T08:00:00Z", **changes})


def deletion(day: date, message_id: int = 1, **changes: Any) -> bytes:
    """A line that says that a message was found gone on that day."""
    return seen(day, message_id, **{"message_text": "", "views": None, "is_deleted": True, **changes})


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def load(database: Database, *lakes: Lake, **options: Any) -> LoadSummary:
    with database.connect() as connection:
        return load_messages(connection, lakes, now=NOW, **options)


def kept_texts(database: Database) -> dict[int, set[str]]:
    """The texts of edited messages, by their numbers."""
    found: dict[int, set[str]] = {}
    for message_id, text in database.rows("SELECT message_id, message_text FROM raw.telegram_message_texts"):
        found.setdefault(message_id, set()).add(text)
    return found


def former_dates(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("SELECT channel_name, message_id, former_date FROM ops.moved_messages ORDER BY 1, 2, 3")


def history(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The raw tables of a message's history, apart from when and from which of several places they were loaded."""
    queries = {
        "texts": "SELECT channel_name, message_id, text_hash, message_text FROM raw.telegram_message_texts",
        "observations": "SELECT to_jsonb(o) - '{loaded_at,file_id,file_position}'::text[]"
        " FROM raw.telegram_message_observations AS o",
        "messages": "SELECT to_jsonb(m) - '{loaded_at,first_loaded_at,file_id,file_position}'::text[]"
        " FROM raw.telegram_messages AS m",
    }
    return {name: sorted(database.rows(query), key=repr) for name, query in queries.items()}


def forget(database: Database) -> None:
    """Empty what a load fills."""
    with database.connect() as connection:
        for table in ("telegram_messages", "telegram_message_observations", "telegram_message_texts"):
            connection.execute(SQL("DELETE FROM {}").format(Identifier("raw", table)))
        connection.execute("DELETE FROM ops.loaded_files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lake"


class TestTexts:
    def test_an_edit_in_a_later_file_keeps_both_texts(self, database: Database, root: Path) -> None:
        """The newest state has one text; without the other nobody could say what was edited."""
        lake_file(root, seen(DAYS[0], message_text="Zinc 10 birr ዚንክ") + seen(DAYS[0], 2), day=DAYS[0])
        load(database, lake(root))
        assert kept_texts(database) == {}
        lake_file(root, seen(DAYS[1], message_text="Zinc 12 birr") + seen(DAYS[1], 2, views=11), day=DAYS[1])
        load(database, lake(root))
        assert kept_texts(database) == {1: {"Zinc 10 birr ዚንክ", "Zinc 12 birr"}}
        hashes = "SELECT text_hash FROM raw.telegram_message_texts WHERE message_text = 'Zinc 10 birr ዚንክ'"
        expected = UUID(bytes=md5("Zinc 10 birr ዚንክ".encode(), usedforsecurity=False).digest())
        assert database.value(hashes) == expected
        without_text = (
            "SELECT count(*) FROM raw.telegram_message_observations LEFT JOIN raw.telegram_message_texts"
            " USING (channel_name, message_id, text_hash) WHERE message_id = 1 AND message_text IS NULL"
        )
        assert database.value(without_text) == 0, "each observation finds its text by the hash"

    def test_two_texts_in_one_chunk_of_a_first_load_are_both_kept(self, database: Database, root: Path) -> None:
        """A first load merges years of a lake at once: the older text never becomes a state that could be replaced."""
        lake_file(root, seen(DAYS[0], message_text="old") + seen(DAYS[0], 2), day=DAYS[0])
        lake_file(root, seen(DAYS[1], message_text="new") + seen(DAYS[2], message_text="newest"), day=DAYS[1])
        load(database, lake(root))
        assert kept_texts(database) == {1: {"old", "new", "newest"}}

    def test_an_older_text_that_comes_later_from_another_lake_is_kept(self, database: Database, tmp_path: Path) -> None:
        """It replaces nothing, and yet it is a text that the message had."""
        lake_file(tmp_path / "ours", seen(DAYS[3], message_text="new"))
        load(database, lake(tmp_path / "ours", "ours"))
        lake_file(tmp_path / "theirs", seen(DAYS[1], message_text="old"))
        load(database, lake(tmp_path / "theirs", "theirs"))
        assert kept_texts(database) == {1: {"old", "new"}}
        assert database.value("SELECT message_text FROM raw.telegram_messages") == "new"

    @pytest.mark.parametrize("chunk_rows", [1, 1000])
    def test_an_edit_back_to_the_former_text_is_no_third_text(
        self, database: Database, root: Path, chunk_rows: int
    ) -> None:
        for day, text in zip(DAYS, ("Zinc 10", "Zinc 12", "Zinc 10"), strict=False):
            lake_file(root, seen(day, message_text=text), day=day)
        load(database, lake(root), chunk_rows=chunk_rows)
        assert kept_texts(database) == {1: {"Zinc 10", "Zinc 12"}}
        assert database.value("SELECT message_text FROM raw.telegram_messages") == "Zinc 10"

    @pytest.mark.parametrize("chunk_rows", [1, 1000])
    def test_a_deletion_in_between_is_no_text(self, database: Database, root: Path, chunk_rows: int) -> None:
        """A deletion knows nothing of its message, and some scrapers write a word of their own into its text."""
        lake_file(root, seen(DAYS[0]) + seen(DAYS[0], 2, message_text="old"), day=DAYS[0])
        lake_file(root, deletion(DAYS[1]) + deletion(DAYS[1], 2, message_text="[deleted]"), day=DAYS[1])
        lake_file(root, seen(DAYS[2]) + seen(DAYS[2], 2, message_text="back, and new"), day=DAYS[2])
        load(database, lake(root), chunk_rows=chunk_rows)
        assert kept_texts(database) == {2: {"old", "back, and new"}}

    @pytest.mark.parametrize("chunk_rows", [1, 3, 1000])
    def test_a_message_with_one_text_has_no_row(self, database: Database, root: Path, chunk_rows: int) -> None:
        """Most are never edited; a second copy of every text would double the warehouse."""
        for number, day in enumerate(DAYS[:3]):
            lake_file(root, b"".join(seen(day, n, views=number) for n in range(1, 5)), day=day)
            lake_file(root, seen(day, 1, channel_name="other", message_text="another's 1"), day=day, name="other.jsonl")
        load(database, lake(root), chunk_rows=chunk_rows)
        assert kept_texts(database) == {}

    def test_an_edit_from_and_to_no_text_is_kept(self, database: Database, root: Path) -> None:
        """A photo that got a caption, and one that lost it."""
        lake_file(root, seen(DAYS[0], 1, message_text="") + seen(DAYS[0], 2, message_text="gone"), day=DAYS[0])
        lake_file(root, seen(DAYS[1], 1, message_text="new") + seen(DAYS[1], 2, message_text=""), day=DAYS[1])
        load(database, lake(root), chunk_rows=2)
        assert kept_texts(database) == {1: {"", "new"}, 2: {"", "gone"}}

    def test_loading_the_same_again_adds_nothing(self, database: Database, root: Path) -> None:
        """A text that was written again would count as new to the models that read what is new."""
        first = lake_file(root, seen(DAYS[0], message_text="old"), day=DAYS[0])
        second = lake_file(root, seen(DAYS[1], message_text="new") + seen(DAYS[1], 2), day=DAYS[1])
        load(database, lake(root))
        stored = "SELECT t::text FROM raw.telegram_message_texts AS t ORDER BY 1"
        before = (database.rows(stored), history(database))
        for path, content in ((first, seen(DAYS[0], message_text="old")), (second, seen(DAYS[1], message_text="new"))):
            path.write_bytes(seen(DAYS[1], 2) + content)
        summary = load(database, lake(root), chunk_rows=1)
        assert (summary.records, summary.updated_messages, summary.new_observations) == (4, 0, 0)
        assert (database.rows(stored), history(database)) == before

    @pytest.mark.parametrize("chunk_rows", [1, 1000])
    def test_no_order_of_loading_changes_which_texts_are_kept(
        self, database: Database, tmp_path: Path, chunk_rows: int
    ) -> None:
        """Lakes of several scrapers come in any order, and each knows other times of a message."""
        contents = [
            seen(DAYS[0], 1, message_text="a") + seen(DAYS[0], 2) + seen(DAYS[0], 3, message_text="x"),
            seen(DAYS[1], 1, message_text="b")
            + deletion(DAYS[3], 1)
            + seen(DAYS[3], 1, message_text="c")
            + seen(DAYS[1], 2, views=5)
            + deletion(DAYS[1], 3),
            deletion(DAYS[2], 2) + seen(DAYS[2], 3, message_text="y") + seen(DAYS[2], 1, message_text="a"),
        ]
        lakes = [lake(lake_file(tmp_path / str(n), content).parents[2], str(n)) for n, content in enumerate(contents)]
        outcomes = []
        for order in permutations(lakes):
            for each in order:
                load(database, each, chunk_rows=chunk_rows)
            outcomes.append(history(database))
            forget(database)
        load(database, *lakes)
        assert kept_texts(database) == {1: {"a", "b", "c"}, 3: {"x", "y"}}
        assert outcomes == [history(database)] * len(outcomes)

    @pytest.mark.parametrize("chunk_rows", [2, 1000])
    def test_a_chunk_with_a_value_that_the_database_refuses_keeps_the_texts_of_all_others(
        self, database: Database, root: Path, chunk_rows: int
    ) -> None:
        """Such a chunk is merged by halves, so that both texts of a message are not in one part of it."""
        bad = seen(DAYS[1], 1, message_text="refused", source="sample")[:-2] + b', "x": 1e200000}\n'
        lake_file(root, b"".join(seen(DAYS[0], n, message_text=f"old {n}") for n in range(1, 8)), day=DAYS[0])
        edits = [seen(DAYS[1], n, message_text=f"new {n}") for n in range(2, 8)]
        lake_file(root, b"".join([*edits[:3], bad, *edits[3:]]), day=DAYS[1])
        summary = load(database, lake(root), chunk_rows=chunk_rows)
        assert dict(summary.rejected) == {"refused_by_database": 1}
        assert kept_texts(database) == {n: {f"old {n}", f"new {n}"} for n in range(2, 8)}


class TestDates:
    def test_the_former_date_of_a_corrected_message_is_noted(self, database: Database, root: Path) -> None:
        """The day that a message leaves must be counted anew, or it stays counted there for ever."""
        lake_file(root, seen(DAYS[1], 1) + seen(DAYS[1], 2), day=DAYS[1])
        load(database, lake(root))
        assert former_dates(database) == []
        corrected = seen(DAYS[2], 1, message_date=f"{DAYS[1]}T08:00:00Z")
        lake_file(root, corrected + seen(DAYS[2], 2, message_text="edited"), day=DAYS[2])
        load(database, lake(root))
        assert former_dates(database) == [("shop", 1, at(DAYS[0], 8))]
        assert kept_texts(database) == {2: {"Zinc syrup 2", "edited"}}, "another date is not another text"

    def test_a_date_that_moves_to_and_fro_is_noted_each_time(self, database: Database, root: Path) -> None:
        """The day that it left first is one that it leaves again."""
        moments = []
        for day, moved_to in zip(DAYS, (0, 1, 0, 1), strict=False):
            lake_file(root, seen(day, message_date=f"{DAYS[moved_to]}T08:00:00Z"), day=day)
            load(database, lake(root))
            moments.append(dict(database.rows("SELECT former_date, moved_at FROM ops.moved_messages")))
        first, second = at(DAYS[0], 8), at(DAYS[1], 8)
        assert [sorted(known) for known in moments] == [[], [first], [first, second], [first, second]]
        assert moments[3][first] > moments[2][first], "it left that day once more"
        assert moments[3][second] == moments[2][second]

    def test_a_deletion_moves_nothing(self, database: Database, root: Path) -> None:
        """It is dated when it was found, and knows nothing of its message."""
        lake_file(root, seen(DAYS[1]) + deletion(DAYS[2], message_date=f"{DAYS[2]}T09:00:00Z"))
        load(database, lake(root), chunk_rows=1)
        assert former_dates(database) == []


class TestMarts:
    VERSIONS = (
        "SELECT message_id, version_number, message_text, first_seen_at, last_seen_at, is_current"
        " FROM marts.fct_message_versions ORDER BY 1, 2"
    )
    GROWTH = (
        "SELECT observation_number, observed_at, views, views_gained, is_text_changed"
        " FROM marts.fct_message_engagement WHERE message_id = 1 ORDER BY 1"
    )

    def test_the_marts_tell_every_text_and_how_the_counters_grew(self, database: Database, tmp_path: Path) -> None:
        """What is loaded after the first build is added to what that made, also where it is older."""

        def load_and_build(name: str, content: bytes) -> bool:
            lake_file(tmp_path / name, content)
            load(database, lake(tmp_path / name, name))
            return build(
                TransformStep.MESSAGES,
                project_dir=PROJECT,
                address=database.address,
                report_timezone="Africa/Addis_Ababa",
            ).is_whole

        day = [at(each) for each in DAYS]
        first = seen(DAYS[1], 1, message_text="b", views=20) + seen(DAYS[2], 1, message_text="b", views=50)
        first += seen(DAYS[3], 1, message_text="c", views=70) + seen(DAYS[1], 2) + seen(DAYS[1], 3, message_text="x")
        assert load_and_build("first", first)
        assert database.rows(self.VERSIONS) == [
            (1, 1, "b", day[1], day[2], False),
            (1, 2, "c", day[3], day[3], True),
        ]
        assert database.rows(self.GROWTH) == [
            (1, day[1], 20, None, False),
            (2, day[2], 50, 30, False),
            (3, day[3], 70, 20, True),
        ]

        later = seen(DAYS[0], 1, message_text="a", views=5) + deletion(DAYS[4], 1)
        later += seen(DAYS[5], 1, message_text="b", views=90) + seen(DAYS[5], 2, views=99)
        later += seen(DAYS[5], 3, message_text="y")
        assert not load_and_build("later", later)
        assert database.rows(self.VERSIONS) == [
            (1, 1, "a", day[0], day[0], False),
            (1, 2, "b", day[1], day[2], False),
            (1, 3, "c", day[3], day[3], False),
            (1, 4, "b", day[5], day[5], True),
            (3, 1, "x", day[1], day[1], False),
            (3, 2, "y", day[5], day[5], True),
        ]
        assert database.rows(self.GROWTH) == [
            (1, day[0], 5, None, False),
            (2, day[1], 20, 15, True),
            (3, day[2], 50, 30, False),
            (4, day[3], 70, 20, True),
            (5, day[5], 90, 20, True),
        ]
        assert database.rows("SELECT message_text, views, is_deleted FROM marts.fct_messages WHERE message_id = 1") == [
            ("b", 90, False)
        ]


PHOTOS_OF_FORMER = """
WITH photos AS (
    INSERT INTO raw.image_scans (image_path, lake, channel_name, message_id, status, image_category, num_detections)
    VALUES ('1.jpg', 'own', 'shop', 1, 'ok', 'other', 0), ('2.jpg', 'own', 'shop', 1, 'ok', 'other', 0)
    RETURNING *
)

INSERT INTO raw.yolo_detections (
    image_path, detection_index, channel_name, message_id, image_category, num_detections
)
SELECT image_path, 0, channel_name, message_id, image_category, num_detections FROM photos
"""
"""In the columns of that version."""


class TestUpgrade:
    """A warehouse of a version that kept no texts of edits; the lakes still hold them."""

    @pytest.fixture
    def former(self, empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
        """A database of that version, into which a load brings what it brought then."""
        known = migrations()[:FIRST_VERSIONS]
        monkeypatch.setattr(migrate_module, "migrations", lambda: known)
        monkeypatch.setattr(
            messages_module, "statement", lambda name: "SELECT" if name == "keep_former" else statement(name)
        )
        monkeypatch.setattr(locks_module, "lower_watermarks", lambda _connection: None)
        with empty_database.connect() as connection:
            migrate(connection)
        return empty_database

    def counts(self, database: Database) -> dict[str, int]:
        tables = (
            *("telegram_messages", "telegram_message_observations", "telegram_channels", "rejected_records"),
            *("image_scans", "yolo_detections"),
        )
        return {table: database.value(f"SELECT count(*) FROM raw.{table}") for table in tables}

    def test_texts_of_old_edits_appear_with_the_next_load_and_nothing_is_doubled(
        self, former: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading every file once more is how they are found; a row that it added twice would be counted twice."""
        root, gone = tmp_path / "lake", tmp_path / "unplugged"
        with open_lake(root) as writer:
            writer.describe_channel(Channel(channel_name="shop", scraped_at=NOW, source="sample"))
        lake_file(root, seen(DAYS[0], message_text="old") + b"broken\n" + seen(DAYS[0], 2), day=DAYS[0])
        edits = [{**record(n, message_text="edited"), "scraped_at": f"{DAYS[1]}T09:00:00Z"} for n in (1, 3)]
        lake_file(root, json.dumps([{"message_id": "x"}, *edits]).encode(), day=DAYS[1], name="shop.json")
        torn = seen(DAYS[2], 3, message_text="edited")
        growing = lake_file(root, deletion(DAYS[2], 2) + torn[:40], day=DAYS[2])
        for day, text in ((DAYS[0], "old"), (DAYS[1], "new")):
            lake_file(gone, seen(day, 8, channel_name="far", message_text=text), day=day)
        lakes = [lake(root), lake(gone, "gone")]
        load(former, *lakes)
        with former.connect() as connection:
            connection.execute(PHOTOS_OF_FORMER)
        before = (self.counts(former), history_of_former(former))
        assert list(before[0].values()) == [4, 7, 1, 3, 2, 2]

        monkeypatch.undo()
        with former.connect() as connection:
            migrate(connection)
        assert (self.counts(former), history_of_former(former)) == before
        gone.rename(tmp_path / "elsewhere")
        again = load(former, *lakes)
        assert (again.files_read, again.unreachable_lakes) == (3, ["gone"])
        assert (again.new_messages, again.updated_messages, again.new_observations) == (0, 0, 0)
        assert (again.deleted_messages, again.new_channel_records, again.repaired) == (0, 0, {})
        assert (self.counts(former), history_of_former(former)) == before
        # Of a message whose lake is away, the newest text is kept at once: its history has a row for it.
        assert kept_texts(former) == {1: {"old", "edited"}, 8: {"new"}}

        growing.write_bytes(growing.read_bytes() + torn[40:])
        (tmp_path / "elsewhere").rename(gone)
        last = load(former, *lakes)
        assert (last.files_read, last.new_observations) == (3, 1), "the file that grew, and the lake that came back"
        assert kept_texts(former) == {1: {"old", "edited"}, 8: {"old", "new"}}
        assert load(former, *lakes).files_read == 0


def history_of_former(database: Database) -> list[tuple[Any, ...]]:
    """The same, of a database that may have no table of texts."""
    return database.rows(
        "SELECT to_jsonb(m) - 'loaded_at' FROM raw.telegram_messages AS m"
        " UNION ALL SELECT to_jsonb(o) FROM raw.telegram_message_observations AS o ORDER BY 1"
    )
