"""What the pandas half of `make bench-score` takes from bars, open interest and settlements, per contract."""

import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # in .venv-bench

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def wilder(bars: pd.DataFrame, period: int = 14) -> pd.Series:
    """Return Wilder's ATR of each contract's newest bar: the mean of 14 true ranges, then a fourteenth of each new."""
    grouped = bars.groupby("name", observed=True, sort=False)
    before, number = grouped["close"].shift(), grouped.cumcount()
    high, low = bars["high"], bars["low"]
    true_range = np.maximum(np.maximum(high - low, (high - before).abs()), (low - before).abs())
    first = true_range[number.between(1, period)]
    seed = first.groupby(bars["name"], observed=True, sort=False).mean()
    seeded = true_range.mask(number == period, bars["name"].map(seed).astype(float))[number >= period]
    names = bars["name"][number >= period]
    smooth = seeded.groupby(names, observed=True, sort=False).ewm(alpha=1 / period, adjust=False).mean()
    return smooth.groupby(level=0, observed=True, sort=False).last()


def windows(bars: pd.DataFrame, hour_ms: int, history_h: int = 720) -> pd.DataFrame:
    """Return one row per contract with every figure that gates and factors need."""
    t = hour_ms - HOUR_MS
    bars = bars[bars["open_ms"].between(t - history_h * HOUR_MS, t)].sort_values(["name", "open_ms"])
    grouped = bars.groupby("name", observed=True, sort=False)
    newest = grouped.last()
    found = (
        bars[bars["open_ms"] == t]
        .set_index("name")[["open", "high", "low", "close", "volume_usdt", "taker_buy_usdt"]]
        .reindex(newest.index)
    )
    for hours, column in ((1, "close_1h_ago"), (4, "close_4h_ago"), (168, "close_7d_ago")):
        found[column] = bars[bars["open_ms"] == t - hours * HOUR_MS].set_index("name")["close"]
    found["history_h"], found["last_open_ms"], found["last_close"] = grouped.size(), newest["open_ms"], newest["close"]
    found["volume_median_usdt"] = _by_name(bars[bars["open_ms"] < t])["volume_usdt"].median()
    in_month = bars[bars["open_ms"] > t - history_h * HOUR_MS]
    found["adv30_usdt"] = 24 * _by_name(in_month)["volume_usdt"].mean()
    found["atr14_1h"] = wilder(bars)
    apart = bars["open_ms"] - grouped["open_ms"].shift(4)
    change = (bars["close"] / grouped["close"].shift(4) - 1).where(apart == 4 * HOUR_MS)
    found["change_4h_std_ratio"] = change.groupby(bars["name"], observed=True, sort=False).std(ddof=0)
    blocks = four_hours(bars)
    found["bars_4h"] = _by_name(blocks).size()
    found["atr_pct"] = 100 * wilder(blocks) / found["last_close"]
    return found.join(last_day(bars[bars["open_ms"] >= t - DAY_MS], t))


def _by_name(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby("name", observed=True, sort=False)


def last_day(bars: pd.DataFrame, t: int) -> pd.DataFrame:
    """Return the figures of the last 20 and 24 hours; unknown where a bar is missing."""
    day = _by_name(bars[bars["open_ms"] > t - DAY_MS])["volume_usdt"].agg(["sum", "max", "count"])
    mean = _by_name(bars[bars["open_ms"] > t - 20 * HOUR_MS])["close"].agg(["mean", "count"])
    high = _by_name(bars[bars["open_ms"].between(t - 20 * HOUR_MS, t - HOUR_MS)])["high"].agg(["max", "count"])
    return pd.DataFrame(
        {
            "volume_24h_usdt": day["sum"].where(day["count"] == 24),
            "fullest_bar_ratio": (day["max"] / day["sum"]).where(day["count"] == 24),
            "sma20": mean["mean"].where(mean["count"] == 20),
            "high_20h": high["max"].where(high["count"] == 20),
        }
    )


def four_hours(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the aligned 4h bars that have all four hours."""
    block = (bars["open_ms"] // (4 * HOUR_MS)).rename("block")
    grouped = bars.groupby(["name", block], observed=True, sort=False)
    blocks = grouped.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"), hours=("close", "size"))
    return blocks[blocks["hours"] == 4].reset_index()


def open_interest(rows: pd.DataFrame, hour_ms: int) -> pd.DataFrame:
    """Return per contract the changes in percent, and the deviation of its own 4h changes."""
    inside = rows["at_ms"].between(hour_ms - 30 * DAY_MS, hour_ms) & (rows["at_ms"] % HOUR_MS == 0)
    rows = rows[inside & (rows["open_interest_coins"] >= 0)].drop_duplicates(["name", "at_ms"])
    earlier = rows[["name", "at_ms", "open_interest_coins"]].assign(at_ms=rows["at_ms"] + 4 * HOUR_MS)
    joined = rows.merge(earlier, on=["name", "at_ms"], how="left", suffixes=("", "_before"))
    before = joined["open_interest_coins_before"]
    joined["change"] = 100 * (joined["open_interest_coins"] / before.where(before > 0) - 1)
    at = {h: rows[rows["at_ms"] == hour_ms - h * HOUR_MS].set_index("name")["open_interest_coins"] for h in (0, 4, 24)}
    return pd.DataFrame(
        {
            "oi_change_4h_pct": 100 * (at[0] / at[4] - 1),
            "oi_change_24h_pct": 100 * (at[0] / at[24] - 1),
            "oi_change_4h_std_pct": _by_name(joined)["change"].std(ddof=0),
        }
    )


def funding_z(current: pd.Series, funding: pd.DataFrame, hour_ms: int, least: int) -> pd.DataFrame:
    """Return z of the current 8h rate, and of its change in 24 h, against the contract's own last 30 days."""
    settled = funding[funding["settled_ms"] <= hour_ms].sort_values(["name", "settled_ms"])
    hours = _by_name(settled)["settled_ms"].diff() / HOUR_MS
    rate = (settled["rate_ratio"] * 8 / hours).where(hours.isin([1, 2, 4, 8]))
    known = settled[["name", "settled_ms"]].assign(rate=rate).dropna().sort_values("settled_ms")
    sample = known[known["settled_ms"] > hour_ms - 30 * DAY_MS]
    sample = sample.assign(change=sample["rate"] - day_before(sample, known))
    now = pd.DataFrame({"name": current.index, "settled_ms": hour_ms, "rate": current.to_numpy()})
    now = now.assign(change=now["rate"] - day_before(now, known)).set_index("name")
    past = _by_name(sample)[["rate", "change"]]
    z = (now[["rate", "change"]] - past.mean()) / past.std(ddof=0)
    z = z.mask(past.max() == past.min(), 0.0).where(past.count() >= least).where(now[["rate", "change"]].notna())
    return z.rename(columns={"rate": "funding_z", "change": "funding_change_z"})


def day_before(rows: pd.DataFrame, known: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return for each row the last rate that was settled 24 to 32 hours before it."""
    asked = rows[["name", "settled_ms"]].assign(settled_ms=rows["settled_ms"] - DAY_MS)
    found = pd.merge_asof(asked, known, on="settled_ms", by="name", tolerance=8 * HOUR_MS)
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = found["rate"].to_numpy()
    return values
