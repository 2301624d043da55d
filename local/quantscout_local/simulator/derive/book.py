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
_NEAR = 200
"""Levels that reach beyond the band in nearly every book: most requests need no more."""


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


def sides(book: Shape, levels: int = LEVELS) -> tuple[Side, Side]:
    """Return bids and asks, at least so many levels each (there are up to 1,000).

    What lies within 1 % adds up to the shape's depth.
    """
    return _sides(book, _NEAR if levels <= _NEAR else LEVELS)


@lru_cache(maxsize=2048)
def _sides(book: Shape, levels: int) -> tuple[Side, Side]:
    bid, ask = best(book)
    mid = (bid + ask) / 2
    return (
        _side(book, -1, mid, levels),
        _side(book, 1, mid, levels),
    )


def _side(book: Shape, direction: int, mid: float, levels: int) -> Side:
    name, band_usdt = ("bids", book.bids_usdt) if direction < 0 else ("asks", book.asks_usdt)
    key, order = key_of(book.stream, name), _ORDER[:levels]
    gaps = 1 + np.floor(uniform(key, order) * 2 * (book.spacing_ticks - 1)).astype(np.int64)
    gaps[0] = 0
    start = book.bid_ticks if direction < 0 else book.ask_ticks
    ticks = start + direction * np.cumsum(gaps)
    price = ticks[ticks > 0] / float(f"1e{book.tick_decimals}")
    within = np.abs(price / mid - 1) <= _BAND
    if within[-1] and len(price) == levels < LEVELS:  # the band goes on: sizes depend on all that lies in it
        return _side(book, direction, mid, LEVELS)
    weight = np.square(1.2 + 0.3 * normal(key + 1, order[: len(price)])) + 0.05
    inside = float(np.cumsum(np.where(within, weight, 0.0))[-1])
    return Side(price, weight * (band_usdt / max(inside, 0.05)))
