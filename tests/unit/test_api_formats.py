"""Rows as files: the same columns as the JSON, safe to open, with their types."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pyarrow.parquet as pq
from pydantic import BaseModel

from medical_telegram_warehouse.api.answers.formats import to_csv, to_parquet
from medical_telegram_warehouse.api.answers.masking import CONTACTS, PublicText
from medical_telegram_warehouse.api.answers.types import Price


class Colour(StrEnum):
    RED = "red"


class Part(BaseModel):
    a: int


class Item(BaseModel):
    name: PublicText
    price: Price | None
    count: int | None
    ratio: float
    is_new: bool
    day: date | None
    moment: datetime
    colour: Colour | None
    tags: list[str]
    notes: list[PublicText]
    parts: list[Part]


def item(**changes: object) -> Item:
    values: dict[str, object] = {
        "name": "ዚንክ",
        "price": Decimal("12.50"),
        "count": 3,
        "ratio": 0.5,
        "is_new": True,
        "day": date(2026, 1, 2),
        "moment": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "colour": Colour.RED,
        "tags": ["a", "b"],
        "notes": [],
        "parts": [Part(a=1)],
    }
    return Item.model_validate(values | changes)


def read_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "Excel takes a file without a mark for Latin letters"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_csv_file_holds_what_the_json_holds() -> None:
    [row] = read_csv(to_csv(Item, [item()], {}))
    assert row == {
        "name": "ዚንክ",
        "price": "12.5",
        "count": "3",
        "ratio": "0.5",
        "is_new": "true",
        "day": "2026-01-02",
        "moment": "2026-01-02T03:00:00Z",
        "colour": "red",
        "tags": "a; b",
        "notes": "",
        "parts": '[{"a":1}]',
    }


def test_nothing_is_an_empty_cell() -> None:
    [row] = read_csv(to_csv(Item, [item(price=None, count=None, day=None, colour=None)], {}))
    assert (row["price"], row["count"], row["day"], row["colour"]) == ("", "", "", "")


def test_text_that_a_spreadsheet_would_calculate_stays_text() -> None:
    """A shop may write whatever it likes into a post; an analyst opens it in Excel."""
    for text in ("=HYPERLINK(1)", "+1", "-1", "@x", "\tx"):
        [row] = read_csv(to_csv(Item, [item(name=text)], {}))
        assert row["name"] == f"'{text}"


def test_a_negative_number_is_no_formula() -> None:
    [row] = read_csv(to_csv(Item, [item(ratio=-0.25)], {}))
    assert row["ratio"] == "-0.25"


def test_line_breaks_and_quotes_come_back() -> None:
    [row] = read_csv(to_csv(Item, [item(name='a "b",\nc')], {}))
    assert row["name"] == 'a "b",\nc'


def test_a_parquet_file_keeps_types_also_without_rows() -> None:
    table = pq.read_table(io.BytesIO(to_parquet(Item, [item(), item(price=None, count=None)], {})))
    assert table.to_pylist()[0]["price"] == Decimal("12.5000")
    assert table.to_pylist()[0]["moment"] == datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert table.to_pylist()[0]["tags"] == ["a", "b"]
    assert table.to_pylist()[1]["count"] is None
    empty = pq.read_table(io.BytesIO(to_parquet(Item, [], {})))
    assert empty.schema == table.schema


def test_numbers_of_telephones_are_hidden_in_files_too() -> None:
    for write in (to_csv, to_parquet):
        rows = [item(name="0911234567", notes=["0911234567"])]
        hidden = write(Item, rows, {CONTACTS: False})
        assert b"0911234567" not in hidden
        shown = write(Item, rows, {CONTACTS: True})
        rows_shown = pq.read_table(io.BytesIO(shown)).to_pylist() if write is to_parquet else shown.decode("utf-8-sig")
        assert str(rows_shown).count("0911234567") == 2
