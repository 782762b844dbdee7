"""What the marts say of offers: shops that share message ids, repeat themselves, copy others and mistype prices."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from rich.console import Console

from conftest import Database
from factories import copied_project
from medical_telegram_warehouse.cli.summary import print_warehouse
from medical_telegram_warehouse.errors import TransformError
from medical_telegram_warehouse.transform import TransformStep, build
from warehouse_rows import records

PROJECT = Path(__file__).resolve().parents[2]
Marts = dict[str, list[dict[str, Any]]]


def insert(connection: psycopg.Connection, table: str, **row: Any) -> None:
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


def message(connection: psycopg.Connection, channel: str, message_id: int, *offers: dict[str, Any], **row: Any) -> None:
    """Land one message and what the extractor read in it."""
    insert(connection, "ops.lakes", lake=f"{channel}-{message_id}", root="raw")
    file = {"file_size": 0, "file_mtime_ns": 0, "loaded_bytes": 0, "loaded_records": 0, "loaded_sha256": b""}
    [(file_id,)] = connection.execute(
        f"INSERT INTO ops.loaded_files (lake_id, file_path, {', '.join(file)})"
        f" SELECT max(lake_id), 'f', {', '.join(['%s'] * len(file))} FROM ops.lakes RETURNING file_id",
        list(file.values()),
    ).fetchall()
    values = {
        "channel_name": channel,
        "message_id": message_id,
        "message_date": datetime(2026, 1, message_id, 12, tzinfo=UTC),
        "message_text": f"{channel} {message_id}",
        "observed_at": datetime(2026, 6, 1, tzinfo=UTC),
        "observation_id": uuid4(),
        "record": "{}",
        "file_id": file_id,
        "file_position": 0,
    }
    insert(connection, "raw.telegram_messages", **(values | row))
    read = {"genre": "price_list" if offers else "news_other", "genre_confidence": 0.9, "offer_count": len(offers)}
    hashed = {"text_hash": uuid4(), "extractor_version": "1"}
    insert(connection, "raw.message_genres", channel_name=channel, message_id=message_id, **read, **hashed)
    for number, offered in enumerate(offers):
        place = {"channel_name": channel, "message_id": message_id, "offer_index": number}
        insert(connection, "raw.message_offers", **(place | offered))


def offer(name: str = "Zinc", price: float | None = None, **changes: Any) -> dict[str, Any]:
    """One row of raw.message_offers without its place. A name is linked unless `link_method` says otherwise."""
    row = {
        "name": name,
        "name_key": " ".join(re.findall(r"\w+", name.lower())),
        "product_name": name.lower(),
        "product_class": "supplement",
        "link_method": "exact",
        "link_score": 1,
        "price": price,
        "prices": [] if price is None else [price],
        "currency": "ETB",
        "availability": "offered",
        "span_start": 0,
        "span_end": 4,
        "confidence": 0.9,
    }
    return row | changes


def unlinked(name: str, price: float | None = None, **changes: Any) -> dict[str, Any]:
    """An offer whose name the dictionary does not know: it is called as it was written."""
    not_found = {"product_name": name, "link_method": "none", "link_score": 0, "product_class": "other"}
    return offer(name, price, **(not_found | changes))


def strong(name: str, price: float | None = None, **changes: Any) -> dict[str, Any]:
    tablet = {"strength": "20 MG", "product_strength": "20mg", "form": "tablet", "product_form": "tablet"}
    return offer(name, price, **(tablet | changes))


def fill(connection: psycopg.Connection) -> None:
    """A market that holds each case once."""
    box = {"pack": "10x10", "pack_units": 100}
    message(connection, "alpha", 1, strong("Zinc", 100, **box), offer("Iron", 50), views=10, forwards=1)
    message(connection, "alpha", 2, strong("Zinc", 100, **box), strong("ZINC", 110), views=20)
    message(connection, "alpha", 3, strong("Zinc", 9000, **box), strong("Zinc", 120), unlinked("Glow-Up", 700))
    message(connection, "alpha", 4, strong("Zinc", 1, **box), offer("Iron", availability="stock_out"), views=5)
    message(connection, "alpha", 5, unlinked("GLOW UP", 900), offer("Tea", 2, currency="USD"))
    message(connection, "beta", 1, strong("Zinc", 130, brand="Zincovit"), views=100, forwarded_from="alpha")
    message(connection, "beta", 2, offer("Iron", 60), deleted_at=datetime(2026, 2, 1, tzinfo=UTC), views=7)
    message(connection, "beta", 3, offer("Iron", 60), message_text="ALPHA  1")
    message(connection, "beta", 4, message_date=datetime(2026, 3, 20, tzinfo=UTC))


def run(database: Database, *steps: TransformStep, project_dir: Path = PROJECT) -> None:
    for step in steps or (TransformStep.MESSAGES,):
        build(
            step,
            project_dir=project_dir,
            address=database.address,
            report_timezone="Africa/Addis_Ababa",
        )


def read_marts(database: Database) -> Marts:
    with database.connect() as connection:
        return records(connection, "marts")


@pytest.fixture(scope="module")
def cache() -> dict[str, Any]:
    return {}


@pytest.fixture
def market(cache: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """Every mart's rows, and what the summary says of them. Built once for the module: no test changes anything."""
    if not cache:
        database: Database = request.getfixturevalue("database")
        printed = StringIO()
        with database.connect() as connection:
            fill(connection)
            run(database, *TransformStep)
            print_warehouse(Console(file=printed, width=200), connection)
        cache["marts"] = read_marts(database)
        run(database, *TransformStep)
        cache["again"] = read_marts(database)
        cache["printed"] = printed.getvalue()
    return cache


