"""Made-up judged hours whose truth is known: what a pick's hit rate is, and that outcomes overlap and move together.

A contract's 24 h return is the sum of 24 hourly shocks, one part of each common to all contracts. Outcomes of
neighbouring hours thus share 23 of 24 shocks, and those of one hour move together: dependence as in real labels. A row
hits when its standardised return exceeds the normal quantile of its hit rate, so every rate holds exactly.
"""

from datetime import UTC, datetime
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quantscout.factors import FACTORS
from quantscout.frames import HOUR_MS

START_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
HOLD_H = 24
COST_RATIO = 0.003
HOURLY_MOVE = 0.01
VENUES = ("binance", "kucoin")
Array = NDArray[np.float64]


class Made(NamedTuple):
    """Judged rows and hours, in the columns of a replay."""

    judged: pl.DataFrame
    hours: pl.DataFrame


class Plan(NamedTuple):
    """What is planted. `score_is_atr` makes the score follow a stratum, `atr_effect` makes that stratum hit more."""

    hours: int = 720
    contracts: int = 150
    base_rate: float = 0.18
    pick_rate: float | None = None
    fall_rate: float = 0.15
    pick_fall_rate: float | None = None
    common: float = 0.3
    persistence: float = 0.9
    atr_effect: float = 0.0
    score_is_atr: bool = False
    factor_rise: float = 0.0


def make_judged(seed: int, plan: Plan | None = None) -> Made:
    """Return made-up hours: sorted by hour, venue, contract; about 40 % of the rows are in the scored set."""
    plan, rng = plan or Plan(), np.random.default_rng(seed)
    shocks = np.sqrt(plan.common) * rng.standard_normal((plan.hours + HOLD_H, 1))
    shocks = shocks + np.sqrt(1 - plan.common) * rng.standard_normal((plan.hours + HOLD_H, plan.contracts))
    walk = np.vstack([np.zeros(plan.contracts), shocks.cumsum(axis=0)])
    atr = rng.uniform(size=plan.contracts) * np.ones((plan.hours, 1))
    score = _persist(rng, plan)
    score = 100 * (atr + 1e-6 * score if plan.score_is_atr else _to_uniform(score))
    scored = _persist(rng, plan) > NormalDist().inv_cdf(0.6)
    rank = _rank(score, scored)
    columns = {
        "adv30_percentile": rng.uniform(size=plan.contracts) * np.ones((plan.hours, 1)),
        "atr_percentile": atr,
        "score": np.where(scored, score, np.nan),
        **_outcomes(walk, _rates(plan, atr, rank, score), _fall_rates(plan, rank), plan),
        **{f"{factor.name}_norm": np.full(atr.shape, np.nan) for factor in FACTORS},
        "mom15m_norm": np.where(scored, score / 100, np.nan),
        "mom60m_norm": np.where(scored, rng.uniform(size=atr.shape), np.nan),
        "regime_norm": np.where(scored, 0.5, np.nan),
    }
    return Made(_to_rows(columns, scored, rank, plan), make_hours(plan.hours))


def make_hours(count: int, status: str = "ok") -> pl.DataFrame:
    """Return hours without holes, all of one status."""
    return pl.DataFrame({"hour_ms": START_MS + HOUR_MS * np.arange(count)}).with_columns(status=pl.lit(status))


def _persist(rng: np.random.Generator, plan: Plan) -> Array:
    """Return standard normal values, hours x contracts, that stay near where they were an hour ago."""
    noise = rng.standard_normal((plan.hours, plan.contracts))
    for hour in range(1, plan.hours):
        noise[hour] = plan.persistence * noise[hour - 1] + np.sqrt(1 - plan.persistence**2) * noise[hour]
    return noise


def _to_uniform(values: Array) -> Array:
    ranks = values.argsort(axis=1).argsort(axis=1)
    return np.asarray((ranks + 0.5) / values.shape[1])


def _rank(score: Array, scored: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rank of each scored row in its hour, from 1; 0 where it is not scored."""
    order = np.where(scored, -score, np.inf).argsort(axis=1).argsort(axis=1) + 1
    return np.where(scored, order, 0)


def _rates(plan: Plan, atr: Array, rank: NDArray[np.int64], score: Array) -> Array:
    rates = plan.base_rate * (1 + plan.atr_effect * (2 * atr - 1) + plan.factor_rise * (score / 50 - 1))
    picked = (rank >= 1) & (rank <= 5)
    return rates if plan.pick_rate is None else np.where(picked, plan.pick_rate, rates)


def _fall_rates(plan: Plan, rank: NDArray[np.int64]) -> Array:
    picked = (rank >= 1) & (rank <= 5)
    return np.where(picked, plan.fall_rate if plan.pick_fall_rate is None else plan.pick_fall_rate, plan.fall_rate)


def _quantile(shares: Array) -> Array:
    """Return the normal quantile of each share; there are few different ones or many."""
    levels, places = np.unique(shares, return_inverse=True)
    return np.asarray(np.vectorize(NormalDist().inv_cdf)(levels)[places].reshape(shares.shape))


def _outcomes(walk: Array, rates: Array, falls: Array, plan: Plan) -> dict[str, Array]:
    first, last = slice(0, plan.hours), slice(HOLD_H, HOLD_H + plan.hours)
    moved = (walk[last] - walk[first]) / np.sqrt(HOLD_H)
    returns = np.expm1(HOURLY_MOVE * (walk[last] - walk[first]))
    return {
        "entry_price": np.exp(HOURLY_MOVE * walk[first]),
        "hit10": (moved > _quantile(1 - rates)).astype(float),
        "worst_24h_ratio": np.where(moved < _quantile(falls), -0.12, -0.03),
        "return_24h_ratio": returns,
        "net_return_24h_ratio": returns - COST_RATIO,
    }


def _to_rows(columns: dict[str, Array], scored: NDArray[np.bool_], rank: NDArray[np.int64], plan: Plan) -> pl.DataFrame:
    contract = np.arange(plan.contracts)
    keys = pl.DataFrame(
        {
            "hour_ms": np.repeat(START_MS + HOUR_MS * np.arange(plan.hours), plan.contracts),
            "venue": np.tile(np.array(VENUES)[contract * len(VENUES) // plan.contracts], plan.hours),
            "contract": np.tile([f"C{number:03d}USDT" for number in contract], plan.hours),
            "in_scored_set": scored.ravel(),
            "rank": rank.ravel().astype(np.int32),
        }
    )
    values = pl.DataFrame({name: value.ravel() for name, value in columns.items()}).fill_nan(None)
    return keys.hstack(values).with_columns(
        pl.col("rank").replace(0, None), pl.col("hit10") > 0.5, outcome=pl.lit("complete")
    )
