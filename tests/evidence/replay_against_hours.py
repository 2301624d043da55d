"""The comparison of a replay with the hourly pipeline (archive_hour.py), contract by contract."""

import polars as pl

from quantscout.clock import from_ms
from quantscout.decide import PICKS, funnel
from quantscout.factors import NAMES
from quantscout.report import Facts, build_report
from quantscout.settings import Settings
from quantscout_local.archive_hour import Archive, lacking
from quantscout_local.evidence.judged import Judged

SCORE = 1e-9
STORED = 1e-6
"""Norms and the like are stored as Float32."""
SAME = ("coin", "in_scored_set", "rank", "reason")
CLOSE = {
    "score": SCORE, "adv30_usdt": SCORE, "volume_24h_usdt": SCORE, "adv30_percentile": 1e-12, "atr_percentile": 1e-12,
    **dict.fromkeys(("coverage", "penalty", "boost", "atr_pct", *(f"{name}_norm" for name in NAMES)), STORED),
}  # fmt: skip


def differences(judged: Judged, archive: Archive, hour_ms: int, settings: Settings) -> list[str]:
    """Return everything in which an hour of the replay differs from the hourly pipeline's, in words."""
    hour = archive.hour(hour_ms)
    decision = archive.decide(hour, settings)
    population = decision.universe.filter(
        pl.col("adv30_percentile").is_not_null(), pl.col("atr_percentile").is_not_null()
    )
    ours = judged.scan().filter(pl.col("hour_ms") == hour_ms).collect()
    if ours["contract"].to_list() != population["contract"].sort().to_list():
        return [f"{hour_ms}: other contracts"]
    both = ours.join(population, on=["venue", "contract"], suffix="_then")
    report = build_report(decision, Facts(hour_ms, from_ms(hour_ms), hour.regime, {}, (), None), settings)
    counted = {name: count for name, count in funnel(decision.universe).items() if name != "by_reason"}
    then = {"status": report.status, "level": decision.level, "regime": hour.regime.name, "lacking": lacking(hour)}
    row = judged.hours().filter(pl.col("hour_ms") == hour_ms).row(0, named=True)
    told = {name: (row[name], value) for name, value in (then | counted).items() if row[name] != value}
    best = ours.filter(pl.col("rank") <= PICKS).sort("rank")["contract"].to_list()
    five = [gem.contract for gem in report.ranked_gems]
    picks = [] if best == five else [f"{hour_ms}: the five {best}, not {five}"]
    return [*picks, *(f"{hour_ms}: {name} {pair[0]}, not {pair[1]}" for name, pair in told.items()),
            *_unequal(both, hour_ms)]  # fmt: skip


def _unequal(both: pl.DataFrame, hour_ms: int) -> list[str]:
    found = []
    for name in SAME:
        one, other = (pl.col(column).cast(pl.String) for column in (name, f"{name}_then"))
        found += [
            f"{hour_ms}: {row}" for row in both.filter(~one.eq_missing(other)).select("contract", one, other).rows()
        ]
    for name, tolerance in CLOSE.items():
        one, other = pl.col(name).cast(pl.Float64), pl.col(f"{name}_then")
        unlike = (one.is_null() != other.is_null()) | ((one - other).abs() > tolerance * other.abs().clip(1.0))
        if name.endswith("_norm"):  # outside the scored set the pipeline has none, and neither has the replay
            unlike &= pl.col("in_scored_set")
        found += [f"{hour_ms}: {name} {row}" for row in both.filter(unlike).select("contract", one, other).rows()]
    return found
