"""The pandas half of `make bench-score`: gate, factors and score, in two ways.

`plain` is how indicators are usually written (score_pandas_plain.py); its contract is a text. `tuned` is what somebody
would make of it who knows pandas' costs: one categorical column, reductions of what is needed only, Wilder's seed set
in place, no call per contract. Both leave out what ours does besides: flags, the venues' spread, each contract's fate.
The column that joins venue and contract is made while reading, which is not timed.

python -m bench.score_pandas FOLDER WAY: reads the tables and rules.json, writes WAY.json.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # in .venv-bench

from bench import score_pandas_history as tuned
from bench import score_pandas_plain as plain
from bench.score_pandas_history import HOUR_MS, funding_z, open_interest

TABLES = ("listing", "bars", "last_15m", "open_interest", "funding", "books", "supply", "trending")
Tables = dict[str, pd.DataFrame]
Rules = dict[str, Any]


def read(folder: Path, way: str) -> Tables:
    """Return the tables with venue and contract in one column."""
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    keyed = {name: t["venue"] + ":" + t["contract"] for name, t in tables.items() if "contract" in t}
    kind = pd.CategoricalDtype(sorted(keyed["listing"])) if way == "tuned" else "str"
    for name, column in keyed.items():
        tables[name]["name"] = column.astype(kind)
    return tables


def base_board(listing: pd.DataFrame, window: pd.DataFrame, hour_ms: int) -> pd.DataFrame:
    """Return one row per listed contract with what the cheap gates test."""
    board = listing.set_index("name").join(window)
    bid, ask = board["bid"], board["ask"]
    board["bar_age_h"] = (hour_ms - HOUR_MS - board["last_open_ms"]) / HOUR_MS
    board["spread_ratio"] = ((ask - bid) / ((ask + bid) / 2)).where((bid > 0) & (ask >= bid))
    board["funding_8h_ratio"] = board["funding_rate_ratio"] * 8 / board["funding_interval_h"]
    board["listed_days"] = (hour_ms - board["listed_ms"]) / (24 * HOUR_MS)
    enough = board[board["ineligible"].isna() & (board["history_h"] >= 60) & (board["bars_4h"] >= 15)]
    ranked = enough.groupby("venue")[["adv30_usdt", "atr_pct"]]
    shares = (ranked.rank() - 0.5) / ranked.transform("count")
    return board.join(shares.set_axis(["adv30_percentile", "atr_percentile"], axis=1))


def market_caps(board: pd.DataFrame, supply: pd.DataFrame) -> pd.Series:
    """Return supply x price; unknown where the two sources differ by more than a quarter."""
    held = supply.pivot_table(index="coin", columns="source", values="supply_coins")
    coins = held["binance"].fillna(held["coingecko"])
    coins = coins.mask((held["binance"] / held["coingecko"] - 1).abs() > 0.25)
    caps = board["coin"].map(coins) * board["last_close"] / board["multiplier"]
    return caps.where(board["ineligible"].isna())


def with_factors(board: pd.DataFrame, tables: Tables, hour_ms: int, rules: Rules) -> pd.DataFrame:
    """Return the board with what came by calls per contract, and the ten factors."""
    quarter, book = tables["last_15m"].set_index("name"), tables["books"].set_index("name")
    full = board.join(open_interest(tables["open_interest"], hour_ms)).join(book[["bids_usdt", "asks_usdt"]])
    full = full.join(funding_z(full["funding_8h_ratio"], tables["funding"], hour_ms, rules["min_settlements"]))
    full["market_cap_usd"] = market_caps(full, tables["supply"])
    sides = full["bids_usdt"] + full["asks_usdt"]
    full["depth_usdt"] = sides
    volume, usual, atr = full["volume_usdt"], full["volume_median_usdt"], full["atr14_1h"]
    full["mom15m"] = np.log(quarter["close"] / quarter["open"])
    full["mom60m"] = np.log(full["close"] / full["close_1h_ago"])
    full["vol_spike"] = np.log(volume / usual.where(usual > 0)).clip(lower=-5)
    full["breakout"] = 0.5 * (full["close"] - full["sma20"]) / atr + 0.5 * (full["close"] - full["high_20h"]) / atr
    full["ob_imbalance"] = (full["bids_usdt"] - full["asks_usdt"]) / sides.where(sides > 0)
    full["aggressor"] = (2 * full["taker_buy_usdt"] - volume) / volume.where(volume > 0)
    full["oi_change"] = full["oi_change_4h_pct"]
    full["social"] = full["coin"].map(16.0 - tables["trending"].set_index("coin")["rank"]).fillna(0.0)
    full["regime"] = rules["regime_value"]
    full["liquidity"] = np.exp(-0.5 * np.log(sides.where(sides > 0) / 25_000) ** 2)
    return full.replace([np.inf, -np.inf], np.nan)


def passes(board: pd.DataFrame, level: int, rules: Rules, stages: tuple[str, ...]) -> pd.Series:
    """Return which contracts pass every gate of the stages at a level."""
    passing = board["ineligible"].isna()
    for gate in rules["gates"]:
        if gate["stage"] in stages:
            value, limit = board[gate["column"]], gate["limits"][level]
            ok = {"at_least": value >= limit, "at_most": value <= limit, "below": value < limit}[gate["sense"]]
            passing &= ok | (value.isna() & (level >= gate["unknown_passes_from"]))
    return passing


def score_set(members: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return the scored set with coverage, penalty, boost and score."""
    members = members.copy()
    names = list(rules["weights"])
    values = members[names].astype(float)
    z = ((values - values.mean()) / values.std(ddof=0)).mask(values.notna() & (values.max() == values.min()), 0.0)
    z.loc[:, values.count() < rules["min_values"]] = np.nan
    norms = (0.5 + z / 6).clip(0, 1)
    norms[rules["direct"]] = values[rules["direct"]]
    present = norms.notna() * pd.Series(rules["weights"])
    members["coverage"] = present.sum(axis=1)
    gross = (norms * present).sum(axis=1) / members["coverage"]
    fz, dz = ((members[name] - 0.5).clip(lower=0).fillna(0) for name in ("funding_z", "funding_change_z"))
    members["penalty"] = (0.04 * fz + 0.03 * dz).clip(upper=0.15)
    fresh = (members["listed_days"] <= 7) & (members["volume_24h_usdt"] >= 1e6)
    members["score"] = 100 * (gross - members["penalty"] + np.where(fresh, 0.06, 0.0)).clip(0, 1)
    return members


