"""Deflated Sharpe ratio and probability of overfitting: worked examples, brute force, known limits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout.errors import InputError
from quantscout_local.evidence.overfitting import (
    Sharpe,
    deflate_sharpe,
    describe_returns,
    expect_best,
    measure_overfitting,
)
from quantscout_local.evidence.stats_bootstrap import Array

YEARLY_VARIANCE, DAYS = 0.5, 250
EXAMPLE = Sharpe(2.5 / math.sqrt(DAYS), 5 * DAYS, -3.0, 10.0)
"""The example of Bailey and Lopez de Prado (2014): yearly Sharpe ratio 2.5 over five years of daily returns."""


@pytest.mark.parametrize(
    ("record", "trials", "probability"),
    [(EXAMPLE, 100, 0.9004), (EXAMPLE, 46, 0.9505), (EXAMPLE._replace(skewness=0.0, kurtosis=3.0), 88, 0.9505)],
)
def test_the_paper_s_example(record: Sharpe, trials: int, probability: float) -> None:
    """100 trials leave 0.9004; 46 trials, or 88 with normal returns, leave 0.9505."""
    deflated = deflate_sharpe(record, trials, YEARLY_VARIANCE / DAYS)
    assert deflated.probability == pytest.approx(probability, abs=5e-5)


def test_the_paper_s_threshold() -> None:
    """The best of 100 trials without skill is expected at 0.1132 per day."""
    assert expect_best(100, YEARLY_VARIANCE / DAYS) == pytest.approx(0.1132, abs=5e-5)


@given(trials=st.integers(1, 10_000))
def test_more_trials_deflate_more(trials: int) -> None:
    """One setting more that was tried never makes the best one more credible."""
    fewer, more = (deflate_sharpe(EXAMPLE, count, 0.002).probability for count in (trials, trials + 1))
    assert more < fewer


def test_the_expected_best_is_what_draws_show() -> None:
    """The largest of 50 standard normal values, over 20,000 draws, within 3 %."""
    drawn = np.random.default_rng(1).standard_normal((20_000, 50)).max(axis=1).mean()
    assert expect_best(50, 1.0) == pytest.approx(drawn, rel=0.03)


@pytest.mark.parametrize(("trials", "variance"), [(0, 0.1), (5, -0.1), (5, float("nan"))])
def test_trials_that_cannot_be_are_refused(trials: int, variance: float) -> None:
    """No trial, or a variance that is none."""
    with pytest.raises(InputError, match="cannot be deflated"):
        expect_best(trials, variance)


def test_impossible_moments_are_refused() -> None:
    """A skewness that no returns with this kurtosis have gives no probability."""
    with pytest.raises(InputError, match="no returns have these moments"):
        deflate_sharpe(Sharpe(1.0, 100, 5.0, 3.0), 2, 0.1)


def test_returns_that_hang_together_are_worth_fewer_periods() -> None:
    """Sums over 24 overlapping hours are worth about a 24th of their number; independent ones about all."""
    noise = np.random.default_rng(2).standard_normal(24_024)
    overlapping = np.convolve(noise, np.ones(24), mode="valid")
    assert describe_returns(overlapping, 240).periods == pytest.approx(overlapping.size / 24, rel=0.25)
    assert describe_returns(noise).periods == noise.size


@pytest.mark.parametrize("returns", [np.zeros(50), np.ones(5), np.array([*([0.1, 0.2] * 20), np.nan])])
def test_returns_without_a_sharpe_ratio_are_refused(returns: Array) -> None:
    """All the same, too few, or unknown."""
    with pytest.raises(InputError, match="no Sharpe ratio"):
        describe_returns(returns)


def brute_force(returns: Array, blocks: int) -> tuple[float, float]:
    """Return probability of overfitting and of loss, split by split, with numpy's mean and deviation of the rows."""
    parts, low, lost, splits = np.array_split(returns, blocks), 0, 0, 0
    for taken in itertools.combinations(range(blocks), blocks // 2):
        halves = [
            np.concatenate([part for i, part in enumerate(parts) if (i in taken) == inside]) for inside in (True, False)
        ]
        first, second = (half.mean(axis=0) / half.std(axis=0) for half in halves)
        best = int(np.argmax(first))
        rank = 1 + sum(second < second[best])
        odds = (rank / (returns.shape[1] + 1)) / (1 - rank / (returns.shape[1] + 1))
        low, lost, splits = low + (math.log(odds) <= 1e-12), lost + (second[best] < 0), splits + 1
    return low / splits, lost / splits


@given(seed=st.integers(0, 10_000), settings=st.integers(2, 7))
def test_it_equals_brute_force(seed: int, settings: int) -> None:
    """Block sums give what taking the rows gives, over all 20 splits of six blocks."""
    returns = np.random.default_rng(seed).normal(0.02, 1, size=(120, settings))
    result = measure_overfitting(returns, blocks=6)
    assert (result.probability, result.loss_probability) == pytest.approx(brute_force(returns, 6))
    assert (result.splits, result.settings) == (20, settings)


def test_the_best_of_noise_is_overfitted_half_the_time() -> None:
    """Twenty settings without skill: over 30 seeds the probability is about 0.5."""
    made = [np.random.default_rng(seed).standard_normal((480, 20)) for seed in range(30)]
    assert np.mean([measure_overfitting(m, 8).probability for m in made]) == pytest.approx(0.5, abs=0.1)


def test_a_setting_that_is_truly_better_is_not_overfitted() -> None:
    """One of twenty earns a quarter of a deviation more in every period."""
    returns = np.random.default_rng(4).standard_normal((1600, 20))
    returns[:, 7] += 0.25
    result = measure_overfitting(returns)
    assert result.probability < 0.02
    assert result.loss_probability < 0.02


def test_a_gap_leaves_the_end_of_each_block_out() -> None:
    """What happens in the last hours of a block, whose labels reach into the next, changes nothing."""
    returns = np.random.default_rng(5).standard_normal((160, 4))
    changed = returns.reshape(8, 20, 4).copy()
    changed[:, 15:] += 100 * np.arange(4)
    assert measure_overfitting(changed.reshape(160, 4), 8, gap=5) == measure_overfitting(returns, 8, gap=5)


@pytest.mark.parametrize(
    ("shape", "blocks", "gap"),
    [((100, 1), 4, 0), ((100, 3), 5, 0), ((100, 3), 0, 0), ((100, 3), 4, 24), ((3, 3), 4, 0)],
)
def test_what_cannot_be_cross_validated_is_refused(shape: tuple[int, int], blocks: int, gap: int) -> None:
    """One setting, an odd number of blocks or none, blocks that the gap eats up."""
    with pytest.raises(InputError, match="cannot be cross-validated"):
        measure_overfitting(np.random.default_rng(6).standard_normal(shape), blocks, gap)
