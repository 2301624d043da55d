"""Quantiles and expected shortfall of single trades, for every sample of hours at once."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quantscout_local.evidence.stats_bootstrap import Array, Resamples

Positions = NDArray[np.int64]
SHORTFALL_SHARE = 0.05
TINY = 1e-9
"""Counts are whole numbers; their products with a share are so up to rounding."""


def draw_medians(resamples: Resamples, values: Array, hours: Positions) -> Array:
    """Return the median of the values (one per trade, of hour number `hours`) in each sample; NaN without trades."""
    return _by_samples(resamples, values, hours, _median)


def draw_shortfalls(resamples: Resamples, values: Array, hours: Positions) -> Array:
    """Return the mean of the worst 5 % of the values in each sample (Acerbi and Tasche 2002); NaN without trades."""
    return _by_samples(resamples, values, hours, _shortfall)


def _by_samples(
    resamples: Resamples, values: Array, hours: Positions, statistic: Callable[[Array, Array], Array]
) -> Array:
    order = np.argsort(values, kind="stable")
    ascending, at = values[order], hours[order]
    if not values.size:
        return np.full(resamples.places.shape[0], np.nan)
    parts = [statistic(ascending, resamples.weights[part][:, at].astype(np.float64)) for part in resamples.chunks()]
    return np.concatenate(parts)


def _median(ascending: Array, counts: Array) -> Array:
    reached = counts.cumsum(axis=1)
    half = reached[:, -1:] / 2
    last = ascending.size - 1
    lower = ascending[(reached < half).sum(axis=1).clip(max=last)]
    upper = ascending[(reached <= half).sum(axis=1).clip(max=last)]
    return np.where(reached[:, -1] > 0, (lower + upper) / 2, np.nan)


def _shortfall(ascending: Array, counts: Array) -> Array:
    reached = counts.cumsum(axis=1)
    tail = SHORTFALL_SHARE * reached[:, -1:]
    used = (tail - (reached - counts)).clip(0, counts)
    with np.errstate(invalid="ignore"):
        return np.asarray((used @ ascending) / tail[:, 0])


def shortfall_of(values: Array) -> float:
    """Return the mean of the worst 5 % of some values; the last one counts with the part of it that is in the 5 %."""
    if not values.size:
        return math.nan
    return float(_shortfall(np.sort(values), np.ones((1, values.size)))[0])
