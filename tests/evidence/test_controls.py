"""Matched controls: who is one, what a pick without any means, and what they take out of a score's lift."""

import polars as pl
import pytest

from evidence.made_judged import START_MS, Made, Plan, make_hours, make_judged
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.controls import draw_matched, match_controls
from quantscout_local.evidence.kpis_headline import Matched, rate_hits, rate_matched
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.stats_population import Population, build_population

PICK = {
    "hour_ms": START_MS, "venue": "binance", "contract": "PICK", "in_scored_set": True, "score": 80.0, "rank": 1,
    "adv30_percentile": 0.55, "atr_percentile": 0.95, "entry_price": 1.0, "hit10": True, "worst_24h_ratio": -0.01,
    "return_24h_ratio": 0.103,
    "net_return_24h_ratio": 0.10, "outcome": "complete",
}  # fmt: skip
OTHER = PICK | {"contract": "OTHER", "rank": None, "hit10": False, "net_return_24h_ratio": 0.02, "score": 10.0}


def population_of(*rows: dict[str, object]) -> Population:
    """Return a population of a few rows in two hours."""
    return build_population(pl.DataFrame(list(rows), infer_schema_length=None), make_hours(2))


def test_a_contract_of_the_same_stratum_is_a_control() -> None:
    """Same hour, venue, adv30 quintile (0.40 to 0.60) and ATR quintile (0.80 to 1.00)."""
    second = OTHER | {"contract": "SECOND", "hit10": True, "net_return_24h_ratio": 0.04, "adv30_percentile": 0.41}
    pick = match_controls(population_of(PICK, OTHER, second)).row(0, named=True)
    assert (pick["controls"], pick["control_hit"], pick["control_net"]) == (2, 0.5, pytest.approx(0.03))


@pytest.mark.parametrize(
    "difference",
    [
        {"hour_ms": START_MS + HOUR_MS},
        {"venue": "kucoin"},
        {"adv30_percentile": 0.60},
        {"atr_percentile": 0.79},
        {"atr_percentile": None},
        {"rank": 5},
        {"outcome": "incomplete", "hit10": None},
    ],
    ids=["hour", "venue", "adv30", "atr", "no-percentile", "picked", "no-outcome"],
)
def test_what_differs_in_one_thing_is_no_control(difference: dict[str, object]) -> None:
    """Another hour, venue or quintile, a pick, a contract without outcome."""
    picks = match_controls(population_of(PICK, OTHER | difference))
    assert picks.filter(contract="PICK")["controls"].to_list() == [0]


def test_the_highest_percentile_is_in_the_highest_quintile() -> None:
    """A percentile of 1 makes no sixth quintile."""
    picks = match_controls(population_of(PICK | {"atr_percentile": 1.0}, OTHER))
    assert picks["controls"].to_list() == [1]


def test_controls_may_be_asked_for_from_the_scored_set_alone() -> None:
    """The sensitivity: likes of a pick that were scored as well."""
    population = population_of(PICK, OTHER | {"in_scored_set": False})
    assert match_controls(population)["controls"].to_list() == [1]
    assert match_controls(population, in_scored_set=True)["controls"].to_list() == [0]


def test_falls_are_counted_like_hits() -> None:
    """A low of -10 % is one; hits less falls is the difference of the differences."""
    fallen = OTHER | {"worst_24h_ratio": -0.10}
    picks = match_controls(population_of(PICK, fallen))
    draws = draw_matched(draw_hours(2, 1, 1, 100), picks)
    assert (draws["points"][0], draws["falls"][0], draws["skew"][0]) == (100.0, -100.0, 200.0)


def test_a_pick_without_control_is_in_no_matched_figure() -> None:
    """Its hit counts in precision, not in the lift over controls."""
    alone = PICK | {"contract": "ALONE", "venue": "kucoin", "rank": 2, "hit10": False}
    picks = match_controls(population_of(PICK, OTHER, alone))
    draws = draw_matched(draw_hours(2, 1, 1, 100), picks)
    assert draws["points"][0] == pytest.approx(100.0)
    assert draws["net"][0] == pytest.approx(0.08)


@pytest.fixture(scope="module")
def made() -> Made:
    """Return ten days in which nothing is planted."""
    return make_judged(11, Plan(hours=240, contracts=90))


def naive_points(made: Made) -> tuple[float, int]:
    """Return the difference in points and the picks without control, row by row."""
    rows = made.judged.to_dicts()
    strata: dict[tuple[object, ...], list[bool]] = {}
    for row in rows:
        row["stratum"] = (
            row["hour_ms"],
            row["venue"],
            *(min(4, int(5 * row[name])) for name in ("adv30_percentile", "atr_percentile")),
        )
        row["picked"] = row["rank"] is not None and row["rank"] <= 5
        if not row["picked"]:
            strata.setdefault(row["stratum"], []).append(row["hit10"])
    picks = [row for row in rows if row["picked"]]
    matched = [row for row in picks if row["stratum"] in strata]
    gaps = [row["hit10"] - sum(strata[row["stratum"]]) / len(strata[row["stratum"]]) for row in matched]
    return 100 * sum(gaps) / len(gaps), len(picks) - len(matched)


def test_it_equals_a_second_implementation(made: Made) -> None:
    """Row by row, with a dictionary of strata."""
    population = build_population(made.judged, made.hours)
    picks = match_controls(population)
    draws = draw_matched(draw_hours(population.hours.height, 1, 24, 100), picks)
    points, without = naive_points(made)
    assert draws["points"][0] == pytest.approx(points)
    assert (picks["controls"] == 0).sum() == without


def test_a_score_that_only_follows_volatility_has_no_lift_over_its_likes() -> None:
    """It beats the base rate by far, because volatile contracts hit more; its matched controls hit as often."""
    made = make_judged(12, Plan(hours=960, contracts=150, score_is_atr=True, atr_effect=0.8))
    population = build_population(made.judged, made.hours)
    drawn, longer = draw_hours(960, 1, 24, 500), draw_hours(960, 2, 72, 500)
    matched = Matched(match_controls(population), match_controls(population, in_scored_set=True))
    kpis = {kpi.name: kpi for kpi in (*rate_hits(population, drawn), *rate_matched(matched, drawn, longer, 72))}
    base, points = kpis["lift_over_base"], kpis["lift_over_matched_points"]
    assert base.low is not None
    assert base.low > 1.2
    assert points.value is not None
    assert abs(points.value) < 5
