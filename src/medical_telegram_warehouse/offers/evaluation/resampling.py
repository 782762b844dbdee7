"""How far the figures can be trusted: channel by channel, and with reposts of one text taken as one observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from medical_telegram_warehouse.offers.evaluation.labels import Key
from medical_telegram_warehouse.offers.evaluation.measures import Counts, Figures, added, figures_of, measured

RESAMPLES = 2_000
_SEED = 20_260_101
_CONFIDENCE = 95


class ChannelFigures(NamedTuple):
    """One channel left out of the others.

    An extractor that is not trained on the others measures on a channel the same with and without them, so these
    figures are what to expect of a channel that nobody has looked at, as far as the rules were not made for it.
    """

    channel_name: str
    messages: int
    own: Figures
    others: Figures


class Interval(NamedTuple):
    """Holds a figure with 95 % confidence. None where the figure cannot be measured."""

    low: float | None
    high: float | None


def by_channel(counts: Mapping[Key, Counts]) -> tuple[ChannelFigures, ...]:
    """The figures of each channel, in the order of their names."""
    messages: dict[str, list[Counts]] = {}
    for key, each in counts.items():
        messages.setdefault(key.channel_name, []).append(each)
    totals = {name: added(each) for name, each in messages.items()}
    whole = added(totals.values())
    return tuple(
        ChannelFigures(name, len(messages[name]), figures_of(totals[name]), figures_of(whole - totals[name]))
        for name in sorted(totals)
    )


def intervals(
    counts: Mapping[Key, Counts], clusters: Sequence[Sequence[Key]], resamples: int = RESAMPLES
) -> dict[str, Interval]:
    """The 95 % confidence interval of each figure by its name, by bootstrap over clusters.

    Over clusters, since thirty reposts of a text are no thirty observations: resampling messages would make the
    intervals too narrow.
    """
    totals = np.stack([added(counts[key] for key in cluster) for cluster in clusters])
    chance = np.random.default_rng(_SEED)
    number = len(clusters)
    drawn = chance.multinomial(number, np.full(number, 1 / number), size=resamples)
    return {name: _interval(values) for name, values in zip(Figures._fields, measured(drawn @ totals), strict=True)}


def each_cluster_once(counts: Mapping[Key, Counts], clusters: Sequence[Sequence[Key]]) -> Figures:
    """The figures where a text counts once, however often it was posted."""
    return figures_of(added(added(counts[key] for key in cluster) / len(cluster) for cluster in clusters))


def _interval(values: Counts) -> Interval:
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(None, None)
    tail = (100 - _CONFIDENCE) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return Interval(float(low), float(high))
