"""Charts are drawn, lead to what they count, follow the theme, and say no more than their tables."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from browser_pages import Visitor, browser, chart_table, drawn, visitor, where
from medical_telegram_warehouse.api.dashboard import product as product_page

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]
PLACE = """([key, series, place]) => {
    const canvas = document.querySelector(`figure#${key} .canvas`);
    const chart = echarts.getInstanceByDom(canvas);
    const point = chart.getOption().series[series].data[place];
    const [x, y] = chart.convertToPixel({ seriesIndex: series }, point.value);
    const box = canvas.getBoundingClientRect();
    return { x: box.left + x, y: box.top + y, href: point.href };
}"""
VOLUME = "echarts.getInstanceByDom(document.querySelector('figure#volume .canvas')).getOption()"
COLOUR = f"{VOLUME}.series[0].itemStyle.color"


@pytest.fixture
def product(marts: Marts) -> str:
    """A product with prices in several channels."""
    query = (
        "SELECT product_key FROM marts.rpt_top_products ORDER BY channel_count DESC, priced_offer_count DESC LIMIT 1"
    )
    return str(marts.execute(query).fetchall()[0]["product_key"])


def test_a_click_on_a_price_leads_to_its_message(visitor: Visitor, product: str, marts: Marts) -> None:
    page = visitor.visit(f"/products/{product}")
    drawn(page, ["prices"])
    page.locator("figure#prices").scroll_into_view_if_needed()
    page.wait_for_timeout(400)  # drawn with an animation
    place = page.evaluate(PLACE, ["prices", 0, 0])
    page.mouse.move(place["x"], place["y"])
    page.mouse.click(place["x"], place["y"])
    page.wait_for_url("**/messages/*")
    assert where(page) == place["href"]
    key = place["href"].removeprefix("/messages/")
    offers = marts.execute("SELECT product_key FROM marts.fct_offers WHERE message_key = %s", [key]).fetchall()
    assert product in {row["product_key"] for row in offers}


def test_prices_of_more_days_than_can_be_told_apart_are_shown_by_week_or_month(
    forgetful: httpx.Client, product: str, marts: Marts, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {
        interval: marts.execute(
            "SELECT DISTINCT channel_name, currency, date_trunc(%s, full_date) FROM marts.fct_product_prices"
            " WHERE product_key = %s",
            [interval, product],
        ).rowcount
        for interval in ("day", "week", "month")
    }
    assert points["day"] > points["week"] > points["month"]
    shown = []
    for most in (points["day"], points["day"] - 1, points["week"] - 1):
        monkeypatch.setattr(product_page, "_MOST_POINTS", most)
        page = forgetful.get(f"/products/{product}").text
        shown += re.findall(r"Price by channel, the last of each (\w+)", page)[:1]
    assert shown == ["day", "week", "month"]


def test_the_points_of_a_chart_are_the_rows_of_its_table(visitor: Visitor, product: str) -> None:
    page = visitor.visit(f"/products/{product}")
    data = page.locator("figure#prices script.data").evaluate("each => JSON.parse(each.textContent)")
    points = sorted(
        (series["name"], f"{y:,.2f}".removesuffix(".00")) for series in data["series"] for _, y, _ in series["points"]
    )
    assert points == sorted((row[1], row[2]) for row in chart_table(page, "prices") if row[2] != "–")
    links = page.locator("figure#prices table a").evaluate_all("links => links.map(each => each.pathname)")
    assert sorted(links) == sorted(href for series in data["series"] for _, _, href in series["points"])


@pytest.mark.parametrize("path", ["/", "/images", "/pipeline"])
def test_every_chart_of_a_page_is_drawn_and_has_a_table(visitor: Visitor, path: str) -> None:
    page = visitor.visit(path)
    charts = page.locator("figure.chart")
    assert charts.count() > 0
    for place in range(charts.count()):
        expect(charts.nth(place).locator("canvas").first).to_be_attached()
        assert charts.nth(place).locator("tbody tr").count() > 0
        expect(charts.nth(place).locator(".canvas")).to_have_attribute(
            "aria-label", re.compile(r"\w.*The table below has the numbers\.")
        )


def test_a_legend_takes_a_series_out_and_puts_it_back(visitor: Visitor) -> None:
    page = visitor.visit("/")
    drawn(page, ["volume"])
    key = page.locator("figure#volume [data-legend] button").first
    sizes = f"{VOLUME}.series[0].data.length"
    assert page.evaluate(sizes) > 0
    key.click()
    expect(key).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(sizes) == 0
    key.click()
    expect(key).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(sizes) > 0


def test_charts_follow_the_theme_and_the_theme_is_kept(visitor: Visitor) -> None:
    page = visitor.visit("/")
    drawn(page, ["volume"])
    light = page.evaluate(COLOUR)
    toggle = page.get_by_role("button", name="Theme")
    toggle.click()
    expect(toggle).to_contain_text("light")
    assert page.evaluate(COLOUR) == light
    toggle.click()
    expect(toggle).to_contain_text("dark")
    assert page.evaluate(COLOUR) != light
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.goto(f"{visitor.base}/channels")
    assert page.evaluate(ground) == dark
    expect(page.get_by_role("button", name="Theme")).to_contain_text("dark")


def test_charts_do_not_move_for_those_who_want_calm(visitor: Visitor) -> None:
    moves = f"{VOLUME}.animation"
    for wish, expected in (("reduce", False), ("no-preference", True)):
        page = visitor.visit("/", reduced_motion=wish)
        drawn(page, ["volume"])
        assert page.evaluate(moves) is expected


def test_a_library_that_does_not_come_is_told_and_the_tables_are_there(visitor: Visitor) -> None:
    page = visitor.visit("/")
    page.route("**/echarts*", lambda route: route.abort())
    page.reload()
    expect(page.locator("figure#volume .canvas")).to_have_text(re.compile("could not be loaded; the table"))
    assert len(chart_table(page, "volume")) > 5
    assert visitor.problems, "the console tells it, too"
    assert all("ERR_FAILED" in each for each in visitor.problems)
    visitor.problems.clear()


def test_without_scripts_the_tables_are_there(visitor: Visitor, product: str) -> None:
    page = visitor.visit(f"/products/{product}", script=False)
    expect(page.locator("figure#prices noscript, figure#prices .note").first).to_be_attached()
    expect(page.locator("figure#prices .canvas")).to_be_hidden()
    page.locator("figure#prices summary").click()
    expect(page.locator("figure#prices table")).to_be_visible()
    assert page.locator("time[data-relative]").first.text_content() == page.locator(
        "time[data-relative]"
    ).first.get_attribute("title")


def test_every_file_that_a_page_offers_can_be_fetched(product: str, api: httpx.Client) -> None:
    pages = ("/", "/products?query=amoxicillin", f"/products/{product}", "/channels/test_shop", "/images", "/messages")
    for path in (*pages, "/pipeline", "/channels?channel_name=test_shop"):
        text = api.get(path, headers={"Accept": "text/html"}).text
        links = [html.unescape(each) for each in re.findall(r'href="([^"]+)" download', text)]
        assert links, path
        for link in links:
            answer = api.get(link)
            assert answer.status_code == 200, (path, link, answer.text[:300])
            assert answer.headers["content-type"].startswith("text/csv"), (path, link)
