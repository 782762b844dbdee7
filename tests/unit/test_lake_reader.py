"""Every file of a lake is read, or reported."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path

import pytest

from factories import DAY, NOW, deep_folders, lake, lake_file, line, record
from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.parse import ParsedRecord, RejectedRecord
from medical_telegram_warehouse.lake.reader import list_channel_files, list_message_files, read_records


def read(root: Path) -> list[ParsedRecord | RejectedRecord]:
    [file], _ = list_message_files(lake(root))
    with file.path.open("rb") as opened:
        return [record for _, record in read_records(file, opened, 0, hashlib.sha256(), NOW)]


def reasons(root: Path) -> list[str | None]:
    return [getattr(record, "reason", None) for record in read(root)]


def test_files_come_in_the_order_of_their_dates_and_channels(tmp_path: Path) -> None:
    for day, name in [
        ("2026-09-30", "b.jsonl"),
        ("2026-09-30", "a.json"),
        ("2026-09-29", "z.jsonl"),
        (".", "old.json"),
    ]:
        lake_file(tmp_path, b"", day=day, name=name)
    files, strays = list_message_files(lake(tmp_path))
    assert [(file.scrape_date, file.channel_name) for file in files] == [
        (None, "old"),
        (date(2026, 9, 29), "z"),
        (date(2026, 9, 30), "a"),
        (date(2026, 9, 30), "b"),
    ]
    assert files[2].file_path == "telegram_messages/2026-09-30/a.json"
    assert strays == []


def test_the_channel_of_a_file_is_read_back_from_its_name(tmp_path: Path) -> None:
    for name in ("a%2Fb.jsonl", "..%2f...jsonl", "ሎቤሊያ.jsonl", "%00.jsonl"):
        lake_file(tmp_path, b"", name=name)
    files, _ = list_message_files(lake(tmp_path))
    assert sorted(file.channel_name for file in files) == sorted(["a/b", "../..", "ሎቤሊያ", "\ufffd"])


def test_what_is_no_message_file_is_reported_except_hidden_files(tmp_path: Path) -> None:
    lake_file(tmp_path, b"", name="notes.txt")
    lake_file(tmp_path, b"", day=f"{DAY}/a", name="b.jsonl")
    lake_file(tmp_path, b"", name=".gitkeep")
    files, strays = list_message_files(lake(tmp_path))
    assert files == []
    assert strays == [f"telegram_messages/{DAY}/notes.txt", f"telegram_messages/{DAY}/a/b.jsonl"]


def test_links_to_nowhere_and_pipes_are_reported_and_stop_nothing(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever."""
    good = lake_file(tmp_path, line())
    good.with_name("gone.jsonl").symlink_to(tmp_path / "nowhere")
    good.with_name("itself.jsonl").symlink_to("itself.jsonl")
    os.mkfifo(good.with_name("pipe.jsonl"))
    files, strays = list_message_files(lake(tmp_path))
    assert [file.path for file in files] == [good]
    assert [Path(stray).name for stray in strays] == ["gone.jsonl", "itself.jsonl", "pipe.jsonl"]


def test_folders_in_folders_without_end_are_reported_and_stop_nothing(tmp_path: Path) -> None:
    good = lake_file(tmp_path, line())
    with deep_folders(tmp_path / "telegram_messages", 1500):
        files, strays = list_message_files(lake(tmp_path))
    assert [file.path for file in files] == [good]
    assert [Path(stray).parts for stray in strays] == [("telegram_messages", *"aaaaaaaaaaa")]


def test_the_path_of_what_is_no_message_file_is_cut_to_what_a_row_is_found_by(tmp_path: Path) -> None:
    """PostgreSQL refuses a longer key, and with it the whole load."""
    lake_file(tmp_path, b"", day="/".join(f"{number}{'x' * 240}" for number in range(9)), name="b.jsonl")
    _, [stray] = list_message_files(lake(tmp_path))
    assert len(stray) <= 401
    assert stray.startswith("telegram_messages/0x")
    assert stray.endswith("x/b.jsonl")


def test_a_file_name_that_is_no_utf8_is_read_and_can_be_stored(tmp_path: Path) -> None:
    good = lake_file(tmp_path, line(channel_name=None))
    os.rename(os.fsencode(good), os.fsencode(good.parent) + b"/\xff.jsonl")  # noqa: PTH104 - bytes, not a path
    [file], _ = list_message_files(lake(tmp_path))
    assert (file.channel_name, file.file_path) == ("\ufffd", f"telegram_messages/{DAY}/\ufffd.jsonl")
    [got] = read(tmp_path)
    assert isinstance(got, ParsedRecord)
    assert got.message.channel_name == "\ufffd"


def test_a_lake_of_photos_alone_has_no_messages(tmp_path: Path) -> None:
    assert list_message_files(lake(tmp_path)) == ([], [])
    assert list_channel_files(tmp_path) == []


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    (tmp_path / "telegram_messages").write_bytes(b"a file in its place")
    with pytest.raises(LakeError, match="telegram_messages: Not a directory"):
        list_message_files(lake(tmp_path))


class TestShapes:
    def test_lines_in_a_json_file_are_read(self, tmp_path: Path) -> None:
        lake_file(tmp_path, line(1) + line(2), name="shop.json")
        assert reasons(tmp_path) == [None, None]

    def test_an_array_in_a_jsonl_file_is_read(self, tmp_path: Path) -> None:
        lake_file(tmp_path, json.dumps([record(1), record(2)]).encode())
        assert reasons(tmp_path) == [None, None]

    def test_one_pretty_printed_object_is_one_rejection(self, tmp_path: Path) -> None:
        lake_file(tmp_path, json.dumps(record(1), indent=2).encode(), name="shop.json")
        assert reasons(tmp_path) == ["not_an_array"]

    @pytest.mark.parametrize("content", [b"<html></html>", b"\x00" * 50, b'"text"', b"17"])
    def test_a_json_file_of_something_else_is_one_rejection_with_its_start(
        self, tmp_path: Path, content: bytes
    ) -> None:
        lake_file(tmp_path, content, name="shop.json")
        [rejection] = read(tmp_path)
        assert isinstance(rejection, RejectedRecord)
        assert (rejection.reason, rejection.position) == ("not_an_array", 0)
        assert rejection.payload == content.decode().replace("\x00", "\ufffd")

    @pytest.mark.parametrize("name", ["shop.json", "shop.jsonl"])
    @pytest.mark.parametrize("content", [b"", b"\n \n", b"[]"])
    def test_an_empty_file_holds_no_records(self, tmp_path: Path, name: str, content: bytes) -> None:
        lake_file(tmp_path, content, name=name)
        assert [reason for reason in reasons(tmp_path) if reason != "not_an_array"] == []

    def test_damaged_first_lines_cost_only_themselves_in_a_jsonl_file(self, tmp_path: Path) -> None:
        lake_file(tmp_path, b"[broken\n" + b"{broken\n" + line(3))
        assert reasons(tmp_path) == ["invalid_json", "invalid_json", None]
