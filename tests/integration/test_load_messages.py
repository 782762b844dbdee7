"""Lake files -> the raw schema: everything once, whatever is read, in whatever order, however often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.conninfo import make_conninfo

from conftest import Database
from factories import DAY, NOW, lake, lake_file, line, message, record
from medical_telegram_warehouse.lake.reader import list_message_files
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.lake.writer import open_lake
from medical_telegram_warehouse.load.chunks import FileTask, read_chunks
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import Channel

LOAD_IN_CHILD = """
import sys
from pathlib import Path
import psycopg
sys.path[:0] = sys.argv[1:3]
from factories import NOW, lake
from medical_telegram_warehouse.load.messages import load_messages
with psycopg.connect(sys.argv[4], autocommit=True, options="-c timezone=UTC") as connection:
    load_messages(connection, [lake(Path(sys.argv[3]))], now=NOW, chunk_rows=50)
"""


# Longer than what an index takes, even as it compresses texts.
HARDLY_COMPRESSED = "".join(sha256(bytes([number])).hexdigest() for number in range(200))


def load(database: Database, *lakes: Lake, **options: Any) -> LoadSummary:
    with database.connect() as connection:
        return load_messages(connection, lakes, now=NOW, **options)


def rejected(database: Database) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT reason, file_position, payload FROM raw.rejected_records ORDER BY file_position, reason"
    )


def tables(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What the raw tables hold, apart from when and from which of several places it was loaded."""
    left_out = {"loaded_at", "first_loaded_at", "rejected_at", "rejected_id", "file_id", "file_position", "lake_id"}
    found = {}
    for name in ("telegram_messages", "telegram_message_observations", "telegram_channels", "rejected_records"):
        columns = database.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'raw' AND table_name = %s", name
        )
        kept = ", ".join(sorted(column for (column,) in columns if column not in left_out))
        found[name] = sorted(database.rows(f"SELECT ROW({kept})::text FROM raw.{name}"))
    return found


def deletion(day: date, message_id: int = 1, **changes: Any) -> bytes:
    """A line that says that a message was found gone on that day."""
    facts = {"message_text": "", "views": None, "is_deleted": True, "source": "telegram"}
    return line(message_id, **{**facts, "scraped_at": f"{day}T09:00:00Z", **changes})


def seen(day: date, message_id: int = 1, **changes: Any) -> bytes:
    """A line that says what a message was like on that day."""
    return line(message_id, **{"scraped_at": f"{day}T09:00:00Z", **changes})


def deleted(database: Database) -> dict[int, date | None]:
    """The messages that are known, with the day on which they were found deleted."""
    return dict(database.rows("SELECT message_id, deleted_at::date FROM raw.telegram_messages"))


