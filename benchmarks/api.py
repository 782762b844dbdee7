"""The HTTP API over a long history: how long new answers take, and how many cached ones a second there are.

The service, PostgreSQL and the load generator share the machine. Each endpoint is asked with many different parameters,
in turn, on two connections, by a service that keeps no answer; so are searches. Then a service that keeps answers is
held against an endpoint that does nothing, behind the same server, in rounds that take turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from httpx import Client

from benchmarks.load_generator import Answered, generate_load
from benchmarks.measured_steps import transform
from benchmarks.pages import first_paints
from benchmarks.prepared import Place, prepare, settle, working_copy
from benchmarks.served import empty_endpoint, product
from benchmarks.server import serving
from benchmarks.stored import History, histories
from benchmarks.table import Measurement
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.migrate import migrate
from medical_telegram_warehouse.records import DatabaseAddress

MOST_REPORT_SECONDS = 0.050
MOST_SEARCH_SECONDS = 0.100
LEAST_SHARE_OF_EMPTY = 0.6
MOST_PAINT_MILLISECONDS = 300
_CONNECTIONS = 2
_SECONDS = 3.0
_CACHED_CONNECTIONS = 16
_ROUNDS = 5
_SOME = 12
Paths = dict[str, list[str]]


def measure_api(folder: Path, messages: int, *, is_kept: bool = False) -> Iterator[Measurement]:
    """Yield the figures.

    Args:
        folder: of the server, the lakes and the databases.
        messages: about how many the history has.
        is_kept: the folder may hold what an earlier run built, and keeps all of this.
    """
    with serving(folder, "bench", is_kept=is_kept) as server:
        _, history = histories(messages, messages // 10)
        address = _built(Place(folder, server, is_kept), history)
        with connect(address) as connection:
            reports, searches, pages = _reports(connection), _searches(connection), _pages(connection)
        yield from _uncached(address, folder, reports, MOST_REPORT_SECONDS)
        yield from _uncached(address, folder, searches, MOST_SEARCH_SECONDS)
        yield from _cached(address, folder, reports)
        yield from _painted(address, pages)


def _built(place: Place, history: History) -> DatabaseAddress:
    """The history's database with its marts: a kept one is brought up to date."""
    name = f"{history.name}_run"
    with connect(place.address) as connection:
        is_there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount
    if is_there:
        address = place.database(name)
        with connect(address) as connection:
            migrate(connection)
    else:
        prepare(place, history)
        address = working_copy(place, history)
    transform(address, place.folder / history.name / "dbt")
    with connect(address) as connection:
        settle(connection)
    return address


def _uncached(address: DatabaseAddress, folder: Path, endpoints: Paths, most: float) -> Iterator[Measurement]:
    with product(address, cache_bytes=0) as url:
        for name, paths in endpoints.items():
            # Each once first: what the disk costs a database that nobody has asked yet is not what is measured.
            with Client(base_url=url, timeout=60) as client:
                for path in paths:
                    client.get(path).raise_for_status()
            answered = generate_load(url, paths, folder, connections=_CONNECTIONS, seconds=_SECONDS)
            value = f"{answered.p99_seconds * 1000:.1f} ms"
            ratio = answered.p99_seconds / most
            limit = f"p99 under {most * 1000:.0f} ms"
            yield Measurement(name, value, ratio, limit, answered.p99_seconds < most)
            yield Measurement("  median", f"{answered.median_seconds * 1000:.1f} ms")


def _cached(address: DatabaseAddress, folder: Path, endpoints: Paths) -> Iterator[Measurement]:
    path = endpoints["top products"][:1]
    shares, rates, plain = [], [], []
    with empty_endpoint() as empty, product(address, cache_bytes=64 << 20) as url:
        for _ in range(_ROUNDS):
            nothing = _throughput(empty, ["/health"], folder)
            cached = _throughput(url, path, folder)
            plain.append(nothing.per_second)
            rates.append(cached.per_second)
            shares.append(cached.per_second / nothing.per_second)
    share = median(shares)
    yield Measurement("an endpoint that does nothing", f"{median(plain):,.0f} requests/s", 1.0, "baseline")
    limit = f"at least {LEAST_SHARE_OF_EMPTY:.3f}"
    value = f"{median(rates):,.0f} requests/s"
    yield Measurement("top products from the cache", value, share, limit, share >= LEAST_SHARE_OF_EMPTY)


