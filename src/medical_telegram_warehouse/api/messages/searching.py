"""Searches messages: the terms of a query, the filters, the order; then what is shown of the messages found.

A word that most messages hold is found among the newest ones at once; a rare one is found by the index of words. Which
of both it is nobody knows beforehand, so the newest messages are looked at first, and the index is asked where these
do not fill the page.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.api.answers.times import moments
from medical_telegram_warehouse.api.channels.repository import channel_key
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.database.statements import statements
from medical_telegram_warehouse.api.messages.parameters import SearchParameters, SearchSort
from medical_telegram_warehouse.api.messages.query import (
    MOST_WORDS,
    Known,
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
_LIMIT = MOST_COUNTED + 1
# How many of the newest messages are looked at one by one: three to five milliseconds.
_WINDOW = 10_000
# Words of which these hold a few are looked for by the index in so many times as long; the index is quick to find
# entries, but each costs a look into the table (600 milliseconds for a word that half of a million messages hold).
_FEW = 10
_LONGER = 10
# Among so many of the newest matches the best are good enough; more are not looked for, where it takes the index.
_ENOUGH_RANKED = 100
# Ranking reads the words of a whole text, and looks each up by its key. Older matches follow by age.
_MOST_RANKED = 300
# A match of two years ago is worth a third of one of today.
_FADING_SECONDS = 2 * 365 * 86_400
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
    vocabulary: dict[str, Known] = {}
    corrections: dict[str, str] = {}
    if sought:
        values = {
            "words": [word for word, _ in sought],
            "are_parts_wanted": [wanted for _, wanted in sought],
            "most": MOST_WORDS + 1,
        }
        for row in await snapshot.rows(_statement("vocabulary"), values):
            vocabulary[row["word"]] = Known(row["beginnings"], row["parts"])
            nearest = names.correction(row["word"], occurs=bool(row["beginnings"] or row["parts"]))
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
    if asked.is_original_post is not None:
        facets.append(("§original", asked.is_original_post))
    if asked.channel_name is not None:
        facets.append((f"§channel={channel_key(asked.channel_name)}", True))
    return facets


async def search(
    snapshot: Snapshot, asked: SearchParameters, query: Query, timezone: ZoneInfo, page: Mapping[str, Any]
) -> tuple[list[Row], int]:
    """The messages of a page, one more if there are more, and how many match (up to `MOST_COUNTED` and one)."""
    values: dict[str, Any] = {
        "query": query.everything,
        "words": query.words if is_ranked(asked, query) else None,
        "channel_key": channel_key(asked.channel_name),
        "after_at": None,
        "after_key": None,
        "window": _WINDOW,
        "rows": _LIMIT,
        "ranked": _MOST_RANKED,
        **moments(asked.from_date, asked.to_date, timezone),
    }
    matches, total = await _newest_matches(
        snapshot, values, _ENOUGH_RANKED if is_ranked(asked, query) else page["rows"]
    )
    if is_ranked(asked, query):
        shown = _best_first(matches)[page["offset"] : page["offset"] + page["rows"]]
    elif page["after_at"] is None and len(matches) >= min(page["rows"], total):
        shown = matches[: page["rows"]]
    else:
        shown, _ = await _newest_matches(snapshot, {**values, **page}, page["rows"])
    return await snapshot.rows(_statement("found"), {"keys": [row["message_key"] for row in shown]}), total


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


async def _newest_matches(snapshot: Snapshot, values: Mapping[str, Any], enough: int) -> tuple[list[Row], int]:
    """The newest matches, and how many there are; neither more than `rows`.

    Args:
        snapshot: of the marts.
        values: the query, filters and place.
        enough: so many of the newest matches will do, where there are more.
    """
    rows = await snapshot.rows(_statement("search_recent"), values)
    if len(rows) == values["rows"]:
        return rows, len(rows)
    older = await snapshot.row(_statement("first_not_looked_at"), values)
    if older is None:
        return rows, len(rows)
    if _FEW <= len(rows) < enough:
        until = older["message_timestamp"]
        since = until - (_LONGER - 1) * (rows[0]["message_timestamp"] - until)
        if values["from_time"] is None or values["from_time"] < since:
            rows = await snapshot.rows(_statement("search_all"), {**values, "from_time": since})
            if len(rows) == values["rows"]:
                return rows, len(rows)
    if len(rows) >= enough:
        counted = await snapshot.row(_statement("count"), values)
        return rows, int(counted["total"]) if counted is not None else 0
    rows = await snapshot.rows(_statement("search_all"), values)
    return rows, len(rows)


def _best_first(matches: Sequence[Row]) -> list[Row]:
    """By rank and age, then those without a rank; of equals the newest first."""
    if not matches:
        return []
    newest = matches[0]["message_timestamp"]

    def worth(row: Row) -> float:
        age = (newest - row["message_timestamp"]).total_seconds()
        return float(row["rank"] or 0) * math.exp(-age / _FADING_SECONDS)

    return sorted(matches, key=worth, reverse=True)
