"""Four 15m bars inside each 1h bar: they open and close with it, touch its high and low, and share its volume."""

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.seeds import Floats, Ints, normal, uniform
from quantscout_local.simulator.series import Bars, rounded

QUARTER_MS = HOUR_MS // 4


def _knots(key: int, hour: Ints, bars: Bars) -> Floats:
    """Return the five prices at the quarters' edges, shape (5, hours)."""
    inner = [
        rounded(
            bars.open + (bars.close - bars.open) * (k / 4) + (bars.high - bars.low) * 0.3 * normal(key, hour * 4 + k),
            bars.open,
            6,
        )
        for k in (1, 2, 3)
    ]
    return np.stack([bars.open, *(np.clip(price, bars.low, bars.high) for price in inner), bars.close])


def _extremes(key: int, hour: Ints, bars: Bars, knots: Floats) -> tuple[Floats, Floats]:
    """Return highs and lows, each (4, hours); the quarter that is nearest to the hour's extreme reaches it."""
    top, bottom = np.maximum(knots[:-1], knots[1:]), np.minimum(knots[:-1], knots[1:])
    index = np.stack([hour * 4 + k for k in range(4)])
    reach = 0.6 * uniform(key + 1, index)
    high = np.clip(rounded(top + (bars.high - top) * reach, bars.open, 6), top, bars.high)
    low = np.clip(rounded(bottom - (bottom - bars.low) * reach, bars.open, 6), bars.low, bottom)
    columns = np.arange(len(hour))
    high[top.argmax(0), columns] = bars.high
    low[bottom.argmin(0), columns] = bars.low
    return high, low


def _shares(key: int, hour: Ints, total: Floats, decimals: int) -> Floats:
    """Return a total split into four, (4, hours), in an uneven way that adds up again."""
    weight = 0.4 + uniform(key + 2, np.stack([hour * 4 + k for k in range(4)]))
    whole = weight[0] + weight[1] + weight[2] + weight[3]
    first = [np.round(total * weight[k] / whole, decimals) for k in range(3)]
    rest = np.maximum(np.round(total - first[0] - first[1] - first[2], decimals), 0.0)
    return np.stack([*first, rest])


def split(key: int, bars: Bars, volume_decimals: int = 3) -> Bars:
    """Return the 15m bars of hours; each depends on its own hour and the key alone."""
    hour = bars.open_ms // HOUR_MS
    knots = _knots(key, hour, bars)
    high, low = _extremes(key, hour, bars, knots)
    volume = _shares(key, hour, bars.volume, volume_decimals)
    part = np.where(bars.volume > 0, volume / np.where(bars.volume > 0, bars.volume, 1.0), 0.0)
    opens = np.stack([bars.open_ms + k * QUARTER_MS for k in range(4)])
    trades = np.where(volume > 0, np.maximum((bars.trades * part).astype(np.int64), 1), 0)
    amounts = [np.round(total * part, 4) for total in (bars.quote_volume, bars.taker_volume, bars.taker_quote)]
    columns = (opens, knots[:-1], high, low, knots[1:], volume, amounts[0], trades, amounts[1], amounts[2])
    return Bars(*(np.ascontiguousarray(column.T).ravel() for column in columns))
