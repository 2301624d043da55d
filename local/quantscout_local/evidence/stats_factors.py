"""Factor by factor: does a higher norm hit more often, and does it rank the returns?"""

import polars as pl

from quantscout.factors import FACTORS
from quantscout_local.evidence.deciles import place_in_parts
from quantscout_local.evidence.kpis_models import Kpi, build_kpi
from quantscout_local.evidence.stats_bootstrap import Resamples, divide
from quantscout_local.evidence.stats_population import COMPLETE, QUINTILES, Population, total_by_name, total_by_part

LEAST_VALUES = 10
"""Rows of an hour below which a rank correlation says nothing."""
TOP, BOTTOM = QUINTILES - 1, 0


def rate_factors(population: Population, resamples: Resamples) -> tuple[Kpi, ...]:
    """Return for each factor, and for the score itself: top less bottom quintile in hits, their ratio, and the IC.

    Quintiles are of the norm within the hour's scored set. IC (information coefficient): rank correlation of the norm
    with the 24 h return in each hour, its mean over hours. A factor without spread within an hour has none of them.
    """
    scored = population.rows.filter("in_scored_set")
    columns = {f"{factor.name}_norm": factor.name for factor in FACTORS} | {"score": "score"}
    there = [(column, name) for column, name in columns.items() if column in scored.columns]
    return tuple(kpi for column, name in there for kpi in _rate(scored, column, name, resamples))


def _rate(scored: pl.DataFrame, column: str, name: str, resamples: Resamples) -> list[Kpi]:
    valued = scored.filter(pl.col(column).is_not_null(), (pl.col(column).n_unique() > 1).over("at"))
    ranked = valued.with_columns(part=place_in_parts(column, QUINTILES, "at"))
    known = ranked.filter(pl.col("outcome") == COMPLETE)
    return [*_rate_quintiles(known, name, resamples), _rate_correlation(known, column, name, resamples)]


def _rate_quintiles(known: pl.DataFrame, name: str, resamples: Resamples) -> list[Kpi]:
    sums = total_by_part(resamples, known, QUINTILES, "hit10")
    rates, counts = divide(sums["hit10"], sums["n"]), sums["n"][0]
    above, below, n = rates[:, TOP], rates[:, BOTTOM], counts[TOP] + counts[BOTTOM]
    note = "rows of both quintiles" if counts[TOP] and counts[BOTTOM] else _why_not(known)
    return [
        build_kpi(f"{name}_lift_points", 100 * (above - below), "points", n, note),
        build_kpi(f"{name}_lift", divide(above, below), "times", n, note),
    ]


def _why_not(known: pl.DataFrame) -> str:
    if not known.height:
        return "no values that differ within an hour"
    return "no value in the top or bottom quintile: too many are equal"


def _rate_correlation(known: pl.DataFrame, column: str, name: str, resamples: Resamples) -> Kpi:
    hours = correlate_by_hour(known, column)
    sums = total_by_name(resamples, hours, "ic")
    note = "hours" if hours.height else f"no hour has {LEAST_VALUES} values that differ"
    return build_kpi(f"{name}_ic", divide(sums["ic"], sums["n"]), "rank", hours.height, note)


def correlate_by_hour(known: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return `at` and `ic`, the rank correlation of a column with the 24 h return, for hours where it is defined."""
    pairs = known.filter(pl.col("return_24h_ratio").is_not_null(), pl.len().over("at") >= LEAST_VALUES)
    ranks = pairs.select("at", *(pl.col(c).rank("average").over("at") for c in (column, "return_24h_ratio")))
    hours = ranks.group_by("at", maintain_order=True).agg(ic=pl.corr(column, "return_24h_ratio"))
    return hours.filter(pl.col("ic").is_finite())
