"""Descriptions of channels: each line is a description that a table takes, or rejected with a reason."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given

from factories import NOW
from fuzz.answers import is_storable
from fuzz.mutations import each_seed, fuzzed, mutated_bytes
from medical_telegram_warehouse.lake.layout import channels_file
from medical_telegram_warehouse.lake.reader import read_channel_lines
from medical_telegram_warehouse.load.channels import _read, _values
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_CHANNEL_NAME, MAX_COUNT

TOKENS = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b"\n", b"null", b"\\u0000", b"\\ud800", b"\xff", b"\x00", b"1e999"),
    *(b"2147483648", b"-9223372036854775809", b'"9999-12-31T23:59:59Z"', b'"0001-01-01T00:00:00"', b'" "', b'""'),
    *(b"x" * 300, b"[" * 1500, codecs.BOM_UTF8, b'"2026-09-30"', b"1767261600"),
]


@pytest.fixture(scope="module")
def lake_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake_channels")


def check(root: Path, content: bytes) -> None:
    path = channels_file(root, NOW.date())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    channels, rejections, progress = _read(path, NOW)
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    assert len(channels) + len(rejections) == sum(bool(line.strip()) for line in lines) == progress["records"]
    assert is_storable([list(each) for each in rejections])
    for channel in channels:
        assert is_storable([value for value in _values(channel).values() if isinstance(value, str)])
        assert 0 < len(channel.channel_name) <= MAX_CHANNEL_NAME
        assert channel.subscribers is None or 0 <= channel.subscribers <= MAX_COUNT
        assert channel.telegram_id is None or abs(channel.telegram_id) <= MAX_BIGINT
    known = list(read_channel_lines(root))
    assert [channel for channel in channels if channel in known] == channels, "scraping reads what loading reads"


@each_seed("lake_channels")
def test_each_seed_is_read_or_rejected_line_by_line(lake_root: Path, seed: bytes) -> None:
    check(lake_root, seed)


@fuzzed(2)
@given(content=mutated_bytes("lake_channels", TOKENS))
def test_any_file_is_read_or_rejected_line_by_line(lake_root: Path, content: bytes) -> None:
    check(lake_root, content)
