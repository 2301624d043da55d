"""Median and expected shortfall of trades in resampled hours, against samples written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout_local.evidence.stats_bootstrap import Array, draw_hours
from quantscout_local.evidence.stats_quantiles import draw_medians, draw_shortfalls, shortfall_of


def naive_shortfall(values: Array) -> float:
    """Return the mean of the worst 5 %, the trade on the border with its part."""
    left, total = 0.05 * len(values), 0.0
    tail = left
    for value in sorted(values):
        part = min(1.0, left)
        total, left = total + part * value, left - part
        if left <= 0:
            break
    return total / tail


@given(seed=st.integers(0, 10_000), trades=st.integers(1, 60))
def test_quantiles_of_samples_are_those_of_the_samples_written_out(seed: int, trades: int) -> None:
    """Counting trades gives what repeating them gives; samples without trades have none."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 30, trades)
    values = rng.normal(size=trades).round(1)
    drawn = draw_hours(30, seed, blocks_h=5, samples=100)
    medians, shortfalls = draw_medians(drawn, values, hours), draw_shortfalls(drawn, values, hours)
    for row, places in enumerate(drawn.places):
        sample = np.concatenate([values[hours == place] for place in places])
        assert medians[row] == pytest.approx(np.median(sample) if sample.size else math.nan, nan_ok=True)
        assert shortfalls[row] == pytest.approx(naive_shortfall(sample) if sample.size else math.nan, nan_ok=True)


def test_no_trades_have_no_quantiles() -> None:
    """Nothing is measured from nothing."""
    drawn = draw_hours(30, 1, blocks_h=5, samples=100)
    none = np.array([], dtype=float)
    assert np.isnan(draw_medians(drawn, none, none.astype(int))).all()
    assert math.isnan(shortfall_of(none))


def test_the_worst_five_percent_of_forty_days_are_the_two_worst() -> None:
    """A worked example: -10 and -8 of 40."""
    assert shortfall_of(np.array([-10.0, -8.0, *([1.0] * 38)])) == pytest.approx(-9.0)


def test_the_day_on_the_border_counts_in_part() -> None:
    """Of 30 days 1.5 are the worst 5 %: (-10 - 8 / 2) / 1.5."""
    assert shortfall_of(np.array([-10.0, -8.0, *([1.0] * 28)])) == pytest.approx(-14 / 1.5)
