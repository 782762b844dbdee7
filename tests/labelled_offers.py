"""Invented labels and predictions, for tests of the evaluation."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medical_telegram_warehouse.offers.evaluation.labels import GENRES
from medical_telegram_warehouse.sources.sample.products import PRODUCTS

Row = dict[str, Any]


def labelled(name: str, *prices: float, **fields: Any) -> Row:
    """A labelled offer."""
    return {"name": name, "alt": [], "strength": None, "pack": None, "expiry": None, "prices": list(prices), **fields}


def predicted(name: str | None, price: float | None = None, **fields: Any) -> Row:
    """A predicted offer."""
    return {"name": name, "strength": None, "pack": None, "expiry": None, "price": price, **fields}


def message(number: int, *offers: Row, genre: str | None = None, channel: str = "sample_a") -> Row:
    """A message, labelled or predicted."""
    genre = genre or ("single_product_ad" if offers else "news_other")
    return {"channel_name": channel, "message_id": number, "genre": genre, "offers": list(offers)}


def written(path: Path, rows: Iterable[Row | str]) -> Path:
    """A file of JSON lines; texts go in as they are."""
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def random_labels(chance: random.Random, count: int) -> list[Row]:
    """Messages of a few channels, a third of them without offers."""
    rows = []
    for number in range(count):
        size = chance.choice([0, 0, 1, 1, 2, 12])
        offers = [_random_offer(chance) for _ in range(size)]
        channel = chance.choice(["sample_a", "sample_b", "sample_c"])
        rows.append(message(number, *offers, genre=chance.choice(GENRES), channel=channel))
    return rows


def _random_offer(chance: random.Random) -> Row:
    product = chance.choice(PRODUCTS)
    alt = [name for name in (product.amharic, product.misspelling) if name and chance.random() < 0.4]
    return labelled(
        chance.choice([product.name, product.name.upper(), f"{product.name} ({product.kind})"]),
        *chance.choice([(), (product.price,), (product.price, product.price - 5), (product.price + 0.5,)]),
        alt=alt,
        strength=chance.choice([None, *product.strengths]),
        pack=chance.choice([None, product.pack, product.pack.replace("x", "×")]),
        expiry=chance.choice([None, "2027-03", "2028-10"]),
    )


def corrupted(chance: random.Random, labels: Sequence[Row]) -> list[Row]:
    """Predictions as a bad extractor makes them: some right, each kind of mistake among the others."""
    rows = []
    for row in labels:
        if chance.random() < 0.1:
            continue
        offers = [_spoilt(chance, offer) for offer in row["offers"] if chance.random() > 0.1]
        offers += [_spoilt(chance, _random_offer(chance)) for _ in range(chance.choice([0, 0, 0, 1, 3]))]
        offers += [dict(offer) for offer in offers if chance.random() < 0.1]
        chance.shuffle(offers)
        genre = chance.choice([row["genre"], row["genre"], chance.choice(GENRES), None])
        rows.append({**row, "genre": genre, "offers": offers})
    return rows


def _spoilt(chance: random.Random, offer: Row) -> Row:
    name, strength = offer["name"], offer["strength"]
    words = name.split()
    name = chance.choice(
        [
            name,
            name.lower(),
            words[0],
            f"{name} {strength or 'new'}",
            " ".join(reversed(words)),
            name[: len(name) // 2],
            name.replace("i", "y"),
            chance.choice([*offer["alt"], name]),
            "".join(character for character in name if chance.random() > 0.1),
            chance.choice(["", "💊", None]),
        ]
    )
    prices = offer["prices"] or [None]
    return predicted(
        name,
        chance.choice([*prices, *prices, None, 7, 465.5]),
        alt=chance.choice([[], [], offer["alt"]]),
        strength=chance.choice([strength, strength, None, "5 MG", (strength or "").upper()]),
        pack=chance.choice([offer["pack"], None, "10*10"]),
        expiry=chance.choice([offer["expiry"], None, "2027-03"]),
    )
