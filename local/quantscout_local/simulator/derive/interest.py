"""Open interest between the real rows, and the ratio of long to short accounts."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import Floats, Ints, draw, draw_normal, exponential_of, key_of, normal
from quantscout_local.simulator.series import Bars

_WEEK_H = 168


class Interest(NamedTuple):
    """Open interest at moments, in contract units, its value, and which of it is real."""

    coins: Floats
    value: Floats
    real: np.ndarray


@lru_cache(maxsize=4096)
def _volume_so_far(contract: Contract) -> Floats:
    return np.concatenate([np.zeros(1), np.cumsum(contract.bars.volume)])


def closes_before(bars: Bars, at_ms: Ints) -> Ints:
    """Return the index of the last bar that had closed at each moment, -1 for none."""
    return np.asarray(np.searchsorted(bars.open_ms, at_ms - HOUR_MS, "right") - 1)


def day_return(bars: Bars, at_ms: Ints) -> Floats:
    """Return the return over the day before each moment, 0 without history."""
    now, then = closes_before(bars, at_ms), closes_before(bars, at_ms - DAY_MS)
    known = then >= 0
    return np.asarray(np.where(known, bars.close[np.maximum(now, 0)] / bars.close[np.maximum(then, 0)] - 1.0, 0.0))


def _from_volume(contract: Contract, at_ms: Ints) -> Floats:
    """Return open interest as some hours of the past week's volume, leaning with the day's return."""
    index = closes_before(contract.bars, at_ms) + 1
    since = np.maximum(index - _WEEK_H, 0)
    sums = _volume_so_far(contract)
    hourly = (sums[index] - sums[since]) / np.maximum(index - since, 1)
    held_h = exponential_of(1.8 + 0.5 * draw_normal("open interest", contract.symbol))
    lean = 1.0 + 0.6 * np.clip(day_return(contract.bars, at_ms), -0.5, 0.5)
    slow = 1.0 + 0.03 * normal(key_of("oi slow", contract.symbol), at_ms // (6 * HOUR_MS))
    fast = 1.0 + 0.008 * normal(key_of("oi", contract.symbol), at_ms // 60_000)
    return np.asarray(np.maximum(np.round(hourly * held_h * lean * slow * fast, 1), 0.1))


def _carried(contract: Contract, at_ms: Ints, coins: Floats) -> tuple[Floats, np.ndarray]:
    points = contract.open_interest
    if points is None or not len(points.at_ms):
        return coins, np.zeros(len(at_ms), bool)
    index = np.searchsorted(points.at_ms, at_ms, "right") - 1
    last = np.maximum(index, 0)
    real = (index >= 0) & (points.at_ms[last] == at_ms)
    noise = 1.0 + 0.003 * normal(key_of("oi", contract.symbol), at_ms // 60_000)
    carried = np.where(real, points.value[last], np.round(points.value[last] * noise, 3))
    return np.where(index >= 0, carried, coins), real


def open_interest(contract: Contract, at_ms: Ints) -> Interest:
    """Return open interest at moments after the first bar's close: real where a row stands there, else carried on."""
    coins, real = _carried(contract, at_ms, _from_volume(contract, at_ms))
    value = np.round(coins * contract.bars.close[np.maximum(closes_before(contract.bars, at_ms), 0)], 4)
    if contract.open_interest_value is not None and real.any():
        points = contract.open_interest_value
        index = np.maximum(np.searchsorted(points.at_ms, at_ms, "right") - 1, 0)
        value = np.where(real, points.value[index], value)
    return Interest(coins, value, real)


def long_share(symbol: str, bars: Bars, at_ms: Ints) -> Floats:
    """Return the share of accounts that are long, 0.2 to 0.85 with four decimals."""
    level = 0.56 + 0.07 * draw_normal("long share", symbol)
    lean = -0.15 * np.clip(day_return(bars, at_ms), -0.5, 0.5)
    return np.asarray(
        np.round(np.clip(level + lean + 0.01 * normal(key_of("ls", symbol), at_ms // 60_000), 0.2, 0.85), 4)
    )


def liquidated(symbol: str, bars: Bars) -> tuple[Floats, Floats]:
    """Return longs and shorts liquidated in each bar, in contract units: they follow the bar's range."""
    share = 0.002 + 0.006 * draw("liquidations", symbol)
    down, up = (bars.open - bars.low) / bars.open, (bars.high - bars.open) / bars.open
    return np.round(bars.volume * share * np.minimum(down * 20, 3), 3), np.round(
        bars.volume * share * np.minimum(up * 20, 3), 3
    )
