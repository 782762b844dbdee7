"""Filters, orders and pages of lists: what is asked stands in the address, and the page shows it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from playwright.sync_api import expect

from api_service import SHOP
from browser_pages import Visitor, amount, browser, follow, plain, table, texts, visitor, where

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]


def asked(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_a_form_puts_its_filters_into_the_address_and_they_filter(visitor: Visitor, marts: Marts, script: bool) -> None:
    [expected] = marts.execute("SELECT count(*) AS found FROM marts.rpt_top_products WHERE product_class = 'device'")
    page = visitor.visit("/products", script=script)
    page.get_by_label("Kind").select_option("device")
    page.get_by_label("Sort by").select_option("name")
    follow(page.get_by_role("button", name="Apply"))
    assert asked(page.url) == {"product_class": ["device"], "sort": ["name"]}
    found = table(page.locator("table"))
    assert len(found) == min(expected["found"], 50) > 0
    assert {row[1] for row in found} == {"Device"}
    names = [row[0].lower() for row in found]
    assert names[0] <= names[-1]
    # The form shows what was asked, and its clearing link asks for nothing.
    expect(page.get_by_label("Kind")).to_have_value("device")
    follow(page.get_by_role("link", name="Clear filters"))
    assert where(page) == "/products"


def test_headings_sort_the_table(visitor: Visitor) -> None:
    page = visitor.visit("/products?product_class=medicine")
    follow(page.locator("thead").get_by_role("link", name="Highest"))
    assert asked(page.url) == {"product_class": ["medicine"], "sort": ["highest_price"]}
    expect(page.locator("thead th[aria-sort=descending]")).to_contain_text("Highest")
    prices = [amount(row[7]) for row in table(page.locator("table"))]
    known = [price for price in prices if price is not None]
    assert known == sorted(known, reverse=True)
    assert prices[: len(known)] == known, "products without a price come last"


def test_pages_of_a_list_follow_each_other_and_lead_back(visitor: Visitor, marts: Marts) -> None:
    keys = [
        f"/products/{row['product_key']}"
        for row in marts.execute(
            "SELECT product_key FROM marts.rpt_top_products ORDER BY offer_count DESC, product_key"
        )
    ]
    page = visitor.visit("/products")
    seen: list[str] = []
    while True:
        seen += page.locator("tbody th a").evaluate_all("links => links.map(each => each.pathname)")
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        follow(following)
    assert seen == keys
    follow(page.get_by_role("link", name="First page"))
    assert where(page) == "/products"


def test_pages_of_messages_repeat_and_lose_nothing(visitor: Visitor, marts: Marts) -> None:
    [channel] = marts.execute("SELECT channel_name FROM marts.dim_channels ORDER BY total_messages DESC LIMIT 1")
    keys = [
        f"/messages/{row['message_key']}"
        for row in marts.execute(
            """
            SELECT message_key FROM marts.fct_messages WHERE channel_name = %s
            ORDER BY message_timestamp DESC, message_key DESC
            """,
            [channel["channel_name"]],
        )
    ]
    page = visitor.visit(f"/messages?channel_name={channel['channel_name']}")
    seen: list[str] = []
    while True:
        seen += page.locator(".result .meta > a:first-child").evaluate_all("links => links.map(each => each.pathname)")
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        follow(following)
    assert seen == keys


def test_a_misspelt_name_is_searched_for_as_the_nearest(visitor: Visitor) -> None:
    page = visitor.visit("/products?query=paracitamol")
    expect(page.locator(".hint")).to_contain_text("Showing results for paracetamol instead of “paracitamol”")
    assert "paracetamol" in table(page.locator("table"))[0][0].lower()
    page = visitor.visit("/messages?query=amoxacilin")
    expect(page.locator(".hint")).to_contain_text("amoxicillin")
    assert page.locator(".result").count() > 0


def test_messages_are_filtered_by_all_that_the_form_offers(visitor: Visitor, marts: Marts) -> None:
    expected = marts.execute(
        """
        SELECT count(*) AS found FROM marts.fct_messages JOIN marts.rpt_message_search USING (message_key)
        WHERE fct_messages.genre = 'price_list' AND has_price AND NOT fct_messages.has_image
        """
    ).fetchall()[0]["found"]
    page = visitor.visit("/messages")
    page.get_by_label("Kind of text").select_option("price_list")
    page.get_by_label("Offers a price").select_option("true")
    page.get_by_label("Has a photo").select_option("false")
    follow(page.get_by_role("button", name="Search"))
    expect(page.locator("main")).to_contain_text(f"{expected} message")
    assert all("Price list" in plain(text) for text in texts(page.locator(".result .meta")))


def test_photos_are_filtered_by_what_is_on_them(visitor: Visitor, marts: Marts) -> None:
    [most] = marts.execute(
        "SELECT detected_class FROM marts.rpt_detected_classes GROUP BY 1 ORDER BY sum(photo_count), 1 LIMIT 1"
    )
    keys = {
        f"/images/{row['image_key']}"
        for row in marts.execute(
            "SELECT image_key FROM marts.fct_images WHERE detected_classes @> ARRAY[%s::text] AND has_message",
            [most["detected_class"]],
        )
    }
    page = visitor.visit("/images")
    page.locator("select[name=detected_class]").select_option(most["detected_class"])
    follow(page.get_by_role("button", name="Apply"))
    found = page.locator(".gallery a[href^='/images/']").evaluate_all("links => links.map(each => each.pathname)")
    assert set(found) == keys


def test_the_most_used_pictures_stand_once_each(visitor: Visitor, marts: Marts) -> None:
    expected = marts.execute(
        """
        SELECT image_key FROM marts.fct_images WHERE is_first_use AND has_message
        ORDER BY use_count DESC, image_key DESC LIMIT 48
        """
    ).fetchall()
    page = visitor.visit("/images?sort=most_used")
    found = page.locator(".gallery a[href^='/images/']").evaluate_all(
        "links => [...new Set(links.map(each => each.pathname))]"
    )
    assert found == [f"/images/{row['image_key']}" for row in expected]


def test_chosen_channels_are_compared(visitor: Visitor, marts: Marts) -> None:
    page = visitor.visit("/channels")
    boxes = page.locator("input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    chosen = [boxes.nth(place).get_attribute("value") for place in (0, 1)]
    follow(page.get_by_role("button", name="Compare the chosen"))
    assert asked(page.url)["channel_name"] == chosen
    weeks = marts.execute(
        """
        SELECT count(DISTINCT week_start_date) AS weeks, sum(message_count)::integer AS messages
        FROM marts.rpt_channel_activity_weekly WHERE channel_name = ANY(%s)
        """,
        [chosen],
    ).fetchall()[0]
    found = table(page.locator("figure#volume table"))
    assert len(found) == weeks["weeks"]
    assert sum(int(cell) for row in found for cell in row[1:] if cell != "–") == weeks["messages"]
    # A chosen channel stays chosen, and the order of the table does not undo the choice.
    assert page.locator("input[type=checkbox]:checked").count() == 2
    follow(page.locator("thead").get_by_role("link", name="Subscribers"))
    assert asked(page.url) == {"channel_name": chosen, "sort": ["subscribers"]}


def test_a_days_filter_of_a_product_leaves_its_other_days_out(visitor: Visitor, marts: Marts) -> None:
    [product] = marts.execute(
        "SELECT product_key FROM marts.rpt_top_products ORDER BY priced_offer_count DESC, product_key LIMIT 1"
    )
    days = [
        row["full_date"]
        for row in marts.execute(
            "SELECT DISTINCT full_date FROM marts.fct_product_prices WHERE product_key = %s ORDER BY 1",
            [product["product_key"]],
        )
    ]
    page = visitor.visit(f"/products/{product['product_key']}?from_date={days[1]}&to_date={days[1]}&interval=day")
    assert {row[0] for row in table(page.locator("figure#prices table"))} == {f"{days[1].day} {days[1]:%b %Y}"}


@pytest.mark.parametrize(
    ("path", "field", "problem"),
    [
        ("/products?from_date=2026-13-01", "from_date", "“2026-13-01” is no day"),
        ("/products?sort=colour", "sort", "there is no choice “colour”"),
        ("/products?channel_name=test_shoop", "channel_name", f"the nearest names are {SHOP}"),
        ("/messages?from_date=2026-09-30&to_date=2026-09-01", "from_date", "lies after to_date"),
        ("/messages?genre=poem", "genre", "there is no choice “poem”"),
        ("/images?content_category=poem", "content_category", "there is no choice “poem”"),
        (f"/channels/{SHOP}?period=hourly", "period", "there is no choice “hourly”"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named_beside_its_field(
    visitor: Visitor, path: str, field: str, problem: str
) -> None:
    page = visitor.visit(path, status=422)
    expect(page.locator(f"#problem-{field}")).to_contain_text(problem)
    shown = page.locator(f"main [name={field}]").first
    expect(shown).to_have_attribute("aria-describedby", f"problem-{field}")
    expect(page.locator("main")).to_contain_text("Nothing is shown, because a filter cannot be used")


@pytest.mark.parametrize("path", ["/products", "/messages", "/images", "/channels"])
def test_a_filter_that_does_not_exist_is_told(visitor: Visitor, path: str) -> None:
    page = visitor.visit(f"{path}?colour=red", status=422)
    expect(page.locator(".problem")).to_contain_text("colour: there is no such filter here")


def test_empty_fields_of_a_form_ask_for_nothing(visitor: Visitor) -> None:
    page = visitor.visit("/messages?query=&channel_name=&from_date=&to_date=&genre=&has_price=&has_image=")
    assert page.locator(".result").count() == 25


def test_what_finds_nothing_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.visit("/products?query=zzzzzzzz")
    expect(page.locator(".empty")).to_contain_text("No product is like this.")
    follow(page.get_by_role("link", name="messages with these words"))
    assert where(page) == "/messages?query=zzzzzzzz"
    expect(page.locator(".empty")).to_contain_text("No message is like this.")


def test_a_page_beyond_the_end_leads_to_the_first(visitor: Visitor) -> None:
    page = visitor.visit("/products?page=999")
    follow(page.get_by_role("link", name="Go to its first page"))
    assert where(page) == "/products"
