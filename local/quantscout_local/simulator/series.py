"""Columns of bars: hours as they are stored, and the longer bars that are built from them."""

from typing import NamedTuple

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.seeds import Floats, Ints

_POWERS = np.array([float(f"1e{k}") for k in range(-12, 13)])
_SCALES = np.array([float(f"1e{k}") for k in range(22)])


class Bars(NamedTuple):
    """Bars of one contract, ascending; `taker_*` is NaN where nobody knows it."""

    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # base coins, or lots on KuCoin
    quote_volume: Floats
    trades: Ints
    taker_volume: Floats
    taker_quote: Floats

    def span(self, first: int, stop: int) -> "Bars":
        """Return the bars first <= i < stop."""
        return Bars._make(column[first:stop] for column in self)

    def pick(self, mask: np.ndarray) -> "Bars":
        """Return the bars where the mask is true, or at the places it names."""
        return Bars._make(column[mask] for column in self)


class Points(NamedTuple):
    """Values at moments, ascending."""

    at_ms: Ints
    value: Floats


def closed_count(open_ms: Ints, at_ms: int, step_ms: int = HOUR_MS) -> int:
    """Return how many bars have closed at a moment."""
    return int(np.searchsorted(open_ms, at_ms - step_ms, "right"))


def concatenated(parts: list[Bars]) -> Bars:
    """Return bars one after the other."""
    return Bars._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def flat(open_ms: int, price: float) -> Bars:
    """Return one bar without any trade: how a bar looks that has just begun."""
    at, at_price, nothing = np.array([open_ms]), np.array([price]), np.zeros(1)
    return Bars(at, at_price, at_price, at_price, at_price, nothing, nothing, np.zeros(1, np.int64), nothing, nothing)


def blocks(bars: Bars, step_ms: int) -> Bars:
    """Return aligned bars of `step_ms`, each from the hours that are there."""
    if step_ms == HOUR_MS or not len(bars.open_ms):
        return bars
    ids = bars.open_ms // step_ms
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    last = np.r_[first[1:], len(ids)] - 1

    def total(column: Floats) -> Floats:
        return np.asarray(np.round(np.add.reduceat(column, first), 6))

    return Bars(
        ids[first] * step_ms,
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        total(bars.volume),
        total(bars.quote_volume),
        np.add.reduceat(bars.trades, first),
        total(bars.taker_volume),
        total(bars.taker_quote),
    )


def rounded(values: Floats, like: Floats, digits: int) -> Floats:
    """Return values on the decimal grid on which `like` has this many significant digits."""
    magnitude = np.searchsorted(_POWERS, np.abs(like), "right") - 13  # floor(log10)
    scale = _SCALES[np.clip(digits - 1 - magnitude, 0, 21)]
    return np.asarray(np.rint(values * scale) / scale)


def tick_decimals(price: float, digits: int = 5) -> int:
    """Return the decimals with which a price has this many significant digits."""
    magnitude = int(np.searchsorted(_POWERS, abs(price), "right")) - 13
    return int(np.clip(digits - 1 - magnitude, 0, 12))


def row_total(values: Floats) -> float:
    """Return the sum, added from left to right so that it is the same everywhere."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0
