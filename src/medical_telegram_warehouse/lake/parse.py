"""Turns one raw record into a message that the warehouse can hold, or says why it cannot.

Nearly every record takes the fast path: msgspec decodes and checks it in one pass. Whatever that refuses is looked
at again with patience: other scrapers' key names, ids as strings, counters out of range, characters that PostgreSQL
refuses. What was mended is named in `repairs`; the record itself is kept as it was.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from medical_telegram_warehouse.lake.lines import RawRecord
from medical_telegram_warehouse.lake.markdown import strip_markdown
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_CHANNEL_NAME, MAX_COUNT, MAX_NESTING, Message
from medical_telegram_warehouse.text import storable, storable_json

# Telegram's first day. Older dates are unset clocks, and one of them would make the calendar start in 1970.
FIRST_DAY = datetime(2013, 8, 14, tzinfo=UTC)
# A scraper's clock or a missing zone may put a date some hours ahead.
FUTURE_TOLERANCE = timedelta(days=1)
_MAX_PAYLOAD = 100_000
# Far beyond any counter, and well inside what PostgreSQL's numeric and Python's conversion take.
_MAX_DIGITS = 1000
# With these repairs a record's own text is not what PostgreSQL takes as JSON.
_REWRITTEN = {"unstorable_characters", "control_characters", "not_a_number", "number_out_of_range"}
_COUNTERS = ("views", "forwards", "replies")
_OPTIONAL_IDS = (
    "reply_to_message_id",
    "grouped_id",
    "forwarded_from_id",
    "forwarded_from_message_id",
    "photo_id",
)
# What other public scrapers call the same things.
_ALIASES = {
    "message_id": ("id", "msg_id"),
    "channel_name": ("channel", "channel_username"),
    "message_date": ("date", "timestamp"),
    "message_text": ("text", "message"),
    "image_path": ("photo_path", "media_path"),
    "reply_to_message_id": ("reply_to_msg_id", "reply_to"),
}


class ParsedRecord(NamedTuple):
    """A usable record. `payload` is its JSON as PostgreSQL accepts it."""

    position: int
    message: Message
    repairs: tuple[str, ...]
    payload: str


class RejectedRecord(NamedTuple):
    """A record that cannot be used. `position` is None for a whole file."""

    position: int | None
    reason: str
    detail: str
    payload: str


class _Unusable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


_decode = msgspec.json.Decoder(Message).decode
_TOO_DEEP = f"lists or objects lie inside each other deeper than {MAX_NESTING} levels"
_PROBLEMS = {
    "torn_line": "the last line is incomplete: its writer was interrupted; it is read again once completed",
    "record_too_large": "the line is longer than 16 MiB; its start is kept here",
    "invalid_json": "the array breaks off or is damaged here; nothing after this can be read",
    "not_an_array": "the file holds neither a JSON array nor JSON lines",
}


class RecordParser:
    """Parses the records of one file.

    Args:
        channel_name: the channel that the file is named for, for records that do not name theirs.
        now: the latest plausible date is a day after this.
    """

    def __init__(self, channel_name: str, now: datetime) -> None:
        self._channel_name = channel_name
        self._latest = now + FUTURE_TOLERANCE

    def parse(self, record: RawRecord) -> ParsedRecord | RejectedRecord:
        """Judge one record."""
        if record.problem:
            return reject(record, record.problem, _PROBLEMS[record.problem])
        try:
            message = _decode(record.payload)
            payload = record.payload.decode()  # msgspec does not look into keys that it skips
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._parse_patiently(record)
        if (
            b"\\u" in record.payload  # may hide a NUL or half a surrogate pair
            or message.source is None  # not ours: may hold Markdown, other key names
            or message.channel_name.isspace()
            or not self._is_timely(message)
            or record.payload.count(b"{") + record.payload.count(b"[") > MAX_NESTING  # may be nested too deeply
        ):
            return self._parse_patiently(record)
        return ParsedRecord(record.position, message, (), payload)

    def _is_timely(self, message: Message) -> bool:
        latest = self._latest
        return (
            FIRST_DAY <= message.message_date <= latest
            and (message.edit_date is None or FIRST_DAY <= message.edit_date <= latest)
            and (message.forwarded_date is None or FIRST_DAY <= message.forwarded_date <= latest)
            and (message.scraped_at is None or FIRST_DAY <= message.scraped_at <= latest)
        )

    def _parse_patiently(self, record: RawRecord) -> ParsedRecord | RejectedRecord:
        repairs: list[str] = []
        try:
            fields = _load_object(record.payload, repairs)
            message = self._build(fields, repairs)
            payload = record.payload.decode()
            if _REWRITTEN & set(repairs):
                payload = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        except _Unusable as problem:
            return reject(record, problem.reason, problem.detail)
        except RecursionError:
            return reject(record, "nested_too_deeply", _TOO_DEEP)
        return ParsedRecord(record.position, message, tuple(dict.fromkeys(repairs)), payload)

    def _build(self, fields: dict[str, Any], repairs: list[str]) -> Message:
        known = {name: _pick(fields, name) for name in (*Message.__struct_fields__[:-1], "_raw")}
        known["message_id"] = _message_id(known["message_id"], repairs)
        known["channel_name"] = self._channel(known["channel_name"], repairs)
        known["message_date"] = self._date(known["message_date"], repairs)
        known["message_text"] = _text(known["message_text"], is_foreign=known["source"] is None, repairs=repairs)
        for name in _COUNTERS:
            known[name] = _number(known[name], 0, MAX_COUNT, f"{name}_out_of_range", repairs)
        for name in _OPTIONAL_IDS:
            known[name] = _number(known[name], -MAX_BIGINT, MAX_BIGINT, f"{name}_out_of_range", repairs)
        for name in ("edit_date", "forwarded_date", "scraped_at"):
            known[name] = self._moment(known[name], name, repairs)
        present = {name: value for name, value in known.items() if value is not None}
        for name in [name for name in present if name not in ("message_id", "channel_name", "message_date")]:
            try:
                msgspec.convert({name: present[name]}, _OptionalFields)
            except (msgspec.ValidationError, RecursionError):
                repairs.append(f"{name}_unreadable")
                del present[name]
        return msgspec.convert(present, Message)

    def _channel(self, value: Any, repairs: list[str]) -> str:
        if not isinstance(value, str) or not value.strip():
            value = self._channel_name
            repairs.append("channel_from_file_name")
        if not value.strip():
            raise _Unusable("channel_name_missing", "neither the record nor its file names a channel")
        if len(value) > MAX_CHANNEL_NAME:
            raise _Unusable("channel_name_too_long", f"{len(value)} characters; at most {MAX_CHANNEL_NAME}")
        return str(value)

    def _moment(self, value: Any, name: str, repairs: list[str]) -> datetime | None:
        """A moment that may be missing. One in the year 9999 would be none of any calendar in a zone east of UTC."""
        if value is None:
            return None
        moment = _parse_date(value)
        if moment is None:
            repairs.append(f"{name}_unreadable")
        elif moment > self._latest:  # a scrape's would stay the newest state of its message until that day
            repairs.append(f"{name}_in_future")
        elif moment < FIRST_DAY:
            repairs.append(f"{name}_too_old")
        else:
            return moment
        return None

    def _date(self, value: Any, repairs: list[str]) -> datetime:
        if value is None:
            raise _Unusable("message_date_missing", "the record has no message_date")
        date = _parse_date(value)
        if date is None:
            raise _Unusable("message_date_unreadable", f"{str(value)[:80]!r} is not an ISO 8601 date")
        if isinstance(value, str) and not _has_zone(value):
            repairs.append("message_date_without_zone")
        if date > self._latest:
            raise _Unusable("message_date_in_future", f"{date.isoformat()} is more than a day ahead of now")
        if date < FIRST_DAY:
            raise _Unusable("message_date_too_old", f"{date.isoformat()} is before Telegram existed")
        return date


class _OptionalFields(Message, frozen=True, kw_only=True):
    message_id: int = 0
    channel_name: str = ""
    message_date: datetime = FIRST_DAY


def reject(record: RawRecord, reason: str, detail: str) -> RejectedRecord:
    """Keep a record that cannot be used, readable and storable."""
    payload = storable(record.payload[:_MAX_PAYLOAD].decode(errors="replace"))
    return RejectedRecord(record.position, reason, detail, payload)


def _load_object(payload: bytes, repairs: list[str]) -> dict[str, Any]:
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise _Unusable("invalid_utf8", str(error)) from error
    try:
        value = _decode_json(text, repairs, strict=True)
    except ValueError:
        repairs[:] = ["control_characters"]  # raw ones inside strings are the one fault that can be read past
        try:
            value = _decode_json(text, repairs, strict=False)
        except ValueError as error:
            raise _Unusable("invalid_json", str(error)) from error
    if not isinstance(value, dict):
        raise _Unusable("not_an_object", f"a record is a JSON object; this is {type(value).__name__}")
    clean: dict[str, Any] = storable_json(value, MAX_NESTING)
    if clean != value:
        repairs.append("unstorable_characters")
    return clean


def _decode_json(text: str, repairs: list[str], *, strict: bool) -> Any:
    """Decode, taking None for numbers that neither a column nor jsonb can hold."""

    def constant(_name: str) -> None:
        repairs.append("not_a_number")

    def fraction(digits: str) -> float | None:
        number = float(digits)
        if math.isfinite(number):
            return number
        repairs.append("number_out_of_range")
        return None

    def whole(digits: str) -> int | None:
        if len(digits) <= _MAX_DIGITS:
            return int(digits)
        repairs.append("number_out_of_range")
        return None

    return json.loads(text, strict=strict, parse_constant=constant, parse_float=fraction, parse_int=whole)


def _pick(fields: dict[str, Any], name: str) -> Any:
    value = fields.get(name)
    if value is None:
        value = next((fields[alias] for alias in _ALIASES.get(name, ()) if fields.get(alias) is not None), None)
    return value


def _message_id(value: Any, repairs: list[str]) -> int:
    if value is None:
        raise _Unusable("message_id_missing", "the record has no usable message_id")
    number = _integer(value)
    if number is None or not 0 < number <= MAX_BIGINT:
        raise _Unusable("message_id_unusable", f"{str(value)[:80]!r} is not a positive 64-bit number")
    if not isinstance(value, int):
        repairs.append("message_id_not_a_number")
    return number


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    text = value.strip() if isinstance(value, str) else ""
    # int() also takes underscores, and digits of other scripts; longer numbers fit no column.
    return int(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else None


def _number(value: Any, lowest: int, highest: int, repair: str, repairs: list[str]) -> int | None:
    if value is None:
        return None
    number = _integer(value)
    if number is None or not lowest <= number <= highest:
        repairs.append(repair)
        return None
    return number


def _text(value: Any, *, is_foreign: bool, repairs: list[str]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        repairs.append("message_text_unreadable")
        return ""
    plain = strip_markdown(value) if is_foreign else value
    if plain is not value:
        repairs.append("markdown_removed")
    return plain


def _parse_date(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            date = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        else:
            return None
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _has_zone(value: str) -> bool:
    return datetime.fromisoformat(value.strip()).tzinfo is not None
