"""From factor values to a score (SPEC 5): norms over the scored set, shared weights, penalty, boost, order."""

import functools
import operator
from collections.abc import Iterable, Sequence

import polars as pl

from quantscout.factors import FACTORS, NAMES, Factor
from quantscout.frames import KEY
from quantscout.regime import WEIGHT_MULTIPLIERS, RegimeName
from quantscout.settings import Settings


def weights(regime: RegimeName, settings: Settings) -> dict[str, float]:
    """Return the factors' weights under a regime, renormalised so that they sum to 1."""
    raw = {name: settings.weights[name] * WEIGHT_MULTIPLIERS[regime].get(name, 1.0) for name in NAMES}
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}


MAD_TO_DEVIATION = 1.482602218505602
"""Of a normal distribution: its standard deviation over its median absolute deviation."""
MEAN_AD_TO_DEVIATION = 1.2533141373155001
"""The same for its mean absolute deviation; used where more than half of the values are equal and the MAD is 0."""


def _z_score(x: pl.Expr) -> pl.Expr:
    return (x - x.mean()) / x.std(ddof=0)


def _robust_z(x: pl.Expr) -> pl.Expr:
    """Return (x - median) / scaled MAD (Iglewicz and Hoaglin, 1993)."""
    distance = (x - x.median()).abs()
    mad, mean_ad = MAD_TO_DEVIATION * distance.median(), MEAN_AD_TO_DEVIATION * distance.mean()
    return (x - x.median()) / pl.when(mad > 0).then(mad).otherwise(mean_ad)


def _scored(name: str, value: pl.Expr, settings: Settings) -> pl.Expr:
    """Return a figure over the set, null where the factor is, or where the set has too few values of it."""
    x = pl.col(name)
    return pl.when((x.count() >= settings.min_values_for_z) & x.is_not_null()).then(value)


def _z(name: str, settings: Settings) -> pl.Expr:
    """Return the z of a factor over the set: 0 without spread, null with too few values and for ranks.

    Null, too, where values are so far apart that their mean or deviation is beyond all numbers.
    """
    x = pl.col(name)
    if settings.normalisation == "rank":
        return pl.lit(None, pl.Float64).alias(f"{name}_z")
    z = _z_score(x) if settings.normalisation == "z" else _robust_z(x)
    found = pl.when(x.max() == x.min()).then(0.0).otherwise(z)
    return _scored(name, pl.when(found.is_finite()).then(found), settings).alias(f"{name}_z")


def _within(value: pl.Expr, over: Sequence[str]) -> pl.Expr:
    """Return an expression that looks at all rows, for each of the groups of `over` by itself where there are some."""
    return value.over(over) if over else value


def _norm(factor: Factor, settings: Settings, over: Sequence[str]) -> pl.Expr:
    """Return the norm, 0 to 1: clip(1/2 + z/6), or the mid-rank (rank - 1/2) / n; a direct factor is its own."""
    if factor.kind == "direct":
        norm = pl.col(factor.name)
    elif settings.normalisation == "rank":
        x = pl.col(factor.name)
        norm = _within(_scored(factor.name, (x.rank("average") - 0.5) / x.count(), settings), over)
    else:
        norm = (0.5 + pl.col(f"{factor.name}_z") / 6).clip(0, 1)
    return norm.alias(f"{factor.name}_norm")


def _sum_in_order(terms: Iterable[pl.Expr]) -> pl.Expr:
    """Return the sum, null as nothing, added in this order: the last bit of sum_horizontal varies between runs."""
    return functools.reduce(operator.add, (term.fill_null(0.0) for term in terms))


def _shared_weights(regime: RegimeName, settings: Settings) -> list[pl.Expr]:
    """Return the weight of each factor that is present, shared so that they sum to 1, and `coverage` before sharing."""
    whole = weights(regime, settings)
    present = {name: pl.col(f"{name}_norm").is_not_null() * whole[name] for name in NAMES}
    coverage = _sum_in_order(present.values())
    shared = [pl.when(coverage > 0).then(part / coverage).alias(f"{name}_weight") for name, part in present.items()]
    return [*shared, coverage.alias("coverage")]


def _penalty(s: Settings) -> pl.Expr:
    """Return the funding penalty; a z that is unknown adds nothing (and is named among what was missing)."""
    parts = {"funding_z": s.penalty_per_funding_z, "funding_change_z": s.penalty_per_change_z}
    excess = [
        rate * (pl.col(z) - s.penalty_threshold_z).clip(lower_bound=0).fill_null(0.0) for z, rate in parts.items()
    ]
    return pl.min_horizontal(pl.lit(s.penalty_cap), _sum_in_order(excess)).alias("penalty")


def _boost(s: Settings) -> pl.Expr:
    fresh = pl.col("listed_days").is_between(0, s.boost_listed_days) & (
        pl.col("volume_24h_usdt") >= s.boost_min_volume_24h_usdt
    )
    return pl.when(fresh.fill_null(value=False)).then(s.boost).otherwise(0.0).alias("boost")


def score_set(
    scored_set: pl.DataFrame, regime: RegimeName, settings: Settings, over: Sequence[str] = ()
) -> pl.DataFrame:
    """Return the scored set with, per factor, `_z`, `_norm`, `_weight`, `_points`, and coverage, penalty, boost, score.

    The set is put into the order of its key first, so that the order of the input changes no bit of the result. The
    rows of several hours are as many sets: `over` names the columns that tell them apart.
    """
    ordered = scored_set.sort(*over, *KEY)
    ordered = ordered.with_columns(_within(_z(f.name, settings), over) for f in FACTORS if f.kind == "z")
    normed = ordered.with_columns(pl.lit(None, pl.Float64).alias(f"{f.name}_z") for f in FACTORS if f.kind == "direct")
    weighed = normed.with_columns(_norm(f, settings, over) for f in FACTORS).with_columns(
        _shared_weights(regime, settings)
    )
    points = [(100 * pl.col(f"{name}_weight") * pl.col(f"{name}_norm")).alias(f"{name}_points") for name in NAMES]
    pointed = weighed.with_columns(*points, _penalty(settings), _boost(settings))
    gross = _sum_in_order(pl.col(f"{name}_points") for name in NAMES) / 100
    score = 100 * (gross - pl.col("penalty") + pl.col("boost")).clip(0, 1)
    return pointed.with_columns(pl.when(pl.col("coverage") > 0).then(score).alias("score"))


def order(candidates: pl.DataFrame, over: Sequence[str] = ()) -> pl.DataFrame:
    """Return the candidates best first: score, coverage, adv30 (all falling), then symbol, venue and contract.

    Those of several hours stand by what `over` names first.
    """
    best = ("score", "coverage", "adv30_usdt")
    keys = [*over, *best, "symbol", *KEY]
    return candidates.sort(keys, descending=[name in best for name in keys], nulls_last=True)
