"""Names from strangers become safe file names, and a lake is found where people point."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.layout import (
    decode_channel,
    encode_channel,
    find_lake_root,
    messages_file,
    photo_file,
)

HOSTILE = ["..", ".", "a/b", "..%2f..", "%2f", "a\\b", "/etc/passwd", "C:", "~root", "\x00", "a\nb", "-rf", "*", "a.b"]


@pytest.mark.parametrize("name", [*HOSTILE, "lobelia4cosmetics", "Lobelia Cosmetics", " padded ", " ", "ሎቤሊያ", "💊"])
def test_a_channel_name_stays_inside_the_lake_and_can_be_read_back(name: str, tmp_path: Path) -> None:
    for path in (messages_file(tmp_path, date(2026, 1, 1), name), photo_file(tmp_path, name, 7)):
        assert path.resolve().is_relative_to(tmp_path)
        assert len(path.relative_to(tmp_path).parts) == 3
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert decode_channel(encode_channel(name)) == name.replace("\x00", "\ufffd")


def test_readable_names_stay_readable() -> None:
    assert encode_channel("lobelia4cosmetics") == "lobelia4cosmetics"
    assert encode_channel("Lobelia Cosmetics") == "Lobelia Cosmetics"
    assert encode_channel("ሎቤሊያ") == "ሎቤሊያ"
    assert encode_channel("a/b") == "a%2Fb"
    assert encode_channel("..") == "%2E%2E"


def test_a_name_that_is_too_long_is_cut_and_stays_distinct() -> None:
    first, second = encode_channel("💊" * 200), encode_channel("💊" * 199 + "!")
    assert first != second
    assert len(first.encode()) <= 200
    assert first == encode_channel("💊" * 200), "the same name must find the same file on the next day"


@patiently
@given(st.text(max_size=400))
def test_any_text_becomes_one_component_that_is_no_path(name: str) -> None:
    encoded = encode_channel(name)
    assert encoded not in ("", ".", "..")
    assert not {"/", "\\", "\x00"} & set(encoded)
    assert Path(encoded).name == encoded
    assert len(f"{encoded}.jsonl".encode()) <= 255
    if "~" not in encoded:
        assert decode_channel(encoded) == name.replace("\x00", "\ufffd")


@patiently
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.text(alphabet="%./~ ab0F2", max_size=60))
def test_different_names_never_share_a_file(first: str, second: str) -> None:
    assert (encode_channel(first) == encode_channel(second)) == (first == second)


def test_folder_names_of_strangers_decode_to_text_that_a_database_takes() -> None:
    """`%00` as a folder's name would otherwise refuse every photo of every channel, not only its own."""
    assert decode_channel("a%00b") == "a\ufffdb"
    assert decode_channel("%ED%A0%80") == "\ufffd" * 3
    assert decode_channel("..%2f..") == "../.."
    assert decode_channel("100%") == "100%"


@pytest.mark.parametrize("below", ["", "raw", "data/raw"])
@pytest.mark.parametrize("holds", ["telegram_messages", "images"])
def test_a_lake_is_found_at_its_folder_or_at_a_parent(tmp_path: Path, below: str, holds: str) -> None:
    (tmp_path / below / holds).mkdir(parents=True)
    assert find_lake_root(tmp_path) == (tmp_path / below).resolve()


def test_a_folder_without_a_lake_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"looked in .*, .*raw, .*raw"):
        find_lake_root(tmp_path)
    with pytest.raises(LakeError, match="does not exist"):
        find_lake_root(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LakeError, match="does not exist"):
        find_lake_root(tmp_path / "file")
