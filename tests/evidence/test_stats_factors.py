"""Parts within an hour, deciles, factor lift and rank correlation, against scipy and plain Python."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr  # type: ignore[import-untyped]

from evidence.made_judged import Plan, make_judged
from quantscout_local.evidence.deciles import place_in_parts, rate_deciles, rate_monotonicity
from quantscout_local.evidence.stats_bootstrap import Resamples, draw_hours
from quantscout_local.evidence.stats_factors import correlate_by_hour, rate_factors
from quantscout_local.evidence.stats_population import Population, build_population


@pytest.fixture(scope="module")
def population() -> Population:
    """Return four days of 60 contracts."""
    made = make_judged(3, Plan(hours=96, contracts=60))
    return build_population(made.judged, made.hours)


@pytest.fixture(scope="module")
def drawn() -> Resamples:
    """Return their hours, drawn 100 times."""
    return draw_hours(96, 1, 24, 100)


@given(st.lists(st.integers(0, 20), min_size=10, max_size=60))
def test_a_value_is_in_the_part_of_its_average_rank(values: list[int]) -> None:
    """Equal values share a part; parts run from 0 to 9 with the value."""
    parts = pl.DataFrame({"v": values}).select(p=place_in_parts("v", 10, None))["p"].to_list()
    for value, part in zip(values, parts, strict=True):
        below, equal = sum(other < value for other in values), values.count(value)
        assert part == math.floor((below + (equal - 1) / 2) * 10 / len(values))


def test_fewer_values_than_parts_have_no_part() -> None:
    """Nine contracts have no deciles."""
    assert pl.DataFrame({"v": range(9)}).select(p=place_in_parts("v", 10, None))["p"].null_count() == 9


def test_deciles_hold_all_scored_rows_and_their_hits(population: Population, drawn: Resamples) -> None:
    """Within the hour or pooled: no row is lost, no hit is lost."""
    scored = population.complete.filter("in_scored_set")
    for pooled in (False, True):
        kpis, _ = rate_deciles(population, drawn, pooled=pooled)
        assert sum(kpi.n for kpi in kpis) == scored.height
        assert sum(kpi.n * (kpi.value or 0) for kpi in kpis) == pytest.approx(scored["hit10"].sum())


def test_rates_that_rise_are_said_to_rise() -> None:
    """Ten rising rates: correlation 1, no distance from rising ones, no fall."""
    shape = rate_monotonicity(np.tile(np.linspace(0.1, 0.3, 10), (101, 1)), [100] * 10)
    assert [kpi.value for kpi in shape] == pytest.approx([1.0, 20.0, 0.0, 0.0])


def test_a_fall_is_found() -> None:
    """The fourth rate 9 points below the third: the nearest rising rates put both in the middle, 4.5 points off."""
    rates = np.array([0.1, 0.11, 0.22, 0.13, 0.23, 0.24, 0.25, 0.26, 0.27, 0.28])
    shape = {kpi.name: kpi.value for kpi in rate_monotonicity(np.tile(rates, (101, 1)), [100] * 10)}
    assert shape["decile_violation"] == pytest.approx(4.5)
    assert shape["decile_falls"] == 1
    assert shape["decile_spearman"] == pytest.approx(spearmanr(rates, range(10)).statistic)


def test_rank_correlation_equals_scipy(population: Population) -> None:
    """Hour by hour, ties by average rank."""
    known = population.complete.filter(pl.col("mom60m_norm").is_not_null())
    known = known.with_columns(pl.col("mom60m_norm").round(1))
    hours = correlate_by_hour(known, "mom60m_norm")
    for at, ic in hours.iter_rows():
        hour = known.filter(at=at)
        assert ic == pytest.approx(spearmanr(hour["mom60m_norm"], hour["return_24h_ratio"]).statistic)
    assert hours.height > 50


def test_factor_lift_is_top_less_bottom_fifth(population: Population, drawn: Resamples) -> None:
    """Counted hour by hour in plain Python."""
    hits: dict[int, list[bool]] = {0: [], 4: []}
    scored = population.complete.filter("in_scored_set").sort("at", "mom60m_norm")
    for hour in scored.partition_by("at"):
        for place, hit in enumerate(hour["hit10"]):
            hits.setdefault(math.floor(place * 5 / hour.height), []).append(hit)
    lift = {kpi.name: kpi for kpi in rate_factors(population, drawn)}["mom60m_lift_points"]
    assert lift.n == len(hits[4]) + len(hits[0])
    assert lift.value == pytest.approx(100 * (np.mean(hits[4]) - np.mean(hits[0])))


@pytest.mark.parametrize("name", ["regime", "liquidity"])
def test_a_factor_without_spread_has_no_lift(population: Population, drawn: Resamples, name: str) -> None:
    """The same for every contract of the hour, or missing everywhere: no figure, and the reason."""
    named = {kpi.name: kpi for kpi in rate_factors(population, drawn)}
    for figure in ("lift_points", "lift", "ic"):
        kpi = named[f"{name}_{figure}"]
        assert (kpi.value, kpi.low, kpi.n) == (None, None, 0)
        assert "differ" in kpi.note
