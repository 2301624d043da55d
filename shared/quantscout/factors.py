"""The table of factors (SPEC 5): one line each. A factor's name is the column, the weight's key and the JSON key.

Values are polars expressions over the board (one row per contract, see decide.py). `z` factors are scored by their
cross-sectional z over the scored set; `direct` factors are already between 0 and 1.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import polars as pl


class Factor(NamedTuple):
    """One factor: value, weight, why it is there, and how a person reads a value of it."""

    name: str
    weight: float
    kind: Literal["z", "direct"]
    value: pl.Expr
    why: str
    phrase: Callable[[float], str]


def _log_ratio(now: str, before: str) -> pl.Expr:
    return (pl.col(now) / pl.col(before)).log()


def _change(log_return: float) -> str:
    return f"{100 * math.expm1(log_return):+.1f} %"


VOL_SPIKE_FLOOR = -5.0
TYPICAL_DEPTH_USDT = 25_000.0

_above_mean = (pl.col("close") - pl.col("sma20")) / pl.col("atr14_1h")
_above_high = (pl.col("close") - pl.col("high_20h")) / pl.col("atr14_1h")
_sides = pl.col("bids_usdt") + pl.col("asks_usdt")
_imbalance = (pl.col("bids_usdt") - pl.col("asks_usdt")) / _sides
_spike = _log_ratio("volume_usdt", "volume_median_usdt").clip(lower_bound=VOL_SPIKE_FLOOR)
_aggression = (2 * pl.col("taker_buy_usdt") - pl.col("volume_usdt")) / pl.col("volume_usdt")
_fit = (-0.5 * (pl.col("depth_usdt") / TYPICAL_DEPTH_USDT).log().pow(2)).exp()

FACTORS: tuple[Factor, ...] = (
    Factor("mom15m", 0.18, "z", _log_ratio("close_15m", "open_15m"),
           "a move that has just begun", lambda v: f"{_change(v)} in the last 15 min"),
    Factor("mom60m", 0.12, "z", _log_ratio("close", "close_1h_ago"),
           "the move of the hour", lambda v: f"{_change(v)} in the last hour"),
    Factor("vol_spike", 0.18, "z",
           pl.when(pl.col("volume_median_usdt") > 0).then(_spike),
           "attention shows in volume first", lambda v: f"hourly volume {math.exp(v):.1f}x its 30-day median"),
    Factor("breakout", 0.08, "z", 0.5 * _above_mean + 0.5 * _above_high,
           "price leaves its range, in units of its own noise", lambda v: f"{v:+.1f} ATR against its 20 h range"),
    Factor("ob_imbalance", 0.10, "z", pl.when(_sides > 0).then(_imbalance),
           "more waiting to buy than to sell", lambda v: f"order book {100 * v:+.0f} % towards bids"),
    Factor("aggressor", 0.07, "z",
           pl.when(pl.col("volume_usdt") > 0).then(_aggression),
           "who crosses the spread", lambda v: f"takers {100 * v:+.0f} % towards buying"),
    Factor("oi_change", 0.12, "z", pl.col("oi_change_4h_pct"),
           "new positions are being opened", lambda v: f"open interest {v:+.1f} % in 4 h"),
    Factor("social", 0.05, "z", pl.col("trending_points"),
           "people are looking", lambda v: f"number {16 - v:.0f} in CoinGecko trending" if v > 0 else "not trending"),
    Factor("regime", 0.05, "direct", pl.col("regime_value"),
           "micro-caps follow the market's appetite", lambda v: f"market regime {v:.1f} of 1"),
    Factor("liquidity", 0.05, "direct",
           pl.when(pl.col("depth_usdt") > 0).then(_fit),
           "just enough depth, neither thin nor thick", lambda v: f"depth fits {v:.2f} of 1"),
)  # fmt: skip

NAMES = tuple(factor.name for factor in FACTORS)


def factor_values() -> list[pl.Expr]:
    """Return one expression per factor, named like it; NaN and infinities become null (no data)."""
    return [pl.when(f.value.is_finite()).then(f.value).alias(f.name) for f in FACTORS]