def _painted(address: DatabaseAddress, pages: dict[str, str]) -> Iterator[Measurement]:
    with product(address, cache_bytes=0) as url:
        for name, milliseconds in first_paints(url, pages).items():
            ratio = milliseconds / MOST_PAINT_MILLISECONDS
            limit = f"first paint under {MOST_PAINT_MILLISECONDS} ms"
            value = f"{milliseconds:.0f} ms"
            yield Measurement(f"page {name}", value, ratio, limit, milliseconds < MOST_PAINT_MILLISECONDS)


def _throughput(url: str, paths: list[str], folder: Path) -> Answered:
    return generate_load(url, paths, folder, connections=_CACHED_CONNECTIONS, seconds=_SECONDS)


def _reports(connection: psycopg.Connection) -> Paths:
    """Every report and list, with parameters that occur."""

    def some(query: str) -> list[Any]:
        return [row[0] for row in connection.execute(query).fetchall()]

    channels = some("SELECT channel_name FROM marts.dim_channels ORDER BY total_messages DESC LIMIT 8")
    products = some("SELECT product_key FROM marts.rpt_top_products ORDER BY offer_count DESC LIMIT 40")
    messages = some("SELECT message_key FROM marts.fct_messages ORDER BY message_key LIMIT 200")
    images = some("SELECT image_key FROM marts.fct_images ORDER BY image_key LIMIT 200")
    classes = some("SELECT DISTINCT detected_class FROM marts.rpt_detected_classes ORDER BY 1 LIMIT 20")
    months = some("SELECT DISTINCT date_trunc('month', full_date)::date::text FROM marts.dim_dates ORDER BY 1")
    kinds = ("medicine", "supplement", "cosmetic", "device", "supply")
    categories = ("product_display", "promotional", "lifestyle", "other")
    periods = [{"from_date": since, "to_date": until} for since, until in zip(months, months[6:], strict=False)]
    of_channels = [f"/api/channels/{quote(name)}" for name in channels]
    return {
        "health": ["/health"],
        "top products": _urls("/api/reports/top-products", limit=range(5, 55, 5)),
        "top products of a channel": _urls("/api/reports/top-products", channel_name=channels),
        "top products of six months": [_url("/api/reports/top-products", **period) for period in periods],
        "top products since the beginning, counted": [_url("/api/reports/top-products", from_date=months[0])],
        "top terms": _urls("/api/reports/top-products", kind=["terms"], limit=range(5, 55, 5)),
        "channel activity, daily": [_url(f"{path}/activity", days_back=36500) for path in of_channels],
        "channel activity, weekly": [
            _url(f"{path}/activity", period="weekly", days_back=36500) for path in of_channels
        ],
        "visual content": _urls("/api/reports/visual-content", channel_name=channels),
        "products": _urls("/api/products", sort=["offers", "views", "name", "lowest_price"], product_class=kinds),
        "products by name": _urls("/api/products", query=["amoxicillin", "paracitamol", "vitamin c", "glove"]),
        "a product": [f"/api/products/{key}" for key in products],
        "a product's prices": [_url(f"/api/products/{key}/prices", limit=500) for key in products],
        "a product's prices by month": [_url(f"/api/products/{key}/prices", interval="month") for key in products],
        "a product's offers": [f"/api/products/{key}/offers" for key in products],
        "availability": _urls("/api/availability", show=["all", "new", "gone"], channel_name=channels),
        "price changes": _urls("/api/price-changes", direction=["any", "up", "down"], channel_name=channels),
        "price outliers": _urls("/api/price-outliers", channel_name=channels),
        "channels": _urls("/api/channels", sort=["messages", "views", "name"]),
        "a channel": of_channels,
        "heat map": [f"{path}/heatmap" for path in of_channels],
        "subscribers": [f"{path}/subscribers" for path in of_channels],
        "comparison of four channels": [
            "/api/reports/channel-comparison?" + urlencode([("channel_name", name) for name in channels[:4]])
        ],
        "weeks of all channels": _urls("/api/reports/weekly-activity", limit=[50, 500]),
        "topics, weekly": _urls("/api/topics", sort=["date", "messages"], limit=[50, 200]),
        "topics of a channel, weekly": _urls("/api/topics", channel_name=channels),
        "topics, daily": [_url("/api/topics", interval="day", **period) for period in periods],
        "photos": _urls("/api/images", content_category=categories, channel_name=channels),
        "photos with an object": _urls("/api/images", detected_class=classes),
        "photos, most used first": _urls("/api/images", sort=["most_used"], channel_name=channels),
        "a photo": [f"/api/images/{key}" for key in images],
        "a message with its history": [f"/api/messages/{key}" for key in messages],
        "runs": ["/api/pipeline/runs"],
        "freshness": ["/api/pipeline/freshness"],
        "data quality": ["/api/pipeline/quality"],
        "rejected records": ["/api/pipeline/rejected-records"],
        "metrics": ["/metrics"],
    }


