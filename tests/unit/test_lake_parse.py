"""A record becomes a message, mended where that is safe, or is rejected with the reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import NOW, line, message, patiently, record
from medical_telegram_warehouse.lake.lines import RawRecord
from medical_telegram_warehouse.lake.parse import (
    FIRST_DAY,
    ParsedRecord,
    RecordParser,
    RejectedRecord,
)
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_CHANNEL_NAME, MAX_COUNT, MAX_NESTING, Message

PARSER = RecordParser("file_channel", NOW)
MOMENTS = st.datetimes(datetime(2013, 9, 1), datetime(2026, 9, 30), timezones=st.just(UTC))  # noqa: DTZ001


def parse(payload: bytes) -> ParsedRecord | RejectedRecord:
    return PARSER.parse(RawRecord(7, payload.strip(), 7 + len(payload)))


def parsed(payload: bytes) -> ParsedRecord:
    result = parse(payload)
    assert isinstance(result, ParsedRecord), result
    json.loads(result.payload)
    return result


def rejected(payload: bytes) -> RejectedRecord:
    result = parse(payload)
    assert isinstance(result, RejectedRecord), result
    assert "\x00" not in result.payload + result.detail
    (result.payload + result.detail).encode()  # or PostgreSQL could not keep it
    return result


def own(payload: str) -> bytes:
    """A line of our own with another member, as text."""
    return msgspec.json.encode(message())[:-1] + f", {payload}}}".encode()


class TestRecordsOfOurOwn:
    def test_what_we_write_is_read_back_as_it_was(self) -> None:
        payload = msgspec.json.encode(message(views=0, raw={"a": [1, None]}))
        assert parsed(payload) == ParsedRecord(7, message(views=0, raw={"a": [1, None]}), (), payload.decode())

    def test_marks_in_our_own_plain_text_stay(self) -> None:
        assert parsed(msgspec.json.encode(message(message_text="2**3 `x`"))).message.message_text == "2**3 `x`"

    @patiently
    @given(
        st.builds(
            Message,
            message_id=st.integers(1, MAX_BIGINT),
            channel_name=st.text(
                st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40
            ).filter(str.strip),
            message_date=MOMENTS,
            message_text=st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
            has_media=st.none() | st.booleans(),
            views=st.none() | st.integers(0, MAX_COUNT),
            replies=st.none() | st.integers(0, MAX_COUNT),
            reactions=st.none() | st.dictionaries(st.sampled_from("👍❤🔥"), st.integers(0, 10**9)),
            edit_date=st.none() | MOMENTS,
            grouped_id=st.none() | st.integers(-MAX_BIGINT, MAX_BIGINT),
            forwarded_from_id=st.none() | st.integers(-MAX_BIGINT, MAX_BIGINT),
            forwarded_date=st.none() | MOMENTS,
            is_pinned=st.none() | st.booleans(),
            views_exact=st.none() | st.booleans(),
            is_deleted=st.none() | st.booleans(),
            entities=st.none() | st.lists(st.dictionaries(st.sampled_from(["type", "offset"]), st.integers(0, 99))),
            urls=st.none() | st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"))),
            source=st.just("sample"),
            raw=st.none() | st.dictionaries(st.sampled_from("ab"), st.none() | st.integers() | st.lists(st.booleans())),
        )
    )
    def test_the_fast_and_the_patient_reading_agree(self, original: Message) -> None:
        """Which one a record takes depends on details such as an escaped character; its rows must not."""
        payload = msgspec.json.encode(original)
        result = parse(payload)
        assert result == ParsedRecord(7, original, (), payload.decode())
        assert result == PARSER._parse_patiently(RawRecord(7, payload, 0))


class TestOtherScrapers:
    @pytest.mark.parametrize(
        ("alias", "name", "value"),
        [
            ("id", "message_id", 5),
            ("msg_id", "message_id", 5),
            ("channel", "channel_name", "elsewhere"),
            ("channel_username", "channel_name", "elsewhere"),
            ("text", "message_text", "hello"),
            ("message", "message_text", "hello"),
            ("photo_path", "image_path", "data\\raw\\images\\shop\\5.jpg"),
            ("media_path", "image_path", "x.jpg"),
            ("reply_to_msg_id", "reply_to_message_id", 4),
            ("reply_to", "reply_to_message_id", 4),
        ],
    )
    def test_other_names_of_the_same_thing_are_understood(self, alias: str, name: str, value: Any) -> None:
        fields = record()
        fields.pop(name, None)
        result = parsed(json.dumps({**fields, alias: value}).encode())
        assert getattr(result.message, name) == value
        assert json.loads(result.payload)[alias] == value, "the record itself is kept as it was"

    @pytest.mark.parametrize("alias", ["date", "timestamp"])
    def test_other_names_of_the_date_are_understood(self, alias: str) -> None:
        fields = record()
        fields[alias] = fields.pop("message_date")
        assert parsed(json.dumps(fields).encode()).message.message_date == datetime(2026, 9, 30, 8, tzinfo=UTC)

    def test_our_own_names_win_over_others_and_null_is_no_value(self) -> None:
        assert parsed(line(5, id=6)).message.message_id == 5
        assert parsed(line(None, id=6)).message.message_id == 6

    def test_markdown_is_taken_out_and_kept_in_the_record(self) -> None:
        result = parsed(line(message_text="**Zinc** ****0911****"))
        assert result.message.message_text == "Zinc 0911"
        assert result.repairs == ("markdown_removed",)
        assert json.loads(result.payload)["message_text"] == "**Zinc** ****0911****"

    @pytest.mark.parametrize("source", [None, "sample"])
    def test_a_record_that_names_no_channel_takes_that_of_its_file(self, source: str | None) -> None:
        for nameless in (None, "", "  ", 5):
            result = parsed(line(channel_name=nameless, source=source))
            assert (result.message.channel_name, result.repairs) == ("file_channel", ("channel_from_file_name",))

    def test_missing_optional_keys_are_unknown_and_not_zero(self) -> None:
        fields = {"message_id": 1, "channel_name": "shop", "message_date": "2026-09-30T08:00:00Z"}
        got = parsed(json.dumps(fields).encode()).message
        assert (got.views, got.forwards, got.has_media, got.image_path, got.message_text) == (None,) * 4 + ("",)


class TestNumbers:
    @pytest.mark.parametrize("value", ["5", " 5 ", 5.0])
    def test_ids_in_other_clothes_are_read(self, value: Any) -> None:
        result = parsed(line(value))
        assert (result.message.message_id, result.repairs) == (5, ("message_id_not_a_number",))

    @pytest.mark.parametrize(
        "value", [0, -1, 2**63, 10**30, True, False, 5.5, 1e300, "", "x", "1_0", "٥", "5e3", "9" * 40, [], {}]
    )
    def test_ids_that_are_none_reject_the_record(self, value: Any) -> None:
        assert rejected(line(value)).reason == "message_id_unusable"

    def test_a_record_without_an_id_is_rejected(self) -> None:
        fields = record()
        del fields["message_id"]
        assert rejected(json.dumps(fields).encode()).reason == "message_id_missing"
        assert rejected(line(None)).reason == "message_id_missing"

    @pytest.mark.parametrize("is_own", [False, True])
    @pytest.mark.parametrize("name", ["views", "forwards", "replies"])
    @pytest.mark.parametrize("value", [-1, 2**31, 2**63, 10**30, "many", 1.5, True])
    def test_counters_that_cannot_be_are_unknown_and_named(self, name: str, value: Any, *, is_own: bool) -> None:
        result = parsed(line(**{name: value}, **({"source": "sample"} if is_own else {})))
        assert getattr(result.message, name) is None
        assert result.repairs == (f"{name}_out_of_range",)

    @pytest.mark.parametrize(("value", "expected"), [("12", 12), (0, 0), (3.0, 3), (MAX_COUNT, MAX_COUNT)])
    def test_counters_in_other_clothes_are_read(self, value: Any, expected: int) -> None:
        assert parsed(line(views=value)).message.views == expected

    @pytest.mark.parametrize("name", ["reply_to_message_id", "grouped_id"])
    def test_other_ids_may_be_negative_but_must_fit(self, name: str) -> None:
        assert getattr(parsed(line(**{name: -5})).message, name) == -5
        for source in ({}, {"source": "sample"}):
            result = parsed(line(**{name: -(2**63)}, **source))
            assert getattr(result.message, name) is None
            assert result.repairs == (f"{name}_out_of_range",)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_is_unknown(self, number: str) -> None:
        result = parsed(own(f'"views": {number}, "rate": {number}'))
        assert (result.message.views, result.repairs) == (None, ("not_a_number",))
        assert json.loads(result.payload)["rate"] is None

    @pytest.mark.parametrize("number", ["1e999", "-1e400", "1" * 5000])
    def test_numbers_beyond_all_columns_are_unknown_also_beside_other_repairs(self, number: str) -> None:
        """Such a number is infinite to Python, and writing the mended record back used to fail on it."""
        result = parsed(own(f'"views": {number}, "rate": {number}, "name": "\\u0000"'))
        assert result.message.views is None
        assert "number_out_of_range" in result.repairs
        assert json.loads(result.payload)["rate"] is None
        assert rejected(own(f'"x": 1, "message_id": {number}')).reason == "message_id_missing"


class TestDates:
    @pytest.mark.parametrize("is_own", [False, True])
    def test_a_date_without_a_zone_is_utc(self, *, is_own: bool) -> None:
        result = parsed(line(message_date="2026-09-30T08:00:00", **({"source": "sample"} if is_own else {})))
        assert result.message.message_date == datetime(2026, 9, 30, 8, tzinfo=UTC)
        assert result.repairs == ("message_date_without_zone",)

    @pytest.mark.parametrize(
        "date",
        ["2026-09-30T11:00:00+03:00", "2026-09-30 08:00:00Z", " 2026-09-30T08:00:00+0000 ", 1790755200, 1790755200.0],
    )
    def test_other_ways_to_write_a_moment_are_read(self, date: Any) -> None:
        result = parsed(line(message_date=date))
        assert result.message.message_date == datetime(2026, 9, 30, 8, tzinfo=UTC)
        assert result.repairs == ()

    @pytest.mark.parametrize(
        "date", ["yesterday", "", "30/09/2026", True, [2026], {"y": 1}, 10**30, -(10**30), 1790755200000, "2026-13-01"]
    )
    def test_a_date_that_cannot_be_read_rejects_the_record(self, date: Any) -> None:
        assert rejected(line(message_date=date)).reason == "message_date_unreadable"

    def test_a_record_without_a_date_is_rejected(self) -> None:
        assert rejected(line(message_date=None)).reason == "message_date_missing"

    @pytest.mark.parametrize("source", [None, "sample"])
    def test_the_future_begins_a_day_from_now(self, source: str | None) -> None:
        """Clocks and zones differ by hours; a date further ahead would make the calendar endless."""
        limit = NOW + timedelta(days=1)
        assert parsed(line(message_date=limit.isoformat(), source=source))
        late = (limit + timedelta(seconds=1)).isoformat()
        assert rejected(line(message_date=late, source=source)).reason == "message_date_in_future"

    @pytest.mark.parametrize("source", [None, "sample"])
    def test_dates_before_telegram_are_unset_clocks(self, source: str | None) -> None:
        assert parsed(line(message_date=FIRST_DAY.isoformat(), source=source))
        for date in ("2013-08-13T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-02T00:00:00Z"):
            assert rejected(line(message_date=date, source=source)).reason == "message_date_too_old"

    def test_another_zone_decides_nothing(self) -> None:
        east = FIRST_DAY.astimezone(timezone(timedelta(hours=14)))
        assert parsed(line(message_date=east.isoformat())).message.message_date == FIRST_DAY

    @pytest.mark.parametrize("source", [None, "sample"])
    def test_a_scrape_in_the_future_has_an_unknown_time(self, source: str | None) -> None:
        """Else that observation would stay the newest state of its message until then."""
        result = parsed(line(scraped_at=(NOW + timedelta(days=400)).isoformat(), source=source))
        assert (result.message.scraped_at, result.repairs) == (None, ("scraped_at_in_future",))

    @pytest.mark.parametrize("source", [None, "sample"])
    @pytest.mark.parametrize("name", ["edit_date", "forwarded_date", "scraped_at"])
    @pytest.mark.parametrize(
        ("date", "repair"), [("9999-12-31T23:59:59Z", "in_future"), ("0001-01-01T00:00:00Z", "too_old")]
    )
    def test_other_dates_that_cannot_be_are_unknown(
        self, date: str, repair: str, name: str, source: str | None
    ) -> None:
        """The last moment of the year 9999 is no date in a zone east of UTC: no page could show the message."""
        result = parsed(line(**{name: date}, source=source))
        assert (getattr(result.message, name), result.repairs) == (None, (f"{name}_{repair}",))

    @pytest.mark.parametrize("name", ["edit_date", "scraped_at"])
    def test_other_dates_that_cannot_be_read_are_unknown(self, name: str) -> None:
        result = parsed(line(**{name: "long ago"}))
        assert getattr(result.message, name) is None
        assert result.repairs == (f"{name}_unreadable",)


class TestText:
    @pytest.mark.parametrize("is_own", [False, True])
    @pytest.mark.parametrize("bad", ["\x00", "\ud800", "\ude00\ud83d"])
    def test_characters_that_postgresql_refuses_are_replaced_everywhere(self, bad: str, *, is_own: bool) -> None:
        extra: dict[str, Any] = {"source": "sample"} if is_own else {}
        result = parsed(line(message_text=f"a{bad}b", **extra, deep={f"k{bad}": [bad]}))
        new = "\ufffd" * len(bad)
        assert result.message.message_text == f"a{new}b"
        assert result.repairs == ("unstorable_characters",)
        assert json.loads(result.payload)["deep"] == {f"k{new}": [new]}
        assert "\\u" not in result.payload

    def test_a_whole_surrogate_pair_is_a_letter(self) -> None:
        result = parsed(line(message_text="💊"))
        assert (result.message.message_text, result.repairs) == ("💊", ())

    def test_raw_control_characters_inside_strings_are_read_past(self) -> None:
        result = parsed(own('"post_author": "a\x00b\tc"'))
        assert result.message.post_author == "a\ufffdb\tc"
        assert result.repairs == ("control_characters", "unstorable_characters")
        assert "\x00" not in result.payload

    @pytest.mark.parametrize("value", [5, [], {"text": "x"}, True])
    def test_a_text_that_is_none_is_empty(self, value: Any) -> None:
        result = parsed(line(message_text=value))
        assert (result.message.message_text, result.repairs) == ("", ("message_text_unreadable",))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("has_media", "yes"),
            ("image_path", 5),
            ("reactions", [{"emoji": "👍", "count": 1}]),
            ("reactions", {"👍": "many"}),
            ("entities", {"type": "bold"}),
            ("urls", "https://example.org"),
            ("post_author", ["a"]),
            ("forwarded_date", "soon"),
            ("is_pinned", "yes"),
            ("views_exact", 0),
            ("is_deleted", 1),
            ("is_deleted", "true"),
            ("source", 5),
            ("_raw", [1]),
        ],
    )
    def test_an_optional_value_of_another_kind_is_unknown_and_the_rest_loads(self, name: str, value: Any) -> None:
        result = parsed(line(**{name: value}))
        assert (result.message.views, result.repairs) == (10, (f"{name}_unreadable",))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("forwarded_from_id", "abc"),
            ("forwarded_from_id", 2**63),
            ("forwarded_from_message_id", [7]),
            ("photo_id", 1.5),
        ],
    )
    def test_a_number_that_is_none_is_unknown_and_the_rest_loads(self, name: str, value: Any) -> None:
        result = parsed(line(**{name: value}))
        assert (result.message.views, result.repairs) == (10, (f"{name}_out_of_range",))

    def test_numbers_and_dates_as_other_scrapers_write_them_are_read(self) -> None:
        result = parsed(line(forwarded_from_id="-1001500000001", forwarded_date="2026-09-01T08:00:00"))
        assert result.message.forwarded_from_id == -1001500000001
        assert result.message.forwarded_date == datetime(2026, 9, 1, 8, tzinfo=UTC)


class TestRejections:
    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (b"{not json", "invalid_json"),
            (b"garbage", "invalid_json"),
            (b"", "invalid_json"),
            (b"\x00\x00\x00", "invalid_json"),
            (b"[1, 2]", "not_an_object"),
            (b"null", "not_an_object"),
            (b'"text"', "not_an_object"),
            (b'{"message_id": 1, "message_text": "\xff"}', "invalid_utf8"),
            (b'{"a": ' * 700 + b"1" + b"}" * 700, "nested_too_deeply"),
            (b"[" * 100_000, "nested_too_deeply"),
        ],
    )
    def test_what_is_no_record_keeps_its_reason_and_its_start(self, payload: bytes, reason: str) -> None:
        result = rejected(payload)
        assert (result.position, result.reason) == (7, reason)
        assert len(result.payload) <= 100_000

    @pytest.mark.parametrize("depth", [50, 198, 200, 400, 500, 600, 990, 1000, 5000])
    def test_how_deep_a_record_may_be_nested_does_not_depend_on_how_it_is_read(self, depth: int) -> None:
        for deep in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            for payload in (
                own(f'"x": {deep}'),
                own(f'"_raw": {{"a": {deep}}}'),
                line()[:-2] + f', "x": {deep}}}'.encode(),
            ):
                result = parse(payload)
                if depth < MAX_NESTING - 1:
                    assert isinstance(result, ParsedRecord)
                else:
                    assert isinstance(result, RejectedRecord)
                    assert (result.reason, result.detail) == (
                        "nested_too_deeply",
                        "lists or objects lie inside each other deeper than 200 levels",
                    )

    def test_a_channel_name_has_a_longest_length(self) -> None:
        assert parsed(line(channel_name="x" * MAX_CHANNEL_NAME))
        for source in (None, "sample"):
            result = rejected(line(channel_name="x" * (MAX_CHANNEL_NAME + 1), source=source))
            assert result.reason == "channel_name_too_long"

    def test_a_record_and_file_without_any_name_are_rejected(self) -> None:
        raw = RawRecord(0, line(channel_name="").strip(), 0)
        assert RecordParser(" ", NOW).parse(raw)[1] == "channel_name_missing"

    @pytest.mark.parametrize("problem", ["torn_line", "record_too_large", "invalid_json", "not_an_array"])
    def test_what_reading_found_is_explained(self, problem: str) -> None:
        result = PARSER.parse(RawRecord(3, b"\xffrest\x00", 3, problem))
        assert isinstance(result, RejectedRecord)
        assert (result.position, result.reason, result.payload) == (3, problem, "\ufffdrest\ufffd")
        assert len(result.detail) > 20

    @patiently
    @given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123abc\\u\x00 ', max_size=60).map(str.encode))
    def test_no_bytes_whatever_make_it_fail(self, payload: bytes) -> None:
        parse(payload)

    @patiently
    @given(
        st.dictionaries(
            st.sampled_from([*Message.__struct_encode_fields__, "id", "date", "text"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
                max_leaves=4,
            ),
        )
    )
    def test_no_values_whatever_make_it_fail(self, fields: dict[str, Any]) -> None:
        result = parse(json.dumps({**record(), **fields}).encode())
        if isinstance(result, ParsedRecord):
            assert 0 < result.message.message_id <= MAX_BIGINT
            assert FIRST_DAY <= result.message.message_date <= NOW + timedelta(days=1)
            assert "\x00" not in result.message.message_text
            result.message.message_text.encode()
            json.loads(result.payload)
