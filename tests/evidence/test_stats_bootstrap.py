"""Resampled hours: blocks, totals, intervals, and how often an interval holds the truth."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from quantscout.errors import InputError
from quantscout_local.evidence.stats_bootstrap import Array, build_estimate, divide, draw_hours

HITS_PER_HOUR = 5
LABEL_H = 24


def test_the_first_row_is_the_data_as_seen() -> None:
    """Sample 0 holds every hour once, in order."""
    drawn = draw_hours(100, seed=1, samples=100)
    assert drawn.places[0].tolist() == list(range(100))
    assert drawn.weights[0].tolist() == [1] * 100


def test_the_same_seed_draws_the_same_hours() -> None:
    """Figures can be computed again; another seed draws others."""
    first, second, other = (draw_hours(200, seed=seed, samples=100).places for seed in (3, 3, 4))
    assert (first == second).all()
    assert (first != other).any()


def test_blocks_are_as_long_as_asked_on_average() -> None:
    """Of the steps from one drawn hour to the next, 1 in 24 jumps: blocks of 24 h on average (end joined to start)."""
    places = draw_hours(1000, seed=5, blocks_h=24, samples=500).places[1:].astype(int)
    follows = (np.diff(places, axis=1) % 1000 == 1).mean()
    assert follows == pytest.approx(1 - 1 / 24, abs=0.002)


@given(hours=st.integers(30, 90), seed=st.integers(0, 1000))
def test_totals_are_sums_over_the_drawn_hours(hours: int, seed: int) -> None:
    """A matrix of counts gives what adding hour by hour gives."""
    drawn = draw_hours(hours, seed, samples=100)
    sums = np.random.default_rng(seed).normal(size=(hours, 3))
    naive = np.stack([sums[places].sum(axis=0) for places in drawn.places])
    assert np.allclose(drawn.total(sums), naive)


@pytest.mark.parametrize(("hours", "blocks_h", "samples"), [(1, 1, 100), (10, 24, 100), (100, 0, 100), (100, 24, 50)])
def test_what_cannot_be_drawn_is_refused(hours: int, blocks_h: int, samples: int) -> None:
    """Too few hours, blocks longer than the range, too few samples: an error with the next step."""
    with pytest.raises(InputError, match=r"give a|do not fit|ask for"):
        draw_hours(hours, 1, blocks_h, samples)


def test_nothing_over_nothing_is_unknown() -> None:
    """0 / 0 is NaN, without a warning."""
    assert np.isnan(divide(np.array([0.0]), np.array([0.0]))).all()


def test_an_interval_is_the_middle_95_percent_of_the_draws() -> None:
    """The value is that of the data, the ends are the percentiles 2.5 and 97.5."""
    estimate = build_estimate(np.concatenate([[7.0], np.arange(1001.0)]))
    assert estimate == (7.0, 25.0, 975.0)


def test_a_statistic_that_is_often_undefined_has_no_interval() -> None:
    """Two in a hundred samples without picks: the value stands, the interval does not."""
    draws = np.concatenate([[0.5], np.full(98, 0.5), np.full(2, np.nan)])
    assert build_estimate(draws) == (0.5, None, None)


def test_an_undefined_value_has_nothing() -> None:
    """No picks: no value and no interval."""
    assert build_estimate(np.array([np.nan, 0.5, 0.5])) == (None, None, None)


def _make_hits(rng: np.random.Generator, hours: int, rate: float, label_h: int) -> NDArray[np.float64]:
    """Return hits per hour: labels of `label_h` hours overlap, and the five of an hour share a third of fate."""
    shocks = np.sqrt(1 / 3) * rng.standard_normal((hours + label_h, 1))
    shocks = shocks + np.sqrt(2 / 3) * rng.standard_normal((hours + label_h, HITS_PER_HOUR))
    walk = np.vstack([np.zeros(HITS_PER_HOUR), shocks.cumsum(axis=0)])
    moved = (walk[label_h:] - walk[:-label_h])[:hours] / np.sqrt(label_h)
    return np.asarray((moved > NormalDist().inv_cdf(1 - rate)).sum(axis=1), dtype=np.float64)


def _cover(label_h: int, blocks_h: int, runs: int = 200, hours: int = 1200, rate: float = 0.3) -> float:
    """Return the share of runs whose 95 % interval of the hit rate holds its true value."""
    rng, held = np.random.default_rng(20260301), 0
    for run in range(runs):
        hits = _make_hits(rng, hours, rate, label_h)
        totals: Array = draw_hours(hours, run, blocks_h, samples=400).total(hits[:, None])[:, 0]
        _, low, high = build_estimate(totals / (hours * HITS_PER_HOUR))
        assert low is not None
        assert high is not None
        held += low <= rate <= high
    return held / runs


@pytest.mark.parametrize(
    ("label_h", "blocks_h", "least", "most"),
    [
        pytest.param(1, 24, 0.88, 0.99, id="hours-apart"),
        pytest.param(LABEL_H, 24, 0.78, 0.93, id="overlapping-labels"),
        pytest.param(LABEL_H, 72, 0.80, 0.97, id="overlapping-labels-longer-blocks"),
    ],
)
def test_an_interval_covers_the_truth_about_as_often_as_it_says(
    label_h: int, blocks_h: int, least: float, most: float
) -> None:
    """About 95 % where hours stand alone; less where 24 h labels overlap, which longer blocks mend in part."""
    assert least <= _cover(label_h, blocks_h) <= most
