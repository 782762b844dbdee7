"""raw.telegram_messages -> genres and offers: each message once by each version of the extractor, whatever happens."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import unicodedata
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from conftest import PROJECT, Database
from factories import DAY, NOW, lake, lake_file, line
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.offers import rows as rows_module
from medical_telegram_warehouse.offers import step as step_module
from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.folding import fold_words
from medical_telegram_warehouse.offers.step import ExtractionSummary, extract_message_offers
from medical_telegram_warehouse.postgres.locks import LOAD_LOCK
from medical_telegram_warehouse.postgres.queries import statement
from medical_telegram_warehouse.scrape import scrape
from medical_telegram_warehouse.sources.sample import SampleSource
from medical_telegram_warehouse.steps import extract_step

LIST = "💊 Amoxicillin 500mg 10x10 💵530\n💊 Paracetamol 500mg 10x10 💵120\n💊 Ibuprofen 400mg 10x10 💵150"
VACANCY = "Vacancy: pharmacist\nSalary 9000 birr\nQualification: degree in pharmacy, 2 years of experience"
KEYS = "SELECT message_id, offer_index, product_name, price FROM raw.message_offers ORDER BY 1, 2"
EXTRACT_AND_DIE = """
import os, signal, sys
import psycopg
from medical_telegram_warehouse.offers import step
store = step._store
def die(connection, rows):
    store(connection, rows)
    os.kill(os.getpid(), signal.SIGKILL)
step._store = die
with psycopg.connect(sys.argv[1], autocommit=True) as writer, psycopg.connect(sys.argv[1], autocommit=True) as reader:
    step.extract_message_offers(writer, reader, workers=2, chunk=10)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def post(message_id: int, text: str, **changes: Any) -> bytes:
    """A line as our own scraper writes it: the text is not mended."""
    return line(message_id, message_text=text, source="telegram", **changes)


def land(database: Database, root: Path, *lines: bytes, day: int = 0) -> None:
    """Put lines into the lake and load it. A later day is seen later."""
    lake_file(root, b"".join(lines), day=DAY + timedelta(days=day))
    with database.connect() as connection:
        load_messages(connection, [lake(root)], now=NOW)


def land_sample(database: Database, root: Path, messages: int) -> None:
    source = SampleSource(date(2026, 10, 1), messages=messages, photos=False)
    scrape(source, lake_root=root, relative_to=root.parent)
    with database.connect() as connection:
        load_messages(connection, [lake(root)], now=NOW)


def extract(database: Database, *, workers: int = 1, **options: Any) -> ExtractionSummary:
    with database.connect() as writer, database.connect() as reader:
        return extract_message_offers(writer, reader, workers=workers, **options)


