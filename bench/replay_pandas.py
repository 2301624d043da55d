"""The pandas half of `make bench-replay`: windows, gates, norms and scores of some hours, over all hours at once.

The same look-ups by shifts within each contract and the same closed form for the seed of Wilder's average as ours: what
differs is the engine. Grouped rolling windows, transforms per hour, no loop over rows. It takes bars without holes and
without funding, open interest and 15m bars: the slice is of weeks that have none. Besides, the windows alone hour by
hour, as bench.score_pandas_plain writes them: of three hours.

python -m bench.replay_pandas FOLDER
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # in .venv-bench

from bench import score_pandas_plain

HOUR_MS = 3_600_000
HISTORY_H = 720
PERIOD = 14
TIMES = 3
Z_FACTORS = ("mom60m", "vol_spike", "breakout")


def rolled(grouped: pd.DataFrame, column: str, rows: int, how: str, least: int) -> pd.Series:
    """Return a rolling figure within each contract, in the rows that it came from."""
    return getattr(grouped[column].rolling(rows, min_periods=least), how)().droplevel(0)


def wilder(bars: pd.DataFrame, rows: int) -> pd.Series:
    """Return Wilder's ATR(14) of windows of so many rows, each seeded at its own beginning."""
    grouped = bars.groupby("contract", sort=False)
    before = grouped["close"].shift()
    true_range = np.maximum(bars["high"], before) - np.minimum(bars["low"], before)
    place, named = grouped.cumcount(), bars.assign(true_range=true_range)
    mean = rolled(named.groupby("contract", sort=False), "true_range", PERIOD, "mean", PERIOD)
    seeded = true_range.where(place > PERIOD).where(place != PERIOD, mean)
    smooth = seeded.groupby(bars["contract"], sort=False).ewm(alpha=1 / PERIOD, adjust=False, ignore_na=True).mean()
    running = smooth.droplevel(0)
    steps = rows - 1 - PERIOD
    away = (running - mean).groupby(bars["contract"], sort=False).shift(steps)
    return running.where(place < rows - 1, running - (1 - 1 / PERIOD) ** steps * away).where(place >= PERIOD)


