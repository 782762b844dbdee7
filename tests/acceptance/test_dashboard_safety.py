"""What strangers wrote stays text, numbers stay hidden, nothing is asked of anybody else."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from api_service import MARKUP, SHOP, options_of, serving
from browser_pages import Visitor, browser, drawn, plain, serving_pages, visitor
from conftest import PROJECT, Database
from dashboard_service import add_empty_marts, add_row, options_over
from medical_telegram_warehouse.api.edge.keys import new_key
from medical_telegram_warehouse.settings import Settings
from waiting import wait_for

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
NUMBERS = re.compile(r"911 ?23 ?45 ?67|0?922-33-44-55|0911234567")


def key_of(marts: Marts, number: int) -> str:
    query = "SELECT message_key FROM marts.fct_messages WHERE channel_name = %s AND message_id = %s"
    return str(marts.execute(query, [SHOP, number]).fetchall()[0]["message_key"])


def test_markup_in_a_message_is_shown_as_text(visitor: Visitor, marts: Marts) -> None:
    for path in (f"/messages/{key_of(marts, 1)}", f"/messages?channel_name={SHOP}"):
        page = visitor.visit(path)
        text = plain(page.locator("main").text_content() or "")
        assert MARKUP in text, path
        assert page.locator("main b").count() == 0
        assert page.locator("main script:not([type='application/json'])").count() == 0


@pytest.fixture
def hostile(visitor: Visitor, database: Database, marts: Marts, tmp_path: Any) -> Any:
    """A service over names and titles that try to leave their place."""
    add_empty_marts(database, marts)
    with database.connect() as connection:
        channel = {"channel_key": "c", "channel_name": "shop</script>", "title": f"Shop {HOSTILE} 0911234567"}
        add_row(
            connection,
            "dim_channels",
            **channel,
            channel_type=HOSTILE,
            is_sample=False,
            total_messages=1,
            last_message_date="2026-09-20",
            first_message_date="2026-09-20",
        )
        counts = {"message_count": 1, "original_post_count": 1, "original_views": 5, "viewed_post_count": 1}
        of_channel = {"channel_key": "c", "channel_name": channel["channel_name"]}
        add_row(connection, "rpt_channel_activity_daily", **of_channel, full_date="2026-09-20", **counts)
        add_row(
            connection,
            "rpt_channel_activity_weekly",
            **of_channel,
            week_start_date="2026-09-14",
            message_count=1,
            original_post_count=1,
            avg_views=5,
            median_views=5,
        )
        product = {
            "product_key": "0" * 32,
            "product_name": f"zinc {HOSTILE}",
            "product_class": "medicine",
            "strength": "20mg",
        }
        add_row(connection, "dim_products", **product, is_known=False, brands=[HOSTILE], name_count=1)
        add_row(
            connection,
            "rpt_top_products",
            **product,
            offer_count=1,
            distinct_offer_count=1,
            channel_count=1,
            priced_offer_count=1,
            channels=[channel["channel_name"]],
            min_price=5,
            max_price=5,
        )
        add_row(connection, "rpt_product_names", product_key="0" * 32, name=f'"{HOSTILE}', offer_count=1)
        for day, price in (("2026-09-19", 5), ("2026-09-20", 6)):
            add_row(
                connection,
                "fct_product_prices",
                product_key="0" * 32,
                **of_channel,
                currency="ETB",
                offer_count=1,
                date_key=int(day.replace("-", "")),
                full_date=day,
                min_price=price,
                median_price=price,
                outlier_count=0,
                max_price=price,
                latest_price=price,
                latest_message_key="1" * 32,
            )
    with serving_pages(visitor, options_over(database.address, tmp_path)) as url:
        wait_for(lambda: httpx.get(f"{url}/health").status_code == 200)
        yield url


def test_markup_in_names_and_titles_is_shown_as_text(visitor: Visitor, hostile: str) -> None:
    for path in ("/", "/products", f"/products/{'0' * 32}", "/channels", "/channels/shop%3C/script%3E", "/images"):
        page = visitor.visit(path, base=hostile)
        assert not page.title().startswith("taken"), path
        assert page.locator("main img[src=x]").count() == 0
        assert "0911234567" not in page.content(), path
    page = visitor.visit(f"/products/{'0' * 32}", base=hostile)
    expect(page.locator("h1")).to_have_text(f"zinc {HOSTILE} 20mg")
    page.locator("figure#prices canvas").first.wait_for()
    names = page.locator("figure#prices script.data").evaluate(
        "each => JSON.parse(each.textContent).series.map(series => series.name)"
    )
    assert names == [f"Shop {HOSTILE} 091•••••67"]


def test_telephone_numbers_are_hidden_unless_the_key_allows_them(
    visitor: Visitor, marts: Marts, sample_warehouse: Settings
) -> None:
    paths = [f"/messages?channel_name={SHOP}", f"/channels/{SHOP}", f"/messages/{key_of(marts, 2)}"]
    for path in paths:
        content = visitor.visit(path).content()
        assert not NUMBERS.search(content), path
        assert "•" in content, path
    plain_key, kept_plain = new_key("analyst", allows_contacts=False)
    contact_key, kept_contact = new_key("caller", allows_contacts=True)
    with serving_pages(visitor, options_of(sample_warehouse, keys=(kept_plain, kept_contact), require_key=True)) as url:
        wait_for(lambda: httpx.get(f"{url}/health", headers={"X-API-Key": plain_key}).status_code == 200)
        for key, is_shown in ((contact_key, True), (plain_key, False), (contact_key, True)):
            page = visitor.visit(
                f"/messages/{key_of(marts, 2)}", base=url, http_credentials={"username": "any", "password": key}
            )
            assert bool(NUMBERS.search(page.content())) is is_shown


def test_without_a_key_the_browser_is_asked_for_one(sample_warehouse: Settings) -> None:
    _, kept = new_key("analyst", allows_contacts=False)
    with serving(options_of(sample_warehouse, keys=(kept,), require_key=True)) as url:
        response = httpx.get(f"{url}/products", headers={"Accept": "text/html"})
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic")
        assert "A key is needed" in response.text
        assert "the password is the key" in response.text
        assert httpx.get(f"{url}/products", headers={"Accept": "application/json"}).json()["code"] == "key_missing"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nothing", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/nothing", "*/*", "text/html"),
        ("/nothing", "application/json", "application/json"),
        ("/nothing", "text/html;q=0.5, application/json;q=0.9", "application/json"),
        ("/products/x", "text/html", "text/html"),
        ("/api/nothing", "text/html", "application/json"),
        ("/api/products/x", "text/html", "application/json"),
        ("/static/nothing.js", "text/html", "application/json"),
    ],
)
def test_errors_are_pages_for_people_and_json_for_programs(
    api: httpx.Client, path: str, accept: str, kind: str
) -> None:
    response = api.get(path, headers={"Accept": accept})
    assert response.status_code in (404, 422)
    assert response.headers["content-type"].startswith(kind)


def test_amharic_is_drawn_by_the_font_that_is_shipped(visitor: Visitor, marts: Marts) -> None:
    page = visitor.visit(f"/messages/{key_of(marts, 3)}")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check(\"16px 'Noto Sans Ethiopic'\", 'ሐኪም')")
    assert any("noto-sans-ethiopic-ethiopic-400-normal.woff2" in each for each in visitor.asked)
    widths = page.evaluate(
        """() => {
            const text = document.querySelector('p.text');
            const range = document.createRange();
            range.selectNodeContents(text);
            const width = () => [...range.getClientRects()].reduce((sum, each) => sum + each.width, 0);
            const shipped = width();
            text.style.fontFamily = 'monospace';
            return [shipped, width()];
        }"""
    )
    assert widths[0] != widths[1]


def test_the_font_is_loaded_only_where_amharic_stands(
    visitor: Visitor, database: Database, marts: Marts, tmp_path: Any
) -> None:
    add_empty_marts(database, marts)
    with serving_pages(visitor, options_over(database.address, tmp_path)) as url:
        wait_for(lambda: httpx.get(f"{url}/health").status_code == 200)
        visitor.visit("/products", base=url)
    assert [each for each in visitor.asked if each.startswith("/static/dashboard.css")]
    assert not [each for each in visitor.asked if ".woff2" in each]


def test_files_are_kept_by_browsers_for_as_long_as_they_are_the_same(api: httpx.Client) -> None:
    page = api.get("/", headers={"Accept": "text/html"}).text
    addresses = re.findall(r"(?:src|href|data-library)=\"(/static/[^\"]+)\"", page)
    assert len(addresses) >= 5
    for address in addresses:
        response = api.get(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert "immutable" not in api.get(address.split("?")[0]).headers["cache-control"]
        again = api.get(address, headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304


def test_charts_are_loaded_only_where_there_are_some(visitor: Visitor) -> None:
    visitor.visit("/products")
    assert not [each for each in visitor.asked if "echarts" in each]
    drawn(visitor.visit("/"), ["volume"])
    assert [each for each in visitor.asked if "echarts" in each]


def test_no_page_needs_what_the_content_security_policy_forbids(api: httpx.Client, marts: Marts) -> None:
    for path in ("/", "/products", "/channels", "/images", "/messages", "/pipeline", f"/messages/{key_of(marts, 1)}"):
        response = api.get(path, headers={"Accept": "text/html"})
        assert "script-src 'self'" in response.headers["content-security-policy"]
        for tag, attributes in re.findall(r"<(script|style)\b([^>]*)>", response.text):
            assert tag == "script", path
            assert "src=" in attributes or 'type="application/json"' in attributes, path
        assert not re.search(r"<[^>]+\son[a-z]+=", re.sub(r"<script.*?</script>", "", response.text, flags=re.S)), path


def test_the_style_sheet_is_small(api: httpx.Client) -> None:
    assert len(api.get("/static/dashboard.css").content) < 30_000


def test_files_of_others_are_those_that_the_list_of_sources_names() -> None:
    folder = PROJECT / "src/medical_telegram_warehouse/api/static/vendor"
    lines = [line.split(" | ") for line in (folder / "SOURCES.txt").read_text("utf-8").splitlines() if " | " in line]
    named = {file: digest for _, _, _, file, digest in lines}
    shipped = {path.name for path in folder.iterdir() if path.suffix in (".js", ".css", ".woff2")}
    assert set(named) == shipped
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in named} == named
    notice = (PROJECT / "NOTICE").read_text("utf-8")
    for package, version, *_ in lines:
        assert f"{package} {version}" in notice or f"Apache ECharts {version}" in notice
