"""Each page tells what the warehouse holds, compared with SQL over the same database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
from playwright.sync_api import expect

from browser_pages import Visitor, amount, browser, chart_table, drawn, plain, table, texts, visitor

__all__ = ["browser", "visitor"]  # fixtures
Marts = psycopg.Connection[dict[str, Any]]


def rows(marts: Marts, query: Any, *values: Any) -> list[dict[str, Any]]:
    return marts.execute(query, values or None).fetchall()


def value(marts: Marts, query: Any, *values: Any) -> Any:
    [row] = rows(marts, query, *values)
    return next(iter(row.values()))


def a_product(marts: Marts) -> dict[str, Any]:
    """The product that most channels offer at a price."""
    query = "SELECT * FROM marts.rpt_top_products ORDER BY channel_count DESC, priced_offer_count DESC LIMIT 1"
    return rows(marts, query)[0]


def test_the_overview_tells_the_last_28_days(visitor: Visitor, marts: Marts) -> None:
    last = value(marts, "SELECT max(full_date) FROM marts.rpt_channel_activity_daily")
    [told] = rows(
        marts,
        """
        SELECT count(*) AS messages, count(*) FILTER (WHERE is_original_post) AS posts,
            avg(views) FILTER (WHERE is_original_post) AS views, count(DISTINCT channel_key) AS channels,
            count(*) FILTER (WHERE has_image) AS photos
        FROM marts.fct_messages JOIN marts.dim_dates USING (date_key) WHERE full_date > %s
        """,
        last - timedelta(days=28),
    )
    [offers] = rows(
        marts,
        """
        SELECT count(*) AS offers, count(DISTINCT product_key) AS products
        FROM marts.fct_offers JOIN marts.dim_dates USING (date_key)
        WHERE full_date > %s AND price IS NOT NULL AND availability <> 'stock_out'
        """,
        last - timedelta(days=28),
    )
    page = visitor.visit("/")
    found = dict(zip(texts(page.locator(".figure dt")), texts(page.locator(".figure .value")), strict=True))
    assert amount(found["Messages"]) == told["messages"]
    assert amount(found["Original posts"]) == told["posts"]
    assert amount(found["Mean views of original posts"]) == round(told["views"])
    assert amount(found["Channels that posted"]) == told["channels"]
    assert amount(found["Messages with a photo"]) == told["photos"]
    assert amount(found["Offers with a price"]) == offers["offers"]
    assert amount(found["Products with a price"]) == offers["products"]
    expect(page.locator(".head")).to_contain_text("Counted back from the newest message’s day")


def test_the_numbers_of_the_overview_lead_to_what_they_count(visitor: Visitor, marts: Marts) -> None:
    page = visitor.visit("/")
    shown = amount(plain(page.locator(".figure", has_text="Messages").first.locator(".value").text_content() or ""))
    page.locator(".figure", has_text="Messages").first.locator(".value a").click()
    expect(page.locator("h1")).to_have_text("Messages")
    assert f"{shown} messages" in plain(page.locator("main").text_content() or "")


def test_the_volume_chart_and_its_table_say_what_the_warehouse_counts(visitor: Visitor, marts: Marts) -> None:
    page = visitor.visit("/")
    drawn(page, ["volume"])
    weeks = rows(
        marts,
        """
        SELECT week_start_date, sum(message_count)::integer AS messages FROM marts.rpt_channel_activity_weekly
        GROUP BY 1 ORDER BY 1 DESC LIMIT 26
        """,
    )
    found = [(row[0], sum(int(cell.replace(",", "")) for cell in row[1:])) for row in chart_table(page, "volume")]
    assert found == [(f"{row['week_start_date'].day} {row['week_start_date']:%b %Y}", row["messages"]) for row in weeks]


def test_the_overview_names_the_biggest_price_moves(visitor: Visitor, marts: Marts) -> None:
    last = value(marts, "SELECT max(full_date) FROM marts.rpt_channel_activity_daily")
    query = """
        SELECT change_ratio, latest_message_key FROM marts.rpt_price_changes WHERE full_date > %s AND change_ratio > 0
        ORDER BY change_ratio DESC, full_date DESC, product_key, channel_name, currency LIMIT 6
    """
    expected = rows(marts, query, last - timedelta(days=28))
    page = visitor.visit("/")
    rises = page.locator("section[aria-labelledby=rises] li")
    assert rises.count() == len(expected) > 0
    for place, row in enumerate(expected):
        expect(rises.nth(place).locator(".up")).to_contain_text("▲ +")
        assert rises.nth(place).locator(f"a[href='/messages/{row['latest_message_key']}']").count() == 1


def test_products_stand_in_the_order_of_their_offers(visitor: Visitor, marts: Marts) -> None:
    expected = rows(marts, "SELECT * FROM marts.rpt_top_products ORDER BY offer_count DESC, product_key LIMIT 50")
    page = visitor.visit("/products")
    found = table(page.locator("table"))
    assert [int(row[2]) for row in found] == [row["offer_count"] for row in expected]
    assert [amount(row[5]) for row in found] == [row["min_price"] for row in expected]
    assert [amount(row[6]) for row in found] == [row["median_price"] for row in expected]
    keys = page.locator("tbody th a").evaluate_all("links => links.map(each => each.getAttribute('href'))")
    assert keys == [f"/products/{row['product_key']}" for row in expected]
    total = value(marts, "SELECT count(*) FROM marts.rpt_top_products")
    expect(page.locator("main")).to_contain_text(f"of {total} products")


def test_a_product_tells_its_prices_and_who_has_it(visitor: Visitor, marts: Marts) -> None:
    product = a_product(marts)
    page = visitor.visit(f"/products/{product['product_key']}")
    drawn(page, ["prices"])
    prices = rows(
        marts,
        """
        SELECT full_date, latest_price, min_price, max_price, offer_count FROM marts.fct_product_prices
        WHERE product_key = %s AND currency = 'ETB' ORDER BY full_date DESC, channel_name
        """,
        product["product_key"],
    )
    found = chart_table(page, "prices")
    assert [[amount(cell) for cell in row[2:]] for row in found] == [
        [row["latest_price"], row["min_price"], row["max_price"], row["offer_count"]] for row in prices
    ]
    assert [row[0] for row in found] == [f"{row['full_date'].day} {row['full_date']:%b %Y}" for row in prices]
    states = rows(
        marts,
        "SELECT is_gone, is_new FROM marts.fct_product_availability WHERE product_key = %s",
        product["product_key"],
    )
    shown = texts(page.locator("#availability tbody .badge"))
    assert sorted(shown) == sorted(
        "gone" if row["is_gone"] else "new" if row["is_new"] else "available" for row in states
    )
    cheapest = value(
        marts,
        """
        SELECT min(latest_price) FROM marts.fct_product_availability
        WHERE product_key = %s AND NOT is_gone AND latest_price_currency = 'ETB'
        """,
        product["product_key"],
    )
    figure = page.locator(".figure", has_text="Cheapest now")
    assert amount(figure.locator(".value").text_content() or "") == cheapest
    spellings = value(
        marts, "SELECT count(*) FROM marts.rpt_product_names WHERE product_key = %s", product["product_key"]
    )
    assert page.locator("section[aria-labelledby=spelt] li").count() == min(spellings, 50)


def test_photos_of_a_product_belong_to_messages_that_offer_it(visitor: Visitor, marts: Marts) -> None:
    key = value(
        marts,
        """
        SELECT product_key FROM marts.fct_offers JOIN marts.fct_images USING (message_key) WHERE image_status = 'ok'
        GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
        """,
    )
    pictures = value(
        marts,
        """
        SELECT count(DISTINCT coalesce(image_group, image_key)) FROM marts.fct_images
        WHERE image_status = 'ok' AND message_key IN (SELECT message_key FROM marts.fct_offers WHERE product_key = %s)
        """,
        key,
    )
    page = visitor.visit(f"/products/{key}")
    assert page.locator("section[aria-labelledby=photos] li").count() == min(pictures, 12) > 0


def test_channels_stand_with_their_scorecards(visitor: Visitor, marts: Marts) -> None:
    expected = rows(marts, "SELECT * FROM marts.rpt_channel_scorecard ORDER BY message_count DESC, channel_name")
    found = table(visitor.visit("/channels").locator("table"))
    assert [int(row[2].replace(",", "")) for row in found] == [row["message_count"] for row in expected]
    assert [row[10].split(" ")[0].split("+")[0] for row in found] == [
        f"{row['subscribers']:,}" if row["subscribers"] else "–" for row in expected
    ]
    assert [amount(row[4]) for row in found] == [
        None if row["avg_views"] is None else Decimal(f"{row['avg_views']:.0f}") for row in expected
    ]


def test_a_channel_tells_when_it_posts(visitor: Visitor, marts: Marts) -> None:
    [channel] = rows(marts, "SELECT * FROM marts.dim_channels ORDER BY total_messages DESC, channel_name LIMIT 1")
    page = visitor.visit(f"/channels/{channel['channel_name']}")
    drawn(page, ["volume", "views"])
    heat = table(page.locator("table.heat"))
    expected = rows(
        marts,
        "SELECT day_of_week, hour_of_day, message_count FROM marts.rpt_posting_heatmap WHERE channel_key = %s",
        channel["channel_key"],
    )
    counts = {(row["day_of_week"], row["hour_of_day"]): row["message_count"] for row in expected}
    assert [[int(cell) for cell in row[1:25]] for row in heat] == [
        [counts.get((day, hour), 0) for hour in range(24)] for day in range(1, 8)
    ]
    weeks = rows(
        marts,
        """
        SELECT original_post_count, message_count - original_post_count AS others
        FROM marts.rpt_channel_activity_weekly WHERE channel_key = %s ORDER BY week_start_date DESC
        """,
        channel["channel_key"],
    )
    assert [[amount(cell) for cell in row[1:]] for row in chart_table(page, "volume")] == [
        [row["original_post_count"], row["others"]] for row in weeks
    ]


def test_messages_are_those_that_the_api_finds(visitor: Visitor, api: Any) -> None:
    found = api.get("/api/search/messages", params={"query": "amoxicillin", "limit": 25}).json()
    page = visitor.visit("/messages?query=amoxicillin")
    keys = page.locator(".result .meta > a:first-child").evaluate_all("links => links.map(each => each.pathname)")
    assert keys == [f"/messages/{row['message_key']}" for row in found["messages"]]
    marked = {text.lower() for text in texts(page.locator("mark"))}
    assert marked
    assert all(text.startswith(("amox", "አሞክ")) for text in marked)


def test_a_message_tells_its_offers_its_edits_and_how_it_grew(visitor: Visitor, marts: Marts) -> None:
    key = value(marts, "SELECT message_key FROM marts.fct_messages WHERE channel_name = 'test_shop' AND message_id = 1")
    page = visitor.visit(f"/messages/{key}")
    drawn(page, ["counters"])
    offers = rows(marts, "SELECT product_key, price FROM marts.fct_offers WHERE message_key = %s", key)
    assert [amount(row[5]) for row in table(page.locator("#offers table"))] == [row["price"] for row in offers]
    marked = page.locator("#text + p.text a")
    assert [each.get_attribute("href") for each in marked.all()] == [
        f"/products/{row['product_key']}" for row in offers
    ]
    versions = page.locator(".versions > li")
    assert versions.count() == value(
        marts, "SELECT count(*) FROM marts.fct_message_versions WHERE message_key = %s", key
    )
    assert texts(versions.first.locator("del")) == ["150"]
    assert texts(versions.first.locator("ins")) == ["180"]
    views = rows(
        marts,
        "SELECT views FROM marts.fct_message_engagement WHERE message_key = %s ORDER BY observation_number DESC",
        key,
    )
    assert [amount(row[1]) for row in chart_table(page, "counters")] == [row["views"] for row in views]


def test_the_gallery_shows_the_newest_photos(visitor: Visitor, marts: Marts) -> None:
    expected = rows(
        marts,
        """
        SELECT image_key FROM marts.fct_images WHERE message_timestamp IS NOT NULL
        ORDER BY message_timestamp DESC, image_key DESC LIMIT 48
        """,
    )
    page = visitor.visit("/images")
    found = page.locator(".gallery > li > a:first-child, .gallery > li a[href^='/images/']").evaluate_all(
        "links => [...new Set(links.map(each => each.pathname))]"
    )
    assert found == [f"/images/{row['image_key']}" for row in expected]
    photos = value(marts, "SELECT sum(photo_count)::integer FROM marts.rpt_content_categories")
    drawn(page, ["by-channel", "engagement"])
    shown = chart_table(page, "by-channel")
    assert sum(int(cell.replace(",", "")) for row in shown for cell in row[1:5]) == photos


def test_a_photo_is_shown_with_its_objects(visitor: Visitor, marts: Marts) -> None:
    [image] = rows(
        marts,
        """
        SELECT image_key, message_key FROM marts.fct_images WHERE num_detections > 1 AND use_count > 1
        ORDER BY image_key LIMIT 1
        """,
    )
    objects = rows(
        marts,
        "SELECT detected_class FROM marts.fct_image_detections WHERE image_key = %s ORDER BY confidence_score DESC",
        image["image_key"],
    )
    page = visitor.visit(f"/images/{image['image_key']}")
    shown = [row[0].lower() for row in table(page.locator("table").first)]
    assert shown == [row["detected_class"] for row in objects]
    preview = page.locator(f"img[src='/api/images/{image['image_key']}/preview']")
    assert preview.evaluate("each => each.complete && each.naturalWidth > 0")
    assert page.locator(f"a[href='/messages/{image['message_key']}']").count() >= 1


def test_the_pipeline_tells_runs_and_what_the_data_lacks(visitor: Visitor, marts: Marts) -> None:
    page = visitor.visit("/pipeline")
    text = plain(page.locator("main").text_content() or "")
    runs = rows(marts, "SELECT DISTINCT run_id FROM ops.step_runs")
    for run in runs:
        assert page.locator(f"a[href$='/runs/{run['run_id']}']").count() == 1
    for row in rows(marts, "SELECT reason, count(*) AS found FROM marts.rpt_rejected_records GROUP BY 1"):
        assert row["reason"].replace("_", " ") in text.lower()
    for row in rows(marts, "SELECT meaning FROM marts.rpt_data_quality WHERE issue_count > 0"):
        assert row["meaning"].replace("`", "") in text.replace("`", "")
