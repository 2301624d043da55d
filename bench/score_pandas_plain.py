"""The windows of `make bench-score` in plain pandas: one definition, one column, as indicators are usually written.

Rolling windows over each contract's whole series, 4h bars by pd.Grouper, and Wilder's ATR (whose first value is a mean)
by a function that groupby.apply calls per contract. Nothing is slower here than it is commonly written.
"""

import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # in .venv-bench

from bench.score_pandas_history import HOUR_MS


def atr(bars: pd.DataFrame, period: int = 14) -> float:
    """Return Wilder's ATR of a contract's newest bar."""
    before = bars["close"].shift()
    ranges = [bars["high"] - bars["low"], (bars["high"] - before).abs(), (bars["low"] - before).abs()]
    known = pd.concat(ranges, axis=1).max(axis=1)[1:]
    if len(known) < period:
        return float("nan")
    seeded = pd.concat([pd.Series([known[:period].mean()]), known[period:]])
    return float(seeded.ewm(alpha=1 / period, adjust=False).mean().iloc[-1])


def windows(bars: pd.DataFrame, hour_ms: int, history_h: int = 720) -> pd.DataFrame:
    """Return one row per contract with every figure that gates and factors need."""
    t = hour_ms - HOUR_MS
    bars = bars[bars["open_ms"].between(t - history_h * HOUR_MS, t)].sort_values(["name", "open_ms"])
    bars = bars.reset_index(drop=True)
    grouped = bars.groupby("name")
    for hours, column in ((1, "close_1h_ago"), (4, "close_4h_ago"), (168, "close_7d_ago")):
        there = grouped["open_ms"].shift(hours) == bars["open_ms"] - hours * HOUR_MS
        bars[column] = grouped["close"].shift(hours).where(there)
    bars["change_4h"] = bars["close"] / bars["close_4h_ago"] - 1
    whole_20, whole_21, whole_24 = (bars["open_ms"] - grouped["open_ms"].shift(k) == k * HOUR_MS for k in (19, 20, 23))
    bars["sma20"] = _rolled(grouped["close"].rolling(20).mean()).where(whole_20)
    bars["high_20h"] = _rolled(grouped["high"].rolling(20).max()).groupby(bars["name"]).shift().where(whole_21)
    bars["volume_24h_usdt"] = _rolled(grouped["volume_usdt"].rolling(24).sum()).where(whole_24)
    bars["fullest_bar_ratio"] = _rolled(grouped["volume_usdt"].rolling(24).max()) / bars["volume_24h_usdt"]
    newest = bars.groupby("name").tail(1).set_index("name")
    found = newest.where(newest["open_ms"] == t).drop(columns=["venue", "contract", "open_ms", "filled"])
    found["last_open_ms"], found["last_close"] = newest["open_ms"], newest["close"]
    found["history_h"] = bars.groupby("name").size()
    found["volume_median_usdt"] = bars[bars["open_ms"] < t].groupby("name")["volume_usdt"].median()
    in_month = bars[bars["open_ms"] > t - history_h * HOUR_MS]
    found["adv30_usdt"] = 24 * in_month.groupby("name")["volume_usdt"].mean()
    found["change_4h_std_ratio"] = bars.groupby("name")["change_4h"].std(ddof=0)
    found["atr14_1h"] = bars.groupby("name")[["high", "low", "close"]].apply(atr)
    blocks = four_hours(bars)
    found["bars_4h"] = blocks.groupby("name").size()
    found["atr_pct"] = 100 * blocks.groupby("name")[["high", "low", "close"]].apply(atr) / found["last_close"]
    return found


def _rolled(values: pd.Series) -> pd.Series:
    """Return a rolling result in the rows that it came from: groupby puts the contract before the row's label."""
    return values.droplevel(0)


def four_hours(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the aligned 4h bars that have all four hours."""
    timed = bars.assign(time=pd.to_datetime(bars["open_ms"], unit="ms"))
    grouped = timed.groupby(["name", pd.Grouper(key="time", freq="4h")])
    blocks = grouped.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"), hours=("close", "size"))
    return blocks[blocks["hours"] == 4]