def rank(members: pd.DataFrame, rules: Rules) -> tuple[int | None, pd.DataFrame]:
    """Return the first level with five coins and its candidates, best first, a coin once."""
    ordered = members[members["coverage"] >= 0.60 - 1e-9].sort_values(
        ["score", "coverage", "adv30_usdt", "symbol", "venue", "contract"],
        ascending=[False, False, False, True, True, True],
    )
    for level in range(4):
        best = ordered[passes(ordered, level, rules, ("cheap", "scored_set", "level"))].drop_duplicates("coin")
        if len(best) >= 5:
            return level, best
    return None, best


def decide(tables: Tables, rules: Rules, way: str, laps: dict[str, list[float]]) -> dict[str, Any]:
    """Return level, picks and scores of the hour; add how long each stage took, in seconds."""
    hour_ms, began = rules["hour_ms"], time.process_time()
    window = (tuned if way == "tuned" else plain).windows(tables["bars"], hour_ms)
    built = time.process_time()
    board = base_board(tables["listing"], window, hour_ms)
    full = with_factors(board, tables, hour_ms, rules)
    evident = time.process_time()
    widest = passes(full, 3, rules, ("cheap", "scored_set"))
    level, best = rank(members := score_set(full[widest], rules), rules)
    ended = time.process_time()
    laps["windows"].append(built - began)
    laps["positions and factors"].append(evident - built)
    laps["gate and score"].append(ended - evident)
    laps["total"].append(ended - began)
    return {"level": level, "picks": list(best.index[:5]), "scores": members["score"].to_dict()}


def main() -> None:
    """Read, decide as often as asked, write the result of the last time."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    rules = json.loads((folder / "rules.json").read_text("utf-8"))
    tables = read(folder, way)
    laps: dict[str, list[float]] = {
        name: [] for name in ("windows", "positions and factors", "gate and score", "total")
    }
    once = partial(decide, tables, rules, way, laps)
    found = [once() for _ in range(rules["times"])][-1]
    found |= {"laps": laps, "version": pd.__version__, "numpy": np.__version__}
    (folder / f"{way}.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
