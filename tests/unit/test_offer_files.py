"""Offers on their way in and out: files of messages, lines for COPY, explanations, answers, worker processes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from labelled_offers import written
from medical_telegram_warehouse.errors import LabelsError, PermanentError, TransientError
from medical_telegram_warehouse.offers.answers import Answer, save_answer
from medical_telegram_warehouse.offers.explanation import explain
from medical_telegram_warehouse.offers.extraction import extractor_version
from medical_telegram_warehouse.offers.genre import Genre
from medical_telegram_warehouse.offers.jsonl import extract_file, read_input
from medical_telegram_warehouse.offers.roles import Role
from medical_telegram_warehouse.offers.rows import (
    GENRE_COLUMNS,
    OFFER_COLUMNS,
    MessageText,
    read_messages,
    struck_spans,
)
from medical_telegram_warehouse.offers.workers import reading

HASH = UUID(int=7)
LIST = "Zinc 20mg 10x10 exp 08/27 💵~~100~~ 💵90\n- Amoxicillin 500mg (stock out)\n- Ibuprofen 400mg 💵22.50"
HEADER = "name,product,generic,brand,product_class\n"


def _extracted(folder: Path, *messages: dict[str, Any] | str) -> list[dict[str, Any]]:
    target = folder / "offers.jsonl"
    extract_file(written(folder / "messages.jsonl", messages), target)
    return [json.loads(line) for line in target.read_text("utf-8").splitlines()]


def _message(number: int, text: str, entities: Any = None) -> MessageText:
    return MessageText("shop", number, text, entities, HASH)


def _fields(lines: bytes, columns: str) -> list[dict[str, str]]:
    """The columns of each line for COPY, as PostgreSQL reads them but for escapes."""
    names = columns.replace("\n", "").split(", ")
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines.decode().removesuffix("\n").split("\n")]


class TestFiles:
    def test_a_line_of_the_output_is_a_message_as_the_documentation_lays_it_out(self, tmp_path: Path) -> None:
        [line] = _extracted(tmp_path, {"channel_name": "shop", "message_id": 7, "text": f"- {LIST}"})
        assert list(line) == ["channel_name", "message_id", "genre", "genre_confidence", "offers", "stock_out"]
        assert (line["channel_name"], line["message_id"], line["genre"]) == ("shop", 7, "price_list")
        assert [offer["name"] for offer in line["offers"]] == ["Zinc", "Ibuprofen"]
        assert [offer["name"] for offer in line["stock_out"]] == ["Amoxicillin"]
        zinc = line["offers"][0]
        assert zinc | {"confidence": 0, "form": ""} == {
            "name": "Zinc", "alt": [], "strength": "20mg", "form": "", "pack": "10x10", "price": 90,
            "expiry": "2027-08", "product": "zinc", "generic": "zinc", "brand": None, "product_class": "supplement",
            "link": "exact", "prices": [90], "currency": "ETB", "old_price": 100, "pack_units": 100, "seller": None,
            "availability": "offered", "span": [2, 40], "confidence": 0,
        }  # fmt: skip

    def test_whole_prices_are_written_without_decimals_and_others_with_them(self, tmp_path: Path) -> None:
        written(tmp_path / "in.jsonl", [{"channel_name": "shop", "message_id": 1, "text": f"- {LIST}"}])
        extract_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
        text = (tmp_path / "out.jsonl").read_text("utf-8")
        assert '"price":90,' in text
        assert '"price":22.5,' in text

    def test_messages_keep_their_order_and_blank_lines_and_other_keys_are_passed_over(self, tmp_path: Path) -> None:
        rows = _extracted(
            tmp_path,
            {"channel_name": "b", "message_id": 2, "text": "Zinc 20mg 💵90", "views": 3, "entities": [{}]},
            "",
            {"channel_name": "a", "message_id": 1, "text": None, "date": None},
            {"channel_name": "a", "message_id": 3},
            "  ",
        )
        assert [(row["channel_name"], row["message_id"]) for row in rows] == [("b", 2), ("a", 1), ("a", 3)]
        assert [row["genre"] for row in rows] == ["single_product_ad", "media_only", "media_only"]

    def test_what_was_written_is_counted(self, tmp_path: Path) -> None:
        source = written(tmp_path / "in.jsonl", [{"channel_name": "a", "message_id": 1, "text": f"- {LIST}"}])
        assert extract_file(source, tmp_path / "out.jsonl") == (1, 2, 2)

    @pytest.mark.parametrize(
        "bad",
        [
            "{",
            "[]",
            "7",
            '{"channel_name": "shop"}',
            '{"channel_name": "shop", "message_id": "one", "text": ""}',
            '{"channel_name": "shop", "message_id": 1, "text": 5}',
        ],
    )
    def test_a_line_that_is_no_message_is_named_and_nothing_is_written(self, tmp_path: Path, bad: str) -> None:
        good = {"channel_name": "shop", "message_id": 1, "text": "Zinc 20mg 💵90"}
        source = written(tmp_path / "in.jsonl", [good, "", bad, good])
        with pytest.raises(LabelsError, match=r"in\.jsonl, line 3: .*channel_name, message_id"):
            extract_file(source, tmp_path / "out.jsonl")
        assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]

    def test_a_line_that_is_no_utf_8_is_named(self, tmp_path: Path) -> None:
        source = tmp_path / "in.jsonl"
        source.write_bytes(b'{"channel_name": "a", "message_id": 1, "text": "\xff"}\n')
        with pytest.raises(LabelsError, match="line 1"):
            list(read_input(source))

    def test_a_failure_leaves_the_output_of_an_earlier_run_alone(self, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        target.write_text("earlier")
        with pytest.raises(LabelsError):
            extract_file(written(tmp_path / "in.jsonl", ["{"]), target)
        assert target.read_text() == "earlier"

    def test_files_that_cannot_be_read_or_written_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(LabelsError, match=r"nowhere\.jsonl cannot be read: No such file.*name a file"):
            extract_file(tmp_path / "nowhere.jsonl", tmp_path / "out.jsonl")
        with pytest.raises(LabelsError, match=r"out\.jsonl cannot be written: No such file.*a folder that exists"):
            extract_file(written(tmp_path / "in.jsonl", []), tmp_path / "nowhere" / "out.jsonl")


class TestExplanations:
    def test_each_number_is_explained(self) -> None:
        told = explain("1. Zinc 20mg 10x10 exp 08/27 30ml 📦40 💵90\nDelivery 100 birr\ncall 0911223344\nroom 7")
        assert [[(number.text, number.why) for number in line.numbers] for line in told.lines] == [
            [
                ("1", "it numbers the line"),
                ("20mg", "it is a strength"),
                ("10x10", "it is a pack: what one price buys"),
                ("exp 08/27", "it is an expiry"),
                ("30ml", "it is a volume or weight"),
                ("📦40", "it is how many a carton holds, or how many there are"),
                ("90", "a sign or word of money stands before it"),
            ],
            [("100", "it pays for delivery")],
            [("0911223344", "it is a phone number, link or user name")],
            [("7", "no sign of money stands beside it")],
        ]
        assert [number.text for line in told.lines for number in line.numbers if number.is_price] == ["90"]
        assert [line.role for line in told.lines][:3] == [Role.ITEM, Role.CONTACT, Role.CONTACT]
        assert told.offers_are_read

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("Zinc 90 birr", "a currency stands after it"),
            ("Zinc =90", "an equals sign stands before it"),
            ("Zinc .... 90", "a dotted leader stands before it"),
            ("Zinc 💵0", "it is 0, or too much to be a price"),
            ("salary 9000 birr", "it is a salary or payment"),
            ("rent 9000 birr", "it is a rent or deposit"),
            ("registration 500 birr", "it is a fee"),
            ("above 5,000 birr", "it is a condition of the order"),
            ("save 50 birr", "it is a saving or a prize"),
            ("premium 50 birr", "it pays for a subscription"),
            ("Zinc 500-700 birr", "it is a range of amounts"),
        ],
    )
    def test_the_reason_of_a_number_is_the_rule_that_decided(self, line: str, why: str) -> None:
        [explained] = explain(line).lines
        assert [number.why for number in explained.numbers] == [why]

    def test_a_genre_that_offers_nothing_says_that_no_price_counts(self) -> None:
        told = explain("Vacancy: pharmacist\nSalary 9000 birr\nApply with CV, experience 2 years")
        assert told.verdict.genre is Genre.JOB_AD
        assert "vacancies" in told.verdict.reason
        assert not told.offers_are_read


class TestAnswers:
    GLOW = Answer("glow up", "Glow Up serum", "", "Glow Up", "cosmetic")

    def test_an_answer_is_added_below_the_others(self, tmp_path: Path) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(HEADER + "zinko,zinc,zinc,,supplement\n")
        assert save_answer(path, self.GLOW) is False
        assert path.read_text() == (HEADER + "zinko,zinc,zinc,,supplement\nglow up,Glow Up serum,,Glow Up,cosmetic\n")

    def test_a_second_answer_to_a_name_replaces_the_first_however_it_is_written(self, tmp_path: Path) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(HEADER + "GLOW-UP!,wrong,,,other\nzinko,zinc,zinc,,supplement\n")
        assert save_answer(path, self.GLOW) is True
        assert path.read_text() == (HEADER + "zinko,zinc,zinc,,supplement\nglow up,Glow Up serum,,Glow Up,cosmetic\n")

    def test_commas_quotes_and_other_scripts_survive(self, tmp_path: Path) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(HEADER)
        odd = Answer('serum, "C"\nnew', "ሴረም", "", "", "cosmetic")
        save_answer(path, odd)
        save_answer(path, self.GLOW)
        assert save_answer(path, odd) is True
        assert path.read_text("utf-8").count("ሴረም") == 1
        assert '"serum, ""C""\nnew",ሴረም,,,cosmetic\n' in path.read_text("utf-8")

    @pytest.mark.parametrize(("name", "product"), [("", "Zinc"), ("!?", "Zinc"), ("zinko", " ")])
    def test_an_answer_without_a_name_or_product_is_refused(self, tmp_path: Path, name: str, product: str) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(HEADER)
        with pytest.raises(PermanentError, match="needs a name and a product"):
            save_answer(path, Answer(name, product, "", "", "other"))
        assert path.read_text() == HEADER

    @pytest.mark.parametrize("content", ["name,product\nzinko,zinc\n", HEADER + "zinko,zinc,zinc,,supplement,more\n"])
    def test_a_file_with_other_columns_is_left_alone_and_the_columns_are_named(
        self, tmp_path: Path, content: str
    ) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(content)
        with pytest.raises(PermanentError, match="its columns are name, product, generic, brand, product_class"):
            save_answer(path, self.GLOW)
        assert path.read_text() == content

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(PermanentError, match=r"answers\.csv cannot be changed"):
            save_answer(tmp_path / "answers.csv", self.GLOW)


class TestRows:
    def test_a_message_is_a_line_of_its_genre_and_one_for_each_offer(self) -> None:
        rows = read_messages([_message(7, f"- {LIST}"), _message(8, "")])
        assert rows.keys == [("shop", 7), ("shop", 8)]
        assert (rows.genre_names, rows.offer_count, rows.priced_count) == (["price_list", "media_only"], 3, 2)
        genres = _fields(rows.genres, GENRE_COLUMNS)
        assert [(row["message_id"], row["genre"], row["offer_count"]) for row in genres] == [
            ("7", "price_list", "3"),
            ("8", "media_only", "0"),
        ]
        assert {(row["text_hash"], row["extractor_version"]) for row in genres} == {(str(HASH), extractor_version())}
        zinc, amoxicillin, ibuprofen = _fields(rows.offers, OFFER_COLUMNS)
        assert (zinc["offer_index"], zinc["price"], zinc["prices"], zinc["old_price"]) == ("0", "90", "{90}", "100")
        assert (zinc["expiry"], zinc["seller"]) == ("2027-08-01", r"\N")
        assert (amoxicillin["availability"], amoxicillin["price"], amoxicillin["prices"]) == ("stock_out", r"\N", "{}")
        assert (ibuprofen["offer_index"], ibuprofen["price"]) == ("2", "22.5")

    def test_a_tab_or_line_end_in_a_channel_name_breaks_no_line(self) -> None:
        message = MessageText("a\tb\nc\r\\", 1, "", None, HASH)
        [row] = _fields(read_messages([message]).genres, GENRE_COLUMNS)
        assert row["channel_name"] == r"a\tb\nc\r\\"

    def test_what_entities_strike_out_is_the_old_price(self) -> None:
        text = "💊 Zinc 20mg 💵600 💵530"
        entity = {"type": "strike", "offset": 15, "length": 3}
        [row] = _fields(read_messages([_message(1, text, [entity])]).offers, OFFER_COLUMNS)
        assert (row["price"], row["old_price"]) == ("530", "600")

    @pytest.mark.parametrize("kind", ["strike", "strikethrough"])
    def test_entities_count_in_utf_16_units(self, kind: str) -> None:
        text = "💊💊 𝐙 600"
        [(start, end)] = struck_spans(text, [{"type": kind, "offset": 8, "length": 3}])
        assert text[start:end] == "600"

    @pytest.mark.parametrize(
        "entities",
        [
            None,
            [],
            [None, 7, "strike", []],
            [{"type": "bold", "offset": 0, "length": 3}],
            [{"type": "strike"}],
            [{"type": "strike", "offset": "0", "length": 3}],
            [{"type": "strike", "offset": 0, "length": None}],
            [{"offset": 0, "length": 3}],
            [{"type": None, "offset": 0, "length": 3}],
        ],
    )
    def test_entities_of_another_shape_strike_nothing_out(self, entities: Any) -> None:
        assert struck_spans("Zinc 600", entities) == ()

    @pytest.mark.parametrize("place", [(-5, 3), (2, -9), (5, 10**9), (10**9, 5), (-(10**9), 10**9), (1, 1), (0, 0)])
    def test_entities_outside_the_text_cut_nothing_from_it(self, place: tuple[int, int]) -> None:
        text = "💊 Zinc 20mg 💵600"
        entity = {"type": "strike", "offset": place[0], "length": place[1]}
        [(start, end)] = struck_spans(text, [entity])
        assert 0 <= start <= len(text)
        assert 0 <= end <= len(text)
        assert len(read_messages([_message(1, text, [entity])]).genre_names) == 1


def _children() -> list[int]:
    children = psutil.Process().children()
    return [child.pid for child in children if any("offers.workers" in part for part in child.cmdline())]


def _chunks(count: int, size: int = 3) -> Iterator[list[MessageText]]:
    for number in range(count):
        yield [_message(number * size + place, f"- Zinc {place}mg 💵{number + 1}") for place in range(size)]


class TestWorkers:
    def test_rows_come_in_the_order_of_the_messages_and_as_without_processes(self) -> None:
        with reading(_chunks(12), workers=2) as rows:
            parallel = list(rows)
        assert parallel == [read_messages(chunk) for chunk in _chunks(12)]
        assert _children() == []

    @pytest.mark.parametrize(("chunks", "workers"), [(0, 2), (1, 2), (3, 1)])
    def test_little_work_or_one_worker_starts_no_process(self, chunks: int, workers: int) -> None:
        with reading(_chunks(chunks), workers) as rows:
            assert _children() == []
            assert list(rows) == [read_messages(chunk) for chunk in _chunks(chunks)]

    def test_a_process_that_ends_is_an_error_that_says_what_to_do(self) -> None:
        unreadable: Any = None
        chunks = iter([[_message(1, unreadable)], [_message(2, "Zinc 20mg 💵90")]])
        with (
            pytest.raises(TransientError, match=r"exit code 1\).*what was read is kept.*OFFER_WORKERS=1"),
            reading(chunks, workers=2) as rows,
        ):
            list(rows)
        assert _children() == []

    def test_a_killed_process_is_the_same_error_and_the_others_end(self) -> None:
        """As when memory runs out: nobody closes its pipes."""

        def chunks() -> Iterator[list[MessageText]]:
            for number, chunk in enumerate(_chunks(50)):
                if number == 5:
                    for child in _children():
                        os.kill(child, signal.SIGKILL)
                yield chunk

        with pytest.raises(TransientError, match="ended unexpectedly"), reading(chunks(), workers=2) as rows:
            list(rows)
        assert _children() == []
