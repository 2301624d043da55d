"""What is planted is found, and what is not there is not: hours whose true hit rates are known."""

import numpy as np
import pytest

from evidence.made_judged import Plan, make_judged
from quantscout_local.evidence.controls import match_controls
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_headline import Matched, rate_hits, rate_matched
from quantscout_local.evidence.kpis_models import Kpi, Kpis
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.stats_population import build_population

SEEDS = range(20)
PLANTED_RATE, BASE_RATE = 0.60, 0.18
MOST_BY_CHANCE = 6
"""Of 20 intervals that miss with 10 % each (labels overlap, see docs/statistics.md) more than 6 do so once in 400."""

MOST_BY_CHANCE_RATES = 7
"""As above, of intervals of a rate over 40 days, which miss with 15 %: more than 7 once in 170."""


def holds(kpi: Kpi, truth: float) -> bool:
    """Tell whether the interval holds a value."""
    assert kpi.low is not None
    assert kpi.high is not None
    return kpi.low <= truth <= kpi.high


def measure(seed: int, plan: Plan) -> dict[str, Kpi]:
    """Return rates and lifts of made-up hours by name."""
    made = make_judged(seed, plan)
    population = build_population(made.judged, made.hours)
    drawn, longer = draw_hours(plan.hours, seed, 24, 400), draw_hours(plan.hours, seed, 72, 400)
    matched = Matched(match_controls(population), match_controls(population, in_scored_set=True))
    kpis = (*rate_hits(population, drawn), *rate_matched(matched, drawn, longer, 72))
    return {kpi.name: kpi for kpi in kpis}


@pytest.fixture(scope="module")
def planted() -> Kpis:
    """Return the figures of two months in which a pick hits in 60 % of all cases and everything else in 18 %."""
    made = make_judged(1, Plan(hours=1440, contracts=120, pick_rate=PLANTED_RATE, base_rate=BASE_RATE))
    return build_kpis(made.judged, made.hours, seed=1, samples=1000)


def test_a_planted_hit_rate_is_measured() -> None:
    """Twenty seeds: the intervals hold 60 % as often as intervals of 40 days do, the mean is 60 % to 2 points."""
    plan = Plan(hours=960, contracts=80, pick_rate=PLANTED_RATE, base_rate=BASE_RATE)
    found = [measure(100 + seed, plan)["precision_at_5"] for seed in SEEDS]
    assert sum(not holds(kpi, PLANTED_RATE) for kpi in found) <= MOST_BY_CHANCE_RATES
    assert np.mean([kpi.value or 0.0 for kpi in found]) == pytest.approx(PLANTED_RATE, abs=0.02)


def test_a_planted_lift_over_matched_controls_is_measured(planted: Kpis) -> None:
    """42 points and a ratio of 60 / 18, with either set of controls."""
    for name in ("lift_over_matched_points", "lift_over_matched_in_scored_set_points"):
        assert holds(planted.find(name), 100 * (PLANTED_RATE - BASE_RATE))
    assert holds(planted.find("lift_over_matched"), PLANTED_RATE / BASE_RATE)


def test_a_planted_signal_is_said_to_be_one(planted: Kpis) -> None:
    """The sentence says that the score beats its controls, and names the picks."""
    assert planted.verdict.answer == "does"
    assert f"{planted.find('lift_over_matched_points').n:,} picks" in planted.verdict.sentence


def test_a_planted_signal_is_in_the_factor_that_made_it(planted: Kpis) -> None:
    """The score's own top quintile hits more; a factor drawn at random does not."""
    factors = {kpi.name: kpi for kpi in planted.factor_lift}
    assert not holds(factors["score_lift_points"], 0)
    assert holds(factors["mom60m_lift_points"], 0)


def test_a_rate_that_rises_with_the_score_is_seen_in_the_deciles() -> None:
    """From 9 % to 27 %: the ten rates rise throughout, up to noise."""
    made = make_judged(2, Plan(hours=960, contracts=150, factor_rise=0.5))
    kpis = build_kpis(made.judged, made.hours, seed=1, samples=400)
    shape = {kpi.name: kpi for kpi in kpis.monotonicity}
    rho, spread = shape["decile_spearman"], shape["decile_10_less_1"]
    assert rho.value is not None
    assert rho.value > 0.9
    assert spread.low is not None
    assert spread.low > 0
    assert shape["decile_falls"].value == 0


def test_a_score_that_finds_what_moves_is_told_from_one_that_finds_what_rises() -> None:
    """Picks that hit and fall 15 points more often than others: both are measured, hits less falls are 0."""
    plan = Plan(hours=1440, contracts=120, pick_rate=0.33, base_rate=0.18, fall_rate=0.15, pick_fall_rate=0.30)
    made = make_judged(3, plan)
    kpis = build_kpis(made.judged, made.hours, seed=1, samples=400)
    assert kpis.verdict.answer == "does"
    assert holds(kpis.find("falls_over_matched_points"), 15.0)
    assert holds(kpis.find("hits_less_falls_over_matched_points"), 0.0)
    assert "leans upwards" not in kpis.verdict.direction


def test_a_random_score_shows_no_lift() -> None:
    """Twenty seeds: the interval of the lift over matched controls leaves 1 out no more often than chance explains."""
    found = [measure(100 + seed, Plan(hours=960, contracts=80))["lift_over_matched"] for seed in SEEDS]
    assert sum(not holds(kpi, 1.0) for kpi in found) <= MOST_BY_CHANCE
