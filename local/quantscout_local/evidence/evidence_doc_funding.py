"""What a long pick pays for funding in its 24 hours, where that is known: net returns leave it out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.positions import normalise_settlements
from quantscout.verify import verify_settlements
from quantscout_local.evidence.controls import NET
from quantscout_local.evidence.kpis_models import Kpi, build_kpi
from quantscout_local.evidence.replay_files import FUNDING, collect, describe_series, scan
from quantscout_local.evidence.stats_bootstrap import BLOCKS_H, SAMPLES, divide, draw_hours
from quantscout_local.evidence.stats_population import Population, total_by_name

HOLD_MS = 24 * HOUR_MS
VENUE = "binance"
"""An archive's only venue."""
KNOWN = ("pick", "funding_ratio")
TITLES = {
    "funding_paid_24h": "Funding that a long pick paid in 24 h, where known",
    "mean_net_return_24h_funding_known": "Mean net return of these picks",
    "mean_net_return_24h_less_funding": "The same less funding",
}


class Paid(NamedTuple):
    """Per pick whose settlements are known: what it pays, its net return, and that less what it pays; each a mean."""

    funding: Kpi
    net: Kpi
    net_less_funding: Kpi


def load_settlements(market: Path, about: Mapping[str, Any]) -> pl.DataFrame | None:
    """Return contract, settled_ms, rate_ratio, interval_h (null: not known), in order; None without such a file.

    Raises InputError for another archive than was replayed.
    """
    if describe_series(market) != about["series"]:
        raise InputError(f"{market} is not the archive that was replayed: give the one that was")
    rows = scan(market, FUNDING)
    if rows is None:
        return None
    named = collect(market / FUNDING, rows).select(
        venue=pl.lit(VENUE),
        contract=pl.col("symbol").cast(pl.String),
        settled_ms=pl.col("funding_time") // MINUTE_MS * MINUTE_MS,  # venues stamp some milliseconds late
        rate_ratio="funding_rate",
    )
    known = normalise_settlements(verify_settlements(named).rows)
    return known.select("contract", "settled_ms", "rate_ratio", "interval_h").sort("contract", "settled_ms")


def sum_funding(picks: pl.DataFrame, settlements: pl.DataFrame) -> pl.DataFrame:
    """Return `pick` and `funding_ratio`: the rates after H up to H + 24 h, added up, of picks for which all are known.

    `picks` has pick, contract, hour_ms. Known: one settlement at or before H, one at or after H + 24 h, and of every
    one from H on until the first at or after the end the interval since the one before.
    """
    begin, end = pl.col("hour_ms"), pl.col("hour_ms") + HOLD_MS
    spans = settlements.with_columns(before_ms=pl.col("settled_ms").shift(1).over("contract"))
    met = picks.select("pick", "contract", "hour_ms").join(spans, on="contract")
    met = met.filter(pl.col("settled_ms") > begin, pl.col("before_ms").is_null() | (pl.col("before_ms") < end))
    inside = pl.col("settled_ms") <= end
    sums = met.group_by("pick", maintain_order=True).agg(
        funding_ratio=pl.col("rate_ratio").filter(inside).sum(),
        whole=pl.col("interval_h").is_not_null().all() & (pl.col("settled_ms").max() >= end.first()),
    )
    return sums.filter("whole").select(KNOWN)


def rate_funding(population: Population, settlements: pl.DataFrame, seed: int) -> Paid:
    """Return the means of the picks whose settlements are known, drawn from the same hours as all other figures."""
    picks = population.complete.filter("picked").with_row_index("pick")
    named = picks.with_columns(pl.col("contract").cast(pl.String)).filter(pl.col("venue").cast(pl.String) == VENUE)
    known = named.join(sum_funding(named, settlements), on="pick", maintain_order="left")
    resamples = draw_hours(population.hours.height, seed, BLOCKS_H, SAMPLES)
    sums = total_by_name(resamples, known, "funding_ratio", NET)
    paid, net = divide(sums["funding_ratio"], sums["n"]), divide(sums[NET], sums["n"])
    n = known.height
    return Paid(
        build_kpi("funding_paid_24h", paid, "return", n, "picks with known settlements"),
        build_kpi("mean_net_return_24h_funding_known", net, "return", n, "the same picks"),
        build_kpi("mean_net_return_24h_less_funding", net - paid, "return", n, "the same picks"),
    )


def say_funding(paid: Paid | None, picks: int) -> str:
    """Return that net returns leave funding out, and by how much where that is known; words by the figure's sign."""
    head = "Net returns leave out funding, which a position pays or receives at each settlement"
    if paid is None or paid.funding.value is None or paid.net.value is None or paid.net_less_funding.value is None:
        return f"{head}; for none of the picks are the settlements known."
    value, net, rest = paid.funding.value, 100 * paid.net.value, 100 * paid.net_less_funding.value
    way = "paid" if value > 0 else "received"
    known = f"{paid.funding.n:,} of {picks:,} picks"
    return (
        f"{head}. Where the archive has all settlements of the 24 h ({known}) a long {way} {100 * abs(value):.2f} % on "
        f"average{_reach(paid.funding)}: the mean net return of these picks is {net:+.2f} % without funding and "
        f"{rest:+.2f} % with it."
    )


def _reach(kpi: Kpi) -> str:
    """Return the interval in the direction that the sentence speaks of; in what is paid where it holds 0."""
    if kpi.low is None or kpi.high is None or kpi.value is None:
        return ""
    if kpi.low <= 0 <= kpi.high:
        return f" (95 % interval of what is paid {100 * kpi.low:+.2f} to {100 * kpi.high:+.2f})"
    least, most = sorted((abs(kpi.low), abs(kpi.high)))
    return f" (95 % interval {100 * least:.2f} to {100 * most:.2f})"
