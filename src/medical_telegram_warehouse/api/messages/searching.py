"""Searches messages: the terms of a query, the filters, the order; then what is shown of the messages found.

A word that most messages hold is found among the newest ones at once; a rare one is found by the index of words. Which
of both it is nobody knows beforehand, so the newest messages are looked at first, and the index is asked where these
do not fill the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.channels.repository import channel_key
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.messages.parameters import SearchParameters, SearchSort
from medical_telegram_warehouse.api.messages.query import (
    Resolved,
    matching,
    parse,
    wanted_words,
    with_facets,
    words_query,
)
from medical_telegram_warehouse.api.messages.snippets import Highlighter
from medical_telegram_warehouse.api.products.finding import ProductNames

_statement = statements(__package__)
MOST_COUNTED = 1000
# The newest messages that are looked at one by one. Reading a vector takes microseconds, so these take some ten
# milliseconds; what is not among them is rare enough for the index.
_WINDOW = 4000
_MOST_RANKED = 1000
# Among so many of the newest matches the best are good enough.
_ENOUGH_RANKED = 200
# Finding the words in so many texts would hold the loop for too long.
_MOST_SNIPPETS_HERE = 60


class Query(NamedTuple):
    """A query as the database takes it."""

    words: str | None
    """The tsquery of the words that are wanted; None without any."""
    everything: str | None
    """The same with what is excluded, and with the filters."""
    shown: Sequence[Resolved]
    """What is highlighted."""
    corrections: dict[str, str]


async def resolve(snapshot: Snapshot, asked: SearchParameters, names: ProductNames) -> Query:
    """Look up what the words of a query stand for in this warehouse."""
    terms = parse(asked.query)
    sought = wanted_words(terms)
    vocabulary: dict[str, Sequence[str]] = {}
    corrections: dict[str, str] = {}
    if sought:
        values = {"words": [word for word, _ in sought], "are_parts_wanted": [wanted for _, wanted in sought]}
        for row in await snapshot.rows(_statement("vocabulary"), values):
            vocabulary[row["word"]] = row["parts"]
            nearest = names.correction(row["word"], occurs=row["begins_words"] or bool(row["parts"]))
            if nearest is not None:
                corrections[row["word"]] = nearest
    resolved = [(term, matching(term, vocabulary, corrections)) for term in terms]
    wanted = [each for each in resolved if not each[0].is_excluded]
    return Query(
        words_query(wanted),
        with_facets(words_query(resolved), _facets(asked)),
        [word for _, words in wanted for word in words],
        corrections,
    )


def _facets(asked: SearchParameters) -> list[tuple[str, bool]]:
    facets = []
    if asked.genre is not None:
        facets.append((f"§genre={asked.genre.value}", True))
    if asked.has_price is not None:
        facets.append(("§price", asked.has_price))
    if asked.has_image is not None:
        facets.append(("§image", asked.has_image))
    if asked.channel_name is not None:
        facets.append((f"§channel={channel_key(asked.channel_name)}", True))
    return facets


async def search(
    snapshot: Snapshot, asked: SearchParameters, query: Query, timezone: ZoneInfo, page: Mapping[str, Any]
) -> tuple[list[Row], int]:
    """The messages of a page, one more if there are more, and how many match (up to `MOST_COUNTED` and one)."""
    values: dict[str, Any] = {
        "query": query.everything,
        "channel_key": channel_key(asked.channel_name),
        "after_at": None,
        "after_key": None,
        **moments(asked.from_date, asked.to_date, timezone),
    }
    if is_ranked(asked, query):
        found, are_all = await _newest_matches(snapshot, values | {"rows": _MOST_RANKED}, _ENOUGH_RANKED)
        keys = [row["message_key"] for row in found]
        if keys:
            ranked = {"keys": keys, "words": query.words, "newest": found[0]["message_timestamp"]}
            keys = [row["message_key"] for row in await snapshot.rows(_statement("rank"), ranked)]
        keys = keys[page["offset"] : page["offset"] + page["rows"]]
    else:
        found, are_all = await _newest_matches(snapshot, {**values, **page}, page["rows"])
        keys = [row["message_key"] for row in found]
        are_all = are_all and page["after_at"] is None
    is_counted = are_all and len(found) < (_MOST_RANKED if is_ranked(asked, query) else page["rows"])
    total = len(found) if is_counted else await _count(snapshot, values)
    return await snapshot.rows(_statement("found"), {"keys": keys}), total


def is_ranked(asked: SearchParameters, query: Query) -> bool:
    """Whether matches are in the order of relevance; without words there is none."""
    return asked.sort is SearchSort.RELEVANCE and query.words is not None


async def add_snippets(rows: Sequence[Row], query: Query) -> None:
    """Add to each row the part of its text that matches best."""

    def add() -> None:
        highlighter = Highlighter(query.shown)
        for row in rows:
            snippet = highlighter.snippet(row["message_text"])
            row["snippet"] = snippet.text
            row["highlights"] = [{"start": start, "end": end} for start, end in snippet.highlights]

    if len(rows) > _MOST_SNIPPETS_HERE:
        await asyncio.to_thread(add)
    else:
        add()


async def _newest_matches(snapshot: Snapshot, values: Mapping[str, Any], enough: int) -> tuple[list[Row], bool]:
    """The newest matches, and whether the search went through all messages."""
    window = values["rows"] if values["query"] is None else _WINDOW
    rows = await snapshot.rows(_statement("search_recent"), {**values, "window": window})
    if values["query"] is None or len(rows) >= enough:
        return rows, values["query"] is None
    return await snapshot.rows(_statement("search_all"), values), True


async def _count(snapshot: Snapshot, values: Mapping[str, Any]) -> int:
    row = await snapshot.row(_statement("count"), {**values, "most": MOST_COUNTED + 1})
    return int(row["total"]) if row is not None else 0