def texts(database: Database) -> dict[int, str]:
    return dict(database.rows("SELECT message_id, message_text FROM raw.telegram_messages"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lake"


class TestAgain:
    def test_a_load_counts_what_it_did_and_says_where_each_message_stands(self, database: Database, root: Path) -> None:
        lake_file(root, line(1) + line(2), day=DAY)
        lake_file(root, line(1, views=99) + line(3), day=DAY + timedelta(days=1))
        summary = load(database, lake(root))
        assert (summary.files_read, summary.records, summary.new_messages, summary.new_observations) == (2, 4, 3, 4)
        assert sum(summary.rejected.values()) == 0
        position = database.rows(
            "SELECT file_path, file_position, loaded_records FROM raw.telegram_messages"
            " JOIN ops.loaded_files USING (file_id) WHERE message_id = 2"
        )
        assert position == [(f"telegram_messages/{DAY}/shop.jsonl", len(line(1)), 2)]

    def test_loading_again_changes_nothing_and_reads_nothing(self, database: Database, root: Path) -> None:
        lake_file(root, line(1) + b"broken\n" + line(2))
        lake_file(root, json.dumps([record(5), record(6)]).encode(), name="other.json")
        load(database, lake(root))
        before = tables(database)
        again = load(database, lake(root))
        assert (again.files_read, again.files_unchanged, again.records, again.new_observations) == (0, 2, 0, 0)
        assert sum(again.rejected.values()) == 0
        assert tables(database) == before

    def test_an_appended_file_continues_where_it_ended(self, database: Database, root: Path) -> None:
        path = lake_file(root, line(1) + line(2))
        load(database, lake(root))
        with path.open("ab") as file:
            file.write(line(3))
        summary = load(database, lake(root))
        assert (summary.files_read, summary.records, summary.new_messages) == (1, 1, 1)
        assert database.value("SELECT loaded_records FROM ops.loaded_files") == 3
        assert sorted(texts(database)) == [1, 2, 3]

    def test_a_last_line_without_its_end_is_loaded_and_what_follows_later_too(
        self, database: Database, root: Path
    ) -> None:
        path = lake_file(root, line(1) + line(2).rstrip())
        assert load(database, lake(root)).new_messages == 2
        path.write_bytes(line(1) + line(2) + line(3))
        summary = load(database, lake(root))
        assert (summary.records, summary.new_messages, rejected(database)) == (1, 1, [])

    def test_a_rewritten_file_is_read_again_and_what_it_no_longer_says_stays(
        self, database: Database, root: Path
    ) -> None:
        path = lake_file(root, line(1) + b"broken\n" + line(2))
        load(database, lake(root))
        path.write_bytes(line(2, views=77) + line(3))
        summary = load(database, lake(root))
        assert (summary.records, summary.new_messages, summary.new_observations) == (2, 1, 2)
        assert sorted(texts(database)) == [1, 2, 3], "nothing is erased because a file changed"
        assert rejected(database) == [], "what was read again was judged again"
        assert database.value("SELECT loaded_records FROM ops.loaded_files") == 2

    def test_a_file_that_was_only_touched_adds_nothing(self, database: Database, root: Path) -> None:
        path = lake_file(root, line(1) + b"broken\n")
        load(database, lake(root))
        os.utime(path, (1, 1))
        summary = load(database, lake(root))
        assert (summary.files_read, summary.records, summary.new_observations) == (1, 0, 0)
        assert len(rejected(database)) == 1

    def test_messages_from_the_future_of_a_slow_clock_are_judged_again_when_it_is_right(
        self, database: Database, tmp_path: Path
    ) -> None:
        """Their file does not change, so nothing else would bring them: they stayed rejected for ever."""
        later = NOW + timedelta(days=400)
        content = line(1) + line(2, message_date=NOW.isoformat()) + line(3, message_date=later.isoformat())
        lake_file(tmp_path, content)
        lake_file(tmp_path, line(4), name="other.jsonl")
        with database.connect() as connection:
            slow = load_messages(connection, [lake(tmp_path)], now=NOW - timedelta(days=30))
            assert slow.rejected["message_date_in_future"] >= 2
            right = load_messages(connection, [lake(tmp_path)], now=NOW)
            assert database.rows("SELECT message_id FROM raw.telegram_messages ORDER BY 1") == [(1,), (2,), (4,)]
            assert [row[0] for row in rejected(database)] == ["message_date_in_future"], "the one that is to come"
            again = load_messages(connection, [lake(tmp_path)], now=NOW)
        assert right.files_read >= 1
        assert (again.files_read, again.files_unchanged) == (0, 2), "what is still to come is not read each time"

    def test_an_array_that_grew_is_read_as_a_whole_and_adds_what_is_new(self, database: Database, root: Path) -> None:
        path = lake_file(root, json.dumps([record(1), record(2)]).encode(), name="shop.json")
        load(database, lake(root))
        path.write_text(json.dumps([record(3), record(1), record(2)]))
        summary = load(database, lake(root))
        assert (summary.records, summary.new_messages, summary.new_observations) == (3, 1, 1)

    def test_a_vanished_file_erases_nothing(self, database: Database, root: Path) -> None:
        path = lake_file(root, line(1) + b"broken\n")
        load(database, lake(root))
        before = tables(database)
        path.unlink()
        assert load(database, lake(root)).files_read == 0
        assert tables(database) == before

    def test_a_lake_that_is_not_reachable_is_named_and_keeps_its_messages(
        self, database: Database, root: Path, tmp_path: Path
    ) -> None:
        lake_file(root, line(1))
        load(database, lake(root))
        root.rename(tmp_path / "unmounted")
        summary = load(database, Lake("other", root))
        assert summary.unreachable_lakes == ["other"]
        assert sorted(texts(database)) == [1]


class TestHistory:
    def test_two_lakes_with_the_same_observations_are_one(self, database: Database, tmp_path: Path) -> None:
        for name in ("a", "b"):
            lake_file(tmp_path / name, line(1, scraped_at="2026-09-30T09:00:00Z") + line(2))
        summary = load(database, lake(tmp_path / "a", "a"), lake(tmp_path / "b", "b"))
        assert (summary.records, summary.new_messages, summary.new_observations) == (4, 2, 2)

    @pytest.mark.parametrize("chunk_rows", [1, 2, 1000])
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_the_newest_state_wins_in_any_order_of_loading(
        self, database: Database, tmp_path: Path, order: tuple[int, ...], chunk_rows: int
    ) -> None:
        for number in range(3):
            day = DAY + timedelta(days=number)
            content = line(1, views=number, message_text=f"day {number}") + line(2, scraped_at=f"{DAY}T0{number}:00:00")
            lake_file(tmp_path / str(number), content, day=day)
        for number in order:
            load(database, lake(tmp_path / str(number), str(number)), chunk_rows=chunk_rows)
        assert database.rows("SELECT message_text, views FROM raw.telegram_messages WHERE message_id = 1") == [
            ("day 2", 2)
        ]
        observed = database.rows(
            "SELECT observed_at, views FROM raw.telegram_message_observations WHERE message_id = 1 ORDER BY observed_at"
        )
        midnight = datetime.combine(DAY, datetime.min.time(), UTC)
        assert observed == [(midnight + timedelta(days=n), n) for n in range(3)], (
            "a scrape's day, where nothing says more"
        )
        newest = database.value("SELECT observed_at FROM raw.telegram_messages WHERE message_id = 2")
        assert newest == midnight + timedelta(hours=2)

    def test_two_states_of_one_moment_are_told_apart_the_same_way_in_any_order(
        self, database: Database, tmp_path: Path
    ) -> None:
        moment = "2026-09-30T09:00:00Z"
        for name, views in (("a", 1), ("b", 2)):
            lake_file(tmp_path / name, line(1, views=views, scraped_at=moment))
        load(database, lake(tmp_path / "a", "a"), lake(tmp_path / "b", "b"))
        first = database.rows("SELECT views FROM raw.telegram_messages")
        with database.connect() as connection:
            connection.execute("TRUNCATE raw.telegram_messages, raw.telegram_message_observations, ops.loaded_files")
        load(database, lake(tmp_path / "b", "b"), lake(tmp_path / "a", "a"))
        assert database.rows("SELECT views FROM raw.telegram_messages") == first

    def test_edits_are_kept_as_observations(self, database: Database, root: Path) -> None:
        lake_file(root, line(1, message_text="old", scraped_at="2026-09-30T09:00:00Z"))
        lake_file(root, line(1, message_text="new", scraped_at="2026-10-01T09:00:00Z"), day="2026-10-01")
        load(database, lake(root))
        assert texts(database) == {1: "new"}
        assert database.value("SELECT count(DISTINCT text_hash) FROM raw.telegram_message_observations") == 2

    def test_the_same_number_in_two_channels_is_two_messages(self, database: Database, root: Path) -> None:
        lake_file(root, line(1) + line(1, channel_name="elsewhere"))
        assert load(database, lake(root)).new_messages == 2


class TestGaps:
    """Sources know different things, and one that knows less must not hide what another knew."""

    SEEN_BY: tuple[dict[str, Any], ...] = (
        {"views": 100, "forwards": 5, "image_path": "raw/images/shop/1.jpg", "reactions": {"👍": 1}, "replies": 4},
        {"views": 120, "forwards": 6, "image_path": "raw/images/shop/1.jpg", "views_exact": True},
        {"views": 130, "views_exact": False, "source": "web"},
        {"views": None, "reactions": {"👍": 2}, "source": "export", "message_text": "as exported"},
    )
    STATE = (
        "SELECT message_text, views, views_exact, forwards, replies, reactions, image_path FROM raw.telegram_messages"
    )

    def lakes(self, root: Path) -> list[Lake]:
        for number, facts in enumerate(self.SEEN_BY):
            observed = {"media_type": "photo", "source": "telegram", **facts}
            content = seen(DAY + timedelta(days=number - 3), **observed)
            lake_file(root / f"lake-{number}", content)
        return [lake(root / f"lake-{number}", f"lake-{number}") for number in range(len(self.SEEN_BY))]

    def test_what_the_newest_does_not_know_comes_from_the_newest_that_does_in_any_order(
        self, database: Database, tmp_path: Path
    ) -> None:
        lakes = self.lakes(tmp_path)
        states = set()
        for order in permutations(lakes):
            with database.connect() as connection:
                connection.execute(
                    "TRUNCATE raw.telegram_messages, raw.telegram_message_observations, ops.loaded_files"
                )
            for each in order:
                load(database, each)
            states.add(str(database.rows(self.STATE)))
        load(database, *lakes)
        expected = [("as exported", 130, False, 6, None, {"👍": 2}, "raw/images/shop/1.jpg")]
        assert states == {str(expected)}

    def test_all_in_one_chunk_comes_to_the_same(self, database: Database, tmp_path: Path) -> None:
        for number, facts in enumerate(self.SEEN_BY):
            day = DAY + timedelta(days=number - 3)
            lake_file(tmp_path, seen(day, media_type="photo", **{"source": "telegram", **facts}), day=day)
        load(database, lake(tmp_path))
        assert database.rows(self.STATE) == [("as exported", 130, False, 6, None, {"👍": 2}, "raw/images/shop/1.jpg")]

    def test_reactions_that_were_taken_back_do_not_return(self, database: Database, tmp_path: Path) -> None:
        """Where the newest knows views, having no reactions means that there are none."""
        lake_file(tmp_path, seen(DAY, forwards=1, reactions={"👍": 1}, source="telegram"), day=DAY)
        later = DAY + timedelta(days=1)
        lake_file(tmp_path, seen(later, forwards=None, source="web"), day=later)
        load(database, lake(tmp_path))
        assert database.rows("SELECT forwards, reactions FROM raw.telegram_messages") == [(1, None)]

    def test_what_nobody_knows_stays_unknown(self, database: Database, tmp_path: Path) -> None:
        lake_file(tmp_path, seen(DAY, views=None))
        load(database, lake(tmp_path))
        assert database.rows("SELECT views, forwards FROM raw.telegram_messages") == [(None, None)]


class TestDeletions:
    DAYS = tuple(DAY - timedelta(days=4 - n) for n in range(4))

    def test_a_deleted_message_keeps_what_was_last_seen_of_it(self, database: Database, root: Path) -> None:
        lake_file(root, seen(self.DAYS[0], views=7, is_pinned=True))
        load(database, lake(root))
        before = database.rows("SELECT to_jsonb(m) - 'deleted_at' - 'loaded_at' FROM raw.telegram_messages AS m")
        lake_file(root, deletion(self.DAYS[1]), day=self.DAYS[1])
        summary = load(database, lake(root))
        assert (summary.deleted_messages, summary.new_observations) == (1, 1)
        assert (summary.new_messages, summary.updated_messages) == (0, 0)
        assert before == database.rows(
            "SELECT to_jsonb(m) - 'deleted_at' - 'loaded_at' FROM raw.telegram_messages AS m"
        )
        assert deleted(database) == {1: self.DAYS[1]}
        assert database.value("SELECT loaded_at > first_loaded_at FROM raw.telegram_messages"), "it changed"
        history = "SELECT views, is_deleted FROM raw.telegram_message_observations ORDER BY observed_at"
        assert database.rows(history) == [(7, False), (None, True)]

    def test_deletions_loaded_again_change_nothing(self, database: Database, root: Path) -> None:
        path = lake_file(root, seen(self.DAYS[0]) + deletion(self.DAYS[1]))
        assert load(database, lake(root)).deleted_messages == 1
        before = tables(database)
        loaded_at = database.rows("SELECT loaded_at FROM raw.telegram_messages")
        path.write_bytes(deletion(self.DAYS[1]) + seen(self.DAYS[0]))
        summary = load(database, lake(root))
        assert (summary.records, summary.deleted_messages, summary.new_observations) == (2, 0, 0)
        assert tables(database) == before
        assert database.rows("SELECT loaded_at FROM raw.telegram_messages") == loaded_at

    def test_a_message_that_came_back_is_not_deleted(self, database: Database, root: Path) -> None:
        lake_file(root, seen(self.DAYS[0]) + deletion(self.DAYS[1]))
        load(database, lake(root))
        lake_file(root, seen(self.DAYS[2], message_text="here again"), day=self.DAYS[2])
        summary = load(database, lake(root))
        assert (summary.updated_messages, summary.deleted_messages) == (1, 0)
        assert (deleted(database), texts(database)) == ({1: None}, {1: "here again"})
        assert database.value("SELECT count(*) FROM raw.telegram_message_observations WHERE is_deleted") == 1

    def test_a_later_deletion_counts_a_deleted_message_once(self, database: Database, root: Path) -> None:
        lake_file(root, seen(self.DAYS[0]) + deletion(self.DAYS[1]))
        load(database, lake(root))
        lake_file(root, deletion(self.DAYS[2]), day=self.DAYS[2])
        assert load(database, lake(root)).deleted_messages == 0
        assert deleted(database) == {1: self.DAYS[2]}

    def test_a_deletion_of_a_message_never_loaded_stays_an_observation(self, database: Database, root: Path) -> None:
        lake_file(root, deletion(self.DAYS[1], 1) + deletion(self.DAYS[1], 2))
        summary = load(database, lake(root))
        assert (summary.new_messages, summary.deleted_messages, summary.new_observations) == (0, 0, 2)
        assert deleted(database) == {}

        lake_file(root, seen(self.DAYS[0], 1) + seen(self.DAYS[2], 2), name="later.jsonl")
        summary = load(database, lake(root))
        assert (summary.new_messages, summary.deleted_messages) == (2, 1)
        assert deleted(database) == {1: self.DAYS[1], 2: None}

    @pytest.mark.parametrize("chunk_rows", [1, 1000])
    def test_no_order_of_loading_changes_what_is_deleted(
        self, database: Database, tmp_path: Path, chunk_rows: int
    ) -> None:
        """Lakes of several scrapers come in any order, and what each knew of a message may be older or newer."""
        first, second, third, last = self.DAYS
        same = {"scraped_at": f"{last}T09:00:00Z"}
        contents = [
            seen(first, 1) + seen(first, 2) + deletion(first, 3) + seen(first, 5) + seen(first, 6, **same),
            deletion(second, 1) + deletion(second, 2) + deletion(second, 5) + deletion(second, 6, **same),
            seen(third, 2, message_text="back") + seen(third, 4),
            deletion(last, 4) + deletion(last, 5) + deletion(last, 7, message_text="gone", views=3),
        ]
        lakes = [lake(lake_file(tmp_path / str(n), content).parents[2], str(n)) for n, content in enumerate(contents)]
        outcomes = []
        for order in permutations(lakes):
            for each in order:
                load(database, each, chunk_rows=chunk_rows)
            outcomes.append(tables(database))
            state = deleted(database)
            assert state.pop(6) in (None, last), "one moment: told apart by the observation's id"
            assert state == {1: second, 2: None, 4: last, 5: last}
            assert texts(database)[2] == "back"
            with database.connect() as connection:
                connection.execute(
                    "TRUNCATE raw.telegram_messages, raw.telegram_message_observations, ops.loaded_files"
                )
        assert len(outcomes) == 24
        assert all(outcome == outcomes[0] for outcome in outcomes)

    def test_deletions_stay_in_their_channel(self, database: Database, root: Path) -> None:
        lake_file(root, seen(self.DAYS[0]) + seen(self.DAYS[0], channel_name="elsewhere") + deletion(self.DAYS[1]))
        assert load(database, lake(root)).deleted_messages == 1
        gone = "SELECT channel_name FROM raw.telegram_messages WHERE deleted_at IS NOT NULL"
        assert database.rows(gone) == [("shop",)]

    def test_observations_of_existing_warehouses_keep_their_ids(self, database: Database, root: Path) -> None:
        """Another hash would add each of them once more; a deletion has one of its own."""
        lake_file(root, seen(self.DAYS[0], views=None, message_text="", is_pinned=True, is_deleted=False))
        load(database, lake(root))
        id_of_first_version = UUID("7b6c1169-2c5f-5cff-ef91-ac7c7fa761be")
        assert database.value("SELECT observation_id FROM raw.telegram_messages") == id_of_first_version
        lake_file(root, deletion(self.DAYS[0]), name="gone.jsonl")
        assert load(database, lake(root)).new_observations == 1

    def test_an_unreadable_mark_of_deletion_is_none(self, database: Database, root: Path) -> None:
        """Better a deleted message that seems to stand than a message that is lost."""
        lake_file(root, seen(self.DAYS[0], is_deleted=1, is_pinned="yes", forwarded_from_id="abc", views_exact=0))
        summary = load(database, lake(root))
        unreadable = {f"{name}_unreadable": 1 for name in ("is_deleted", "is_pinned", "views_exact")}
        assert dict(summary.repaired) == {**unreadable, "forwarded_from_id_out_of_range": 1}
        assert (summary.new_messages, deleted(database)) == (1, {1: None})
        stored = "SELECT message_text, views, is_pinned, forwarded_from_id, views_exact FROM raw.telegram_messages"
        assert database.rows(stored) == [("Zinc syrup 1", 10, None, None, None)]


class TestColumns:
    def test_every_field_reaches_its_column_and_the_record_is_whole(self, database: Database, root: Path) -> None:
        original = message(
            5,
            has_media=True,
            image_path="data/raw/images/shop/5.jpg",
            media_type="photo",
            forwards=3,
            replies=2,
            reactions={"👍": 4},
            edit_date=datetime(2026, 9, 30, 9, tzinfo=UTC),
            reply_to_message_id=4,
            grouped_id=-7,
            forwarded_from="elsewhere",
            forwarded_from_id=-1001234567890,
            forwarded_from_message_id=77,
            post_author="Abebe",
            is_pinned=True,
            views_exact=False,
            message_text="ዚንክ\t\\N 'x'\n",
            raw={"deep": [1, None]},
        )
        with open_lake(root) as writer:
            writer.channel("shop", "sample", DAY, datetime(2026, 9, 1, tzinfo=UTC)).append([original])
        load(database, lake(root))
        columns = (
            "message_id, channel_name, message_date, message_text, has_media, image_path, media_type, views, forwards,"
            " replies, reactions, edit_date, reply_to_message_id, grouped_id, forwarded_from, forwarded_from_id,"
            " forwarded_from_message_id, post_author, source, is_pinned, views_exact, observed_at, repairs"
        )
        [row] = database.rows(f"SELECT {columns} FROM raw.telegram_messages")
        names = columns.replace("observed_at", "scraped_at").split(", ")[:-1]
        assert dict(zip((name.strip() for name in names), row, strict=False)) == {
            name.strip(): getattr(original, name.strip()) for name in names
        }
        assert row[-1] is None
        assert database.value("SELECT record -> '_raw' FROM raw.telegram_messages") == {"deep": [1, None]}

    def test_marks_leave_the_text_and_repairs_are_named_and_counted(self, database: Database, root: Path) -> None:
        lake_file(root, line(1, message_text="**Zinc**", views=-1) + line(2, message_text="plain"))
        summary = load(database, lake(root))
        assert dict(summary.repaired) == {"markdown_removed": 1, "views_out_of_range": 1}
        stored = "SELECT message_text, views, repairs, record ->> 'message_text' FROM raw.telegram_messages"
        assert database.rows(stored + " WHERE message_id = 1") == [
            ("Zinc", None, ["markdown_removed", "views_out_of_range"], "**Zinc**")
        ]

    def test_without_any_time_of_scraping_the_message_date_stands_for_it(self, database: Database, root: Path) -> None:
        lake_file(root, line(1), day="undated")
        load(database, lake(root))
        assert database.value("SELECT observed_at = message_date FROM raw.telegram_messages")


GOOD = [line(n) for n in (1, 2, 3)]
BAD = {
    b"{not json": "invalid_json",
    b"[1, 2, 3]": "not_an_object",
    b'"text"': "not_an_object",
    b'{"message_id": 9, "message_text": "\xff"}': "invalid_utf8",
    json.dumps({**record(), "message_id": None}).encode(): "message_id_missing",
    line("x").strip(): "message_id_unusable",
    line(-4).strip(): "message_id_unusable",
    line(10**40).strip(): "message_id_unusable",
    line(50, message_date="2031-01-01T00:00:00Z").strip(): "message_date_in_future",
    line(51, message_date="1970-01-01T00:00:00Z").strip(): "message_date_too_old",
    line(52, message_date="soon").strip(): "message_date_unreadable",
    line(53, message_date=None).strip(): "message_date_missing",
    line(54, channel_name="x" * 300).strip(): "channel_name_too_long",
    b'{"a": ' * 3000 + b"1" + b"}" * 3000: "nested_too_deeply",
}
MENDED = {
    line("20").strip(): "message_id_not_a_number",
    line(21, views=-5).strip(): "views_out_of_range",
    line(22, views=10**30).strip(): "views_out_of_range",
    line(23, message_text="a\x00b").strip(): "unstorable_characters",
    line(24, message_text="a\ud800b").strip(): "unstorable_characters",
    b'{"message_id": 25, "message_date": "2026-09-30", "message_text": "a\x00b"}': "control_characters",
    line(26, views=float("nan")).strip(): "not_a_number",
    line(27)[:-2] + b', "x": 1e999}': "number_out_of_range",
}


class TestBadInput:
    def test_good_records_load_around_every_kind_of_bad_one(self, database: Database, root: Path) -> None:
        content, expected = b"", []
        for bad, reason in BAD.items():
            expected.append((reason, len(content), bad))
            content += bad + b"\n" + line(len(content) + 1000)
        for mended in MENDED:
            content += mended + b"\n"
        expected.append(("torn_line", len(content), line(99)[:30]))
        lake_file(root, content + line(99)[:30])

        summary = load(database, lake(root))
        assert summary.new_messages == len(BAD) + len(MENDED)
        assert summary.records == 2 * len(BAD) + len(MENDED) + 1
        assert dict(summary.rejected) == {
            reason: [kind for kind, _, _ in expected].count(reason) for reason, _, _ in expected
        }
        assert set(MENDED.values()) <= set(summary.repaired)
        stored = rejected(database)
        assert [(reason, position) for reason, position, _ in stored] == [(kind, at) for kind, at, _ in expected]
        for (_, _, payload), (_, _, bad) in zip(stored, expected, strict=True):
            assert payload == bad.decode(errors="replace")
        assert texts(database)[23] == texts(database)[24] == texts(database)[25] == "a\ufffdb"
        assert load(database, lake(root)).records == 0

    def test_the_same_in_an_array(self, database: Database, root: Path) -> None:
        elements = [element for bad in [*BAD, *MENDED] for element in (bad, GOOD[0])]
        elements.remove(b"{not json")
        lake_file(root, b"[" + b",\n".join(elements) + b"]", name="shop.json")
        summary = load(database, lake(root))
        assert summary.new_messages == len(MENDED) + 1
        assert sum(summary.rejected.values()) == len(BAD) - 1
        assert summary.records == len(elements)

    def test_a_damaged_array_gives_what_comes_before_and_says_so(self, database: Database, root: Path) -> None:
        lake_file(root, b"[" + b",".join(GOOD) + b',{"message_id": 4, ', name="shop.json")
        summary = load(database, lake(root))
        assert (summary.new_messages, dict(summary.rejected)) == (3, {"invalid_json": 1})
        assert rejected(database) == [("invalid_json", 3, '{"message_id": 4, ')]

    def test_a_torn_line_that_is_completed_leaves_the_rejections(self, database: Database, root: Path) -> None:
        path = lake_file(root, GOOD[0] + b"broken\n" + GOOD[1][:25])
        assert dict(load(database, lake(root)).rejected) == {"invalid_json": 1, "torn_line": 1}
        path.write_bytes(GOOD[0] + b"broken\n" + GOOD[1] + GOOD[2])
        summary = load(database, lake(root))
        assert (summary.records, summary.new_messages) == (2, 2)
        assert [reason for reason, _, _ in rejected(database)] == ["invalid_json"]
        assert database.value("SELECT loaded_records FROM ops.loaded_files") == 4

    def test_a_file_that_is_no_array_and_stray_files_are_reported_and_the_rest_loads(
        self, database: Database, root: Path
    ) -> None:
        lake_file(root, b"<html>", name="a.json")
        lake_file(root, b"x", name="notes.txt")
        lake_file(root, GOOD[0], day=f"{DAY}/a", name="b.jsonl")
        lake_file(root, GOOD[1], name="..%2f...jsonl")
        summary = load(database, lake(root))
        assert dict(summary.rejected) == {"not_an_array": 1, "unexpected_file": 2}
        assert summary.new_messages == 1
        assert sum(load(database, lake(root)).rejected.values()) == 0

    def test_a_file_that_cannot_be_read_now_is_tried_again(self, database: Database, root: Path) -> None:
        lake_file(root, GOOD[0])
        path = lake_file(root, GOOD[1], name="a.jsonl")
        os.utime(path, (1, 1))
        files, _ = list_message_files(lake(root))
        path.unlink()
        chunks = list(read_chunks([FileTask(n, file, None) for n, file in enumerate(files)], NOW, 1000))
        assert [len(chunk.rows) for chunk in chunks] == [1]
        [gone, kept] = chunks[0].reports
        assert [rejection.reason for rejection in gone.rejections] == ["unreadable_file"]
        assert gone.progress["file_size"] == -1, "it counts as unread"
        assert kept.progress["file_size"] == len(GOOD[0])

    @pytest.mark.parametrize("chunk_rows", [3, 1000])
    def test_what_only_the_database_refuses_is_found_and_set_aside(
        self, database: Database, root: Path, chunk_rows: int
    ) -> None:
        """Our own lines are checked for what columns need; jsonb still refuses a number of 200,000 digits."""
        bad = line(50, source="sample")[:-2] + b', "x": 1e200000}\n'
        worse = line(51, source="sample")[:-2] + b', "x": [1e999999]}\n'
        content = GOOD[0] + bad + GOOD[1] + worse + b"broken\n" + b"".join(line(n) for n in range(3, 20))
        lake_file(root, content)
        summary = load(database, lake(root), chunk_rows=chunk_rows)
        assert summary.new_messages == 19
        assert dict(summary.rejected) == {"refused_by_database": 2, "invalid_json": 1}
        first = rejected(database)[0]
        assert first == ("refused_by_database", len(GOOD[0]), bad.decode().strip())
        again = load(database, lake(root), chunk_rows=chunk_rows)
        assert (again.records, sum(again.rejected.values())) == (0, 0)


class TestChannels:
    def described(self, root: Path, day: date = DAY, name: str = "shop", **facts: Any) -> None:
        at = datetime.combine(day, datetime.min.time(), UTC)
        with open_lake(root) as writer:
            writer.describe_channel(Channel(channel_name=name, scraped_at=at, source="sample", **facts))

    def test_descriptions_of_each_scrape_are_kept(self, database: Database, root: Path) -> None:
        self.described(root, title="Shop", subscribers=5)
        self.described(root, DAY + timedelta(days=1), title="Shop", subscribers=8)
        assert load(database, lake(root)).new_channel_records == 2
        assert load(database, lake(root)).new_channel_records == 0
        assert database.rows("SELECT subscribers FROM raw.telegram_channels ORDER BY observed_at") == [(5,), (8,)]

    def test_what_telegram_says_of_a_channel_reaches_its_columns(self, database: Database, root: Path) -> None:
        facts: dict[str, Any] = {
            "telegram_id": 1234567890,
            "username": "shop\x00",
            "telegram_type": "supergroup",
            "is_verified": True,
            "is_scam": False,
            "is_fake": False,
        }
        self.described(root, **facts)
        self.described(root, DAY + timedelta(days=1))
        load(database, lake(root))
        stored = database.rows(f"SELECT {', '.join(facts)} FROM raw.telegram_channels ORDER BY observed_at")
        assert stored == [tuple((facts | {"username": "shop\ufffd"}).values()), (None,) * 6]

    def test_a_second_lake_may_hold_older_ones(self, database: Database, root: Path, tmp_path: Path) -> None:
        self.described(root, title="new")
        load(database, lake(root))
        self.described(tmp_path / "old", DAY - timedelta(days=100), "elsewhere")
        assert load(database, lake(root), lake(tmp_path / "old", "old")).new_channel_records == 1

    def test_a_line_added_on_the_same_day_is_loaded(self, database: Database, root: Path) -> None:
        self.described(root)
        load(database, lake(root))
        self.described(root, name="elsewhere")
        assert load(database, lake(root)).new_channel_records == 1

    def test_bad_lines_are_rejected_and_the_rest_loads(self, database: Database, root: Path) -> None:
        self.described(root, title="a\x00b")
        path = root / "telegram_channels" / f"{DAY}.jsonl"
        good = path.read_bytes()
        huge = b"".join(
            good.replace(b'"sample"', b'"sample","' + name + b'":' + b"9" * 19)
            for name in (b"subscribers", b"telegram_id")
        )
        path.write_bytes(b"broken\n" + good + huge + b"[" * 5000 + b"\n" + good.replace(b"shop", b"last") + good[:20])
        (path.parent / "folder.jsonl").mkdir()
        summary = load(database, lake(root))
        assert summary.new_channel_records == 2
        assert dict(summary.rejected) == {"channel_unreadable": 4, "torn_line": 1, "unreadable_file": 1}
        out_of_range = "SELECT detail FROM raw.rejected_records WHERE detail LIKE '% is out of range' ORDER BY detail"
        assert database.rows(out_of_range) == [("subscribers is out of range",), ("telegram_id is out of range",)]
        assert ("a\ufffdb",) in database.rows("SELECT title FROM raw.telegram_channels")

        path.write_bytes(good)
        (path.parent / "folder.jsonl").rmdir()
        load(database, lake(root))
        assert [reason for reason, _, _ in rejected(database) if reason != "unreadable_file"] == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("channel_name", HARDLY_COMPRESSED),
            ("channel_name", " "),
            ("scraped_at", "0001-01-01T00:00:00"),
            ("subscribers", 2**31),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_a_description_that_cannot_be_does_not_stop_the_load(
        self, database: Database, root: Path, field: str, value: Any
    ) -> None:
        self.described(root)
        path = root / "telegram_channels" / f"{DAY}.jsonl"
        path.write_bytes(
            path.read_bytes() + json.dumps({**json.loads(path.read_bytes()), field: value}).encode() + b"\n"
        )
        summary = load(database, lake(root))
        assert (summary.new_channel_records, dict(summary.rejected)) == (1, {"channel_unreadable": 1})
        assert database.value("SELECT detail FROM raw.rejected_records") == f"{field} is out of range"

    def test_descriptions_from_the_future_of_a_slow_clock_are_judged_again_when_it_is_right(
        self, database: Database, root: Path
    ) -> None:
        self.described(root)
        path = root / "telegram_channels" / f"{DAY}.jsonl"
        far = {**json.loads(path.read_bytes()), "scraped_at": "9999-12-31T23:59:59Z"}
        path.write_bytes(path.read_bytes() + json.dumps(far).encode() + b"\n")
        with database.connect() as connection:
            slow = load_messages(connection, [lake(root)], now=NOW - timedelta(days=30))
            assert (slow.new_channel_records, dict(slow.rejected)) == (0, {"scraped_at_in_future": 2})
            right = load_messages(connection, [lake(root)], now=NOW)
            assert (right.new_channel_records, dict(right.rejected)) == (1, {"scraped_at_in_future": 1})
            again = load_messages(connection, [lake(root)], now=NOW)
        assert (again.new_channel_records, dict(again.rejected)) == (0, {})

    def test_a_pipe_among_the_descriptions_is_not_waited_for(self, database: Database, root: Path) -> None:
        self.described(root)
        os.mkfifo(root / "telegram_channels" / "pipe.jsonl")
        summary = load(database, lake(root))
        assert (summary.new_channel_records, dict(summary.rejected)) == (1, {"unreadable_file": 1})


class TestLargeLakes:
    """Chunks, kills and several loaders at once: small chunks make a small lake large."""

    @pytest.fixture
    def large(self, root: Path) -> Lake:
        for day in range(4):
            for name in ("a", "b", "c"):
                numbers = range(1 + 100 * day, 400 + 100 * day)
                content = b"".join(line(n, channel_name=name, views=n + day) for n in numbers) + b"broken\n"
                lake_file(root, content, day=DAY + timedelta(days=day), name=f"{name}.jsonl")
        lake_file(root, json.dumps([record(n) for n in range(1, 700)]).encode(), name="array.json")
        return lake(root)

    @pytest.mark.parametrize("chunk_rows", [1, 7, 500, 50_000])
    def test_a_chunk_never_holds_more_rows_than_it_may(self, large: Lake, chunk_rows: int) -> None:
        files, _ = list_message_files(large)
        chunks = read_chunks([FileTask(n, file, None) for n, file in enumerate(files)], NOW, chunk_rows)
        sizes = [len(chunk.rows) for chunk in chunks]
        assert max(sizes) <= chunk_rows
        assert sum(sizes) == 12 * 399 + 699
        assert sizes[0] == max(1, chunk_rows // 10)  # the database waits for the first one
        assert all(size == chunk_rows for size in sizes[1:-1])

    def test_the_size_of_chunks_changes_nothing(
        self, large: Lake, database: Database, empty_database: Database
    ) -> None:
        with empty_database.connect() as connection:
            migrate(connection)
        first = load(database, large, chunk_rows=37)
        second = load(empty_database, large)
        first.updated_messages = second.updated_messages  # a message may be new in one chunk and newer in the next
        assert first == second
        assert tables(database) == tables(empty_database)

    def test_two_loaders_at_once_give_the_same_tables(
        self, large: Lake, database: Database, empty_database: Database
    ) -> None:
        with empty_database.connect() as connection:
            migrate(connection)
        load(empty_database, large)
        summaries: list[LoadSummary] = []
        loaders = [
            threading.Thread(target=lambda: summaries.append(load(database, large, chunk_rows=100))) for _ in range(2)
        ]
        for loader in loaders:
            loader.start()
        for loader in loaders:
            loader.join()
        assert sorted(summary.files_read for summary in summaries) == [0, 13]
        assert tables(database) == tables(empty_database)

    def test_a_killed_load_goes_on_and_gives_the_tables_of_an_undisturbed_one(
        self, large: Lake, database: Database, empty_database: Database
    ) -> None:
        with empty_database.connect() as connection:
            migrate(connection)
        undisturbed = load(empty_database, large)
        here = Path(__file__).parent.parent
        conninfo = make_conninfo(**database._asdict())
        child = subprocess.Popen([sys.executable, "-c", LOAD_IN_CHILD, str(here), str(here), str(large.root), conninfo])
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if database.value("SELECT count(*) FROM raw.telegram_message_observations") > 0:
                break
        child.send_signal(signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL, "the child finished before it could be killed"

        kept = database.value("SELECT count(*) FROM raw.telegram_message_observations")
        summary = load(database, large)
        assert 0 < kept < undisturbed.new_observations
        assert kept + summary.new_observations >= undisturbed.new_observations
        assert tables(database) == tables(empty_database)
        assert load(database, large).records == 0
