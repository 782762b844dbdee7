"""Rows as JSON, CSV or Parquet, under a file's name.

All three are made of the same models, so they hold the same columns. CSV is for spreadsheets: lists are joined by
semicolons, and text that a spreadsheet would take for a formula begins with an apostrophe. Parquet keeps types. What
has fields of its own stands in both as JSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """How rows are sent."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """Its Content-Type."""
        return {
            Format.JSON: "application/json",
            Format.CSV: "text/csv; charset=utf-8",
            Format.PARQUET: "application/vnd.apache.parquet",
        }[self]


def to_csv(model: type[BaseModel], items: Sequence[BaseModel], context: Mapping[str, bool]) -> bytes:
    """The rows with a header, in UTF-8 with a byte order mark: without one, Excel spoils Amharic."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = list(model.model_fields)
    writer.writerow(names)
    for item in items:
        row = item.model_dump(mode="json", context=dict(context))
        writer.writerow([_cell(row[name]) for name in names])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if _has_fields(value):
        return _as_json(value)
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _has_fields(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def to_parquet(model: type[BaseModel], items: Sequence[BaseModel], context: Mapping[str, bool]) -> bytes:
    """The rows in one file, compressed by Zstandard."""
    import pyarrow as pa  # here: it takes a third of a second, and few ask for it
    import pyarrow.parquet as pq

    fields = {name: _arrow_type(field.annotation) for name, field in model.model_fields.items()}
    texts = {name for name, kind in fields.items() if kind == pa.string()}
    rows = [_plain(item.model_dump(context=dict(context)), texts) for item in items]
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(fields.items())))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _plain(row: dict[str, Any], texts: set[str]) -> dict[str, Any]:
    """A row as Arrow takes it; what has fields of its own becomes text."""
    return {
        name: value.value
        if isinstance(value, Enum)
        else _as_json(value)
        if name in texts and isinstance(value, list | dict)
        else value
        for name, value in row.items()
    }


def _arrow_type(annotation: Any) -> Any:
    import pyarrow as pa

    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [each for each in get_args(annotation) if each is not NoneType]
    if get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is list:
        element = get_args(annotation)[0]
        has_fields = isinstance(element, type) and issubclass(element, BaseModel)
        return pa.string() if has_fields else pa.list_(_arrow_type(element))
    kinds = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
        Decimal: pa.decimal128(22, 4),
    }
    if annotation in kinds:
        return kinds[annotation]
    if isinstance(annotation, type) and issubclass(annotation, str):
        return pa.string()
    message = f"no column of a file can hold {annotation}"
    raise TypeError(message)
