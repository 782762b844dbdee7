"""Everybody can use the pages: with a keyboard alone, with a reader, on a phone, in the dark, on paper."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from browser_pages import Scheme, Visitor, browser, drawn, follow, visitor, where

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]
PAGES = {
    "overview": "/",
    "products": "/products",
    "product": "/products/{product}",
    "channels": "/channels",
    "comparison": "/channels?channel_name={channel}&channel_name=test_shop",
    "channel": "/channels/{channel}",
    "images": "/images",
    "image": "/images/{image}",
    "messages": "/messages?query=amoxacilin",
    "message": "/messages/{message}",
    "pipeline": "/pipeline",
    "nothing": "/chanels",
    "refused": "/products?from_date=tomorrow&sort=colour",
}
STATUS = {"nothing": 404, "refused": 422}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
OVERFLOW = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(scope="module")
def paths(marts: Marts) -> dict[str, str]:
    """All kinds of pages, with things that have something to show."""

    def one(query: Any) -> str:
        return str(next(iter(marts.execute(query).fetchall()[0].values())))

    things = {
        "product": one(
            "SELECT product_key FROM marts.rpt_top_products ORDER BY channel_count DESC, product_key LIMIT 1"
        ),
        "channel": one("SELECT channel_name FROM marts.dim_channels ORDER BY total_messages DESC LIMIT 1"),
        "image": one("SELECT image_key FROM marts.fct_images WHERE num_detections > 1 AND use_count > 1 LIMIT 1"),
        "message": one("SELECT message_key FROM marts.fct_message_versions LIMIT 1"),
    }
    return {name: path.format(**things) for name, path in PAGES.items()}


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


@pytest.mark.parametrize("name", PAGES)
def test_auditors_find_nothing_serious(visitor: Visitor, paths: dict[str, str], name: str) -> None:
    # Calm, because colours on their way from one scheme to the other are of neither.
    page = visitor.visit(paths[name], status=STATUS.get(name, 200), reduced_motion="reduce")
    if page.locator("figure.chart script.data").count():
        page.locator("figure.chart canvas").first.wait_for()
    open_all(page)
    grounds = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        found = Axe().run(page).response["violations"]
        serious = [
            f"{each['id']}: {[node['target'] for node in each['nodes'][:3]]} {each['nodes'][0]['failureSummary']}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], scheme
    assert len(grounds) == len(SCHEMES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_tells_where_one_is(visitor: Visitor, paths: dict[str, str], name: str) -> None:
    page = visitor.visit(paths[name], status=STATUS.get(name, 200), width=360, scheme="dark")
    open_all(page)
    content, window = page.evaluate(OVERFLOW)
    assert content <= window
    assert page.title().endswith("· Medical Telegram warehouse")
    levels = page.locator("h1, h2, h3").evaluate_all("found => found.map(each => Number(each.tagName[1]))")
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    current = page.locator("header nav a[aria-current]")
    section = "/" + paths[name].split("?")[0].split("/")[1]
    assert [each.get_attribute("href") for each in current.all()] == ([section] if name != "nothing" else [])


def test_the_keyboard_alone_gets_everywhere(visitor: Visitor) -> None:
    page = visitor.visit("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    assert page.get_by_role("link", name="Skip to content").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Find a product or a message")).to_be_focused()
    page.keyboard.type("amoxicillin")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert where(page) == "/products?query=amoxicillin"
    # The first result, without a mouse.
    link = page.locator("tbody th a").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("each => each === document.activeElement"):
            break
    expect(link).to_be_focused()
    outline = link.evaluate("each => getComputedStyle(each).outlineStyle")
    assert outline == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("amoxicillin")
    # The chart's numbers and their messages.
    summary = page.locator("figure#prices summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("figure#prices table")).to_be_visible()
    page.locator("figure#prices table a").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert where(page).startswith("/messages/")


def test_the_order_of_the_keyboard_is_that_of_the_page(visitor: Visitor) -> None:
    page = visitor.visit("/products")
    seen = []
    for _ in range(9):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(document.activeElement.textContent || document.activeElement.name).trim()"))
    names = ["Overview", "Products", "Channels", "Images", "Messages", "Pipeline"]
    assert seen[:2] == ["Skip to content", "Medical Telegram warehouse"]
    assert seen[2:8] == names
    assert seen[8].startswith("Theme")


def test_breadcrumbs_lead_back_to_the_list(visitor: Visitor, paths: dict[str, str]) -> None:
    for name, parent in (
        ("product", "/products"),
        ("channel", "/channels"),
        ("image", "/images"),
        ("message", "/messages"),
    ):
        page = visitor.visit(paths[name])
        follow(page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first)
        assert where(page) == parent


def test_times_are_told_as_people_say_them_and_exactly_on_hover(visitor: Visitor, marts: Marts) -> None:
    [version] = marts.execute("SELECT built_at FROM ops.warehouse_version").fetchall()
    page = visitor.visit("/")
    time = page.locator("footer time")
    assert time.get_attribute("datetime") == version["built_at"].isoformat(timespec="seconds")
    expect(time).to_have_text("just now") if "minute" not in (time.text_content() or "") else None
    title = time.get_attribute("title") or ""
    assert title.endswith("EAT")
    assert str(version["built_at"].year) in title


def test_on_paper_there_are_the_tables_and_no_controls(visitor: Visitor) -> None:
    page = visitor.visit("/")
    drawn(page, ["volume"])
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("form.filters")).to_be_hidden()
    expect(page.locator("figure#volume table")).to_be_visible()
    assert "EAT" in (page.locator("footer time").text_content() or "")
