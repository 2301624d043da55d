"""Does a higher score hit more often? Hit rates by decile of the score, and whether they rise."""

import numpy as np
import polars as pl
from scipy.optimize import isotonic_regression  # type: ignore[import-untyped]
from scipy.stats import rankdata  # type: ignore[import-untyped]

from quantscout_local.evidence.kpis_models import Kpi, build_kpi
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, build_estimate, divide
from quantscout_local.evidence.stats_population import COMPLETE, Population, total_by_part

DECILES = 10
IN_HOUR, POOLED = "within the hour's scored set", "over all hours together"


def place_in_parts(column: str, parts: int, over: str | None) -> pl.Expr:
    """Return the part, 0 to parts - 1, that a value's average rank falls into, within each `over` or in all rows.

    Groups of fewer than `parts` values have no parts: null.
    """
    rank, size = pl.col(column).rank("average"), pl.col(column).count()
    if over is not None:
        rank, size = rank.over(over), size.over(over)
    part = ((rank - 1) * parts / size).floor().cast(pl.Int8)
    return pl.when(size >= parts).then(part)


def rate_deciles(population: Population, resamples: Resamples, *, pooled: bool) -> tuple[tuple[Kpi, ...], Array]:
    """Return the ten hit rates, decile 10 the highest scores, and their draws, (1 + samples) x 10.

    A row's decile comes from all scored rows of its hour (or of all hours, `pooled`), evaluated or not.
    """
    scored = population.rows.filter("in_scored_set", pl.col("score").is_not_null())
    placed = scored.with_columns(part=place_in_parts("score", DECILES, None if pooled else "at"))
    known = placed.filter(pl.col("outcome") == COMPLETE)
    name, note = ("pooled_decile", POOLED) if pooled else ("decile", IN_HOUR)
    sums = total_by_part(resamples, known, DECILES, "hit10")
    draws = divide(sums["hit10"], sums["n"])
    kpis = (
        build_kpi(f"{name}_{part + 1}", draws[:, part], "share", sums["n"][0, part], f"rows, {note}")
        for part in range(DECILES)
    )
    return tuple(kpis), draws


def rate_monotonicity(draws: Array, counts: list[int]) -> tuple[Kpi, ...]:
    """Return how far the hit rates rise with the decile: rank correlation, top less bottom, what breaks the rise."""
    n = sum(counts)
    correlation, spread = _correlate_with_order(draws), 100 * (draws[:, -1] - draws[:, 0])
    return (
        build_kpi("decile_spearman", correlation, "rank", n, "rows; of the ten rates with 1 to 10; 1 rises throughout"),
        build_kpi("decile_10_less_1", spread, "points", n, "rows"),
        _violation(draws[0], counts),
        _falls(draws, n),
    )


def _correlate_with_order(draws: Array) -> Array:
    """Return Spearman's rho of each row with 1..n, ties by average rank; NaN where a rate is missing or all tie."""
    ranks = rankdata(draws, axis=1, nan_policy="propagate")
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    order = np.arange(draws.shape[1]) - (draws.shape[1] - 1) / 2
    return divide(ranks @ order, np.sqrt((ranks**2).sum(axis=1) * (order @ order)))


def _violation(rates: Array, counts: list[int]) -> Kpi:
    """Tell how far the rates are from the nearest ones that never fall (isotonic regression, weighted by rows)."""
    gap = None
    if np.isfinite(rates).all():
        fitted = isotonic_regression(rates, weights=np.asarray(counts, dtype=np.float64)).x
        gap = float(100 * np.abs(rates - fitted).max())
    note = "rows; largest distance from the nearest rates that never fall; no interval: noise alone makes it positive"
    return Kpi(name="decile_violation", value=gap, unit="points", n=sum(counts), note=note)


def _falls(draws: Array, n: int) -> Kpi:
    """Count the steps from one decile to the next that go down by more than their interval."""
    highs = [build_estimate(draws[:, part + 1] - draws[:, part]).high for part in range(draws.shape[1] - 1)]
    falls = sum(high is not None and high < 0 for high in highs)
    note = f"rows; of {len(highs)} steps, those whose whole interval lies below 0"
    return Kpi(name="decile_falls", value=float(falls), unit="count", n=n, note=note)
