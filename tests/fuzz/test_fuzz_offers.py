"""Posts of strangers: whatever they say, each becomes rows that the tables take, and reading one takes no time."""

from __future__ import annotations

import math
import time
from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fuzz.answers import is_storable
from fuzz.mutations import MOST_SECONDS, each_seed, fuzzed, mutated_text
from medical_telegram_warehouse.offers.rows import GENRE_COLUMNS, OFFER_COLUMNS, MessageText, read_messages

TOKENS = [
    *("💵", "💊", "📦", "⌛", "✅", "☎", "~~", "**", "\n", "\n\n", "- ", "• ", "1. ", "(", ")", "=", "....", "|", ","),
    *("/", "birr", "ETB", "ብር", "ዋጋ", "mg", "ml", "%", "iu", "cc", "10x10", "99999x99999", "of 100", "500mg+125mg"),
    *("1,200", "1.200,50", "9" * 30, "0", "0.00", "-5", "1e9", "፻", "፲፪፻", "²", "½", "exp 13/27", "exp 02/2099"),
    *("31/02/2027", "@a", "0911223344", "+251 91", "https://", "www.", "t.me/", "stock out", "now available"),
    *("vacancy", "price:", "to", "x", "\\", "\\N", "\\.", "\t", "'", '"', "{", "}", "NULL", "\ufffd", "Amoxicillin"),
    *("Zinc", "Nivora", "አሞክሲሲሊን"),
]
PLACES = st.integers(-5, 300) | st.integers(-(2**31), 2**31) | st.none() | st.booleans() | st.text(max_size=2)
ENTITY = st.fixed_dictionaries(
    {"type": st.sampled_from(["strike", "strikethrough", "bold", "", None, 5])},
    optional={"offset": PLACES, "length": PLACES},
)
ENTITIES = st.none() | st.lists(ENTITY | st.none() | st.text(max_size=3), max_size=4)
GENRES = [name.strip() for name in GENRE_COLUMNS.split(",")]
OFFERS = [name.strip() for name in OFFER_COLUMNS.split(",")]
ESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def rows_of(copied: bytes, columns: list[str]) -> list[dict[str, str | None]]:
    """What PostgreSQL makes of lines for COPY."""
    *lines, end = copied.decode().split("\n")
    assert end == "", "the last line has its end"
    rows = ([unescaped(field) for field in line.split("\t")] for line in lines)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def unescaped(field: str) -> str | None:
    if field == "\\N":
        return None
    text, at = "", 0
    while at < len(field):
        pair = field[at : at + 2]
        text += ESCAPED[pair] if field[at] == "\\" else field[at]
        at += 2 if field[at] == "\\" else 1
    return text


def check(text: str, entities: list[Any] | None) -> None:
    message = MessageText("a\tshop\\", 7, text, entities, UUID(int=1))
    read = read_messages([message])
    [genre] = rows_of(read.genres, GENRES)
    offers = rows_of(read.offers, OFFERS)
    assert (genre["channel_name"], genre["message_id"]) == ("a\tshop\\", "7")
    assert genre["offer_count"] == str(read.offer_count) == str(len(offers))
    for index, offer in enumerate(offers):
        assert is_storable(offer)
        assert offer["offer_index"] == str(index)
        assert offer["name"]
        assert offer["product_name"]
        assert 0 <= int(str(offer["span_start"])) < int(str(offer["span_end"])) <= len(text)
        assert offer["pack_units"] is None or 0 < int(offer["pack_units"]) < 2**31
        for name in ("price", "old_price", "link_score", "confidence"):
            assert offer[name] is None or (math.isfinite(float(str(offer[name]))) and float(str(offer[name])) >= 0)
        assert offer["expiry"] is None or date.fromisoformat(offer["expiry"])
        # Longer than all that it is made of is no value, but a way to fill a disk.
        assert all(len(value) <= len(text) + 200 for value in offer.values() if value is not None)


@each_seed("posts")
def test_each_seed_becomes_rows(seed: bytes) -> None:
    check(seed.decode(), None)
    check(seed.decode(), [{"type": "strike", "offset": 0, "length": 2**31}])


@fuzzed(2)
@given(text=mutated_text("posts", TOKENS), entities=ENTITIES)
def test_any_post_becomes_rows_that_the_tables_take(text: str, entities: list[Any] | None) -> None:
    check(text, entities)


@fuzzed(0.1)
@given(text=mutated_text("posts", TOKENS), times=st.integers(20, 200))
def test_a_post_as_long_as_a_lake_lets_through_is_read_in_time(text: str, times: int) -> None:
    """Telegram allows four thousand characters; a lake of somebody else, sixteen million bytes."""
    whole = (text * times)[:100_000]
    begun = time.process_time()
    check(whole, None)
    assert time.process_time() - begun < MOST_SECONDS
