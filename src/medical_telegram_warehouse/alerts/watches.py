"""What the analysts' rules find in the marts: prices that jumped, products that are new or gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from medical_telegram_warehouse.alerts.problems import Event, Found, Kind
from medical_telegram_warehouse.alerts.queries import statement
from medical_telegram_warehouse.alerts.rules import AlertRules, NewProduct, PriceJump, ProductGone

# What is older is no news, even if it is found only now: a backfill would tell of years.
_RECENT_DAYS = 7
# Far more than a week brings: what is beyond them would be told when it moves up, and be old by then.
_MOST_ROWS = 5000
# A product that went while its only channel rested is found when that posts again.
_PATIENCE_DAYS = 90


def find_watched(connection: psycopg.Connection, rules: AlertRules) -> Iterator[Found]:
    """Events of each rule; nothing as long as there are no marts to look at."""
    row = connection.execute(statement("newest_day")).fetchone()
    newest_day = row[0] if row else None
    if newest_day is None:
        return
    for jump in rules.price_jump:
        yield Found(source=jump.source, events=list(_price_jumps(connection, jump, newest_day)))
    for new in rules.new_product:
        yield Found(source=new.source, events=list(_new_products(connection, new, newest_day)))
    for gone in rules.product_gone:
        yield Found(source=gone.source, events=list(_gone_products(connection, gone, newest_day)))


def _price_jumps(connection: psycopg.Connection, rule: PriceJump, newest_day: date) -> Iterator[Event]:
    more = {"percent": rule.percent, "direction": rule.direction}
    for (
        key, name, strength, form, channel, day, before, currency, price, previous, ratio, message_id,
    ) in connection.execute(statement("price_jumps"), {**_asked(rule, newest_day), **more}):  # fmt: skip
        yield Event(
            # A second change of the same day is another event.
            key=f"price:{key}:{price}",
            kind=Kind.PRICE_JUMP,
            text=f"{_product(name, strength, form)} in {channel}: {_money(price, currency)} on {day}, "
            f"{ratio:+.0%} from {_money(previous, currency)} on {before} (message {message_id})",
        )


def _new_products(connection: psycopg.Connection, rule: NewProduct, newest_day: date) -> Iterator[Event]:
    for key, name, strength, form, channel, day, price, currency in connection.execute(
        statement("new_products"), _asked(rule, newest_day)
    ):
        cost = f" for {_money(price, currency)}" if price is not None else ""
        scope = "" if rule.channel == "*" else f":{channel}"
        yield Event(
            key=f"new:{key}{scope}",
            kind=Kind.NEW_PRODUCT,
            text=f"{_product(name, strength, form)}, first in {channel} on {day}{cost}",
        )


def _gone_products(connection: psycopg.Connection, rule: ProductGone, newest_day: date) -> Iterator[Event]:
    more = {"days": rule.days, "patience_days": _PATIENCE_DAYS}
    for key, name, strength, form, day, channels in connection.execute(
        statement("gone_products"), {**_asked(rule, newest_day), **more}
    ):
        others = f" and {len(channels) - 1} more" if len(channels) > 1 else ""
        yield Event(
            key=f"gone:{key}:{day}",
            kind=Kind.PRODUCT_GONE,
            text=f"{_product(name, strength, form)}, last in {channels[0]}{others} on {day}",
        )


def _asked(rule: PriceJump | NewProduct | ProductGone, newest_day: date) -> dict[str, Any]:
    return {
        "newest_day": newest_day,
        "recent_days": _RECENT_DAYS,
        "product": rule.product_pattern,
        "channel": rule.channel_pattern,
        "rows": _MOST_ROWS,
    }


def _product(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _money(amount: Decimal, currency: str | None) -> str:
    return f"{amount:,.2f}".removesuffix(".00") + (f" {currency}" if currency else "")
