"""Lists of products, prices, channels, topics, photos and runs: filters, orders, pages and files, against SQL."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest
from PIL import Image

from api_service import SHOP, options_of, serving
from medical_telegram_warehouse.settings import Settings

Marts = psycopg.Connection[dict[str, Any]]
# Of each list: its path, the name of its rows, and parameters that leave some rows out.
LISTS = {
    "/api/products": ("products", {"product_class": "medicine"}),
    "/api/availability": ("availability", {"show": "gone"}),
    "/api/price-changes": ("price_changes", {"direction": "up"}),
    "/api/price-outliers": ("price_outliers", {}),
    "/api/channels": ("channels", {"channel_name": SHOP}),
    "/api/reports/weekly-activity": ("weeks", {"channel_name": SHOP}),
    "/api/topics": ("topics", {"interval": "day"}),
    "/api/images": ("images", {"content_category": "product_display"}),
    "/api/search/messages": ("messages", {"channel_name": SHOP}),
    "/api/pipeline/runs": ("runs", {}),
    "/api/pipeline/rejected-records": ("rejected_records", {}),
}


def rows(api: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()[LISTS[path][0]]
    return found


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_every_row_once(api: httpx.Client, path: str) -> None:
    everything = rows(api, path, limit=1000)
    pages: list[dict[str, Any]] = []
    cursor: str | None = None
    limit = max(1, len(everything) // 3)
    while True:
        response = api.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
        pages += response[LISTS[path][0]]
        cursor = response["next_cursor"]
        if cursor is None:
            break
    assert pages == everything
    if path != "/api/price-outliers":
        assert everything


@pytest.mark.parametrize("path", LISTS)
def test_a_file_has_the_rows_of_the_json(api: httpx.Client, path: str) -> None:
    expected = rows(api, path, limit=1000)
    response = api.get(path, params={"limit": 1000, "format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="')
    assert int(response.headers["x-warehouse-version"]) > 0
    table = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert len(table) == len(expected)
    response = api.get(path, params={"limit": 1000, "format": "parquet"})
    read = pq.read_table(io.BytesIO(response.content))
    assert read.num_rows == len(expected)
    if expected:
        assert list(table[0]) == list(expected[0]) == read.column_names


def test_text_that_a_spreadsheet_would_calculate_stays_text(api: httpx.Client) -> None:
    response = api.get("/api/search/messages", params={"channel_name": SHOP, "query": "panadol", "format": "csv"})
    [row] = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline=""))
    assert row["message_text"].startswith("'=HYPERLINK")


@pytest.mark.parametrize("path", LISTS)
def test_a_file_says_where_the_next_page_begins(api: httpx.Client, path: str) -> None:
    expected = rows(api, path, limit=1000)
    response = api.get(path, params={"limit": 1, "format": "csv"})
    assert ("x-next-cursor" in response.headers) == (len(expected) > 1)


@pytest.mark.parametrize("path", [path for path, (_, filters) in LISTS.items() if filters])
def test_a_filter_leaves_rows_out(api: httpx.Client, path: str) -> None:
    name, filters = LISTS[path]
    everything = rows(api, path, limit=1000)
    filtered = api.get(path, params={"limit": 1000, **filters}).json()[name]
    assert len(filtered) > 0
    assert filtered != everything


@pytest.mark.parametrize("path", LISTS)
def test_an_order_that_does_not_exist_is_refused(api: httpx.Client, path: str) -> None:
    nul = {"cursor": "a\0b"}
    for parameters in (nul, {"sort": "nonsense; DROP TABLE"}, {"limit": 0}, {"cursor": "%%%"}, {"no_such_filter": 1}):
        response = api.get(path, params=parameters)
        assert response.status_code == 422, parameters
        assert response.json()["fields"][0]["field"] == next(iter(parameters))


@pytest.mark.parametrize("path", [path for path in LISTS if "pipeline" not in path])
def test_an_unknown_channel_is_named_with_near_ones(api: httpx.Client, path: str) -> None:
    response = api.get(path, params={"channel_name": "sample_corner_farmacy"})
    assert response.status_code == 404
    assert "sample_corner_pharmacy" in response.json()["did_you_mean"]


class TestProducts:
    @pytest.mark.parametrize(
        ("sort", "column", "is_reversed"),
        [
            ("offers", "offer_count", True),
            ("distinct_offers", "distinct_offer_count", True),
            ("channels", "channel_count", True),
            ("name", "product_name", False),
            ("lowest_price", "min_price", False),
            ("highest_price", "max_price", True),
            ("last_offered", "last_offered_date", True),
        ],
    )
    def test_orders_are_what_they_say(self, api: httpx.Client, sort: str, column: str, *, is_reversed: bool) -> None:
        values = [row[column] for row in rows(api, "/api/products", sort=sort, limit=1000)]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=is_reversed)
        assert values == known + [None] * (len(values) - len(known))

    def test_a_product_is_found_by_the_way_that_a_shop_writes_it(self, api: httpx.Client) -> None:
        response = api.get("/api/products", params={"query": "amoxacilin"}).json()
        assert response["corrections"] == {"amoxacilin": "amoxicillin"}
        assert "amoxicillin" in {row["product_name"] for row in response["products"]}
        nothing = api.get("/api/products", params={"query": "qqqqqqqq"}).json()
        assert nothing["products"] == []

    def test_words_that_no_product_has_together_are_left_out_aloud(self, api: httpx.Client) -> None:
        response = api.get("/api/products", params={"query": "amoxicillin thermometer"}).json()
        assert response["products"]
        assert response["left_out"]

    def test_one_product_with_where_it_is_cheapest_now(self, api: httpx.Client, marts: Marts) -> None:
        key = rows(api, "/api/products", limit=1)[0]["product_key"]
        content = api.get(f"/api/products/{key}").json()
        expected = marts.execute(
            "SELECT min(latest_price) AS lowest FROM marts.fct_product_availability"
            " WHERE product_key = %s AND NOT is_gone AND latest_price_currency = 'ETB'",
            [key],
        ).fetchone()
        assert expected is not None
        lowest = expected["lowest"]
        cheapest = content["cheapest"]
        assert (cheapest and cheapest["latest_price"]) == (lowest and float(lowest))
        names = marts.execute("SELECT DISTINCT name FROM marts.fct_offers WHERE product_key = %s", [key]).fetchall()
        assert {each["name"] for each in content["spellings"]} == {row["name"] for row in names}
        assert len(content["availability"]) == content["product"]["channel_count"]

    @pytest.mark.parametrize("interval", ["day", "week", "month"])
    def test_prices_over_time_keep_their_extremes(self, api: httpx.Client, marts: Marts, interval: str) -> None:
        key = rows(api, "/api/products", limit=1)[0]["product_key"]
        points = api.get(f"/api/products/{key}/prices", params={"interval": interval, "limit": 1000}).json()["prices"]
        row = marts.execute(
            "SELECT min(min_price) AS lowest, max(max_price) AS highest, sum(offer_count)::bigint AS offers"
            " FROM marts.fct_product_prices WHERE product_key = %s",
            [key],
        ).fetchone()
        assert row is not None
        assert min(point["min_price"] for point in points) == float(row["lowest"])
        assert max(point["max_price"] for point in points) == float(row["highest"])
        assert sum(point["offer_count"] for point in points) == row["offers"]

    def test_each_price_names_the_message_that_says_it(self, api: httpx.Client) -> None:
        key = rows(api, "/api/products", limit=1)[0]["product_key"]
        point = api.get(f"/api/products/{key}/prices").json()["prices"][0]
        offers = api.get(f"/api/messages/{point['latest_message_key']}").json()["offers"]
        assert point["latest_price"] in {offer["price"] for offer in offers if offer["product_key"] == key}

    def test_the_offers_of_a_product_are_those_of_the_marts(self, api: httpx.Client, marts: Marts) -> None:
        key = rows(api, "/api/products", limit=1)[0]["product_key"]
        expected = marts.execute(
            "SELECT offer_key, price FROM marts.fct_offers WHERE product_key = %s"
            " ORDER BY offer_timestamp DESC, offer_key DESC",
            [key],
        ).fetchall()
        pages, cursor = [], None
        while True:
            asked = {"limit": 7, **({"cursor": cursor} if cursor else {})}
            content = api.get(f"/api/products/{key}/offers", params=asked).json()
            pages += [(offer["offer_key"], offer["price"]) for offer in content["offers"]]
            cursor = content["next_cursor"]
            if cursor is None:
                break
        assert pages == [(row["offer_key"], row["price"] and float(row["price"])) for row in expected]
        channel = content["offers"][0]["channel_name"]
        of_channel = api.get(f"/api/products/{key}/offers", params={"channel_name": channel, "limit": 1000}).json()
        assert {offer["channel_name"] for offer in of_channel["offers"]} == {channel}

    def test_changes_are_the_biggest_first(self, api: httpx.Client) -> None:
        changes = rows(api, "/api/price-changes", limit=1000)
        sizes = [abs(change["change_ratio"]) for change in changes]
        assert sizes == sorted(sizes, reverse=True)
        for change in changes:
            assert change["change_amount"] == pytest.approx(change["price"] - change["previous_price"])
        falls = rows(api, "/api/price-changes", direction="down", min_change=0.05, limit=1000)
        assert all(change["change_ratio"] <= -0.05 for change in falls)

    def test_an_unknown_product_is_not_found(self, api: httpx.Client) -> None:
        for path in ("", "/prices", "/offers"):
            assert api.get(f"/api/products/{'0' * 32}{path}").status_code == 404


class TestChannels:
    def test_a_channel_comes_with_its_scorecard(self, api: httpx.Client, marts: Marts) -> None:
        content = api.get("/api/channels/sample_corner_pharmacy").json()
        row = marts.execute(
            "SELECT * FROM marts.rpt_channel_scorecard WHERE channel_name = 'sample_corner_pharmacy'"
        ).fetchone()
        assert row is not None
        assert content["scorecard"]["median_views"] == row["median_views"]
        assert content["channel"]["total_messages"] >= content["scorecard"]["message_count"] > 0

    def test_several_are_compared_week_by_week(self, api: httpx.Client, marts: Marts) -> None:
        names = ["sample_corner_pharmacy", "sample_glow_cosmetics"]
        content = api.get("/api/reports/channel-comparison", params={"channel_name": names}).json()
        assert {card["channel_name"] for card in content["scorecards"]} == set(names)
        row = marts.execute(
            "SELECT count(*) AS n FROM marts.rpt_channel_activity_weekly WHERE channel_name = ANY(%s)", [names]
        ).fetchone()
        assert row is not None
        assert len(content["weeks"]) == row["n"] > 4
        assert api.get("/api/reports/channel-comparison").status_code == 422

    def test_the_heat_map_holds_each_message_of_the_year(self, api: httpx.Client, marts: Marts) -> None:
        content = api.get("/api/channels/sample_corner_pharmacy/heatmap").json()
        row = marts.execute(
            "SELECT count(*) AS n FROM marts.fct_messages WHERE channel_name = 'sample_corner_pharmacy'"
        ).fetchone()
        assert row is not None
        assert sum(hour["message_count"] for hour in content["hours"]) == row["n"]
        assert content["timezone"] == "Africa/Addis_Ababa"

    def test_subscribers_are_listed_by_day(self, api: httpx.Client) -> None:
        content = api.get("/api/channels/sample_corner_pharmacy/subscribers").json()
        assert content["subscribers"][0]["subscribers"] > 0


class TestImages:
    def test_a_photo_comes_with_its_objects(self, api: httpx.Client, marts: Marts) -> None:
        row = marts.execute(
            "SELECT image_key, detected_classes FROM marts.fct_images WHERE num_detections > 1 LIMIT 1"
        ).fetchone()
        assert row is not None
        content = api.get(f"/api/images/{row['image_key']}").json()
        assert sorted({each["detected_class"] for each in content["detections"]}) == row["detected_classes"]

    def test_only_photos_with_an_object_of_a_class(self, api: httpx.Client, marts: Marts) -> None:
        row = marts.execute("SELECT min(detected_class) AS c FROM marts.fct_image_detections").fetchone()
        assert row is not None
        found = rows(api, "/api/images", detected_class=row["c"], limit=1000)
        assert found
        assert all(row["c"] in image["detected_classes"] for image in found)

    def test_pictures_that_were_posted_again_come_once(self, api: httpx.Client) -> None:
        found = rows(api, "/api/images", sort="most_used", limit=1000)
        groups = [image["image_group"] for image in found]
        assert len(groups) == len(set(groups))
        uses = [image["use_count"] for image in found]
        assert uses == sorted(uses, reverse=True)
        copies = rows(api, "/api/images", image_group=groups[0], limit=1000)
        assert len(copies) <= uses[0]

    @pytest.mark.parametrize("kind", ["thumbnail", "preview"])
    def test_pictures_are_drawn_anew(self, api: httpx.Client, kind: str) -> None:
        key = next(image["image_key"] for image in rows(api, "/api/images") if image["image_status"] == "ok")
        response = api.get(f"/api/images/{key}/{kind}")
        assert response.headers["content-type"] == "image/webp"
        with Image.open(io.BytesIO(response.content)) as picture:
            assert picture.format == "WEBP"
            assert max(picture.size) >= 100
        again = api.get(f"/api/images/{key}/{kind}", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304

    def test_an_unknown_photo_has_no_picture(self, api: httpx.Client) -> None:
        assert api.get(f"/api/images/{'0' * 32}/thumbnail").status_code == 404
        assert api.get(f"/api/images/{'0' * 32}").status_code == 404

    def test_photos_whose_message_is_not_known_are_listed_apart(self, api: httpx.Client, marts: Marts) -> None:
        row = marts.execute("SELECT count(*) AS n FROM marts.fct_images WHERE NOT has_message").fetchone()
        assert row is not None
        assert len(rows(api, "/api/images", has_message="false", limit=1000)) == row["n"]
        refused = api.get("/api/images", params={"has_message": "false", "from_date": "2026-01-01"})
        assert refused.status_code == 422

    def test_a_path_out_of_the_lakes_is_never_opened(
        self, sample_warehouse: Settings, marts: Marts, tmp_path: Path
    ) -> None:
        """Paths come from the file names of scrapers, and a link in a lake may lead anywhere."""
        [image] = marts.execute("SELECT * FROM marts.fct_images WHERE image_status = 'ok' LIMIT 1").fetchall()
        photo = sample_warehouse.data_dir.parent / image["image_path"]
        outside = tmp_path / "photo.jpg"
        outside.write_bytes(photo.read_bytes())
        link = photo.with_name("link.jpg")
        link.symlink_to(outside)
        options = options_of(sample_warehouse, cache_bytes=0, previews=tmp_path / "previews")
        change = "UPDATE marts.fct_images SET image_path = %s WHERE image_key = %s"
        with serving(options) as url:
            address = f"{url}/api/images/{image['image_key']}/thumbnail"
            assert httpx.get(address).status_code == 200
            (tmp_path / "previews").rename(tmp_path / "made")
            try:
                for path in (str(outside), f"../../../../../../..{outside}", str(link), "nul\x01", "gone.jpg"):
                    marts.execute(change, [path, image["image_key"]])
                    response = httpx.get(address)
                    assert response.status_code == 404, path
                    assert str(tmp_path) not in response.text
            finally:
                marts.execute(change, [image["image_path"], image["image_key"]])
                link.unlink()


class TestPipeline:
    def test_a_run_names_its_steps_and_leads_into_dagster(self, api: httpx.Client) -> None:
        [run] = rows(api, "/api/pipeline/runs")
        assert run["status"] == "success"
        assert len(run["steps"]) == 7
        assert run["url"] == "http://127.0.0.1:3000/runs/run_of_api_sample"
        assert all(step["headline"] for step in run["steps"])

    def test_rejected_records_are_named_without_their_text(self, api: httpx.Client, marts: Marts) -> None:
        found = rows(api, "/api/pipeline/rejected-records")
        row = marts.execute("SELECT count(*) AS n FROM raw.rejected_records").fetchone()
        assert row is not None
        assert len(found) == row["n"] == 2
        assert {"file_path", "file_position", "reason"} <= set(found[0])
        assert "payload" not in found[0]
        only = rows(api, "/api/pipeline/rejected-records", reason=found[0]["reason"])
        assert {record["reason"] for record in only} == {found[0]["reason"]}

    def test_what_the_data_lacks_is_counted(self, api: httpx.Client, marts: Marts) -> None:
        checks = api.get("/api/pipeline/quality").json()["checks"]
        expected = marts.execute("SELECT check_name, detail, issue_count FROM marts.rpt_data_quality").fetchall()
        shown = {(check["check_name"], check["detail"]): check["issue_count"] for check in checks}
        assert shown == {(row["check_name"], row["detail"]): row["issue_count"] for row in expected}

    def test_freshness_is_that_of_the_newest_message(self, api: httpx.Client, marts: Marts) -> None:
        content = api.get("/api/pipeline/freshness").json()
        row = marts.execute("SELECT count(*) AS n FROM marts.fct_messages").fetchone()
        assert row is not None
        assert content["message_count"] == row["n"]
        assert content["last_success_at"] == content["last_run_at"] is not None
