"""The main figures by month (walk-forward: nothing is fitted, so every month is out of sample) and by status."""

import polars as pl

from quantscout_local.evidence.kpis_models import Group, build_kpi
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, divide
from quantscout_local.evidence.stats_population import Population, total_by_part

MONTH = pl.from_epoch("hour_ms", time_unit="ms").dt.strftime("%Y-%m")
"""Of the hour, UTC."""
STATUS = pl.col("status")
UNKNOWN = "unknown"
METHOD = pl.format("{} {}", *(pl.col(name).fill_null(UNKNOWN) for name in ("method_version", "config_hash")))
"""Of the hours of a stack, by which it was ranked."""


def rate_groups(population: Population, picks: pl.DataFrame, resamples: Resamples, key: pl.Expr) -> tuple[Group, ...]:
    """Return the main figures of each group of hours, in the order of its name; the samples are those of all hours."""
    hours = population.hours.select("at", key.alias("group"))
    names = hours["group"].unique().sort().to_list()
    place = hours.select("at", part=pl.col("group").cast(pl.Enum(names)).to_physical())
    sums = _total(population, picks, resamples, place, len(names))
    return tuple(_group(name, {key: part[:, i] for key, part in sums.items()}) for i, name in enumerate(names))


def _total(
    population: Population, picks: pl.DataFrame, resamples: Resamples, place: pl.DataFrame, parts: int
) -> dict[str, Array]:
    def total(rows: pl.DataFrame, prefix: str, *columns: str) -> dict[str, Array]:
        placed = rows.join(place, on="at", maintain_order="left")
        return {f"{prefix}_{k}": v for k, v in total_by_part(resamples, placed, parts, *columns).items()}

    matched = picks.filter(pl.col("controls") > 0)
    return {
        **total(population.complete.select("at", "hit10"), "row", "hit10"),
        **total(picks.select("at", "hit10", net="net_return_24h_ratio"), "pick", "hit10", "net"),
        **total(matched.select("at", "hit10", "control_hit"), "matched", "hit10", "control_hit"),
    }


def _group(name: str, sums: dict[str, Array]) -> Group:
    picks, rows, matched = sums["pick_n"][0], sums["row_n"][0], sums["matched_n"][0]
    hits, control_hits = sums["matched_hit10"], sums["matched_control_hit"]
    points = 100 * divide(hits - control_hits, sums["matched_n"])
    return Group(
        name=name,
        kpis=(
            build_kpi("precision_at_5", divide(sums["pick_hit10"], sums["pick_n"]), "share", picks, "picks"),
            build_kpi("base_rate", divide(sums["row_hit10"], sums["row_n"]), "share", rows, "rows"),
            build_kpi("lift_over_matched", divide(hits, control_hits), "times", matched, "picks with a control"),
            build_kpi("lift_over_matched_points", points, "points", matched, "picks with a control"),
            build_kpi("mean_net_return_24h", divide(sums["pick_net"], sums["pick_n"]), "return", picks, "picks"),
        ),
    )