@pytest.fixture
def marts(market: dict[str, Any]) -> Marts:
    rows: Marts = market["marts"]
    return rows


def by(rows: list[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    """Rows by their key, which must be one."""
    found = {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in rows}
    assert len(found) == len(rows)
    return found


def products(marts: Marts) -> dict[str, str]:
    """The key of each product, by its name."""
    return {row["product_name"]: row["product_key"] for row in marts["dim_products"]}


def test_each_line_is_an_offer_of_the_message_in_its_channel(marts: Marts) -> None:
    """Both channels have messages 1 to 4: joined by number alone, each line would stand in both."""
    offers = by(marts["fct_offers"], "channel_name", "message_id", "offer_index")
    assert len(offers) == 14
    messages = by(marts["fct_messages"], "message_key")
    for (channel, message_id, _), row in offers.items():
        of = messages[row["message_key"]]
        assert (of["channel_name"], of["message_id"], of["date_key"]) == (channel, message_id, row["date_key"])
    assert offers["beta", 1, 0]["offer_timestamp"] == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_message_tells_its_genre_and_how_much_it_offers(marts: Marts) -> None:
    messages = by(marts["fct_messages"], "channel_name", "message_id")
    assert (messages["alpha", 3]["genre"], messages["alpha", 3]["offer_count"]) == ("price_list", 3)
    assert (messages["beta", 4]["genre"], messages["beta", 4]["offer_count"]) == ("news_other", 0)


def test_distinct_offers_leave_out_what_was_said_before(marts: Marts) -> None:
    """A line again, a copy of another channel's post, and a text that somebody posted before."""
    offers = by(marts["fct_offers"], "channel_name", "message_id", "offer_index")
    assert {key for key, row in offers.items() if row["is_repost"]} == {("alpha", 2, 0), ("beta", 1, 0), ("beta", 3, 0)}
    assert {key for key, row in offers.items() if row["is_forward"]} == {("beta", 1, 0)}
    assert {key for key, row in offers.items() if row["is_deleted"]} == {("beta", 2, 0)}
    top = by(marts["rpt_top_products"], "product_name")
    assert {name: (row["offer_count"], row["distinct_offer_count"]) for name, row in top.items()} == {
        "zinc": (7, 5),
        "iron": (4, 3),
        "GLOW UP": (2, 2),
        "tea": (1, 1),
    }


def test_a_product_is_a_name_a_strength_and_a_form(marts: Marts) -> None:
    """Spellings of one name are one product, whether the dictionary knows it or not."""
    found = by(marts["dim_products"], "product_name")
    assert set(found) == {"zinc", "iron", "GLOW UP", "tea"}
    zinc = found["zinc"]
    assert (zinc["strength"], zinc["form"], zinc["is_known"], zinc["name_count"]) == ("20mg", "tablet", True, 2)
    assert (zinc["brand"], zinc["brands"]) == (None, ["Zincovit"])
    glow = found["GLOW UP"]
    assert (glow["is_known"], glow["name_count"], glow["product_class"], glow["brands"]) == (False, 2, "other", [])


def test_mistyped_prices_are_flagged_kept_and_left_out(marts: Marts) -> None:
    """9000 and 1 beside prices of about 110; two prices alone accuse nobody."""
    outliers = {row["price"] for row in marts["fct_offers"] if row["is_price_outlier"]}
    assert outliers == {9000, 1}
    top = by(marts["rpt_top_products"], "product_name")
    zinc = top["zinc"]
    assert (zinc["min_price"], zinc["median_price"], zinc["max_price"], zinc["latest_price"]) == (100, 110, 130, 120)
    assert (zinc["offer_count"], zinc["priced_offer_count"]) == (7, 5)
    assert (top["tea"]["priced_offer_count"], top["tea"]["min_price"]) == (0, None)
    assert top["GLOW UP"]["median_price"] == 800


def test_prices_of_a_day_are_told_by_channel_and_by_unit(marts: Marts) -> None:
    """A day of which only mistakes are known has its row, so that counts add up, but no price."""
    zinc = products(marts)["zinc"]
    days = by([row for row in marts["fct_product_prices"] if row["product_key"] == zinc], "channel_name", "date_key")
    second = days["alpha", 20260102]
    assert (second["min_price"], second["median_price"], second["max_price"]) == (100, 105, 110)
    assert (second["latest_price"], second["offer_count"], second["distinct_offer_count"]) == (110, 2, 1)
    assert (second["min_price_per_unit"], second["median_price_per_unit"]) == (1, 1)
    third = days["alpha", 20260103]
    assert (third["min_price"], third["outlier_count"], third["min_price_per_unit"]) == (120, 1, None)
    fourth = days["alpha", 20260104]
    assert (fourth["median_price"], fourth["outlier_count"], fourth["full_date"]) == (None, 1, date(2026, 1, 4))
    assert set(days) == {("alpha", 20260100 + day) for day in (1, 2, 3, 4)} | {("beta", 20260101)}


def test_strange_prices_are_listed_with_what_is_usual(marts: Marts) -> None:
    """The same that every summary leaves out, or a person would look at others."""
    listed = by(marts["rpt_price_outliers"], "offer_key")
    assert set(listed) == {row["offer_key"] for row in marts["fct_offers"] if row["is_price_outlier"]}
    found = [(row["message_id"], row["name"], row["price"], row["median_price"]) for row in listed.values()]
    assert sorted(found) == [(3, "Zinc", 9000, 110), (4, "Zinc", 1, 110)]


def test_a_price_that_moved_names_both_messages(marts: Marts) -> None:
    """A mistyped price is no move, nor is one that is repeated; names that nobody knows have prices, too."""
    moves = by(marts["rpt_price_changes"], "product_name", "channel_name", "latest_message_id")
    found = {key: (row["previous_message_id"], row["previous_price"], row["price"]) for key, row in moves.items()}
    assert found == {
        ("zinc", "alpha", 2): (1, 100, 110),
        ("zinc", "alpha", 3): (2, 110, 120),
        ("GLOW UP", "alpha", 5): (3, 700, 900),
    }
    row = moves["zinc", "alpha", 2]
    assert (row["change_amount"], row["change_ratio"], row["previous_date"]) == (10, 0.1, date(2026, 1, 1))
    messages = by(marts["fct_messages"], "message_key")
    keys = (row["previous_message_key"], row["latest_message_key"])
    assert [messages[key]["message_id"] for key in keys] == [1, 2]


def test_months_and_names_of_a_product(marts: Marts) -> None:
    keys = products(marts)
    months = by(marts["rpt_product_activity_monthly"], "product_key", "channel_name", "month_key")
    assert len(months) == 6
    zinc = months[keys["zinc"], "alpha", 20260101]
    assert (zinc["offer_count"], zinc["distinct_offer_count"], zinc["priced_offer_count"]) == (6, 5, 4)
    assert (zinc["min_price"], zinc["median_price"], zinc["max_price"], zinc["total_views"]) == (100, 105, 120, 35)
    names = by([row for row in marts["rpt_product_names"] if row["product_key"] == keys["zinc"]], "name")
    assert {name: (row["offer_count"], row["channel_count"]) for name, row in names.items()} == {
        "Zinc": (6, 2),
        "ZINC": (1, 1),
    }
    assert (names["Zinc"]["first_seen_date"], names["Zinc"]["last_seen_date"]) == (date(2026, 1, 1), date(2026, 1, 4))


def test_a_channels_own_posts_tell_what_is_new_and_what_is_gone(marts: Marts) -> None:
    """alpha's newest message is of 5 January, beta's of 20 March: one day is recent here and long ago there."""
    keys = products(marts)
    rows = by(marts["fct_product_availability"], "product_key", "channel_name")
    sold_out = rows[keys["iron"], "alpha"]
    assert (sold_out["last_status"], sold_out["is_gone"], sold_out["latest_price"]) == ("stock_out", True, 50)
    assert (sold_out["first_seen_date"], sold_out["last_seen_date"]) == (date(2026, 1, 1), date(2026, 1, 1))
    silent = rows[keys["iron"], "beta"]
    assert (silent["last_status"], silent["is_gone"], silent["is_new"]) == ("offered", True, False)
    here = rows[keys["zinc"], "alpha"]
    assert (here["is_gone"], here["is_new"], here["latest_price"]) == (False, True, 120)
    assert (here["offer_count"], here["distinct_offer_count"]) == (6, 5)


def test_views_count_each_message_once_per_product(marts: Marts) -> None:
    """Message 2 of alpha has two lines of zinc and 20 views, not 40."""
    zinc = by(marts["rpt_top_products"], "product_name")["zinc"]
    assert (zinc["total_views"], zinc["total_forwards"]) == (10 + 20 + 5 + 100, 1)
    assert (zinc["channels"], zinc["channel_count"]) == (["alpha", "beta"], 2)
    assert (zinc["first_offered_date"], zinc["last_offered_date"]) == (date(2026, 1, 1), date(2026, 1, 4))


def test_names_that_nobody_knows_wait_for_a_reviewer(marts: Marts) -> None:
    [row] = marts["rpt_product_review"]
    assert (row["name_key"], row["example_name"], row["offer_count"]) == ("glow up", "GLOW UP", 2)
    assert (row["channels"], row["median_price"], row["priced_offer_count"]) == (["alpha"], 800, 2)
    newest = by(marts["fct_messages"], "message_key")[row["example_message_key"]]
    assert (newest["channel_name"], newest["message_id"]) == ("alpha", 5)


def test_a_second_build_changes_nothing(market: dict[str, Any]) -> None:
    """Ties are broken by keys and days are counted from the data, so a report can be quoted."""
    for name, rows in market["marts"].items():
        assert sorted(map(str, rows)) == sorted(map(str, market["again"][name])), name


def test_the_summary_shows_the_top_products_with_their_prices(market: dict[str, Any]) -> None:
    printed = market["printed"]
    lines = [line.split() for line in printed[printed.index("Top products") :].splitlines()]
    assert lines[1] == ["product", "offers", "distinct", "channels", "price"]
    assert lines[2] == ["zinc", "20mg", "tablet", "7", "5", "2", "100", "-", "130", "ETB", "█" * 24]
    assert [words[0] for words in lines[2:6]] == ["zinc", "iron", "GLOW", "tea"]
    assert lines[5][:6] == ["tea", "1", "1", "1", "no", "price"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project, whose seeds a test may edit."""
    return copied_project(tmp_path / "project")


def answer(project: Path, *lines: str) -> None:
    path = project / "warehouse" / "seeds" / "product_answers.csv"
    header = path.read_text("utf-8").splitlines()[0]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def test_the_next_build_takes_a_reviewers_answers(database: Database, project: Path) -> None:
    """And takes them back when the line goes: the list is the only place where an answer lives."""
    with database.connect() as connection:
        message(connection, "alpha", 1, unlinked("Glow-Up", 700), offer("Zink", 5, generic="zinc"))
    links = "SELECT product_name, generic, brand, product_class, link_method FROM marts.fct_offers ORDER BY offer_index"
    waiting = "SELECT name_key FROM marts.rpt_product_review"
    answer(project)
    run(database, project_dir=project)
    before = database.rows(links)
    assert before == [("Glow-Up", None, None, "other", "none"), ("zink", "zinc", None, "supplement", "exact")]
    assert database.rows(waiting) == [("glow up",)]

    answer(project, "GLOW  UP!,Glow up serum,,Glow Up,cosmetic", "zink,Zinc tape,,,supply")
    run(database, project_dir=project)
    assert database.rows(links) == [
        ("Glow up serum", None, "Glow Up", "cosmetic", "answer"),
        ("Zinc tape", None, None, "supply", "answer"),
    ]
    assert database.rows(waiting) == []
    known = "SELECT product_name, brand, is_known FROM marts.dim_products ORDER BY 1"
    assert database.rows(known) == [("Glow up serum", "Glow Up", True), ("Zinc tape", None, True)]

    answer(project)
    run(database, project_dir=project)
    assert database.rows(links) == before


def test_a_name_that_is_answered_twice_stops_the_build_by_name(database: Database, project: Path) -> None:
    """Otherwise each of its offers would be there twice."""
    answer(project, "Glow-up,One,,,cosmetic", "glow up,Two,,,cosmetic")
    with pytest.raises(TransformError, match="assert_answers_name_one_product"):
        run(database, project_dir=project)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("UPDATE raw.message_offers SET price = 0", "assert_prices_are_positive"),
        ("UPDATE raw.message_genres SET offer_count = 2", "assert_offer_counts_match"),
        ("DELETE FROM raw.telegram_messages", "assert_fct_offers_reconciles_with_raw"),
        ("UPDATE raw.message_offers SET product_class = 'toy'", "accepted_values_stg_offers__message_offers"),
        ("UPDATE raw.message_genres SET genre = 'poem'", "accepted_values_stg_offers__message_genres"),
    ],
)
def test_what_the_extractor_must_not_do_fails_the_build(database: Database, broken: str, rule: str) -> None:
    with database.connect() as connection:
        message(connection, "alpha", 1, offer("Zinc", 5))
        connection.execute(broken)
    with pytest.raises(TransformError, match=rule):
        run(database)


def test_prices_keep_their_cents_and_units_four_places(database: Database) -> None:
    with database.connect() as connection:
        message(connection, "alpha", 1, offer("Zinc", 99.95, pack="30's", pack_units=30, expiry=date(2027, 5, 1)))
    run(database)
    row = database.rows("SELECT price, price_per_unit, prices, expiry_date FROM marts.fct_offers")
    assert row == [(Decimal("99.95"), Decimal("3.3317"), [Decimal("99.95")], date(2027, 5, 1))]
