"""Files are cut into records in small pieces, and whatever is broken costs as little as possible."""

from __future__ import annotations

import codecs
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import line, patiently, record
from medical_telegram_warehouse.lake.lines import (
    MAX_RECORD_BYTES,
    RawRecord,
    hash_prefix,
    is_array,
    read_array,
    read_lines,
)

CHUNK = 1 << 20


def lines_of(path: Path, start: int = 0) -> tuple[list[RawRecord], str]:
    digest, _ = hash_prefix(path, start)
    with path.open("rb") as file:
        records = list(read_lines(file, start, digest))
    return records, digest.digest().hex()


def elements_of(path: Path) -> list[RawRecord]:
    with path.open("rb") as file:
        return list(read_array(file))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


class TestLines:
    def test_each_line_has_the_byte_where_it_starts_and_where_the_next_one_does(self, path: Path) -> None:
        path.write_bytes(b'{"a": "\xe1\x8b\x9a"}\n\n  {"b": 1}  \n')
        records, digest = lines_of(path)
        assert records == [RawRecord(0, b'{"a": "\xe1\x8b\x9a"}', 13), RawRecord(14, b'{"b": 1}', 27)]
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_record(self, path: Path) -> None:
        path.write_bytes(codecs.BOM_UTF8 + b'{"a": 1}\r\n{"b": 2}\r\n')
        assert [record.payload for record in lines_of(path)[0]] == [b'{"a": 1}', b'{"b": 2}']

    def test_a_torn_last_line_ends_where_it_starts_and_is_a_record_once_completed(self, path: Path) -> None:
        whole = line(1)
        path.write_bytes(whole + line(2)[:20])
        records, digest = lines_of(path)
        assert records[1] == RawRecord(len(whole), line(2)[:20], len(whole), "torn_line")
        assert digest == hashlib.sha256(whole).hexdigest(), "the torn bytes may change"

        path.write_bytes(whole + line(2))
        again, digest = lines_of(path, start=records[1].end)
        assert again == [RawRecord(len(whole), line(2).strip(), len(whole + line(2)))]
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_a_whole_last_line_without_its_line_end_is_a_record(self, path: Path) -> None:
        path.write_bytes(line(1) + line(2).rstrip())
        records, _ = lines_of(path)
        assert [record.problem for record in records] == [None, None]
        path.write_bytes(line(1) + line(2) + line(3))
        assert [record.payload for record in lines_of(path, records[1].end)[0]] == [line(3).strip()]

    @pytest.mark.parametrize("tail", [b'{"a": "x\xff"}', b'{"a": "x\x00"}', b'{"a": ' + b"1" * 5000 + b"}"])
    def test_a_whole_last_line_with_strange_values_is_not_taken_for_a_torn_one(self, path: Path, tail: bytes) -> None:
        path.write_bytes(line(1) + tail)
        assert [record.problem for record in lines_of(path)[0]] == [None, None]

    def test_a_line_beyond_all_measure_is_one_problem_and_its_neighbours_are_read(self, path: Path) -> None:
        head = line(1)
        long = b'{"message_text": "' + b"x" * (MAX_RECORD_BYTES + CHUNK) + b'"}\n'
        path.write_bytes(head + long + line(3))
        records, digest = lines_of(path)
        assert [(r.position, r.end, r.problem) for r in records] == [
            (0, len(head), None),
            (len(head), len(head + long), "record_too_large"),
            (len(head + long), path.stat().st_size, None),
        ]
        assert len(records[1].payload) == CHUNK, "the memory that it takes is limited too"
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_an_empty_file_holds_nothing(self, path: Path) -> None:
        path.write_bytes(b"")
        assert lines_of(path)[0] == []

    def test_a_hash_of_more_bytes_than_there_are_says_so(self, path: Path) -> None:
        path.write_bytes(b"abc")
        assert hash_prefix(path, 3)[1]
        assert not hash_prefix(path, 4)[1]


class TestShape:
    @pytest.mark.parametrize("content", [b"[]", b'[{"a": 1}]', b"\xef\xbb\xbf \n[\n  {", b"[", b'[ {"torn'])
    @pytest.mark.parametrize("suffix", [".json", ".jsonl"])
    def test_an_array_is_known_by_its_content(self, tmp_path: Path, content: bytes, suffix: str) -> None:
        path = tmp_path / f"shop{suffix}"
        path.write_bytes(content)
        assert is_array(path)

    @pytest.mark.parametrize("content", [b'{"a": [1]}', b"", b"\n\n", b"garbage"])
    @pytest.mark.parametrize("suffix", [".json", ".jsonl"])
    def test_whatever_else_is_not_one(self, tmp_path: Path, content: bytes, suffix: str) -> None:
        path = tmp_path / f"shop{suffix}"
        path.write_bytes(content)
        assert not is_array(path)

    @pytest.mark.parametrize("first", [b"[broken\n", b"[1, 2, 3]\n", b'["a"\n'])
    def test_lines_whose_first_is_garbage_with_a_bracket_are_lines(self, path: Path, first: bytes) -> None:
        path.write_bytes(first + line(2))
        assert not is_array(path)