def windows(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the bars with every figure that gates and factors take."""
    bars = bars.sort_values(["contract", "open_ms"]).reset_index(drop=True)
    grouped = bars.groupby("contract", sort=False)
    found = bars.copy()
    found["history_h"] = (grouped.cumcount() + 1).clip(upper=HISTORY_H + 1)
    found["close_1h_ago"] = grouped["close"].shift()
    found["sma20"] = rolled(grouped, "close", 20, "mean", 20)
    found["high_20h"] = rolled(grouped, "high", 20, "max", 20).groupby(bars["contract"], sort=False).shift()
    found["volume_24h"] = rolled(grouped, "volume", 24, "sum", 24)
    median = rolled(grouped, "volume", HISTORY_H, "median", 1)
    found["median"] = median.groupby(bars["contract"], sort=False).shift()
    found["adv30"] = 24 * rolled(grouped, "volume", HISTORY_H, "mean", 1)
    found["atr14_1h"] = wilder(bars, HISTORY_H + 1)
    return four_hours(found, bars)


def four_hours(found: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """Add the ATR and the number of the whole 4h bars that had closed and lie within the window."""
    made = blocks(bars)
    hour = found["open_ms"] // HOUR_MS + 1
    joined = found.assign(block=hour // 4 - 1).merge(made, on=["contract", "block"], how="left")
    even = (hour % 4 < 2).to_numpy()
    joined["atr_4h"] = np.where(even, joined["atr_180"], joined["atr_179"])
    joined["bars_4h"] = np.minimum(joined["place"] + 1, np.where(even, 180, 179))
    return joined


def blocks(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the aligned 4h bars that have all four hours."""
    block = (bars["open_ms"] // HOUR_MS // 4).rename("block")
    grouped = bars.groupby(["contract", block], sort=False)
    made = grouped.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"), hours=("close", "size"))
    whole = made[made["hours"] == 4].reset_index()
    whole["place"] = whole.groupby("contract", sort=False).cumcount()
    for rows in (179, 180):
        whole[f"atr_{rows}"] = wilder(whole, rows)
    return whole[["contract", "block", "place", "atr_179", "atr_180"]]


def decide(found: pd.DataFrame, rules: dict[str, Any]) -> pd.DataFrame:
    """Return the scored set's rows of the hours with their scores and ranks."""
    hours = found[found["open_ms"].between(rules["first_ms"] - HOUR_MS, rules["last_ms"] - HOUR_MS)].copy()
    hours["hour_ms"] = hours["open_ms"] + HOUR_MS
    hours["atr_pct"] = 100 * hours["atr_4h"] / hours["close"]
    enough = hours[(hours["history_h"] >= 60) & (hours["bars_4h"] >= 15)].copy()
    for name, column in (("adv_pct", "adv30"), ("atr_rank", "atr_pct")):
        ranked = enough.groupby("hour_ms")[column]
        enough[name] = (ranked.rank() - 0.5) / ranked.transform("count")
    inside = enough["volume_24h"].ge(100_000) & enough["volume_24h"].lt(50_000_000)
    inside &= enough["adv_pct"].le(0.60) & enough["atr_rank"].ge(0.40)
    scored = score(enough[inside].copy(), rules)
    return rank(scored, rules)


def score(chosen: pd.DataFrame, rules: dict[str, Any]) -> pd.DataFrame:
    """Add norms, coverage and score."""
    chosen["mom60m"] = np.log(chosen["close"] / chosen["close_1h_ago"])
    chosen["vol_spike"] = np.log(chosen["volume"] / chosen["median"]).clip(lower=-5)
    above = (chosen["close"] - chosen["sma20"]) / chosen["atr14_1h"]
    chosen["breakout"] = 0.5 * above + 0.5 * (chosen["close"] - chosen["high_20h"]) / chosen["atr14_1h"]
    regime = chosen["hour_ms"].map(rules["regimes"])
    weights = {
        name: regime.map({kind: table[name] for kind, table in rules["weights"].items()}) for name in rules["names"]
    }
    chosen["coverage"], total = weights["regime"], weights["regime"] * regime.map(rules["values"])
    for name in Z_FACTORS:
        value = chosen[name].replace([np.inf, -np.inf], np.nan)
        by_hour = value.groupby(chosen["hour_ms"])
        z = (value - by_hour.transform("mean")) / by_hour.transform("std", ddof=0)
        z = z.mask(by_hour.transform("max") == by_hour.transform("min"), 0.0)
        norm = (0.5 + z / 6).clip(0, 1).where((by_hour.transform("count") >= 8) & value.notna())
        total = total + (weights[name] * norm).fillna(0.0)
        chosen["coverage"] = chosen["coverage"] + weights[name].where(norm.notna(), 0.0)
    fresh = ((chosen["hour_ms"] - chosen["listed_ms"]) <= 7 * 24 * HOUR_MS) & (chosen["volume_24h"] >= 1e6)
    chosen["score"] = 100 * (total / chosen["coverage"] + np.where(fresh, 0.06, 0.0)).clip(0, 1)
    return chosen


def rank(chosen: pd.DataFrame, rules: dict[str, Any]) -> pd.DataFrame:
    """Add the rank in the hour of what may be ranked."""
    least = np.maximum(chosen["notional_usdt"], chosen["least_coins"] * chosen["close"])
    can = chosen[(least <= 50) & (chosen["coverage"] >= rules["min_coverage"] - 1e-9)]
    by = ["hour_ms", "score", "coverage", "adv30", "contract"]
    best = can.sort_values(by, ascending=[True, False, False, False, True])
    return chosen.assign(rank=best.groupby("hour_ms").cumcount() + 1)


def one_by_one(folder: Path, rules: dict[str, Any]) -> float:
    """Return the processor seconds of one hour's windows as they are usually written, the least of three hours."""
    bars = pd.read_parquet(folder / "bars.parquet").assign(venue="binance", filled=False)
    bars = bars.assign(name=bars["contract"], open=bars["close"], volume_usdt=bars["volume"])
    laps = []
    for number in range(TIMES):
        hour_ms, used = rules["first_ms"] + number * 100 * HOUR_MS, time.process_time()
        score_pandas_plain.windows(bars, hour_ms)
        laps.append(time.process_time() - used)
    return min(laps)


def main() -> None:
    """Compute the slice, write its scores and what it took."""
    folder = Path(sys.argv[1])
    rules = json.loads((folder / "rules.json").read_text("utf-8"))
    rules["regimes"] = {int(hour): name for hour, name in rules["regimes"].items()}
    laps = []
    for _ in range(TIMES):
        began, used = time.perf_counter(), time.process_time()
        scored = decide(windows(pd.read_parquet(folder / "bars.parquet")), rules)
        laps.append((time.process_time() - used, time.perf_counter() - began))
    took = {"processor_s": min(lap[0] for lap in laps), "took_s": min(lap[1] for lap in laps)}
    took["hour_s"] = one_by_one(folder, rules)
    scored[["hour_ms", "contract", "score", "rank"]].to_parquet(folder / "pandas.parquet")
    (folder / "pandas.json").write_text(json.dumps(took), "utf-8")


if __name__ == "__main__":
    main()