def stored(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Both tables, but for when a message was read."""
    genres = "SELECT (to_jsonb(t) - 'extracted_at')::text FROM raw.message_genres AS t ORDER BY 1"
    return {
        "genres": database.rows(genres),
        "offers": database.rows("SELECT t::text FROM raw.message_offers AS t ORDER BY 1"),
    }


def forget(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("TRUNCATE raw.message_genres, raw.message_offers, ops.offer_extraction")


def use_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    for module in (step_module, rows_module):
        monkeypatch.setattr(module, "extractor_version", lambda: version)


class TestWhatIsRead:
    def test_everything_once_and_then_nothing(self, database: Database, root: Path) -> None:
        land(database, root, post(1, LIST), post(2, VACANCY), post(3, ""))
        first = extract(database)
        assert (first.messages, first.offers, first.priced_offers, first.is_new_version) == (3, 3, 3, False)
        assert first.genres == {"price_list": 1, "job_ad": 1, "media_only": 1}
        genres = database.rows("SELECT message_id, genre, offer_count FROM raw.message_genres ORDER BY 1")
        assert genres == [(1, "price_list", 3), (2, "job_ad", 0), (3, "media_only", 0)]
        assert database.rows(KEYS) == [
            (1, 0, "amoxicillin", 530),
            (1, 1, "paracetamol", 120),
            (1, 2, "ibuprofen", 150),
        ]
        before = stored(database)
        again = extract(database)
        assert (again.messages, again.offers, again.genres, again.is_new_version) == (0, 0, {}, False)
        assert stored(database) == before

    @pytest.mark.parametrize(
        "offset",
        ["1" + "0" * 30, "[" * 150 + "0" + "]" * 150, '"0"', "null", "true", "0.5"],
        ids=lambda offset: str(offset)[:5],
    )
    def test_formatting_that_no_message_has_is_none_and_stops_nothing(
        self, database: Database, root: Path, offset: str
    ) -> None:
        """A number of thirty digits once stopped each reading that needed more than one process."""
        entity = '{"type": "strikethrough", "offset": ' + offset + ', "length": 4}'
        land(database, root, post(1, LIST)[:-2] + b', "entities": [' + entity.encode() + b"]}\n", post(2, LIST))
        assert extract(database, workers=2, chunk=1).offers == 6

    def test_the_step_says_when_nothing_was_new(self, database: Database, root: Path, make_settings: Any) -> None:
        land(database, root, post(1, LIST))
        settings = make_settings()
        first = extract_step(settings)
        assert (first.new_rows, first.headline) == (1, "3 offers, 3 of them with a price, in 1 messages")
        assert first.details["genres"] == {"price_list": 1}
        again = extract_step(settings)
        assert (again.new_rows, again.headline) == (0, "nothing new to read")

    def test_an_empty_database_is_read_too(self, database: Database) -> None:
        assert extract(database).messages == 0

    def test_a_row_holds_what_the_extractor_said(self, database: Database, root: Path) -> None:
        text = LIST.replace("💵120", "⏳08-27 💵 99.50 birr")
        land(database, root, post(1, text))
        extract(database)
        offer = extract_offers(text).offers[1]
        [row] = database.rows("""
            SELECT name, product_name, generic, link_method, strength, product_form, pack, pack_units, price::float,
                prices::float[], currency, to_char(expiry, 'YYYY-MM-DD'), availability, span_start, span_end
            FROM raw.message_offers WHERE offer_index = 1
        """)
        assert row == (
            offer.name, offer.product, offer.generic, offer.link, offer.strength, offer.product_form, offer.pack,
            offer.pack_units, 99.5, [99.5], "ETB", "2027-08-01", "offered", offer.start, offer.end,
        )  # fmt: skip

    def test_reposts_have_one_key_and_a_text_without_words_has_none(self, database: Database, root: Path) -> None:
        """Another price, date or footer is no other post; a product less is one."""
        repost = LIST.replace("530", "545").replace("💵150", "⏳08-27 💵165") + "\nCall 0911000000\n@shop"
        texts = (LIST, repost, LIST.replace("Ibuprofen", "Diclofenac"), VACANCY, "🔥 500 birr, call 0911000000", "")
        land(database, root, *(post(number, text) for number, text in enumerate(texts, start=1)))
        extract(database)
        keys = dict(database.rows("SELECT message_id, repost_key FROM raw.message_genres"))
        assert keys[1] == keys[2] is not None
        assert len({keys[number] for number in (1, 3, 4)} - {None}) == 3
        assert keys[5] is keys[6] is None
        words = "amoxicillin 500mg 10x10 paracetamol 500mg 10x10 ibuprofen 400mg 10x10"
        assert database.value(f"SELECT md5('{words}')::uuid") == keys[1]

    def test_a_new_and_an_edited_message_are_read_and_old_offers_replaced(self, database: Database, root: Path) -> None:
        land(database, root, post(1, LIST), post(2, LIST), post(3, VACANCY))
        extract(database)
        edited = LIST.split("\n", maxsplit=1)[1].replace("120", "125")
        land(database, root, post(1, edited), post(3, VACANCY, views=99), post(4, LIST), day=1)
        summary = extract(database)
        assert summary.messages == 2, "counters alone are nothing to read"
        found = database.rows(KEYS)
        assert [row for row in found if row[0] == 1] == [(1, 0, "paracetamol", 125), (1, 1, "ibuprofen", 150)]
        assert {row[0]: sum(other[0] == row[0] for other in found) for row in found} == {1: 2, 2: 3, 4: 3}

    def test_an_edit_that_only_strikes_out_a_price_is_read(self, database: Database, root: Path) -> None:
        text = "Zinc 20mg 💵600 💵530"
        land(database, root, post(1, text))
        extract(database)
        entities = [{"type": "strike", "offset": 10, "length": 5}]
        land(database, root, post(1, text, entities=entities), day=1)
        assert extract(database).messages == 1
        assert database.rows("SELECT price, old_price FROM raw.message_offers") == [(530, 600)]
        assert extract(database).messages == 0

    def test_an_edit_that_takes_every_offer_away_leaves_none(self, database: Database, root: Path) -> None:
        land(database, root, post(1, LIST))
        extract(database)
        land(database, root, post(1, VACANCY), day=1)
        assert extract(database).messages == 1
        assert database.rows("SELECT genre, offer_count FROM raw.message_genres") == [("job_ad", 0)]
        assert database.rows(KEYS) == []

    def test_channels_share_numbers_and_nothing_else(self, database: Database, root: Path) -> None:
        land(database, root, post(1, LIST, channel_name="one"), post(1, VACANCY, channel_name="two"))
        extract(database)
        land(database, root, post(1, VACANCY, channel_name="two", views=3), post(2, "Zinc", channel_name="two"), day=1)
        extract(database)
        assert database.rows("SELECT DISTINCT channel_name FROM raw.message_offers") == [("one",)]

    def test_another_version_reads_all_anew(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land(database, root, post(1, LIST), post(2, VACANCY))
        extract(database)
        before = stored(database)["offers"]
        use_version(monkeypatch, "another")
        summary = extract(database)
        assert (summary.messages, summary.is_new_version, summary.extractor_version) == (2, True, "another")
        assert stored(database)["offers"] == before
        assert database.rows("SELECT DISTINCT extractor_version FROM raw.message_genres") == [("another",)]
        again = extract(database)
        assert (again.messages, again.is_new_version) == (0, False)

    def test_the_headline_says_why_all_was_read_anew(
        self, database: Database, root: Path, make_settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land(database, root, post(1, LIST))
        extract_step(make_settings())
        use_version(monkeypatch, "another")
        assert extract_step(make_settings()).headline.endswith("because the rules or the dictionary changed")


class TestInterruption:
    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_a_failure_in_the_middle_loses_and_doubles_nothing(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        land_sample(database, root, 60)
        count = database.value("SELECT count(*) FROM raw.telegram_messages")
        extract(database)
        undisturbed = stored(database)
        forget(database)
        store, done = step_module._store, 0

        def fail(connection: Any, rows: Any) -> None:
            nonlocal done
            if done == after:
                raise ConnectionError("gone")
            store(connection, rows)
            done += 1

        with monkeypatch.context() as patch:
            patch.setattr(step_module, "_store", fail)
            with pytest.raises(ConnectionError):
                extract(database, chunk=7)
        assert database.value("SELECT count(*) FROM raw.message_genres") == 7 * after
        summary = extract(database, chunk=7)
        assert summary.messages == count - 7 * after, "what was committed is not read again"
        assert stored(database) == undisturbed
        assert extract(database).messages == 0

    def test_a_failure_within_a_transaction_leaves_the_old_offers(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land(database, root, post(1, LIST))
        extract(database)
        before = stored(database)
        land(database, root, post(1, LIST.replace("530", "540")), day=1)
        with monkeypatch.context() as patch:
            patch.setattr(step_module, "OFFER_COLUMNS", "no_such_column")
            with pytest.raises(Exception, match="no_such_column"):
                extract(database)
        assert stored(database) == before
        assert extract(database).messages == 1
        assert database.value("SELECT price FROM raw.message_offers WHERE offer_index = 0") == 540

    def test_a_new_version_that_is_interrupted_goes_on(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The watermark is still the old version's; what the new one has read it knows by its own rows."""
        land_sample(database, root, 60)
        count = extract(database).messages
        use_version(monkeypatch, "another")
        failing = {"save_extraction": "SELECT 1 / 0"}
        with monkeypatch.context() as patch:
            patch.setattr(step_module, "statement", lambda name: failing.get(name) or statement(name))
            with pytest.raises(Exception, match="division"):
                extract(database, chunk=7)
        assert database.rows("SELECT DISTINCT extractor_version FROM raw.message_genres") == [("another",)]
        again = extract(database)
        assert (again.messages, again.is_new_version) == (0, True)
        assert database.value("SELECT count(*) FROM raw.message_genres") == count

    def test_killed_with_its_workers_it_is_completed_by_the_next(self, database: Database, root: Path) -> None:
        """The workers end too: they hold the pipe of errors, which would stay open."""
        land_sample(database, root, 150)
        extract(database)
        undisturbed = stored(database)
        forget(database)
        child = subprocess.run(
            [sys.executable, "-c", EXTRACT_AND_DIE, make_conninfo(**database._asdict())],
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        assert child.returncode == -9, child.stderr.decode()
        assert database.value("SELECT count(*) FROM raw.message_genres") == 10
        assert database.value("SELECT count(*) FROM ops.offer_extraction") == 0
        extract(database, workers=2, chunk=10)
        assert stored(database) == undisturbed

    def test_a_message_loaded_meanwhile_is_found_by_the_next(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land(database, root, *(post(number, LIST) for number in range(1, 5)))
        store = step_module._store

        def load_meanwhile(connection: Any, rows: Any) -> None:
            store(connection, rows)
            land(database, root, post(4, VACANCY), post(9, LIST), day=1)

        with monkeypatch.context() as patch:
            patch.setattr(step_module, "_store", load_meanwhile)
            assert extract(database, chunk=2).messages == 4
        assert extract(database).messages == 2
        genres = dict(database.rows("SELECT message_id, genre FROM raw.message_genres"))
        assert genres == {1: "price_list", 2: "price_list", 3: "price_list", 4: "job_ad", 9: "price_list"}

    def test_it_waits_for_a_load_that_is_half_done(self, database: Database, root: Path) -> None:
        """Otherwise rows older than the watermark could appear behind it, and would never be read."""
        land(database, root, post(1, LIST))
        summaries: list[ExtractionSummary] = []
        with database.connect() as loader:
            loader.execute("SELECT pg_advisory_lock(%s)", [LOAD_LOCK])
            step = threading.Thread(target=lambda: summaries.append(extract(database)))
            with loader.transaction():
                loader.execute("UPDATE raw.telegram_messages SET message_text = 'Zinc', loaded_at = now()")
                step.start()
                step.join(0.5)
                assert step.is_alive()
            loader.execute("SELECT pg_advisory_unlock(%s)", [LOAD_LOCK])
            step.join(30)
        assert [summary.messages for summary in summaries] == [1]
        assert database.value("SELECT offer_count FROM raw.message_genres") == 0

    def test_two_at_once_read_everything_once(self, database: Database, root: Path) -> None:
        land_sample(database, root, 100)
        count = database.value("SELECT count(*) FROM raw.telegram_messages")
        summaries: list[ExtractionSummary] = []
        threads = [threading.Thread(target=lambda: summaries.append(extract(database, chunk=10))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(summary.messages for summary in summaries) == [0, count]


class TestRows:
    def test_neither_workers_nor_the_size_of_chunks_change_a_row(self, database: Database, root: Path) -> None:
        land_sample(database, root, 300)
        alone = extract(database)
        expected = stored(database)
        assert expected["offers"]
        for options in ({"workers": 2, "chunk": 20}, {"workers": 3, "chunk": 1}, {"workers": 1, "chunk": 9}):
            forget(database)
            assert extract(database, **options) == alone, options
            assert stored(database) == expected, options

    def test_a_single_chunk_starts_no_process(
        self, database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "no such program")
        land(database, root, post(1, LIST), post(2, LIST))
        assert extract(database, workers=8).messages == 2

    @pytest.mark.parametrize("kind", ["strike", "strikethrough"])
    @pytest.mark.parametrize("source", ["telegram", "another"])
    def test_struck_out_prices_are_old_ones(self, database: Database, root: Path, kind: str, source: str) -> None:
        """Telegram counts in units of UTF-16, of which each emoji here is two; `strikethrough` is Desktop's word."""
        text = f"🔥🔥 {LIST}".replace("💵530", "💵600 💵530")
        offset = len(text[: text.index("💵600")].encode("utf-16-le")) // 2
        entities = [{"type": "bold", "offset": 0, "length": 4}, {"type": kind, "offset": offset, "length": 5}]
        land(database, root, line(1, message_text=text, source=source, entities=entities), post(2, text))
        extract(database)
        prices = "SELECT message_id, price, old_price, prices FROM raw.message_offers WHERE offer_index = 0 ORDER BY 1"
        assert database.rows(prices) == [(1, 530, 600, [530]), (2, 600, None, [600, 530])]

    def test_a_place_that_is_written_as_a_fraction_is_the_same_place(self, database: Database, root: Path) -> None:
        """JSON knows no whole numbers: 10.0 is 10, and the price that is struck out there is not the present one."""
        text = LIST.replace("💵530", "💵600 💵530")
        offset = len(text[: text.index("💵600")].encode("utf-16-le")) // 2
        entity = {"type": "strike", "offset": float(offset), "length": 5.0}
        land(database, root, line(1, message_text=text, source="telegram", entities=[entity]))
        extract(database)
        prices = "SELECT price, old_price FROM raw.message_offers WHERE offer_index = 0"
        assert database.rows(prices) == [(530, 600)]

    @pytest.mark.parametrize(
        "entities",
        [
            "none", {}, [{"type": "strike"}], [{"type": "strike", "offset": "4", "length": 5}],
            [{"type": "strike", "offset": -5, "length": 2}], {"type": "strike", "offset": 0, "length": 1},
            ["strike", {"type": "strike", "offset": 0, "length": 1}],
            [{"type": "strike", "offset": 0, "length": 10**6}],
        ],
    )  # fmt: skip
    def test_entities_that_mean_nothing_do_no_harm(self, database: Database, root: Path, entities: Any) -> None:
        land(database, root, post(1, LIST, entities=entities))
        assert extract(database).messages == 1

    def test_odd_characters_survive(self, database: Database, root: Path) -> None:
        """COPY takes backslashes for escapes, tabs for the next column and line ends for the next row."""
        names = [r"Zorb\laxin \N", r"Para\ncetamol\t", r"\.", "Nim\tbulax", "Amo\u2028xi", "Ibu\x0bpro", "Zi\rnc", "\\"]
        text = "\n".join(f"💊 {name} 20mg 3x10 💵{100 + number}" for number, name in enumerate(names))
        land(database, root, post(1, text), post(2, "\\.\n\\N\t\\"))
        extract(database)
        expected = extract_offers(text)
        columns = "offer_index, name, name_key, product_name, price::float, span_start, span_end"
        found = database.rows(f"SELECT {columns} FROM raw.message_offers WHERE message_id = 1 ORDER BY 1")
        assert len(found) > 4
        assert found == [
            (index, offer.name, offer.name_key, offer.product, offer.price, offer.start, offer.end)
            for index, offer in enumerate(expected.offers)
        ]

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
    def test_any_text_survives_copy(self, database: Database, values: list[str]) -> None:
        with database.connect() as connection:
            connection.execute("CREATE TEMPORARY TABLE kept (place int, value text)")
            with connection.cursor().copy("COPY kept FROM STDIN") as copy:
                copy.write("".join(rows_module._line(place, value) for place, value in enumerate(values)).encode())
            assert [value for (value,) in connection.execute("SELECT value FROM kept ORDER BY place")] == values

    def test_no_offer_lies_outside_its_text_and_indices_have_no_gaps(self, database: Database, root: Path) -> None:
        land_sample(database, root, 300)
        extract(database)
        assert database.value("""
            SELECT count(*)
            FROM raw.message_offers AS o JOIN raw.telegram_messages AS m USING (channel_name, message_id)
            WHERE NOT (span_start >= 0 AND span_start < span_end AND span_end <= length(message_text))
        """) == 0  # fmt: skip
        assert database.value("""
            SELECT count(*) FROM raw.message_genres AS g LEFT JOIN (
                SELECT channel_name, message_id, count(*) AS found, max(offer_index) AS last
                FROM raw.message_offers GROUP BY 1, 2
            ) AS o USING (channel_name, message_id)
            WHERE offer_count <> coalesce(found, 0) OR last <> found - 1
        """) == 0  # fmt: skip


class TestNames:
    """Names are compared by the extractor in Python and by dbt in SQL, so both must fold alike."""

    @pytest.fixture
    def macro(self) -> str:
        """The SQL of the macro fold_words for a column `given`."""
        text = (PROJECT / "warehouse" / "macros" / "fold_text.sql").read_text("utf-8")
        [body] = re.findall(r"macro fold_words\(text_column\) -%}(.*?){%- endmacro", text, re.DOTALL)
        assert body.count("{{") == 1
        return str(body).replace("{{ text_column }}", "given")

    def folded(self, database: Database, macro: str, names: list[str]) -> dict[str, str]:
        return dict(database.rows(f"SELECT given, {macro} FROM unnest(%s::text[]) AS given", names))

    def test_each_letter_is_folded_as_the_macro_does(self, database: Database, macro: str) -> None:
        """Each that this Python knows: a database may have a newer Unicode."""
        letters = (chr(code) for code in range(1, 0x30000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co"))
        names = [f"a{letter}b" for letter in letters]
        assert len(names) > 100_000
        found = self.folded(database, macro, names)
        assert {name: key for name, key in found.items() if key != fold_words(name)} == {}

    @pytest.mark.parametrize(
        "name",
        [
            "  Amoxi-Clav  625 ", "ＯＲＳ　ＺＩＮＣ", "𝗩𝗶𝘁𝗮𝗺𝗶𝗻 𝐂", "ፀሐይ ሥኳር ዓይን ኃይል", "Crème ÉCLAT Žluť",
            "½ tab №5 ²", "ﬁlm ﬂoss", "e\u0301 A\u030a", "ǅ ẞ ß ſ K Å", "\u200bZinc\u200f \ufeff", "💊💊", "", " \t\n ",
            "ΑΣ ΣΑΣ", "Ⅷ ㎎ ㏄", "ኳ ጟ ⶀ ᎀ",
        ],
    )  # fmt: skip
    def test_odd_names_are_folded_as_the_macro_does(self, database: Database, macro: str, name: str) -> None:
        assert self.folded(database, macro, [name])[name] == fold_words(name)

    def test_stored_keys_are_what_the_macro_makes_of_stored_names(
        self, database: Database, root: Path, macro: str
    ) -> None:
        land_sample(database, root, 300)
        extract(database)
        query = f"SELECT given, name_key, {macro} FROM (SELECT name AS given, name_key FROM raw.message_offers) AS o"
        found = database.rows(query)
        assert found
        assert [row for row in found if row[1] != row[2]] == []
