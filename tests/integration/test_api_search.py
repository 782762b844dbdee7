"""Search finds what people mean, in both scripts, and shows where."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from api_service import MARKUP, SHOP
from medical_telegram_warehouse.api.messages import searching

Marts = psycopg.Connection[dict[str, Any]]


def search(api: httpx.Client, query: str = "", **parameters: Any) -> dict[str, Any]:
    response = api.get("/api/search/messages", params={"query": query, **parameters})
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def of_shop(api: httpx.Client, query: str, **parameters: Any) -> list[int]:
    content = search(api, query, channel_name=SHOP, limit=100, **parameters)
    assert content["total_found"] == len(content["messages"])
    return sorted(message["message_id"] for message in content["messages"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("zinc", [1]),
        ("ZINC", [1]),
        ("zin", [1]),
        ("amoxacilin capsule", [2]),
        ("amoxacilin panadol", []),
        ("*oxacil*", [2]),
        ("vitamin c", [4]),
        ("Ｖｉｔａｍｉｎ", [4]),
        ('"500mg capsule"', [2]),
        ('"capsule 500mg"', []),
        ("birr -zinc", [4, 5]),
        ("የሀኪም", [3]),
        ("የሐኪም", [3]),
        ("ሃኪም", [3]),
        ("መድሃኒት", [3]),
        ("hiring pharmacist", [6]),
        ("script", [1]),
    ],
)
def test_words_are_found_however_they_are_written(api: httpx.Client, query: str, found: list[int]) -> None:
    assert of_shop(api, query) == found


def test_a_misspelt_drug_finds_the_right_name_and_says_so(api: httpx.Client, marts: Marts) -> None:
    content = search(api, "paracetamoll", limit=1000)
    assert content["corrections"] == {"paracetamoll": "paracetamol"}
    right = search(api, "paracetamol", limit=1000)
    assert right["corrections"] == {}
    assert content["total_found"] == right["total_found"] > 0


def test_the_right_spelling_is_found_beside_a_misspelling_that_occurs(api: httpx.Client) -> None:
    content = search(api, "amoxacilin", limit=1000)
    assert content["corrections"] == {"amoxacilin": "amoxicillin"}
    texts = [message["message_text"].lower() for message in content["messages"]]
    assert any("amoxicillin" in text for text in texts)
    assert any("amoxacilin" in text for text in texts)


def test_what_matches_is_marked(api: httpx.Client) -> None:
    [message] = search(api, "ሀኪም", channel_name=SHOP)["messages"]
    [mark] = message["highlights"]
    assert message["snippet"][mark["start"] : mark["end"]] == "የሐኪም"


def test_filters_are_those_of_the_marts(api: httpx.Client, marts: Marts) -> None:
    for name, condition in (
        ({"has_image": "true"}, "has_image"),
        ({"has_image": "false"}, "NOT has_image"),
        ({"is_original_post": "true"}, "is_original_post"),
        ({"is_original_post": "false"}, "NOT is_original_post"),
        ({"genre": "price_list"}, "genre = 'price_list'"),
        ({"from_date": "2026-09-10", "to_date": "2026-09-12"}, "date_key BETWEEN 20260910 AND 20260912"),
        ({"channel_name": "sample_glow_cosmetics"}, "channel_name = 'sample_glow_cosmetics'"),
    ):
        content = search(api, limit=1000, **name)
        order = "ORDER BY message_timestamp DESC, message_key DESC"
        expected = marts.execute(f"SELECT message_key FROM marts.fct_messages WHERE {condition} {order}").fetchall()
        assert [each["message_key"] for each in content["messages"]] == [row["message_key"] for row in expected]
        assert content["total_found"] == len(expected) > 0


def test_messages_with_a_price_offer_something_at_a_price(api: httpx.Client, marts: Marts) -> None:
    expected = marts.execute(
        "SELECT DISTINCT message_key FROM marts.fct_offers WHERE price IS NOT NULL AND availability <> 'stock_out'"
    ).fetchall()
    found = {each["message_key"] for each in search(api, has_price="true", limit=1000)["messages"]}
    assert found == {row["message_key"] for row in expected}
    without = {each["message_key"] for each in search(api, has_price="false", limit=1000)["messages"]}
    assert not found & without


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_pages_hold_every_match_once(api: httpx.Client, sort: str) -> None:
    everything = [each["message_key"] for each in search(api, "mg", sort=sort, limit=1000)["messages"]]
    assert len(everything) > 20
    pages, cursor = [], None
    while True:
        content = search(api, "mg", sort=sort, limit=7, **({"cursor": cursor} if cursor else {}))
        pages += [each["message_key"] for each in content["messages"]]
        cursor = content["next_cursor"]
        if cursor is None:
            break
    assert pages == everything


@pytest.mark.parametrize("filters", [{}, {"has_price": "true"}, {"to_date": "2026-09-20"}])
def test_whichever_way_finds_them_they_are_the_same(
    forgetful: httpx.Client, monkeypatch: pytest.MonkeyPatch, filters: dict[str, str]
) -> None:
    """The newest one by one, the index over a part of the history, or over all: by how frequent they are."""
    newest = [each["message_key"] for each in search(forgetful, limit=20, sort="newest", **filters)["messages"]]
    words = ("birr", "mg", "price", "zinc", "amoxicillin", "*oxi*", "hiring", "ዋጋ", '"500mg capsule"', "call -birr")
    expected = {
        word: [
            each["message_key"] for each in search(forgetful, word, limit=1000, sort="newest", **filters)["messages"]
        ]
        for word in words
    }
    for name, value in {"_WINDOW": 20, "_FEW": 2, "_LONGER": 3, "_ENOUGH_RANKED": 6}.items():
        monkeypatch.setattr(searching, name, value)
    for word, keys in expected.items():
        found: list[str] = []
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            page = search(forgetful, word, limit=6, sort="newest", **filters, **cursor)
            assert page["total_found"] == len(keys)
            found += [each["message_key"] for each in page["messages"]]
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] is not None else None
        assert found == keys, word
        best = [each["message_key"] for each in search(forgetful, word, limit=1000, **filters)["messages"]]
        assert set(best) <= set(keys)
        assert len(best) >= min(6, len(keys)), "the best of some of the newest"
    among_newest = [len(set(newest) & set(keys)) for keys in expected.values()]
    assert min(among_newest) < 2 < max(among_newest)
    assert any(2 <= each < 6 for each in among_newest), "one for each way"


def test_relevance_puts_the_words_in_a_short_text_first(api: httpx.Client) -> None:
    found = search(api, "zinc birr", limit=1000)["messages"]
    lengths = [len(message["message_text"]) for message in found]
    assert lengths[0] < max(lengths) / 4


def test_a_text_of_strangers_comes_as_it_is(api: httpx.Client) -> None:
    [message] = search(api, "script", channel_name=SHOP)["messages"]
    assert message["message_text"].startswith(MARKUP)


def test_numbers_of_telephones_are_hidden(api: httpx.Client) -> None:
    [message] = search(api, "amoxacilin", channel_name=SHOP)["messages"]
    assert "+251 9•• •• •5 67" not in message["message_text"]
    assert "+251 ••• •• •• 67" in message["message_text"]
    assert "092•-••-••-55" in message["message_text"]


@pytest.mark.parametrize("query", ["'", "' | '", "a' & 'b", ":*", "!!", "\\", "%", "_", "§price", "&|!()<->", "\u200b"])
def test_no_query_is_an_error(api: httpx.Client, query: str) -> None:
    assert search(api, query)["total_found"] >= 0


def test_a_nul_character_is_refused(api: httpx.Client) -> None:
    assert api.get("/api/search/messages", params={"query": "a\0b"}).status_code == 422


class TestMessage:
    def test_a_message_comes_with_its_history(self, api: httpx.Client) -> None:
        content = api.get(f"/api/channels/{SHOP}/messages/1").json()
        assert content["message"]["views"] == 250
        assert [version["is_current"] for version in content["versions"]] == [False, True]
        assert [each["views"] for each in content["observations"]] == [100, 250]
        assert content["observations"][1]["views_gained"] == 150
        key = content["message"]["message_key"]
        listed = api.get(f"/api/messages/{key}/observations", params={"limit": 1}).json()
        assert listed["observations"] == [content["observations"][1]]
        older = api.get(
            f"/api/messages/{key}/observations", params={"limit": 1, "cursor": listed["next_cursor"]}
        ).json()
        assert (older["observations"], older["next_cursor"]) == ([content["observations"][0]], None)
        [offer] = content["offers"]
        assert (offer["price"], offer["currency"]) == (180, "ETB")
        text = content["message"]["message_text"]
        assert "180" in text[offer["span_start"] : offer["span_end"]]
        by_key = api.get(f"/api/messages/{content['message']['message_key']}").json()
        assert by_key == content

    def test_an_unknown_message_is_not_found(self, api: httpx.Client) -> None:
        assert api.get(f"/api/channels/{SHOP}/messages/99").status_code == 404
        assert api.get(f"/api/messages/{'0' * 32}").status_code == 404
        assert api.get("/api/messages/nonsense").status_code == 422
