"""Pages say what is missing and what to do, and mend themselves once it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect
from psycopg.sql import SQL, Identifier

from api_service import SHOP
from browser_pages import Visitor, browser, follow, serving_pages, texts, visitor, where
from conftest import Database
from dashboard_service import add_empty_marts, add_row, options_over
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.records import DatabaseAddress
from waiting import wait_for

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]
PAGES = ("/", "/products", "/channels", "/images", "/messages")


@pytest.fixture
def empty(visitor: Visitor, database: Database, marts: Marts, tmp_path: Any) -> Iterator[str]:
    """A service over marts without a row."""
    add_empty_marts(database, marts)
    with serving_pages(visitor, options_over(database.address, tmp_path)) as url:
        wait_for(lambda: httpx.get(f"{url}/health").status_code == 200)
        yield url


@pytest.mark.parametrize("path", [*PAGES, "/pipeline"])
def test_an_empty_warehouse_says_why_and_what_to_do(visitor: Visitor, empty: str, path: str) -> None:
    page = visitor.visit(path, base=empty)
    expect(page.locator(".empty").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("mtw run")
    assert page.locator("figure canvas").count() == 0


def test_a_warehouse_that_was_never_built_tells_how_to_build_it(
    visitor: Visitor, database: Database, tmp_path: Any
) -> None:
    with serving_pages(visitor, options_over(database.address, tmp_path)) as url:
        wait_for(lambda: httpx.get(f"{url}/health").status_code == 200)
        for path in PAGES:
            page = visitor.visit(path, base=url, status=503)
            expect(page.locator("h1")).to_have_text("The warehouse is not built yet")
            expect(page.locator("pre")).to_have_text("mtw run")
        # Why the first run failed is told before there are marts.
        with database.connect() as connection:
            connection.execute(
                """
                INSERT INTO ops.step_runs (run_id, step, attempt, status, started_at, finished_at, details)
                VALUES ('first', 'scrape_telegram_data', 1, 'failed', now() - interval '1 minute', now(),
                    '{"error": "no channel could be read, call 0911234567"}')
                """
            )
        page = visitor.visit("/pipeline", base=url)
        expect(page.locator("main")).to_contain_text("no channel could be read")
        assert "0911234567" not in page.content()


def test_a_database_that_is_away_is_told_and_the_page_mends_itself(
    visitor: Visitor, server: DatabaseAddress, marts: Marts, tmp_path: Any
) -> None:
    name = "database_that_comes_later"
    with serving_pages(visitor, options_over(server._replace(database=name), tmp_path)) as url:
        page = visitor.visit("/products", base=url, status=503)
        expect(page.locator("h1")).to_have_text("The database is away")
        expect(page.locator("main")).to_contain_text("mtw doctor")
        assert page.locator("meta[http-equiv=refresh]").count() == 0, "readers would lose their place"
        with connect(server._replace(database="postgres")) as connection:
            create = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(server.database))
            connection.execute(create)
        try:
            page.locator("h1", has_text="The warehouse is not built yet").wait_for(timeout=20_000)
            password = server.password.get_secret_value()
            add_empty_marts(Database(server.host, server.port, name, server.user, password), marts)
            page.locator("h1", has_text="Products").wait_for(timeout=20_000)
        finally:
            page.close()
            with connect(server._replace(database="postgres")) as connection:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
    # A page that waits asks again, and its browser says so.
    visitor.problems = [each for each in visitor.problems if "503" not in each]


def test_a_build_that_goes_on_is_told(visitor: Visitor, empty: str, database: Database) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE ops.warehouse_version SET is_building = true, building_since = now()")
    page = visitor.visit("/products", base=empty)
    expect(page.locator(".banner")).to_contain_text("The warehouse is being built since")


def test_sample_data_is_told_louder_where_all_of_it_is(visitor: Visitor, empty: str, database: Database) -> None:
    channel = {"channel_key": "a", "channel_name": "a", "title": "A", "channel_type": "Pharmacy", "total_messages": 0}
    with database.connect() as connection:
        add_row(connection, "dim_channels", **channel, is_sample=True)
        connection.execute("UPDATE ops.warehouse_version SET version = version + 1")
    page = visitor.visit("/pipeline", base=empty)
    expect(page.locator(".banner.sample")).to_contain_text("Sample data. All 1 channels are invented")
    # Of the service over the sample, one channel of the tests is none.
    page = visitor.visit("/")
    assert page.locator(".banner.sample").count() == 0
    expect(page.locator(".banner")).to_contain_text("are invented sample data")


def test_an_address_that_leads_nowhere_names_what_is_near(visitor: Visitor) -> None:
    page = visitor.visit("/chanels", status=404)
    assert texts(page.locator(".near a")) == ["Channels"]
    page = visitor.visit("/channels/test_shoop", status=404)
    follow(page.locator(".near a", has_text=SHOP))
    assert where(page) == f"/channels/{SHOP}"


@pytest.mark.parametrize("path", ["/products/", "/images/", "/messages/"])
@pytest.mark.parametrize("key", ["0" * 32, "nonsense", "x%00y", "..%2f..%2fetc%2fpasswd"])
def test_what_does_not_exist_is_a_page_that_leads_back(api: httpx.Client, path: str, key: str) -> None:
    response = api.get(path + key, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert re.search(rf'<a href="{path[:-1]}"', response.text)


def test_a_page_of_an_older_version_leads_to_the_first(visitor: Visitor, api: httpx.Client, marts: Marts) -> None:
    page = visitor.visit("/messages?query=birr")
    link = page.get_by_role("link", name="Next page").get_attribute("href")
    assert link is not None
    marts.execute("UPDATE ops.warehouse_version SET version = version + 1")
    wait_for(lambda: api.get(link, headers={"Accept": "text/html"}).status_code == 409)
    page = visitor.visit(link, status=409)
    expect(page.locator("h1")).to_have_text("The warehouse was built anew")
    follow(page.get_by_role("link", name="Begin with the first page"))
    assert where(page) == "/messages?query=birr"


def test_pages_are_kept_for_as_long_as_the_version_stays(api: httpx.Client) -> None:
    for path in PAGES:
        first = api.get(path, headers={"Accept": "text/html"})
        again = api.get(path, headers={"Accept": "text/html", "If-None-Match": first.headers["etag"]})
        assert again.status_code == 304, path
    assert "etag" not in api.get("/pipeline", headers={"Accept": "text/html"}).headers
