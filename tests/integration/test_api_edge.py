"""What every request passes: keys, limits, the cache, headers, and errors of one shape."""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import Any

import httpx
import psycopg
import pytest

from api_service import SHOP, options_of, serving
from medical_telegram_warehouse.api.edge.keys import new_key
from medical_telegram_warehouse.settings import Settings
from waiting import wait_for

Marts = psycopg.Connection[dict[str, Any]]
REPORT = "/api/reports/top-products"
ERROR_FIELDS = {"error", "status_code", "code", "did_you_mean", "fields"}


def new_version(marts: Marts) -> None:
    """As a build ends."""
    marts.execute("UPDATE ops.warehouse_version SET version = version + 1, built_at = now(), is_building = false")


def cached_answers(api: httpx.Client) -> float:
    lines = api.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("mtw_cache_answers ")).split()[1])


class TestCache:
    def test_an_unchanged_answer_is_not_sent_again(self, api: httpx.Client) -> None:
        first = api.get(REPORT)
        again = api.get(REPORT, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"

    def test_a_new_version_of_the_warehouse_is_told_at_once(self, api: httpx.Client, marts: Marts) -> None:
        first = api.get(REPORT)
        assert cached_answers(api) > 0
        new_version(marts)
        wait_for(lambda: cached_answers(api) == 0)
        again = api.get(REPORT, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 200
        assert again.json()["warehouse"]["version"] == first.json()["warehouse"]["version"] + 1
        assert again.json()["products"] == first.json()["products"]

    def test_a_page_of_an_older_version_is_not_continued(self, api: httpx.Client, marts: Marts) -> None:
        """Rows would be repeated or lost between two states, and nobody would notice."""
        cursor = api.get("/api/products", params={"limit": 2}).json()["next_cursor"]
        newest = api.get("/api/search/messages", params={"limit": 2, "sort": "newest"}).json()["next_cursor"]
        new_version(marts)
        stale = api.get("/api/products", params={"limit": 2, "cursor": cursor})
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_cursor")
        # What is sorted by time goes on from the row that it ended with.
        going_on = api.get("/api/search/messages", params={"limit": 2, "sort": "newest", "cursor": newest})
        assert len(going_on.json()["messages"]) == 2

    def test_nothing_is_kept_while_a_build_is_changing_the_marts(self, api: httpx.Client, marts: Marts) -> None:
        new_version(marts)
        wait_for(lambda: cached_answers(api) == 0)
        kept = api.get(REPORT, params={"limit": 3})
        marts.execute("UPDATE ops.warehouse_version SET is_building = true, building_since = now()")
        try:
            wait_for(lambda: api.get("/health").json()["warehouse"]["is_building"])
            assert api.get(REPORT, params={"limit": 4}).json()["warehouse"]["is_building"]
            # What was answered before the build began fits together, and is given until it ends.
            wait_for(lambda: "mtw_warehouse_building 1.0" in api.get("/metrics").text)
            assert api.get(REPORT, params={"limit": 3}).content == kept.content
            assert cached_answers(api) == 1
        finally:
            new_version(marts)

    def test_compressed_and_plain_answers_say_the_same(self, api: httpx.Client) -> None:
        compressed = api.get(REPORT, params={"limit": 50}, headers={"Accept-Encoding": "gzip"})
        plain = api.get(REPORT, params={"limit": 50}, headers={"Accept-Encoding": "identity"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert compressed.json() == plain.json()
        assert int(plain.headers["content-length"]) == len(plain.content)

    def test_a_file_that_comes_compressed_is_not_compressed_again(self, api: httpx.Client) -> None:
        plain = api.get("/static/docs.js", headers={"Accept-Encoding": "identity"})
        compressed = api.get("/static/docs.js", headers={"Accept-Encoding": "gzip"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert plain.text == compressed.text
        assert "SwaggerUIBundle" in plain.text

    def test_head_is_get_without_a_body(self, api: httpx.Client) -> None:
        for path in (REPORT, "/health"):
            head, get = api.head(path), api.get(path)
            assert head.status_code == 200
            assert head.content == b""
            assert head.headers.get("etag") == get.headers.get("etag")

    def test_the_bookkeeping_is_never_answered_from_the_cache(self, api: httpx.Client) -> None:
        assert "etag" not in api.get("/api/pipeline/runs").headers


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/api/nothing", 404),
            ("GET", f"/api/channels/{SHOP}x", 404),
            ("GET", "/api/products?limit=x", 422),
            ("GET", "/api/products?from_date=2026-02-01&to_date=2026-01-01", 422),
            ("GET", "/api/products?limit=5000", 422),
            ("POST", REPORT, 405),
            ("DELETE", REPORT, 405),
            ("GET", "/api/products?query=" + "x" * 40_000, 414),
        ],
    )
    def test_every_error_has_one_shape(self, api: httpx.Client, method: str, path: str, status: int) -> None:
        response = api.request(method, path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json"
        content = response.json()
        assert set(content) == ERROR_FIELDS
        assert content["status_code"] == status
        assert content["error"]
        assert "Traceback" not in response.text

    def test_a_body_is_refused(self, api: httpx.Client) -> None:
        response = api.request("GET", REPORT, content=b"x" * 100_000)
        assert response.status_code == 413
        chunked = api.request("GET", REPORT, content=iter([b"x"]))
        assert chunked.status_code == 413

    def test_a_fault_of_the_service_is_told_without_its_details(
        self, sample_warehouse: Settings, marts: Marts, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A figure that is no number is as wrong as anything that nobody thought of."""
        with serving(options_of(sample_warehouse, cache_bytes=0)) as url:
            marts.execute("ALTER TABLE marts.rpt_channel_subscribers RENAME TO kept")
            marts.execute(
                "CREATE VIEW marts.rpt_channel_subscribers AS SELECT channel_key, full_date, subscribers_gained,"
                " 'secret detail' AS subscribers FROM marts.kept"
            )
            try:
                response = httpx.get(f"{url}/api/channels/sample_corner_pharmacy/subscribers")
            finally:
                marts.execute("DROP VIEW marts.rpt_channel_subscribers")
                marts.execute("ALTER TABLE marts.kept RENAME TO rpt_channel_subscribers")
        assert (response.status_code, response.json()["code"]) == (500, "internal_error")
        assert "secret detail" not in response.text
        assert "secret detail" in caplog.text, "whoever runs the service must be able to find out"

    def test_a_slow_statement_is_given_up(self, sample_warehouse: Settings, marts: Marts) -> None:
        with serving(options_of(sample_warehouse, statement_seconds=0.3, cache_bytes=0)) as url:
            with marts.transaction():
                marts.execute("LOCK TABLE marts.dim_channels")
                response = httpx.get(f"{url}/api/channels", timeout=30)
            assert (response.status_code, response.json()["code"]) == (503, "too_slow")
            assert "0.3 s" in response.json()["error"]
            assert response.headers["retry-after"]
            assert httpx.get(f"{url}/api/channels").status_code == 200

    def test_a_slow_request_is_given_up(self, sample_warehouse: Settings, marts: Marts) -> None:
        with serving(options_of(sample_warehouse, request_seconds=0.3, cache_bytes=0)) as url:
            with marts.transaction():
                marts.execute("LOCK TABLE marts.dim_channels")
                response = httpx.get(f"{url}/api/channels", timeout=30)
            assert (response.status_code, response.json()["code"]) == (503, "too_slow")
            assert httpx.get(f"{url}/api/channels").status_code == 200

    def test_marts_that_are_missing_are_told_as_such(self, sample_warehouse: Settings, marts: Marts) -> None:
        with serving(options_of(sample_warehouse, cache_bytes=0)) as url:
            marts.execute("ALTER TABLE marts.rpt_posting_heatmap RENAME TO away")
            try:
                response = httpx.get(f"{url}/api/channels/{SHOP}/heatmap")
            finally:
                marts.execute("ALTER TABLE marts.away RENAME TO rpt_posting_heatmap")
        assert (response.status_code, response.json()["code"]) == (503, "not_built")
        assert "mtw run" in response.json()["error"]
        assert "rpt_posting_heatmap" not in response.text


class TestKeys:
    def test_without_a_key_nothing_is_told_where_one_is_required(self, sample_warehouse: Settings) -> None:
        key, kept = new_key("analyst", allows_contacts=False)
        with serving(options_of(sample_warehouse, keys=(kept,), require_key=True)) as url:
            refused = httpx.get(f"{url}{REPORT}")
            assert (refused.status_code, refused.json()["code"]) == (401, "key_missing")
            assert refused.headers["www-authenticate"].startswith("Basic")
            for path in ("/health", "/metrics", "/docs", "/openapi.json"):
                assert httpx.get(f"{url}{path}").status_code == 401
            basic = base64.b64encode(f"anybody:{key}".encode()).decode()
            for headers in (
                {"Authorization": f"Bearer {key}"},
                {"X-API-Key": key},
                {"Authorization": f"Basic {basic}"},
            ):
                assert httpx.get(f"{url}{REPORT}", headers=headers).status_code == 200
            for wrong in ("", "mtw_wrong", key[:-1], kept.digest, "Bearer", "\xff"):
                response = httpx.get(f"{url}{REPORT}", headers={b"X-API-Key": wrong.encode("latin-1")})
                assert (response.status_code, response.json()["code"]) == (401, "key_unknown")

    def test_only_a_key_with_that_scope_sees_numbers_of_telephones(self, sample_warehouse: Settings) -> None:
        seer, sees = new_key("seer", allows_contacts=True)
        other, does_not = new_key("other", allows_contacts=False)
        with serving(options_of(sample_warehouse, keys=(sees, does_not))) as url:

            def text(**headers: str) -> str:
                path = f"{url}/api/search/messages?query=amoxacilin&channel_name={SHOP}"
                return str(httpx.get(path, headers=headers).json()["messages"][0]["message_text"])

            # In this order: what one may see must not come to another from the cache.
            for _ in range(2):
                assert "0922-33-44-55" in text(**{"X-API-Key": seer})
                assert "0922-33-44-55" not in text(**{"X-API-Key": other})
                assert "0922-33-44-55" not in text()


class TestLimits:
    def test_too_many_requests_are_told_to_wait_and_others_are_not(self, sample_warehouse: Settings) -> None:
        key, kept = new_key("patient", allows_contacts=False)
        with serving(options_of(sample_warehouse, keys=(kept,), requests_per_minute=5)) as url:
            answers = [httpx.get(f"{url}/health") for _ in range(6)]
            assert [answer.status_code for answer in answers] == [200] * 5 + [429]
            assert int(answers[-1].headers["retry-after"]) >= 1
            assert answers[-1].json()["code"] == "too_many_requests"
            assert httpx.get(f"{url}/health", headers={"X-API-Key": key}).status_code == 200

    def test_the_service_answers_to_its_own_names_alone(self, api: httpx.Client) -> None:
        """A page elsewhere could let its own name lead to this machine, and read what only this machine should."""
        response = api.get("/health", headers={"Host": "evil.example"})
        assert (response.status_code, response.json()["code"]) == (400, "bad_request")
        assert "API_ALLOWED_HOSTS" in response.json()["error"]
        assert api.get("/health", headers={"Host": "localhost:8000"}).status_code == 200

    def test_other_pages_may_not_read_it_unless_they_are_named(self, sample_warehouse: Settings) -> None:
        origin = {"Origin": "https://reports.example"}
        with serving(options_of(sample_warehouse)) as url:
            assert "access-control-allow-origin" not in httpx.get(f"{url}/health", headers=origin).headers
        with serving(options_of(sample_warehouse, cors_origins=("https://reports.example",))) as url:
            allowed = httpx.get(f"{url}/health", headers=origin)
            assert allowed.headers["access-control-allow-origin"] == "https://reports.example"
            asked = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "X-API-Key"}
            assert httpx.options(f"{url}/health", headers=asked).status_code == 200
            other = httpx.get(f"{url}/health", headers={"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers

    @pytest.mark.parametrize("path", [REPORT, "/api/nothing", "/docs", "/static/docs.js"])
    def test_browsers_are_told_to_load_nothing_from_elsewhere(self, api: httpx.Client, path: str) -> None:
        headers = api.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers

    def test_static_files_lead_nowhere_else(self, service: str) -> None:
        host, port = service.removeprefix("http://").split(":")
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
            with socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status = connection.makefile("rb").readline()
            assert b" 404 " in status, path


class TestReader:
    def test_the_service_can_change_nothing_and_sees_no_raw_records(self, sample_warehouse: Settings) -> None:
        """The role does it, not good will: a query that should never have been written is refused by the server."""
        from medical_telegram_warehouse.api.database.pool import Database

        async def tried(*statements: Any) -> None:
            database = Database(sample_warehouse.database, connections=1, statement_seconds=5)
            async with await database.connect() as connection:
                for statement in statements:
                    await connection.execute(statement)

        for statement in (
            "SELECT payload FROM raw.rejected_records",
            "SELECT * FROM staging.stg_telegram__messages",
            "SELECT * FROM pg_authid",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asyncio.run(tried(statement))
        for statement in ("CREATE TABLE marts.x ()", "UPDATE marts.dim_channels SET title = ''"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                asyncio.run(tried(statement))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asyncio.run(tried("SET default_transaction_read_only = off", "DELETE FROM marts.dim_channels"))
