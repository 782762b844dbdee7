"""Files of other scrapers: each record is used or rejected with a reason, once, however the file is cut."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import NOW
from fuzz.answers import check_message, is_storable
from fuzz.mutations import each_seed, fuzzed, mutated_bytes, mutated_text
from medical_telegram_warehouse.lake import lines
from medical_telegram_warehouse.lake.lines import RawRecord, is_array
from medical_telegram_warehouse.lake.markdown import strip_markdown
from medical_telegram_warehouse.lake.parse import ParsedRecord, RecordParser, RejectedRecord
from medical_telegram_warehouse.lake.reader import MessageFile, read_records
from medical_telegram_warehouse.load.copying import incoming_row

TOKENS = [
    *(b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"\n", b"\r\n", b"null", b"true", b"{}", b"[]", b'""'),
    *(b"\\u0000", b"\\ud800", b"\\udc00", b"\\ud83d\\udc8a", b"\\x0b", b"\\", b"\xff", b"\xed\xa0\x80", b"\xc0\x80"),
    *(b"NaN", b"Infinity", b"1e999", b"1e400000", b"-1", b"9223372036854775808", b"2147483648", b"9" * 1200, b"1.0"),
    *(b'"9999-12-31T23:59:59Z"', b'"0001-01-01"', b'"2026-09-30T24:00:00"', b'"2026-W40-3"', b"253402300800"),
    *(b'"source":null', b'"source":"web"', b'"channel_name":" "', b'"message_id":"7"', b'"_raw":{}', b'"id":5,'),
    *(codecs.BOM_UTF8, b"\x00", b"\x1a", b"\x0b", b"  ", b"[" * 1500, b'{"a":' * 1500, b"**", b"~~", b"](https://a"),
]
FILES = mutated_bytes("lake_lines", TOKENS)
SUFFIXES = st.sampled_from([".jsonl", ".json"])
Read = list[tuple[RawRecord, ParsedRecord | RejectedRecord]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake_lines")


def message_file(folder: Path, content: bytes, suffix: str) -> MessageFile:
    path = folder / f"shop{suffix}"
    path.write_bytes(content)
    return MessageFile(path, path.name, None, "file_channel", len(content), 0)


def read(source: MessageFile, start: int = 0) -> tuple[Read, bytes]:
    digest = hashlib.sha256()
    with source.path.open("rb") as file:
        return list(read_records(source, file, start, digest, NOW)), digest.digest()


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Files here are smaller than the pieces in which files are read: so the pieces are made smaller still."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", size)
        yield


def check(source: MessageFile, content: bytes) -> None:
    found, digest = read(source)
    assert (found, digest) == read(source), "reading is the same each time"
    positions = [raw.position for raw, _ in found]
    assert positions == sorted(set(positions))
    for raw, record in found:
        check_record(source, raw, record)
    if is_array(source.path):
        check_array(source, content, found)
    elif source.path.suffix == ".jsonl":
        check_lines(source, content, found, digest)


def check_record(source: MessageFile, raw: RawRecord, record: ParsedRecord | RejectedRecord) -> None:
    assert record.position == raw.position
    if isinstance(record, RejectedRecord):
        assert is_storable(list(record[1:]))
        assert len(record.payload) <= len(raw.payload)
        return
    check_message(record.message)
    assert len(record.message.message_text) <= len(raw.payload)
    assert isinstance(json.loads(record.payload, strict=True), dict)
    assert is_storable(list(incoming_row(record, source, 1)))
    patient = RecordParser(source.channel_name, NOW)._parse_patiently(raw)
    assert isinstance(patient, ParsedRecord)
    assert patient.message == record.message, "which way a record takes decides nothing"


def check_lines(source: MessageFile, content: bytes, found: Read, digest: bytes) -> None:
    whole = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    assert len(found) == sum(bool(line.strip()) for line in whole), "each line is used or rejected"
    if not any(raw.problem for raw, _ in found):
        assert digest == hashlib.sha256(content).digest()
    for number in {0, len(found) // 2}:
        if number < len(found) and found[number][0].problem is None:
            rest, _ = read(source, found[number][0].end)
            assert rest == found[number + 1 :], "a load that ended there goes on with the next line"


def check_array(source: MessageFile, content: bytes, found: Read) -> None:
    with chunks_of(7):
        assert [raw for raw, _ in read(source)[0] if not raw.problem] == [raw for raw, _ in found if not raw.problem]
    elements = as_json(content)
    if elements is not None:
        assert [raw.problem for raw, _ in found] == [None] * len(elements)
    else:
        assert found or not content.strip(b"[] \r\n\t"), "what cannot be read is rejected"


def as_json(content: bytes) -> list[Any] | None:
    try:
        value = json.loads(content.removeprefix(codecs.BOM_UTF8), parse_int=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@each_seed("lake_lines")
def test_each_seed_is_read_or_rejected_line_by_line(folder: Path, seed: bytes, suffix: str) -> None:
    check(message_file(folder, seed, suffix), seed)


@fuzzed(3)
@given(content=FILES, suffix=SUFFIXES)
def test_any_file_is_read_or_rejected_line_by_line(folder: Path, content: bytes, suffix: str) -> None:
    check(message_file(folder, content, suffix), content)


@fuzzed()
@given(content=FILES, limit=st.integers(1, 400))
@example(content=b"}\n      }\n]\n", limit=9)
def test_lines_that_are_too_long_cost_only_themselves(folder: Path, content: bytes, limit: int) -> None:
    source = message_file(folder, content, ".jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "MAX_RECORD_BYTES", limit)
        with source.path.open("rb") as file:
            found = list(lines.read_lines(file, 0, hashlib.sha256()))
    whole = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    if not any(raw.problem == "torn_line" for raw in found):
        assert sum(raw.problem == "record_too_large" for raw in found) <= sum(len(line) >= limit - 3 for line in whole)
    short = [line.strip() for line in whole[:-1] if line.strip() and len(line) < limit - 3]
    payloads = iter([raw.payload for raw in found if raw.problem is None])
    assert all(line in payloads for line in short), "each is read, in its order, and between lines near the limit"


@fuzzed(3)
@given(mutated_text("lake_texts", ["**", "__", "~~", "`", "```", "[", "](https://a", ")", "(", "****", "\n", "_"]))
def test_taking_marks_out_never_adds_a_character(text: str) -> None:
    plain = strip_markdown(text)
    rest = iter(text)
    assert all(character in rest for character in plain), "what is left stands in its order"
