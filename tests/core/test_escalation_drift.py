"""The statistics of the escalation: what they are, held against their definitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout.escalation_drift import fall_from_best, page_hinkley, psi, robust_z

numbers = st.floats(-5, 5)
counts = st.lists(st.integers(0, 500), min_size=11, max_size=11)


def naive_page_hinkley(values: list[float], delta: float) -> float:
    """Return it from its definition: m_T less the least m_t, m_t the sum of (x_i - mean_i - delta), mean_i up to i."""
    above = [value - sum(values[: i + 1]) / (i + 1) - delta for i, value in enumerate(values)]
    sums = [sum(above[:end]) for end in range(len(above) + 1)]
    return sums[-1] - min(sums)


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


@given(st.lists(numbers, max_size=60))
def test_the_fall_from_the_best_is_its_definition(gains: list[float]) -> None:
    """The highest of all sums from the start, the empty one included, less the last."""
    sums = [sum(gains[:end]) for end in range(len(gains) + 1)]
    assert fall_from_best(gains) == pytest.approx(max(sums) - sums[-1], abs=1e-9)


def test_the_fall_from_the_best_by_hand() -> None:
    """A loss from the start counts whole; what was regained counts no more."""
    assert fall_from_best([]) == 0
    assert fall_from_best([-1, -2]) == 3
    assert fall_from_best([2, -3, 1, -1]) == 3
    assert fall_from_best([2, -3, 4]) == 0


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