def _pages(connection: psycopg.Connection) -> dict[str, str]:
    """The dashboard's pages, with what there is most of."""

    def first(query: str) -> str:
        row = connection.execute(query).fetchone()
        assert row is not None
        return str(row[0])

    channel = first("SELECT channel_name FROM marts.dim_channels ORDER BY total_messages DESC")
    product_key = first("SELECT product_key FROM marts.rpt_top_products ORDER BY offer_count DESC, product_key")
    message_key = first("SELECT message_key FROM marts.fct_messages ORDER BY offer_count DESC NULLS LAST, message_key")
    return {
        "overview": "/",
        "products": "/products",
        "a product": f"/products/{product_key}",
        "channels": "/channels",
        "a channel": f"/channels/{quote(channel)}",
        "images": "/images",
        "messages": "/messages?query=amoxicillin",
        "a message": f"/messages/{message_key}",
        "pipeline": "/pipeline",
    }


def _searches(connection: psycopg.Connection) -> Paths:
    words = [
        row[0]
        for row in connection.execute(
            "SELECT word FROM marts.rpt_search_words WHERE word_length > 3 ORDER BY md5(word) LIMIT 200"
        ).fetchall()
    ]
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    path = "/api/search/messages"
    common = ["birr", "ብር", "tablet", "price", "mg", "call"]
    return {
        "search: words of all kinds": _urls(path, query=words),
        "search: words of all kinds, newest first": _urls(path, query=words, sort=["newest"]),
        "search: words that most messages hold": _urls(path, query=common),
        "search: two words": _urls(path, query=pairs),
        "search: beginnings of words": _urls(path, query=[word[:3] for word in words]),
        "search: parts of words": _urls(path, query=[f"*{word[1:4]}*" for word in words]),
        "search: phrases": _urls(path, query=[f'"{pair}"' for pair in pairs]),
        "search: misspelt": _urls(path, query=[f"{word[:-1]}xx" for word in words]),
        "search: filters": _urls(path, query=words[:40], has_price=["true"], genre=["price_list", "product_list"]),
        "search: within a month": _urls(path, query=common, from_date=["2025-03-01"], to_date=["2025-03-31"]),
        "search: without a query": _urls(path, has_image=["true"], genre=["single_product_ad", "news_other"]),
    }


def _urls(path: str, **choices: Any) -> list[str]:
    """The path with each combination of the choices."""
    made: list[dict[str, Any]] = [{}]
    for name, values in choices.items():
        made = [{**each, name: value} for each in made for value in values]
    return [_url(path, **each) for each in made]


def _url(path: str, **parameters: Any) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path
