"""Paired differences, their p-values, and the correction for their number."""

import numpy as np
import pytest

from quantscout_local.evidence.rescore_tally import UNITS, Tally
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.trials import compare_tallies, correct, p_value, rate_superiority


def _tally(seed: int, rate: float, hours: int = 480) -> Tally:
    """Return an hour's five with hits at a rate; their controls hit at 0.2."""
    hits = np.random.default_rng(seed).binomial(5, rate, hours).astype(float)
    five = np.full(hours, 5.0)
    return Tally(np.stack([five, hits, 0.1 * hits - 0.1, five, hits, 0.2 * five], axis=1), 0)


def test_a_ranking_against_itself_differs_by_nothing() -> None:
    """Paired: the same picks in the same drawn hours give differences of exactly 0."""
    tally = _tally(1, 0.3)
    for difference in compare_tallies(tally, tally, draw_hours(480, 1, 24, 200)).differences:
        assert (difference.value, difference.low, difference.high, difference.p) == (0, 0, 0, 1)


def test_a_difference_is_that_of_the_figures() -> None:
    """Each difference is the figure less the baseline's, and a true one of 20 points is clear after correction."""
    better, base, resamples = _tally(2, 0.5), _tally(3, 0.3), draw_hours(480, 1, 24, 500)
    found = correct([compare_tallies(better, base, resamples)])[0]
    own = compare_tallies(base, base, resamples)
    for kpi, other, difference in zip(found.figures, own.figures, found.differences, strict=True):
        assert kpi.value is not None
        assert other.value is not None
        assert difference.value == pytest.approx(kpi.value - other.value)
        assert difference.is_clear


def test_p_values_by_hand() -> None:
    """Seen 2; of the draws 2 - 2, 2 + 2 and 2 + 1 two are as far from 2 as 2 is from 0: (1 + 2) / (1 + 3)."""
    assert p_value(np.array([2.0, 0.0, 4.0, 3.0])) == 3 / 4
    assert p_value(np.array([np.nan, 1.0])) is None


def test_holm_by_hand() -> None:
    """The smallest p is multiplied by the number of comparisons, the next by one less, and none falls below."""
    many = [compare_tallies(_tally(seed, 0.33), _tally(9, 0.3), draw_hours(480, 1, 24, 300)) for seed in range(3)]
    pairs = [(each.p or 0.0, each.p_holm or 0.0) for one in correct(many) for each in one.differences]
    highest = 0.0
    assert len(pairs) == 3 * len(UNITS)
    for place, (p, corrected) in enumerate(sorted(pairs)):
        highest = max(highest, min(1.0, p * (len(pairs) - place)))
        assert corrected == pytest.approx(highest)


def test_superiority_of_a_true_winner_and_of_nothing() -> None:
    """A setting that earns more each hour is found among idle ones; without one, the p-value is not small."""
    rng = np.random.default_rng(5)
    base = rng.standard_normal(480)
    idle = [base + 0.1 * rng.standard_normal(480) for _ in range(5)]
    winner = base + 0.05 + 0.1 * rng.standard_normal(480)
    found = rate_superiority([*idle, winner], base, 1, 24, 300)
    nothing = rate_superiority([each - 0.02 for each in idle], base, 1, 24, 300)
    assert found is not None
    assert found < 0.05
    assert nothing is not None
    assert nothing > 0.2
    assert rate_superiority([base], base, 1, 24, 300) is None
