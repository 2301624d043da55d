"""All figures of judged hours, each with its 95 % interval (docs/statistics.md has every definition)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout_local.evidence.controls import match_controls
from quantscout_local.evidence.deciles import rate_deciles, rate_monotonicity
from quantscout_local.evidence.equity import build_equity
from quantscout_local.evidence.equity_risk import rate_equity, rate_turnover
from quantscout_local.evidence.kpis_groups import METHOD, MONTH, STATUS, rate_groups
from quantscout_local.evidence.kpis_headline import Matched, rate_falls, rate_hits, rate_matched, rate_returns
from quantscout_local.evidence.kpis_missing import name_missing
from quantscout_local.evidence.kpis_models import Group, Kpi, Kpis, Verdict
from quantscout_local.evidence.kpis_verdict import Evidence, build_verdict
from quantscout_local.evidence.stats_bootstrap import BLOCKS_H, SAMPLES, Resamples, draw_hours
from quantscout_local.evidence.stats_factors import rate_factors
from quantscout_local.evidence.stats_population import Population, build_population

LONGER = 3
"""How many times longer the second blocks are: outcomes overlap for 24 h, which blocks of 24 h cut too often."""


class Asked(NamedTuple):
    """How the figures were asked for; all of it is told with them."""

    seed: int
    blocks_h: int
    samples: int
    missing: tuple[str, ...]
    trials: int
    excluded: dict[str, int]


class Parts(NamedTuple):
    """The figures: the headline, tables of figures, and groups of hours, by their name in `Kpis`."""

    headline: tuple[Kpi, ...]
    tables: dict[str, tuple[Kpi, ...]]
    groups: dict[str, tuple[Group, ...]]


class Context(NamedTuple):
    """What is drawn from: the population, its picks with controls, and the resampled hours."""

    population: Population
    matched: Matched
    resamples: Resamples
    longer: Resamples
    asked: Asked


def build_kpis(  # noqa: PLR0913 - what a person may ask for, by name
    judged: pl.DataFrame | pl.LazyFrame,
    hours: pl.DataFrame,
    seed: int,
    blocks_h: int = BLOCKS_H,
    samples: int = SAMPLES,
    *,
    missing: Sequence[str] = (),
    trials: int = 1,
    excluded: Mapping[str, int] | None = None,
) -> Kpis:
    """Return all figures of judged rows and their hours; the same input and seed give the same figures.

    The sentence names the factors that hours lacked and what else is `missing`; `trials` settings were tried before;
    `excluded` counts hours that are left out, by reason.
    Raises InputError where nothing can be measured: no complete outcome, hours listed twice, too few hours.
    """
    population = build_population(judged, hours)
    asked = Asked(seed, blocks_h, samples, (*name_missing(population.hours), *missing), trials, dict(excluded or {}))
    context = _build_context(population, asked)
    keys = {"by_month": MONTH, "by_status": STATUS}
    if {"method_version", "config_hash"} <= {*hours.columns}:
        keys["by_method"] = METHOD
    picks = context.matched.judged
    groups = {name: rate_groups(context.population, picks, context.resamples, key) for name, key in keys.items()}
    return _assemble(context, Parts(_rate_headline(context), _rate_tables(context), groups))


def _build_context(population: Population, asked: Asked) -> Context:
    hours = population.hours.height
    return Context(
        population,
        Matched(match_controls(population), match_controls(population, in_scored_set=True)),
        draw_hours(hours, asked.seed, asked.blocks_h, asked.samples),
        draw_hours(hours, asked.seed + 1, _longer_h(asked, hours), asked.samples),
        asked,
    )


def _longer_h(asked: Asked, hours: int) -> int:
    return min(LONGER * asked.blocks_h, hours)


def _rate_headline(context: Context) -> tuple[Kpi, ...]:
    population, resamples, longer = context.population, context.resamples, context.longer
    asked = context.asked
    longer_h = _longer_h(asked, resamples.hours)
    return (
        *rate_hits(population, resamples),
        *rate_matched(context.matched, resamples, longer, longer_h),
        *rate_falls(population, context.matched, resamples, longer, longer_h),
        *rate_returns(population, resamples, longer, longer_h),
        *rate_equity(build_equity(population), asked.seed, asked.blocks_h, asked.samples),
        *rate_turnover(population, resamples),
    )


def _rate_tables(context: Context) -> dict[str, tuple[Kpi, ...]]:
    deciles, draws = rate_deciles(context.population, context.resamples, pooled=False)
    pooled, _ = rate_deciles(context.population, context.resamples, pooled=True)
    return {
        "hit_rate_by_decile": deciles,
        "hit_rate_by_pooled_decile": pooled,
        "monotonicity": rate_monotonicity(draws, [kpi.n for kpi in deciles]),
        "factor_lift": rate_factors(context.population, context.resamples),
    }


def _judge(context: Context, parts: Parts) -> Verdict:
    named = {kpi.name: kpi for kpi in parts.headline}
    first, last = _span(context)
    evidence = Evidence(
        difference=named["lift_over_matched_points"],
        difference_longer=named["lift_over_matched_points_longer_blocks"],
        falls=named["falls_over_matched_points"],
        skew=named["hits_less_falls_over_matched_points"],
        skew_longer=named["hits_less_falls_over_matched_points_longer_blocks"],
        net=named["mean_net_return_24h"],
        net_longer=named["mean_net_return_24h_longer_blocks"],
        median=named["median_net_return_24h"],
        rule=named["total_return"],
        drawdown=named["max_drawdown"],
        pick_hours=context.matched.judged["at"].n_unique(),
        period=f"{first} to {last}, {context.population.hours.height:,} hours",
        missing=context.asked.missing,
        trials=context.asked.trials,
    )
    return build_verdict(evidence)


def _span(context: Context) -> tuple[str, str]:
    hours = context.population.hours["hour_ms"]
    return iso(hours[0]), iso(hours[-1])


def _assemble(context: Context, parts: Parts) -> Kpis:
    population, (judged, scored) = context.population, context.matched
    first, last = _span(context)
    return Kpis(
        first_hour=first,
        last_hour=last,
        hours=population.hours.height,
        hours_by_status=dict(population.hours.group_by("status").len().sort("status").iter_rows()),
        rows=population.complete.height,
        picks=judged.height,
        picks_without_outcome=population.lost_picks,
        picks_without_control=(judged["controls"] == 0).sum(),
        picks_without_control_in_scored_set=(scored["controls"] == 0).sum(),
        **context.asked._asdict(),
        verdict=_judge(context, parts),
        headline=parts.headline,
        **parts.tables,
        **parts.groups,
    )
