"""Numbers, money, days and keys as people read them. Nothing here knows HTML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

NOTHING = "–"
_MINUS = "\u2212"
_NARROW = "\u00a0"
_WHOLE_FROM = 100
_ONE_DECIMAL_FROM = 10
_LABELS = {
    "scrape_telegram_data": "Scrape Telegram",
    "load_raw_to_postgres": "Load into PostgreSQL",
    "run_dbt_transformations": "Build the marts",
    "run_yolo_enrichment": "Look at photos",
    "load_yolo_to_postgres": "Load what photos show",
    "run_dbt_yolo_model": "Build the photos' marts",
    "extract_message_offers": "Read offers",
    "medical_telegram_warehouse_pipeline": "Whole pipeline",
    "partial": "Some steps",
    "news_other": "News and other",
    "media_only": "Media only",
    "job_ad": "Job ad",
    "single_product_ad": "Single product",
    "stock_out": "Out of stock",
    "price_withheld": "Price on request",
    "ok": "OK",
}


def number(value: float | Decimal | None) -> str:
    """A count or a mean: thousands separated, and no more decimals than tell something."""
    if value is None:
        return NOTHING
    size = abs(float(value))
    decimals = 0 if isinstance(value, int) or size >= _WHOLE_FROM else 1 if size >= _ONE_DECIMAL_FROM else 2
    text = f"{value:,.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", _MINUS)


def money(value: Decimal | float | None, currency: str | None = "ETB") -> str:
    """`1,250 ETB`; cents only where there are any."""
    if value is None:
        return NOTHING
    text = f"{value:,.2f}".removesuffix(".00").replace("-", _MINUS)
    return f"{text}{_NARROW}{currency or ''}".rstrip(_NARROW)


def price_range(lowest: Decimal | None, highest: Decimal | None, currency: str = "ETB") -> str:
    """`115-175 ETB` with a dash between, or the one price that there is."""
    if lowest is None or highest is None or lowest == highest:
        return money(lowest if lowest is not None else highest, currency)
    return f"{money(lowest, None)}–{money(highest, currency)}"


def percent(share: float | None) -> str:
    """A share from 0 to 1."""
    if share is None:
        return NOTHING
    size = abs(share) * 100
    text = f"{size:.0f}" if size >= _ONE_DECIMAL_FROM or size == round(size) else f"{size:.1f}"
    return f"{_MINUS if share < 0 and float(text) else ''}{text}%"


def change(ratio: float | None) -> str:
    """A change as a part of what was before, with its sign."""
    if ratio is None:
        return NOTHING
    text = percent(abs(ratio))
    if text in ("0%", "0.0%"):
        return "±0%"
    return f"{'+' if ratio > 0 else _MINUS}{text}"


def signed(value: int | None) -> str:
    """A gain or a loss."""
    if value is None:
        return NOTHING
    return f"+{value:,}" if value > 0 else number(value)


def ratio_of(now: float | Decimal | None, before: float | Decimal | None) -> float | None:
    """How much more it is than before, as a part of that; None where one of both is missing or nothing."""
    if now is None or not before:
        return None
    return float(now) / float(before) - 1


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 offer`, `2 offers`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """`3.2 s`, `2 min 5 s`, `1 h 4 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def day(value: date | None) -> str:
    """`27 Nov 2026`."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


def label(key: str | None) -> str:
    """A key of ours in words: `product_display` is `Product display`."""
    if not key:
        return NOTHING
    return _LABELS.get(key) or key.replace("_", " ").capitalize()


def product_label(row: Mapping[str, Any]) -> str:
    """A product's name, strength and form."""
    parts = [str(row[part]) for part in ("product_name", "strength", "form") if row.get(part)]
    name = parts[0]
    # `iv giving set supply` and `baby wipes wipes` say the same twice.
    return " ".join([name, *(part for part in parts[1:] if part.lower() not in name.lower().split())])
