"""Matched controls (SPEC 8): what the contracts most like a pick did in the same hour."""

import polars as pl

from quantscout_local.evidence.stats_bootstrap import Array, Resamples, divide
from quantscout_local.evidence.stats_population import Population, total_by_name

NET = "net_return_24h_ratio"
STRATUM = ("at", "venue", "adv30_quintile", "atr_quintile")


def match_controls(population: Population, *, in_scored_set: bool = False) -> pl.DataFrame:
    """Return every evaluated pick with its controls' number, hits, falls and net return; 0 and nulls without any.

    Controls: same hour, venue, adv30 quintile and ATR quintile, not picked, outcome complete; with `in_scored_set`
    only those that were scored as well. Columns `controls`, and the means `control_hit`, `_fall`, `_net`.
    """
    rows = population.complete
    others = rows.filter(~pl.col("picked"), pl.col("in_scored_set") | (not in_scored_set))
    means = others.group_by(STRATUM, maintain_order=True).agg(
        controls=pl.len(),
        control_hit=pl.col("hit10").mean(),
        control_fall=pl.col("fall10").mean(),
        control_net=pl.col("net_return_24h_ratio").mean(),
    )
    picks = rows.filter("picked").join(means, on=STRATUM, how="left", maintain_order="left")
    return picks.with_columns(pl.col("controls").fill_null(0))


def draw_matched(resamples: Resamples, picks: pl.DataFrame) -> dict[str, Array]:
    """Return in each sample: `ratio`, `points` of hits, `falls`, `skew` (hits less falls) in points, `net` of returns.

    Every pick with a control weighs the same, its controls together as much as it.
    """
    matched = picks.filter(pl.col("controls") > 0)
    pairs = {"points": ("hit10", "control_hit"), "falls": ("fall10", "control_fall"), "net": (NET, "control_net")}
    sums = total_by_name(resamples, matched, *(name for pair in pairs.values() for name in pair))
    means = {name: divide(sums[own] - sums[others], sums["n"]) for name, (own, others) in pairs.items()}
    return {
        "ratio": divide(sums["hit10"], sums["control_hit"]),
        "points": 100 * means["points"],
        "falls": 100 * means["falls"],
        "skew": 100 * (means["points"] - means["falls"]),
        "net": means["net"],
    }
