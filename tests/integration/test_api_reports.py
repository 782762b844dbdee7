"""The reports that existing clients read: their paths, parameters and field names, and the figures against SQL."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from api_service import SHOP, TODAY

Marts = psycopg.Connection[dict[str, Any]]


def answer(api: httpx.Client, path: str, **parameters: Any) -> dict[str, Any]:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def test_health_says_that_the_database_answers(api: httpx.Client) -> None:
    content = answer(api, "/health")
    assert (content["status"], content["database"]) == ("healthy", "connected")
    assert content["warehouse"]["version"] > 0


class TestTopProducts:
    def test_products_with_most_offers_come_first_with_their_prices(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/reports/top-products", limit=5)
        expected = marts.execute(
            "SELECT * FROM marts.rpt_top_products ORDER BY offer_count DESC, product_key LIMIT 5"
        ).fetchall()
        assert content["limit"] == 5
        assert [each["product_key"] for each in content["products"]] == [row["product_key"] for row in expected]
        for shown, row in zip(content["products"], expected, strict=True):
            assert shown["mention_count"] == row["offer_count"]
            assert shown["channels"] == row["channels"]
            assert (shown["total_views"], shown["total_forwards"]) == (row["total_views"], row["total_forwards"])
            assert shown["min_price"] == (None if row["min_price"] is None else float(row["min_price"]))
            assert row["product_name"] in shown["term"]

    def test_all_products_are_counted_also_those_that_are_not_shown(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/reports/top-products", limit=1, min_mentions=3)
        row = marts.execute("SELECT count(*) AS n FROM marts.rpt_top_products WHERE offer_count >= 3").fetchone()
        assert row is not None
        assert content["total_found"] == row["n"] > 1

    def test_terms_are_counted_only_where_they_are_asked_for(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/reports/top-products", kind="terms", limit=3)
        expected = marts.execute(
            "SELECT product, mention_count FROM marts.rpt_product_mentions ORDER BY mention_count DESC, product LIMIT 3"
        ).fetchall()
        shown = [(each["term"], each["mention_count"]) for each in content["products"]]
        assert shown == [(row["product"], row["mention_count"]) for row in expected]
        assert {each["product_key"] for each in content["products"]} == {None}

    def test_a_filter_that_terms_do_not_have_is_refused(self, api: httpx.Client) -> None:
        response = api.get("/api/reports/top-products", params={"kind": "terms", "channel_name": SHOP})
        assert response.status_code == 422
        assert "kind=terms" in response.json()["error"]

    def test_of_one_channel_only_its_own_offers_are_counted(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/reports/top-products", channel_name=SHOP, limit=100)
        expected = marts.execute(
            "SELECT product_key, count(*) AS offers FROM marts.fct_offers WHERE channel_name = %s GROUP BY 1", [SHOP]
        ).fetchall()
        counted = {each["product_key"]: each["mention_count"] for each in content["products"]}
        assert counted == {row["product_key"]: row["offers"] for row in expected}
        assert content["total_found"] == len(expected) > 2

    def test_of_a_month_only_its_own_offers_are_counted(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/reports/top-products", from_date="2026-08-10", to_date="2026-08-20", limit=1000)
        expected = marts.execute(
            "SELECT product_key, count(*) AS offers FROM marts.fct_offers WHERE date_key BETWEEN 20260801 AND 20260831"
            " GROUP BY 1"
        ).fetchall()
        counted = {each["product_key"]: each["mention_count"] for each in content["products"]}
        assert counted == {row["product_key"]: row["offers"] for row in expected}


class TestActivity:
    @pytest.mark.parametrize("period", ["daily", "weekly"])
    def test_days_and_weeks_add_up_to_the_messages(self, api: httpx.Client, marts: Marts, period: str) -> None:
        path = "/api/channels/sample_corner_pharmacy/activity"
        content = answer(api, path, period=period, days_back=36500)
        row = marts.execute(
            "SELECT count(*) AS n, sum(views)::bigint AS views FROM marts.fct_messages WHERE channel_name = %s",
            ["sample_corner_pharmacy"],
        ).fetchone()
        assert row is not None
        assert content["channel_name"] == "sample_corner_pharmacy"
        assert content["period_type"] == period
        assert content["total_messages"] == row["n"] == sum(each["message_count"] for each in content["activity"])
        assert sum(each["total_views"] or 0 for each in content["activity"]) == row["views"]
        periods = [each["period"] for each in content["activity"]]
        assert periods == sorted(periods, reverse=True)

    def test_dates_may_be_given_instead_of_days_back(self, api: httpx.Client) -> None:
        path = "/api/channels/sample_corner_pharmacy/activity"
        content = answer(api, path, from_date="2026-09-01", to_date="2026-09-07")
        assert (content["from_date"], content["to_date"]) == ("2026-09-01", "2026-09-07")
        assert all("2026-09-01" <= each["period"] <= "2026-09-07" for each in content["activity"])
        assert content["activity"]
        assert api.get(path, params={"days_back": 3, "from_date": TODAY}).status_code == 422

    def test_averages_leave_forwarded_copies_out(self, api: httpx.Client, marts: Marts) -> None:
        content = answer(api, "/api/channels/sample_corner_pharmacy/activity", days_back=36500)
        expected = marts.execute(
            "SELECT full_date, avg_views FROM marts.rpt_channel_activity_daily WHERE channel_name = %s",
            ["sample_corner_pharmacy"],
        ).fetchall()
        shown = {each["period"]: each["avg_views_per_message"] for each in content["activity"]}
        assert shown == {str(row["full_date"]): row["avg_views"] for row in expected}


class TestVisualContent:
    def test_photos_are_counted_by_category(self, api: httpx.Client, marts: Marts) -> None:
        stats = answer(api, "/api/reports/visual-content")["stats"]
        readable = "FROM marts.fct_images WHERE image_status = 'ok'"
        images = marts.execute(f"SELECT image_category AS c, count(*) AS n {readable} GROUP BY 1").fetchall()
        contents = marts.execute(f"SELECT content_category AS c, count(*) AS n {readable} GROUP BY 1").fetchall()
        assert stats["image_categories"] == {row["c"]: row["n"] for row in images}
        assert stats["content_categories"] == {row["c"]: row["n"] for row in contents}
        assert stats["total_images"] == sum(row["n"] for row in images) > 10
        classes = marts.execute(
            "SELECT detected_class, count(*) AS n FROM marts.fct_image_detections GROUP BY 1"
        ).fetchall()
        assert stats["total_detections"] == sum(row["n"] for row in classes)
        shown = {each["detected_class"]: each["detection_count"] for each in stats["top_detected_classes"]}
        assert shown.items() <= {row["detected_class"]: row["n"] for row in classes}.items()
        assert {each["image_category"] for each in stats["engagement_by_category"]} == set(stats["image_categories"])

    def test_of_one_channel(self, api: httpx.Client, marts: Marts) -> None:
        stats = answer(api, "/api/reports/visual-content", channel_name="sample_glow_cosmetics")["stats"]
        row = marts.execute(
            "SELECT count(*) AS n FROM marts.fct_images WHERE image_status = 'ok' AND channel_name = %s",
            ["sample_glow_cosmetics"],
        ).fetchone()
        assert row is not None
        assert stats["total_images"] == row["n"] > 0
