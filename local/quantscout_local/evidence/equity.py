"""The equity curve of the rule: each hour buy the five at the next open with 1/24 of the capital, hold 24 h, pay costs.

Every position is marked to the market each hour, at the open of the bar that opens then, as the judged rows have it
(`entry_price` of the same contract), so the hourly returns do not overlap although the positions do.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout.frames import HOUR_MS
from quantscout_local.evidence.stats_bootstrap import Array
from quantscout_local.evidence.stats_population import PICKS, Population

HOLD_H = 24
SERIES = {
    "hour_ms": pl.Int64, "return_ratio": pl.Float64, "equity": pl.Float64, "drawdown_ratio": pl.Float64,
    "invested_ratio": pl.Float64,
}  # fmt: skip


class Equity(NamedTuple):
    """`series`: one row per hour from the first entry to the last exit; `marks` wanted, and `marks_missing` of them.

    Columns: hour_ms (begin of the hour), return_ratio (of the capital in that hour), equity (at its end, 1 at the
    start), drawdown_ratio (below the highest so far, 0 to 1), invested_ratio (of the capital, at cost).
    """

    series: pl.DataFrame
    marks: int
    marks_missing: int


def build_equity(population: Population) -> Equity:
    """Return the hourly series of the rule; a pick without outcome leaves its fifth of the hour's money idle.

    An hour's 1/24 is of the capital at that hour, so profits are put in again. Where a contract was not judged in an
    hour, its last mark stands until the next; the exit is always the outcome's.
    """
    picks = population.complete.filter("picked").with_row_index("pick")
    prices, missing = _mark(picks, population.rows)
    first_ms = int(population.hours["hour_ms"][0])
    hours = (int(population.hours["hour_ms"][-1]) - first_ms) // HOUR_MS + 1
    at = ((picks["hour_ms"] - first_ms) // HOUR_MS).to_numpy()
    steps = np.diff(prices, axis=1)
    side = ((picks["return_24h_ratio"] - picks["net_return_24h_ratio"]) / 2).to_numpy()
    steps[:, 0] -= side
    steps[:, -1] -= side
    cohorts = np.stack([np.bincount(at, weights=age, minlength=hours) for age in steps.T], axis=1) / PICKS
    filled = np.bincount(at, minlength=hours) / PICKS
    return Equity(_grow(cohorts, filled, first_ms), (HOLD_H - 1) * picks.height, missing)


def _mark(picks: pl.DataFrame, rows: pl.DataFrame) -> tuple[Array, int]:
    """Return each pick's price over its entry price at age 0 to 24 h, picks x 25, and how many marks are missing."""
    ages = pl.DataFrame({"age": np.arange(1, HOLD_H)})
    wanted = picks.select("pick", "hour_ms", "venue", "contract", entry="entry_price").join(ages, how="cross")
    wanted = wanted.with_columns(pl.col("hour_ms") + HOUR_MS * pl.col("age"))
    known = rows.select("hour_ms", "venue", "contract", "entry_price")
    marks = wanted.join(known, on=["hour_ms", "venue", "contract"], how="left").sort("pick", "age")
    ratios = (marks["entry_price"] / marks["entry"]).cast(pl.Float64).to_numpy().reshape(picks.height, HOLD_H - 1)
    exits = 1 + picks["return_24h_ratio"].cast(pl.Float64).to_numpy()
    prices = np.column_stack([np.ones(picks.height), ratios, exits])
    return _carry_forward(prices), int(np.isnan(ratios).sum())


def _carry_forward(prices: Array) -> Array:
    places = np.where(np.isnan(prices), 0, np.arange(prices.shape[1]))
    return np.asarray(np.take_along_axis(prices, np.maximum.accumulate(places, axis=1), axis=1))


def _grow(cohorts: Array, filled: Array, first_ms: int) -> pl.DataFrame:
    """Return the series: the cohort of hour t earns capital_t / 24 times its step of age j in hour t + j."""
    hours = cohorts.shape[0] + HOLD_H - 1
    equity, profit, invested = np.ones(hours + 1), np.zeros(hours), np.zeros(hours)
    for hour in range(hours):
        if hour < cohorts.shape[0]:
            stake = equity[hour] / HOLD_H
            profit[hour : hour + HOLD_H] += stake * cohorts[hour]
            invested[hour : hour + HOLD_H] += stake * filled[hour]
        equity[hour + 1] = equity[hour] + profit[hour]
    peaks = np.maximum.accumulate(equity)
    columns = {
        "hour_ms": first_ms + HOUR_MS * np.arange(hours),
        "return_ratio": profit / equity[:-1],
        "equity": equity[1:],
        "drawdown_ratio": 1 - equity[1:] / peaks[1:],
        "invested_ratio": invested / equity[:-1],
    }
    return pl.DataFrame(columns, schema=SERIES)