class TestArrays:
    def test_elements_that_cross_the_edges_of_chunks_are_whole(self, path: Path) -> None:
        """Records of 100 to 300 KB with letters of three bytes: edges fall inside strings and inside letters."""
        records = [record(n, message_text="ዚንክ" * (10_000 + 5_000 * (n % 5))) for n in range(1, 40)]
        path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        assert path.stat().st_size > 5 * CHUNK
        elements = elements_of(path)
        assert [json.loads(element.payload) for element in elements] == records
        assert [element.position for element in elements] == list(range(len(records)))
        assert {element.end for element in elements} == {0}

    @pytest.mark.parametrize("shift", range(12))
    def test_a_number_at_the_edge_of_a_chunk_is_one_element(self, path: Path, shift: int) -> None:
        """Half a number is a number as well, so the position of all that follows would be wrong."""
        path.write_bytes(b"[" + b" " * (CHUNK - 6 - shift) + b'1234567890, {"a": 1}]')
        assert [element.payload for element in elements_of(path)] == [b"1234567890", b'{"a": 1}']

    def test_a_pretty_printed_array_with_a_byte_order_mark_is_read(self, path: Path) -> None:
        path.write_bytes(codecs.BOM_UTF8 + json.dumps([record(1), record(2)], indent=4).encode())
        assert [json.loads(element.payload)["message_id"] for element in elements_of(path)] == [1, 2]

    @pytest.mark.parametrize("content", [b"[]", b" [ \n ] \n"])
    def test_an_empty_array_holds_nothing(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        assert elements_of(path) == []

    @pytest.mark.parametrize("tail", [b', {"message_id": 3, "mess', b", }garbage]", b",", b""])
    def test_an_array_that_breaks_off_gives_its_good_elements_and_then_one_problem(
        self, path: Path, tail: bytes
    ) -> None:
        path.write_bytes(b"[" + line(1).strip() + b"," + line(2).strip() + tail)
        elements = elements_of(path)
        assert [element.problem for element in elements] == [None, None, "invalid_json"]
        assert elements[2].position == 2
        assert elements[2].payload == tail.lstrip(b", ")

    def test_a_broken_element_in_a_large_file_costs_a_limited_memory(self, path: Path) -> None:
        path.write_bytes(b"[" + line(1).strip() + b', {"a": "' + b"x" * (MAX_RECORD_BYTES + 3 * CHUNK) + b'"}]')
        elements = elements_of(path)
        assert [element.problem for element in elements] == [None, "invalid_json"]
        assert len(elements[1].payload) == CHUNK

    @pytest.mark.parametrize("tail", [b"[" + line(2) + b"]", b"garbage", b" \n" * CHUNK + b'{"a": 1}'])
    def test_what_follows_an_array_is_a_problem_and_not_lost_in_silence(self, path: Path, tail: bytes) -> None:
        path.write_bytes(b"[" + line(1) + b"]\n" + tail)
        elements = elements_of(path)
        assert [element.problem for element in elements] == [None, "invalid_json"]
        assert elements[1].payload == tail.strip()

    @pytest.mark.parametrize(
        "strange",
        [
            b'{"text": "a\x00\tb"}',
            b'{"text": "a\xff\xfeb"}',
            b'{"text": "\\ud800"}',
            b'{"id": ' + b"9" * 5000 + b"}",
            b'{"a": NaN, "b": -Infinity}',
            b"[" * 3000 + b"]" * 3000,
            b'{"a": ' * 3000 + b'"]}\\""' + b"}" * 3000,
            b"null",
            b'"text"',
        ],
    )
    def test_a_strange_element_does_not_cost_its_neighbours(self, path: Path, strange: bytes) -> None:
        path.write_bytes(b"[" + line(1).strip() + b"," + strange + b"," + line(3).strip() + b"]")
        elements = elements_of(path)
        assert [element.payload for element in elements] == [line(1).strip(), strange, line(3).strip()]
        assert [element.problem for element in elements] == [None, None, None]

    def test_a_deep_element_across_the_edge_of_a_chunk_is_whole(self, path: Path) -> None:
        deep = b'{"a": ' * 3000 + b'"' + b"]}" * CHUNK + b'"' + b"}" * 3000
        path.write_bytes(b"[" + deep + b"," + line(2).strip() + b"]")
        assert [element.payload for element in elements_of(path)] == [deep, line(2).strip()]

    @patiently
    @given(
        st.lists(
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=8,
            )
        ),
        st.sampled_from([None, 1]),
    )
    def test_any_array_comes_back_element_by_element(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[object], indent: int | None
    ) -> None:
        path = tmp_path_factory.mktemp("array") / "shop.json"
        path.write_text(json.dumps(values, indent=indent))
        elements = elements_of(path)
        assert [element.problem for element in elements] == [None] * len(values)
        assert [json.loads(element.payload) for element in elements] == values
