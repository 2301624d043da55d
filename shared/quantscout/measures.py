"""The six metrics, as CloudWatch reads them out of the log (EMF), and what they are made of (docs/observability.md).

One line per invocation. Their only dimension is the stack's name: a dimension per contract would be a metric per
contract, and each costs.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Literal, TextIO

import polars as pl
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from quantscout.backfill import Filled
from quantscout.clock import iso, parse_hour, to_ms
from quantscout.delivery import Delivered
from quantscout.frames import HOUR_MS
from quantscout.http import SourceClient
from quantscout.models import Report, SourceState

Name = Literal[
    "PublishedHours",
    "DataAgeSeconds",
    "ContractsWithDataPercent",
    "RankedContracts",
    "OpenBreakers",
    "BackfillRemaining",
]
UNITS: Mapping[Name, MetricUnit] = {
    "PublishedHours": MetricUnit.Count,
    "DataAgeSeconds": MetricUnit.Seconds,
    "ContractsWithDataPercent": MetricUnit.Percent,
    "RankedContracts": MetricUnit.Count,
    "OpenBreakers": MetricUnit.Count,
    "BackfillRemaining": MetricUnit.Count,
}
Values = dict[Name, float]
BAR_VENUES = ("binance", "kucoin")
"""Whose bars the hour stands on; Coinalyze and CoinGecko inform."""
LOOK_BACK_H = 24
"""So many reports are asked how long a venue has been silent; more than a day is a day."""
HOUR_S = HOUR_MS // 1_000
NEVER_S = 253_402_300_799
"""The last second of the year 9999: what no calendar has cannot be told."""
BLIND_SHARE = 0.5
"""With more than this share of a venue's eligible contracts without the hour's bar its data is a bar old, or older:
one contract that is fresh tells nothing of the others."""

LoadReport = Callable[[int], Report | None]


def measure_delivery(done: Delivered, load_report: LoadReport, now_s: float = inf) -> Values:
    """Return what a delivery that finished its hour measures; nothing where it stood back.

    One that found it finished measures it again while the hour is the last full one by `now_s`: who finished it may
    have died before it was told, and then nobody else tells that the hour is out. Of an older hour it tells nothing.
    """
    report = done.report
    if report is None or (done.ending != "published" and not _is_last_hour(report, now_s)):
        return {}
    funnel = report.funnel
    ages_s = [
        _with_blindness(name, report, done.universe, _age_s(name, report, load_report))
        for name in BAR_VENUES
        if name in report.sources
    ]
    found: Values = {
        "PublishedHours": float(report.status != "no_data"),
        "ContractsWithDataPercent": 100.0 * funnel.with_data / funnel.eligible if funnel.eligible else 0.0,
        "RankedContracts": float(funnel.ranked),
    }
    known_s = [age_s for age_s in ages_s if age_s is not None]
    return found | {"DataAgeSeconds": float(max(known_s))} if known_s else found


def _is_last_hour(report: Report, now_s: float) -> bool:
    return now_s < to_ms(parse_hour(report.hour)) / 1_000 + HOUR_S


def _with_blindness(name: str, report: Report, universe: pl.DataFrame | None, age_s: int | None) -> int | None:
    """Return the age of a venue's newest bar, and an hour at least where most of its contracts have no bar of it.

    Without a universe (an earlier attempt made the report) its listed contracts count, which are somewhat more.
    """
    state = report.sources[name]
    of_venue = pl.col("ineligible").is_null() & (pl.col("venue") == name)
    eligible = state.contracts if universe is None else universe.filter(of_venue).height
    return max(age_s or 0, HOUR_S) if state.late > BLIND_SHARE * eligible else age_s


def _age_s(name: str, report: Report, load_report: LoadReport) -> int | None:
    """Return the age of a venue's newest bar; of one that is out, for how long the reports before say the same."""
    state = report.sources[name]
    if state.data_age_s is not None:
        return state.data_age_s
    hour_ms, silent_s = to_ms(parse_hour(report.hour)), None
    for back_h in range(1, LOOK_BACK_H + 1):
        before = load_report(hour_ms - back_h * HOUR_MS)
        said: SourceState | None = None if before is None else before.sources.get(name)
        if said is None:
            break
        silent_s = back_h * HOUR_S + (said.data_age_s or 0)
        if said.data_age_s is not None:
            break
    return silent_s


def measure_backfill(filled: Iterable[Filled]) -> Values:
    """Return how many contracts' histories are still to be loaded."""
    return {"BackfillRemaining": float(sum(venue.remaining for venue in filled))}


def breaker_of(client: SourceClient, now_s: float) -> str:
    """Return why nothing is sent to a source any more: banned, refused, blocked_region; empty while it is asked."""
    if now_s < client.banned_until_s:
        return "banned"
    return "" if client.refusal is None else client.refusal.fault


def banned_until_of(client: SourceClient, now_s: float) -> str:
    """Return until when a ban lasts, e.g. 2026-03-01T12:00:00Z; empty where there is none."""
    return iso(round(1_000 * min(client.banned_until_s, NEVER_S))) if now_s < client.banned_until_s else ""


def write_metrics(values: Values, stream: TextIO) -> None:
    """Write the values as one line of EMF, without a line where there are none.

    Namespace and dimension come from POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME; Powertools raises its
    SchemaValidationError where the first is not set.
    """
    if not values:
        return
    metrics = EphemeralMetrics()  # Metrics shares its set with every other of the process, and keeps it while warm
    for name, value in values.items():
        metrics.add_metric(name, UNITS[name], value)
    stream.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")
    stream.flush()
