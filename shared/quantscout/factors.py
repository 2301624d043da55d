"""The table of factors (SPEC 5): one line each. A factor's name is the column, the weight's key and the JSON key.

Values are polars expressions over the board (one row per contract, see decide.py). `z` factors are scored by their
cross-sectional z over the scored set; `direct` factors are already between 0 and 1.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import polars as pl


class Factor(NamedTuple):
    """One factor: value, formula, weight, why it is there, and how a person reads a value of it."""

    name: str
    weight: float
    kind: Literal["z", "direct"]
    value: pl.Expr
    formula: str
    """The value in words; t is the hour's 1h bar; C, H, L, O are prices, V is quote volume."""
    why: str
    phrase: Callable[[float], str]


def _log_ratio(now: str, before: str) -> pl.Expr:
    return (pl.col(now) / pl.col(before)).log()


def _change(log_return: float) -> str:
    return f"{_signed(100 * math.expm1(log_return))} %"


def _signed(value: float) -> str:
    """Return a number with its sign and one decimal, never "-0.0"."""
    return f"{round(value, 1) + 0.0:+.1f}"


def _towards(ratio: float, positive: str, negative: str) -> str:
    return f"{100 * abs(ratio):.0f} % towards {positive if ratio >= 0 else negative}"


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
           "ln(C / O) of the last closed 15m bar",
           "a move that has just begun", lambda v: f"{_change(v)} in the last 15 min"),
    Factor("mom60m", 0.12, "z", _log_ratio("close", "close_1h_ago"),
           "ln(C_t / C_{t-1})",
           "the move of the hour", lambda v: f"{_change(v)} in the last hour"),
    Factor("vol_spike", 0.18, "z",
           pl.when(pl.col("volume_median_usdt") > 0).then(_spike),
           f"ln(V_t / median(V_{{t-720..t-1}})), at least {VOL_SPIKE_FLOOR:g}; a median of 0 is no data",
           "attention shows in volume first", lambda v: f"hourly volume {math.exp(v):.1f}x its 30-day median"),
    Factor("breakout", 0.08, "z", 0.5 * _above_mean + 0.5 * _above_high,
           "1/2 (C_t - SMA20) / ATR14 + 1/2 (C_t - max(H_{t-20..t-1})) / ATR14, all of 1h bars",
           "price leaves its range, in units of its own noise", lambda v: f"{_signed(v)} ATR against its 20 h range"),
    Factor("ob_imbalance", 0.10, "z", pl.when(_sides > 0).then(_imbalance),
           "(bids - asks) / (bids + asks), in USDT within 1 % of mid",
           "more waiting to buy than to sell", lambda v: f"order book {_towards(v, 'bids', 'asks')}"),
    Factor("aggressor", 0.07, "z",
           pl.when(pl.col("volume_usdt") > 0).then(_aggression),
           "(taker buys - taker sells) / (taker buys + taker sells), quote volume of bar t",
           "who crosses the spread", lambda v: f"takers {_towards(v, 'buying', 'selling')}"),
    Factor("oi_change", 0.12, "z", pl.col("oi_change_4h_pct"),
           "open interest in coins at H against H - 4h, change in %",
           "new positions are being opened", lambda v: f"open interest {_signed(v)} % in 4 h"),
    Factor("social", 0.05, "z", pl.col("trending_points"),
           "16 - rank in CoinGecko trending, 0 if it is not listed there; no provider is no data",
           "people are looking", lambda v: f"number {16 - v:.0f} in CoinGecko trending" if v > 0 else "not trending"),
    Factor("regime", 0.05, "direct", pl.col("regime_value"),
           "the value of the hour's market regime, the same for every contract",
           "micro-caps follow the market's appetite", lambda v: f"market regime {v:.1f} of 1"),
    Factor("liquidity", 0.05, "direct",
           pl.when(pl.col("depth_usdt") > 0).then(_fit),
           f"exp(-1/2 ln(depth / {TYPICAL_DEPTH_USDT:,.0f})^2), depth in USDT within 1 % of mid; 0 is no data",
           "just enough depth, neither thin nor thick", lambda v: f"depth {100 * v:.0f} % of the ideal fit"),
)  # fmt: skip

NAMES = tuple(factor.name for factor in FACTORS)


def factor_values() -> list[pl.Expr]:
    """Return one expression per factor, named like it; NaN and infinities become null (no data)."""
    return [pl.when(f.value.is_finite()).then(f.value).alias(f.name) for f in FACTORS]
