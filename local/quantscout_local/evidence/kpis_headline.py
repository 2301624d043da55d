"""The headline: what the picks were worth, against everything that could have been picked and against their likes."""

from typing import NamedTuple

import polars as pl

from quantscout_local.evidence.controls import NET, draw_matched
from quantscout_local.evidence.kpis_models import Kpi, build_kpi
from quantscout_local.evidence.stats_bootstrap import Resamples, divide
from quantscout_local.evidence.stats_population import Population, total_by_name
from quantscout_local.evidence.stats_quantiles import draw_medians, draw_shortfalls


class Matched(NamedTuple):
    """The evaluated picks with their controls: from all judged rows, and from the scored set alone."""

    judged: pl.DataFrame
    scored: pl.DataFrame


def rate_hits(population: Population, resamples: Resamples) -> tuple[Kpi, ...]:
    """Return precision@5, the base rate, the scored set's rate and the lifts over both."""
    rows = population.complete
    picks = total_by_name(resamples, rows.filter("picked"), "hit10")
    scored = total_by_name(resamples, rows.filter("in_scored_set"), "hit10")
    every = total_by_name(resamples, rows, "hit10")
    precision, base, among = (divide(sums["hit10"], sums["n"]) for sums in (picks, every, scored))
    n = picks["n"][0]
    return (
        build_kpi("precision_at_5", precision, "share", n, "picks"),
        build_kpi("base_rate", base, "share", every["n"][0], "rows"),
        build_kpi("scored_set_rate", among, "share", scored["n"][0], "rows of the scored set, the picks among them"),
        build_kpi("lift_over_base", divide(precision, base), "times", n, "picks"),
        build_kpi("lift_over_scored_set", divide(precision, among), "times", n, "picks"),
    )


def rate_matched(matched: Matched, resamples: Resamples, longer: Resamples, longer_h: int) -> tuple[Kpi, ...]:
    """Return the lifts over matched controls, again with longer blocks, and again with controls of the scored set."""
    n = matched.judged.filter(pl.col("controls") > 0).height
    draws, wide = draw_matched(resamples, matched.judged), draw_matched(longer, matched.judged)
    note, blocks = "picks with a control", f"picks with a control; blocks of {longer_h} h"
    return (
        build_kpi("lift_over_matched", draws["ratio"], "times", n, note),
        build_kpi("lift_over_matched_points", draws["points"], "points", n, note),
        build_kpi("lift_over_matched_points_longer_blocks", wide["points"], "points", n, blocks),
        build_kpi("net_over_matched", draws["net"], "return", n, note),
        build_kpi("net_over_matched_longer_blocks", wide["net"], "return", n, blocks),
        *_rate_scored(matched.scored, resamples),
    )


def _rate_scored(picks: pl.DataFrame, resamples: Resamples) -> tuple[Kpi, ...]:
    n = picks.filter(pl.col("controls") > 0).height
    draws, note = draw_matched(resamples, picks), "picks with a control in the scored set"
    return (
        build_kpi("lift_over_matched_in_scored_set", draws["ratio"], "times", n, note),
        build_kpi("lift_over_matched_in_scored_set_points", draws["points"], "points", n, note),
        build_kpi("net_over_matched_in_scored_set", draws["net"], "return", n, note),
    )


def rate_falls(
    population: Population, matched: Matched, resamples: Resamples, longer: Resamples, longer_h: int
) -> tuple[Kpi, ...]:
    """Return how often picks fall by 10 %, all rows do, and what is left of the hits when falls are taken from them."""
    rows, n = population.complete, matched.judged.filter(pl.col("controls") > 0).height
    picks = total_by_name(resamples, rows.filter("picked"), "fall10")
    every = total_by_name(resamples, rows, "fall10")
    draws, wide = draw_matched(resamples, matched.judged), draw_matched(longer, matched.judged)
    note, blocks = "picks with a control", f"picks with a control; blocks of {longer_h} h"
    return (
        build_kpi("fall_rate_at_5", divide(picks["fall10"], picks["n"]), "share", picks["n"][0], "picks"),
        build_kpi("fall_base_rate", divide(every["fall10"], every["n"]), "share", every["n"][0], "rows"),
        build_kpi("falls_over_matched_points", draws["falls"], "points", n, note),
        build_kpi("hits_less_falls_over_matched_points", draws["skew"], "points", n, note),
        build_kpi("hits_less_falls_over_matched_points_longer_blocks", wide["skew"], "points", n, blocks),
    )


def rate_returns(population: Population, resamples: Resamples, longer: Resamples, longer_h: int) -> tuple[Kpi, ...]:
    """Return mean and median net return of a pick, and the mean of the worst 5 % of picks."""
    picks = population.complete.filter("picked")
    values, at, n = picks[NET].cast(pl.Float64).to_numpy(), picks["at"].cast(pl.Int64).to_numpy(), picks.height
    sums, wide = total_by_name(resamples, picks, NET), total_by_name(longer, picks, NET)
    blocks = f"picks; blocks of {longer_h} h"
    return (
        build_kpi("mean_net_return_24h", divide(sums[NET], sums["n"]), "return", n, "picks"),
        build_kpi("mean_net_return_24h_longer_blocks", divide(wide[NET], wide["n"]), "return", n, blocks),
        build_kpi("median_net_return_24h", draw_medians(resamples, values, at), "return", n, "picks"),
        build_kpi("expected_shortfall_5pct", draw_shortfalls(resamples, values, at), "return", n, "picks"),
    )
