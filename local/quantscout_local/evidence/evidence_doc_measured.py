"""How much of the product was measured: at which levels and settings, on how much data, and in which hours."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from quantscout.clock import to_ms
from quantscout.gates import LEVELS
from quantscout.settings import Settings
from quantscout.venues.binance_answers import NAME as BINANCE
from quantscout.venues.kucoin_answers import NAME as KUCOIN
from quantscout_local.evidence.kpis_models import Group, Kpis
from quantscout_local.evidence.kpis_table import show_interval, show_value
from quantscout_local.evidence.stats_population import COMPLETE, NO_DATA, PICKS

NOT_SENT = ("no_signal", NO_DATA)
"""Statuses of hours that are sent to nobody by default (alert.py)."""
VENUES = (BINANCE, KUCOIN)
SENT = {
    "precision_at_5": "{} hit",
    "lift_over_matched_points": "{} over matched controls",
    "mean_net_return_24h": "mean net return {}",
}


class Measured(NamedTuple):
    """What the figures rest on: hours with an outcome by level and status, and the picks' venues."""

    replayed: int
    hours: int
    levels: Mapping[str, int]
    statuses: Mapping[str, int]
    venues: tuple[str, ...]
    coverage: tuple[float, float, float] | None
    """Mean, least and greatest share of the weights that had data, of the picks with an outcome; None if not stored."""
    picks: int
    unsent_picks: int
    settings: Mapping[str, Any]


def measure(judged: pl.LazyFrame, hours: pl.DataFrame, about: Mapping[str, Any], kpis: Kpis) -> Measured:
    """Return how much was measured in the hours of the figures; `hours` are all that were replayed."""
    first_ms, last_ms = (to_ms(datetime.fromisoformat(hour)) for hour in (kpis.first_hour, kpis.last_hour))
    inside = hours.filter(pl.col("hour_ms").is_between(first_ms, last_ms))
    picks = _load_picks(judged, inside)
    return Measured(
        replayed=hours.height,
        hours=inside.height,
        levels=_count_levels(inside),
        statuses=kpis.hours_by_status,
        venues=tuple(sorted(picks["venue"].cast(pl.String).unique().to_list())),
        coverage=_cover(picks["coverage"]) if "coverage" in picks.columns else None,
        picks=picks.height,
        unsent_picks=picks.filter(pl.col("status").is_in(list(NOT_SENT))).height,
        settings=about["settings"],
    )


def _load_picks(judged: pl.LazyFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Return hour_ms, venue, status, and coverage where it is stored, of the picks that have an outcome."""
    names = [name for name in ("hour_ms", "venue", "coverage") if name in judged.collect_schema()]
    own = judged.filter(pl.col("rank") <= PICKS, pl.col("outcome") == COMPLETE).select(names).collect()
    sent = hours.filter(pl.col("status") != NO_DATA).select("hour_ms", pl.col("status").cast(pl.String))
    return own.join(sent, on="hour_ms")


def _count_levels(hours: pl.DataFrame) -> dict[str, int]:
    if "level" not in hours.columns:
        return {}
    counts = hours.group_by("level").len().sort("level", nulls_last=True)
    return {"none" if level is None else LEVELS[level]: count for level, count in counts.iter_rows()}


def _cover(coverage: pl.Series) -> tuple[float, float, float] | None:
    known = coverage.drop_nulls().cast(pl.Float64).to_numpy()
    return (float(known.mean()), float(known.min()), float(known.max())) if known.size else None


def say_measured(measured: Measured, missing: Sequence[str] = ()) -> str:
    """Return in plain sentences how little of the product it was, what was `missing`, and whose picks they are."""
    hours = f"{measured.hours:,} hours (of {measured.replayed:,} replayed, those whose outcome is known)"
    parts = (*_say_levels(measured), *_say_statuses(measured), *_say_venues(measured))
    said = [f"Only a part of the product was measured: {', '.join((hours, *parts))}."]
    if settings := (*_say_coverage(measured), *_say_settings(measured.settings)):
        text = "; ".join(settings)
        said.append(f"{text[0].upper()}{text[1:]}.")
    if measured.unsent_picks:
        share = _percent(measured.unsent_picks / measured.picks)
        said.append(
            f"{measured.unsent_picks:,} of the {measured.picks:,} picks ({share} %) are of no_signal hours, which are "
            "sent to nobody by default."
        )
    if missing:
        said.append(f"Missing: {'; '.join(missing)}.")
    return " ".join(said)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _say_levels(measured: Measured) -> Iterator[str]:
    if len(measured.levels) == 1:
        level = next(iter(measured.levels))
        yield f"all at level {level}{', the widest of the gate' if level == LEVELS[-1] else ' of the gate'}"
    elif measured.levels:
        yield f"by level of the gate {_count(measured.levels)}"


def _say_statuses(measured: Measured) -> Iterator[str]:
    counts = _count(measured.statuses)
    yield f"by status {counts}" if measured.statuses.get("ok") else f"none with status ok ({counts})"


def _count(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _say_venues(measured: Measured) -> Iterator[str]:
    absent = [venue for venue in VENUES if venue not in measured.venues]
    if absent and measured.venues:
        yield f"with picks of {', '.join(measured.venues)} alone and nothing of {', '.join(absent)}"


def _say_coverage(measured: Measured) -> Iterator[str]:
    if measured.coverage is not None:
        mean, least, most = map(_percent, measured.coverage)
        yield f"a pick had data for {mean} % of the weights on average ({least} to {most} %)"


def _say_settings(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was set otherwise than it is shipped, in words where more data would have been asked for."""
    if (least := settings.get("min_coverage")) is not None:
        usual = _percent(Settings().min_coverage)
        yield f"data for {_percent(least)} % were enough where the default asks for {usual} %"
    if passes := settings.get("unknown_passes"):
        yield f"what was unknown of {', '.join(passes)} passed its gate, which by default it fails"
    if others := sorted(set(settings) - {"min_coverage", "unknown_passes"}):
        yield f"other settings changed: {', '.join(others)}"


def without_missing(kpis: Kpis) -> str:
    """Return the verdict's sentence without the list of what was missing, for where that stands by itself."""
    if not kpis.missing:
        return kpis.verdict.sentence
    return kpis.verdict.sentence.replace(f"; missing: {', '.join(kpis.missing)}", "")


def say_sent(kpis: Kpis) -> str:
    """Return the main figures of the hours that are sent by default, one status after the other."""
    told = [f"{group.name} {_say_group(group)}" for group in kpis.by_status if group.name not in NOT_SENT]
    if not told:
        return "No hour was measured that is sent by default."
    return f"Hours that are sent by default, by themselves: {'; '.join(told)}."


def _say_group(group: Group) -> str:
    named = {kpi.name: kpi for kpi in group.kpis}
    figures = (
        words.format(show_value(named[name].value, named[name].unit)) + f" ({show_interval(named[name])})"
        for name, words in SENT.items()
    )
    return f"{named['precision_at_5'].n:,} picks, {', '.join(figures)}"
