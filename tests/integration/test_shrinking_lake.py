"""A lake that shrinks, is damaged or goes away erases nothing: what was loaded once stays, in the marts as well."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from conftest import PROJECT, Database
from factories import DAY, NOW, detections_csv, lake, lake_file, line, record
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.detections import DetectionLoadSummary, load_detections
from medical_telegram_warehouse.load.messages import LoadSummary, load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.scrape import scrape
from medical_telegram_warehouse.sources.sample import SampleSource
from medical_telegram_warehouse.transform import TransformStep, build
from warehouse_rows import contents

SCHEMAS = ("raw", "intermediate", "marts")
DAYS = tuple(date(2026, 9, 20) + timedelta(days=n) for n in range(6))
LIST = "💊 Amoxicillin 500mg 10x10 💵530\n💊 Paracetamol 500mg 10x10 💵120\n💊 Ibuprofen 400mg 10x10 💵150"


def load(database: Database, *lakes: Lake) -> LoadSummary:
    with database.connect() as connection:
        return load_messages(connection, lakes, now=NOW)


def extract(database: Database) -> int:
    with database.connect() as writer, database.connect() as reader:
        return extract_message_offers(writer, reader, workers=1).messages


def load_photos(database: Database, csv: Path) -> DetectionLoadSummary:
    with database.connect() as connection:
        return load_detections(connection, csv)


def build_both(database: Database) -> list[bool]:
    """Both dbt steps; returns which built everything anew."""
    return [
        build(
            step,
            project_dir=PROJECT,
            address=database.address,
            report_timezone="Africa/Addis_Ababa",
        ).is_whole
        for step in TransformStep
    ]


def warehouse(database: Database, *schemas: str) -> dict[str, list[str]]:
    """Every row of the schemas, the times at which raw rows were written included."""
    with database.connect() as connection:
        return {f"{schema}.{name}": rows for schema in schemas for name, rows in contents(connection, schema).items()}


def lost(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Rows that are not there any more, by table."""
    gone = {
        name: sorted((Counter(rows) - Counter(after.get(name, []))).elements())[:3] for name, rows in before.items()
    }
    return {name: rows for name, rows in gone.items() if rows}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def sample_lake(root: Path) -> Lake:
    """Six days of scrapes of invented channels, with edits, views that grow and deletions."""
    for day in DAYS:
        scrape(SampleSource(day, messages=200, days=60, photos=False), lake_root=root, relative_to=root.parent)
    with next(iter(message_files(root, DAYS[-1]))).open("ab") as file:
        file.write(b"broken\n")
    return lake(root, "own")


def message_files(root: Path, day: date) -> list[Path]:
    return sorted((root / "telegram_messages" / str(day)).iterdir())


def test_the_warehouse_keeps_every_row_of_a_lake_that_shrank(database: Database, tmp_path: Path, root: Path) -> None:
    """A full disk, a wrong rsync, an unplugged drive: the next nightly run must not make the history follow."""
    own, other = sample_lake(root), lake(tmp_path / "other", "other")
    array = lake_file(root, json.dumps([record(n, message_text=LIST) for n in range(1, 9)]).encode(), name="shop.json")
    far = {"channel_name": "far", "message_text": "Zinc 20mg 45 birr"}
    lake_file(other.root, b"".join(line(n, **far) for n in range(1, 5)))
    load(database, own, other)
    extract(database)
    photos = [
        {"image_path": f"images/{channel}/{message_id}.jpg", "channel_name": channel, "message_id": message_id}
        for channel, message_id in database.rows(
            "SELECT channel_name, message_id FROM raw.telegram_messages WHERE has_media ORDER BY 1, 2"
        )
    ]
    csv = detections_csv(tmp_path / "detections.csv", *photos)
    load_photos(database, csv)
    assert build_both(database) == [True, True]
    before = warehouse(database, *SCHEMAS)
    empty = {name for name, rows in before.items() if not rows}
    assert empty <= {"marts.rpt_price_outliers", "marts.rpt_volume_anomalies"}, "what has no rows can lose none"

    for day in DAYS[::2]:
        shutil.rmtree(root / "telegram_messages" / str(day))
    truncated, emptied, *_ = message_files(root, DAYS[1])
    truncated.write_bytes(b"".join(truncated.read_bytes().splitlines(keepends=True)[:-1]))
    emptied.write_bytes(b"")
    array.write_text(json.dumps([record(8, message_text=LIST), record(2, message_text=LIST)]))
    shutil.rmtree(root / "telegram_channels")
    other.root.rename(tmp_path / "unplugged")
    detections_csv(csv, *photos[::2])

    summary = load(database, own, other)
    kept_lines = len(truncated.read_bytes().splitlines())
    assert (summary.files_read, summary.records) == (3, kept_lines + 2)
    assert summary.files_unchanged == sum(len(message_files(root, day)) for day in DAYS[1::2]) - 2
    assert summary.unreachable_lakes == ["other"]
    assert (summary.new_messages, summary.updated_messages, summary.new_observations) == (0, 0, 0)
    assert (summary.deleted_messages, summary.rejected) == (0, {})
    assert load_photos(database, csv) == DetectionLoadSummary(photos=len(photos[::2]))
    assert extract(database) == 0

    assert build_both(database) == [False, False]
    assert lost(before, warehouse(database, *SCHEMAS)) == {}
    with database.connect() as connection:
        connection.execute("DELETE FROM ops.transform_state")
    assert build_both(database) == [True, True]
    assert lost(before, warehouse(database, *SCHEMAS)) == {}, "raw holds all that the marts are made of"


def test_a_file_cut_within_a_line_reports_the_line_and_keeps_what_it_said(database: Database, root: Path) -> None:
    """A copy that was broken off looks like this; the next whole one takes the report back."""
    path = lake_file(root, line(1) + line(2) + line(3), day=DAY)
    load(database, lake(root))
    before = warehouse(database, "raw")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    summary = load(database, lake(root))
    assert (summary.files_read, summary.records, summary.rejected) == (1, 3, {"torn_line": 1})
    assert lost(before, warehouse(database, "raw")) == {}
    path.write_bytes(whole)
    assert load(database, lake(root)).new_observations == 0
    assert warehouse(database, "raw") == before


def test_a_lake_that_is_an_empty_folder_all_at_once_erases_nothing(database: Database, root: Path) -> None:
    """The folder on which a drive is mounted stays when the drive is gone."""
    lake_file(root, line(1) + b"broken\n")
    load(database, lake(root))
    before = warehouse(database, "raw")
    root.rename(root.with_name("drive"))
    root.mkdir()
    for folder in (None, "telegram_messages"):
        if folder:
            (root / folder).mkdir()
        summary = load(database, lake(root))
        assert (summary.files_read, summary.files_unchanged, summary.unreachable_lakes) == (0, 0, [])
        assert warehouse(database, "raw") == before
    shutil.rmtree(root)
    root.with_name("drive").rename(root)
    assert load(database, lake(root)).files_unchanged == 1
