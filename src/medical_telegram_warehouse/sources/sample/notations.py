"""The notations in which shops write one product on one line, or a block of lines, of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from medical_telegram_warehouse.sources.sample.chance import Roll
from medical_telegram_warehouse.sources.sample.items import Item
from medical_telegram_warehouse.sources.sample.truth import SampleOffer


class Notation(NamedTuple):
    """A way to write an item down, and what a reader learns from that."""

    write: Callable[[Item], str]
    truth: Callable[[Item], SampleOffer]


class Line(NamedTuple):
    """A line of a list, and what it is about."""

    text: str
    items: tuple[Item, ...]
    truth: Callable[[Item], SampleOffer]

    @property
    def offers(self) -> tuple[SampleOffer, ...]:
        """What the text offers, in its order."""
        return tuple(self.truth(item) for item in self.items)


def written(notation: Notation, item: Item) -> Line:
    """The line that a notation makes of an item."""
    return Line(notation.write(item), (item,), notation.truth)


def priced(item: Item) -> SampleOffer:
    """Name, strength and one price."""
    return item.truth(item.price)


def priced_pack(item: Item) -> SampleOffer:
    """Name, strength, pack and one price."""
    return item.truth(item.price, pack=item.pack)


def _unpriced(item: Item) -> SampleOffer:
    return item.truth()


def _withheld(item: Item) -> SampleOffer:
    return item.truth(availability="price_withheld")


def _gone(item: Item) -> SampleOffer:
    return item.truth(availability="stock_out")


def _by_five(price: int) -> int:
    return max(1, int(price * 0.96))


def _has_tiers(item: Item) -> bool:
    """Nobody buys five patient monitors."""
    return item.price < 5_000


def _broken(price: int) -> tuple[str, str]:
    """As in `=4 65`."""
    return str(price)[:1], str(price)[1:] or "0"


PRICED = (
    Notation(lambda item: f"{item.full}.......{item.price}birr", priced_pack),
    Notation(lambda item: f"{item.title} = {item.price}", priced),
    Notation(lambda item: f"🔹{item.full} 💵{item.price:,}", priced_pack),
    Notation(
        lambda item: f"💊{item.title}\n     📦 {item.carton}\n     ⏳{item.expiry}\n     💵 {item.price}",
        lambda item: item.truth(item.price, pack=item.carton, dated=True),
    ),
    Notation(lambda item: f"• {item.title} - {item.price:,} ETB", priced),
    Notation(
        lambda item: f"💊 {item.title} 💵{item.price}" + (f" 5box💵{_by_five(item.price)}" if _has_tiers(item) else ""),
        lambda item: item.truth(item.price, _by_five(item.price)) if _has_tiers(item) else item.truth(item.price),
    ),
    Notation(lambda item: f"✅ {item.full} {item.price} ብር", priced_pack),
    Notation(
        lambda item: f"{item.title} ({item.pack or item.carton}) Br {item.price}.00",
        lambda item: item.truth(item.price, pack=item.pack or item.carton),
    ),
)
UNPRICED = (
    Notation(lambda item: f"• {item.title}", _unpriced),
    Notation(lambda item: f"✔️ {item.full}", lambda item: item.truth(pack=item.pack)),
    Notation(
        lambda item: f"🧿{item.full}\n   📦{item.carton}\n   💴\n   ⏳ {item.expiry}",
        lambda item: item.truth(pack=item.pack or item.carton, dated=True, availability="price_withheld"),
    ),
    Notation(lambda item: f"⭐️{item.title} Exp {item.expiry}", lambda item: item.truth(dated=True)),
    Notation(lambda item: f"{item.title} =", _withheld),
    Notation(lambda item: f"{item.title}", _unpriced),
)
ODD = (
    Notation(lambda item: f"💊{item.title} 💵      limited quantity ⛔️", _withheld),
    Notation(lambda item: f"• {item.title} (stock out)", _gone),
    Notation(
        lambda item: f"{item.title} ={' '.join(_broken(item.price))}",
        lambda item: item.truth(int("".join(_broken(item.price)))),
    ),
    Notation(
        lambda item: f"{item.name} from {item.carton}pk 💵{_by_five(item.price)}",
        lambda item: item._replace(strength="").truth(_by_five(item.price), pack=f"{item.carton}pk"),
    ),
    Notation(lambda item: f"{item.title} አልቋል", _gone),
)


def several_sizes(items: tuple[Item, ...]) -> Line:
    """As in `Syringe 3cc=420, 5cc=630`: one price, and so one offer, for each size."""
    text = f"{items[0].name} " + ", ".join(f"{item.strength}={item.price}" for item in items)
    return Line(text, items, priced)


def pick_style(roll: Roll, *, priced: bool) -> int:
    """The notation of a whole list."""
    return int(roll() * len(PRICED)) if priced else -1 - int(roll() * len(UNPRICED))
