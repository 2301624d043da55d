"""The order book around the last close: spread, depth and levels, all from bars that have closed."""

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from quantscout_local.simulator.seeds import Floats, draw, draw_normal, exponential_of, key_of, normal, uniform
from quantscout_local.simulator.series import tick_decimals

LEVELS = 1000
_BAND = 0.01
_ORDER = np.arange(LEVELS)


class Shape(NamedTuple):
    """What a book looks like in a few numbers."""

    stream: str
    tick_decimals: int
    bid_ticks: int
    ask_ticks: int
    spacing_ticks: int
    bids_usdt: float  # within 1 % of the mid
    asks_usdt: float


class Side(NamedTuple):
    """One side of a book, best level first."""

    price: Floats
    usdt: Floats


def shape(symbol: str, hour: int, close: float, daily_usdt: float) -> Shape:
    """Return the book's shape for an hour: depth in proportion to turnover, spread against it."""
    stream = f"{symbol}@{hour}"
    own = exponential_of(0.35 * draw_normal("depth", symbol) + 0.15 * draw_normal("depth", stream))
    depth = max(daily_usdt * 0.02 * own, 3_000.0)
    spread = 0.0009 * sqrt(50_000.0 / depth) * exponential_of(0.5 * draw_normal("spread", stream))
    spread = min(max(spread, 0.0001), 0.015)
    lean = 0.25 * draw_normal("lean", stream)
    lean = min(max(lean, -0.8), 0.8)
    decimals = tick_decimals(close)
    in_ticks = close * float(f"1e{decimals}")
    bid = int(in_ticks * (1 - spread / 2))
    ask = max(int(np.ceil(in_ticks * (1 + spread / 2))), bid + 1)
    # Most books of 100 levels reach beyond 1 %; those of an eighth of the contracts do not.
    spacing = 0.00006 if draw("spacing", symbol) < 0.125 else 0.00013 + 0.00012 * draw("spacing", stream)
    spacing_ticks = max(round(in_ticks * spacing), 1)
    return Shape(stream, decimals, bid, ask, spacing_ticks, depth * (1 + lean) / 2, depth * (1 - lean) / 2)


def best(book: Shape) -> tuple[float, float]:
    """Return the best bid and ask."""
    scale = float(f"1e{book.tick_decimals}")
    return book.bid_ticks / scale, book.ask_ticks / scale


@lru_cache(maxsize=2048)
def sides(book: Shape) -> tuple[Side, Side]:
    """Return bids and asks, up to 1,000 levels each; what lies within 1 % adds up to the shape's depth."""
    bid, ask = best(book)
    mid = (bid + ask) / 2
    return (
        _side(book, "bids", -1, mid, book.bids_usdt),
        _side(book, "asks", 1, mid, book.asks_usdt),
    )


def _side(book: Shape, name: str, direction: int, mid: float, band_usdt: float) -> Side:
    key = key_of(book.stream, name)
    gaps = 1 + np.floor(uniform(key, _ORDER) * 2 * (book.spacing_ticks - 1)).astype(np.int64)
    gaps[0] = 0
    start = book.bid_ticks if direction < 0 else book.ask_ticks
    ticks = start + direction * np.cumsum(gaps)
    price = ticks[ticks > 0] / float(f"1e{book.tick_decimals}")
    weight = np.square(1.2 + 0.3 * normal(key + 1, _ORDER[: len(price)])) + 0.05
    inside = float(np.cumsum(np.where(np.abs(price / mid - 1) <= _BAND, weight, 0.0))[-1])
    return Side(price, weight * (band_usdt / max(inside, 0.05)))
