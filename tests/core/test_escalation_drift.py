"""The statistics of the escalation: what they are, how often they are wrong, how long they take."""

import math
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalated import hit_shares, net_returns
from quantscout.escalation_drift import page_hinkley, psi, robust_z
from quantscout.escalation_models import DAY_H, Thresholds

LIMITS = Thresholds()
SEEDS = range(10)
HOURS = 1_000
numbers = st.floats(-5, 5)
counts = st.lists(st.integers(0, 500), min_size=11, max_size=11)


def naive_page_hinkley(values: list[float], delta: float) -> float:
    """Return it from its definition: m_T less the least m_t, m_t the sum of (x_i - mean_i - delta), mean_i up to i."""
    above = [value - sum(values[: i + 1]) / (i + 1) - delta for i, value in enumerate(values)]
    sums = [sum(above[:end]) for end in range(len(above) + 1)]
    return sums[-1] - min(sums)


def alarms(values: list[float], delta: float, threshold: float) -> list[int]:
    """Return the hours at which a person would be told, hour by hour, over a sliding window that begins anew then."""
    told, start = [], 0
    for end in range(LIMITS.least_h, len(values) + 1):
        window = values[max(start, end - LIMITS.history_h) : end]
        if len(window) >= LIMITS.least_h and page_hinkley(window, delta) > threshold:
            told.append(end)
            start = end
    return told


def _of_hits(shares: list[float]) -> list[int]:
    return alarms([-share for share in shares], LIMITS.precision_delta, LIMITS.precision_sum)


def _of_returns(returns: list[float]) -> list[int]:
    cap = LIMITS.return_cap_ratio
    losses = [-max(-cap, min(cap, value)) / DAY_H for value in returns]
    return alarms(losses, LIMITS.drawdown_delta, LIMITS.drawdown_sum)


@given(st.lists(numbers, max_size=30), st.floats(0, 1))
def test_page_hinkley_is_its_definition(values: list[float], delta: float) -> None:
    """The running sums give what the definition gives."""
    assert page_hinkley(values, delta) == pytest.approx(naive_page_hinkley(values, delta), abs=1e-9)


@given(st.lists(numbers, max_size=40), st.floats(-3, 3))
def test_page_hinkley_does_not_mind_the_level(values: list[float], level: float) -> None:
    """A rise is a rise wherever it starts, and the statistic is never below 0."""
    moved = page_hinkley([value + level for value in values], 0.1)
    assert moved == pytest.approx(page_hinkley(values, 0.1), abs=1e-9)
    assert moved >= 0


def test_page_hinkley_sees_rises_only() -> None:
    """After 100 zeros 50 ones raise it, 50 minus ones do not."""
    assert page_hinkley([0.0] * 100 + [1.0] * 50, 0.1) > 30
    assert page_hinkley([0.0] * 100 + [-1.0] * 50, 0.1) < 1


@pytest.mark.parametrize("chance", [0.18, 0.30, 0.43])
def test_a_precision_that_stays_raises_less_than_one_alarm_in_1000_hours(chance: float) -> None:
    """10,000 hours of a constant chance, seeds 0 to 9, with all the overlap that real outcomes have."""
    found = [len(_of_hits(hit_shares(Random(seed), HOURS, chance))) for seed in SEEDS]
    assert sum(found) < len(SEEDS) * HOURS / 1_000


@pytest.mark.parametrize("spread", [0.06, 0.09, 0.12])
def test_returns_that_stay_raise_less_than_one_alarm_in_1000_hours(spread: float) -> None:
    """10,000 hours of the same fat-tailed returns, seeds 0 to 9; a loss that goes on as ever is no news."""
    found = [len(_of_returns(net_returns(Random(seed), HOURS, spread=spread))) for seed in SEEDS]
    assert sum(found) < len(SEEDS) * HOURS / 1_000


def test_a_precision_that_falls_to_the_base_rate_is_told_within_two_weeks() -> None:
    """From 43 % to 18 % after 500 hours: half of the seeds are told within 8 days, nine of ten within 14."""
    delays = []
    for seed in SEEDS:
        shares = hit_shares(Random(seed), 500, 0.43) + hit_shares(Random(100 + seed), 500, 0.18)
        delays.append(next((at - 500 for at in _of_hits(shares) if at > 500), HOURS))
    assert median(delays) <= 8 * 24
    assert sorted(delays)[8] <= 14 * 24


def test_losses_that_grow_are_told_within_two_weeks() -> None:
    """From -0.3 % to -10 % a day after 500 hours: half of the seeds are told within 8 days, nine of ten within 14."""
    delays = []
    for seed in SEEDS:
        returns = net_returns(Random(seed), 500) + net_returns(Random(100 + seed), 500, mean=-0.10)
        delays.append(next((at - 500 for at in _of_returns(returns) if at > 500), HOURS))
    assert median(delays) <= 8 * 24
    assert sorted(delays)[8] <= 14 * 24


@given(counts, counts)
def test_psi_is_symmetric_and_never_below_zero(one: list[int], other: list[int]) -> None:
    """It is a distance of two distributions, finite also where a bin is empty."""
    assert psi(one, other) == pytest.approx(psi(other, one))
    assert psi(one, other) >= -1e-12
    assert math.isfinite(psi(one, other))


@given(counts.filter(lambda found: sum(found) > 3_000))
def test_psi_does_not_mind_how_many_there_are(found: list[int]) -> None:
    """Ten times the rows of the same distribution is no drift."""
    assert psi([10 * count for count in found], found) < 0.02


def test_psi_by_hand() -> None:
    """Two bins that swap 60 and 40 %: 2 x 0.2 ln 1.5."""
    assert psi([60_000, 40_000], [40_000, 60_000]) == pytest.approx(0.4 * math.log(1.5), rel=1e-3)


def test_robust_z_by_hand() -> None:
    """Median 3, MAD 1: a value of 10 is 7 / 1.4826 above; a calm past counts as the least spread."""
    assert robust_z(10, [1, 2, 3, 4, 5], 0.1) == pytest.approx(7 / 1.4826)
    assert robust_z(10, [3, 3, 3], 2) == pytest.approx(3.5)
