"""What the picks of a ranking are worth equals the figures of the statistics, computed from judged rows."""

import numpy as np
import polars as pl

from evidence.made_rescore import Made, Plan, make_hours_to_rescore
from quantscout.settings import Settings
from quantscout_local.evidence.controls import match_controls
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.rescore import build_sheet
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import Tally, draw_measures, measure_as_seen, tally_rule
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.stats_population import build_population


def _tally(made: Made) -> Tally:
    return tally_rule(build_sheet(made.judged, made.hours).sheet, build_rule(Settings()))


def test_figures_are_those_of_the_statistics() -> None:
    """precision@5, lift over matched controls and mean net return equal build_kpis', value and interval."""
    made = make_hours_to_rescore(11, Plan(hours=60, coins=60, driver="mom15m"))
    kpis = build_kpis(made.judged, made.hours, seed=3, samples=200)
    draws = draw_measures(_tally(made), draw_hours(kpis.hours, 3, 24, 200))
    for name, values in draws.items():
        expected = kpis.find(name)
        assert expected.value is not None
        assert np.isclose(values[0], expected.value, rtol=1e-12)
        assert np.isclose(np.percentile(values[1:], 2.5), expected.low, rtol=1e-9)


def test_controls_are_those_of_match_controls() -> None:
    """Pick by pick: the same number of matched picks per hour, and the same share of hits among their controls."""
    made = make_hours_to_rescore(12, Plan(hours=20, coins=60))
    population = build_population(made.judged, made.hours)
    picks = match_controls(population).filter(pl.col("controls") > 0)
    hourly = picks.group_by("at").agg(pl.len(), pl.col("control_hit").sum())
    expected = population.hours.select("at").join(hourly, on="at", how="left").sort("at").fill_null(0)
    found = _tally(made).sums
    assert np.array_equal(found[:, 3], expected["len"].to_numpy())
    assert np.allclose(found[:, 5], expected["control_hit"].to_numpy(), rtol=0, atol=1e-12)


def test_a_pick_without_outcome_is_counted_and_in_no_figure() -> None:
    """Lost picks are told apart, and leave their fifth of the hour idle."""
    made = make_hours_to_rescore(13)
    first = made.hours["hour_ms"][3]
    lost = made.judged.with_columns(
        pl.when((pl.col("hour_ms") == first) & (pl.col("rank") <= 2))
        .then(pl.lit("incomplete")).otherwise(pl.lit("complete")).alias("outcome")
    )  # fmt: skip
    tally = _tally(made._replace(judged=lost))
    assert tally.lost == 2
    assert tally.sums[3, 0] == 3
    assert np.isclose(tally.returns[3] * 5, tally.sums[3, 2])


def test_as_seen_is_the_first_row_of_the_draws() -> None:
    """The plain figures are those of the hours as they were."""
    tally = _tally(make_hours_to_rescore(14))
    drawn = draw_measures(tally, draw_hours(tally.sums.shape[0], 1, 24, 100))
    assert {name: float(values[0]) for name, values in drawn.items()} == measure_as_seen(tally)
