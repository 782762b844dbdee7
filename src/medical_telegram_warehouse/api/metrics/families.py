"""Rows of the database as metrics of Prometheus's client library. Nothing here asks a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from medical_telegram_warehouse.api.database.pool import Row
from medical_telegram_warehouse.api.metrics.catalogue import Figure, Kind, Look

PREFIX = "mtw_"


def gauge(name: str, help_text: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(PREFIX + name, help_text, value=value)


def gauge_by(label: str, name: str, help_text: str, **values: float) -> Metric:
    """A gauge with one label, whose values are named here."""
    family = GaugeMetricFamily(PREFIX + name, help_text, labels=[label])
    for text, value in values.items():
        family.add_metric([text], value)
    return family


def families(found: Iterable[tuple[Look, Sequence[Row]]], now: datetime) -> list[Metric]:
    """What the rows of each look say at this moment. A figure without any value is left out."""
    made: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for look, rows in found:
        for figure in look.figures:
            for row in rows:
                value = _value(figure, row, now)
                if value is not None:
                    family = made.setdefault(figure.name, _family(figure))
                    family.add_metric(
                        [str(row[label]) for label in figure.labels] + [text for _, text in figure.fixed], value
                    )
    return list(made.values())


def _family(figure: Figure) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if figure.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(PREFIX + figure.name, figure.help, labels=[*figure.labels, *(name for name, _ in figure.fixed)])


def _value(figure: Figure, row: Row, now: datetime) -> float | None:
    found = row[figure.column]
    if found is None:
        return None
    if isinstance(found, datetime):
        return (now - found).total_seconds() if figure.kind is Kind.AGE else found.timestamp()
    return float(found)
