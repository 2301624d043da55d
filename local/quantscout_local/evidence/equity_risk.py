"""What the equity curve risks: drawdown, Sharpe ratio, the worst days, turnover; each with its interval."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl

from quantscout.frames import HOUR_MS
from quantscout_local.evidence.equity import HOLD_H, Equity
from quantscout_local.evidence.kpis_models import Kpi, build_kpi
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, divide, draw_hours
from quantscout_local.evidence.stats_population import PICKS, Population, total_by_name
from quantscout_local.evidence.stats_quantiles import shortfall_of

DAYS_PER_YEAR = 365
LEAST_DAYS = 10


def rate_equity(equity: Equity, seed: int, blocks_h: int, samples: int) -> tuple[Kpi, ...]:
    """Return the whole return, the largest drawdown, Sharpe ratio and the worst 5 % of days of the rule.

    Their hours reach 24 h further than those of the picks, so they are drawn by themselves.
    """
    returns = equity.series["return_ratio"].to_numpy()
    resamples = draw_hours(returns.size, seed, blocks_h, samples)
    hours, days = returns.size, returns.size // HOLD_H
    marks = f"hours; {equity.marks_missing:,} of {equity.marks:,} marks missing, the last one stands"
    spread = "days of 24 h"
    return (
        build_kpi("total_return", _draw(resamples, returns, _total), "return", hours, marks),
        build_kpi(
            "max_drawdown", _draw(resamples, returns, _drawdown), "share", hours, "hours; below the highest so far"
        ),
        build_kpi("sharpe_ratio", _draw(resamples, returns, _sharpe), "per_year", days, f"{spread}, times root of 365"),
        build_kpi("expected_shortfall_5pct_days", _draw(resamples, returns, _worst_days), "return", days, spread),
    )


def _draw(resamples: Resamples, returns: Array, statistic: Callable[[Array], Array]) -> Array:
    return np.concatenate([statistic(returns[resamples.places[part]]) for part in resamples.chunks()])


def _total(returns: Array) -> Array:
    return np.asarray((1 + returns).prod(axis=1) - 1)


def _drawdown(returns: Array) -> Array:
    equity = np.cumprod(1 + returns, axis=1)
    peaks = np.maximum.accumulate(equity, axis=1).clip(min=1)
    return np.asarray((1 - equity / peaks).max(axis=1))


def to_days(returns: Array) -> Array:
    """Return the returns of whole days of 24 hours from the first hour on; hours that fill no day are left out."""
    days = returns.shape[1] // HOLD_H
    return np.asarray((1 + returns[:, : days * HOLD_H].reshape(-1, days, HOLD_H)).prod(axis=2) - 1)


def _sharpe(returns: Array) -> Array:
    days = to_days(returns)
    if days.shape[1] < LEAST_DAYS:
        return np.full(returns.shape[0], np.nan)
    return math.sqrt(DAYS_PER_YEAR) * divide(days.mean(axis=1), days.std(axis=1, ddof=1))


def _worst_days(returns: Array) -> Array:
    return np.array([shortfall_of(days) for days in to_days(returns)])


def rate_turnover(population: Population, resamples: Resamples) -> tuple[Kpi, ...]:
    """Return how much of the capital is bought per day (as much is sold), and the share of picks new in the five."""
    picks = population.complete.filter("picked")
    hours = population.hours.select("at")
    bought = total_by_name(resamples, picks)["n"]
    per_day = divide(bought / PICKS, total_by_name(resamples, hours)["n"])
    kept = total_by_name(resamples, _after_picks(population), "new")
    return (
        build_kpi("turnover", per_day, "per_day", hours.height, "hours; times the capital, bought; as much is sold"),
        build_kpi("new_in_five", divide(kept["new"], kept["n"]), "share", kept["n"][0], "picks, against an hour ago"),
    )


def _after_picks(population: Population) -> pl.DataFrame:
    """Return the picks of hours whose previous hour had picks; `new` where the contract was not among those."""
    picks = population.rows.filter("picked").select("at", "hour_ms", "venue", "contract")
    before = picks.select(pl.col("hour_ms") + HOUR_MS, "venue", "contract", new=pl.lit(value=False))
    follows = picks.filter(pl.col("hour_ms").is_in(before["hour_ms"].unique().to_list()))
    joined = follows.join(before, on=["hour_ms", "venue", "contract"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("new").fill_null(value=True))
